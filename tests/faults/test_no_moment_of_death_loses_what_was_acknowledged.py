"""Kill a real process with SIGKILL at every named moment, let the supervisor restart it, and look what is true then."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from threading import Event, Lock

import pytest
from support.figures import proof_rounds, write_figures
from support.kill_matrix import ANYWHERE, CASES, Stage, stage

from core.failpoints import POINTS

ROUNDS = proof_rounds()
CENTRES = 4
_SOURCES = ("alerts", "api", "core", "devices", "ingest", "people", "timeseries", "yinling")


def test_every_point_has_its_case_and_is_reached_in_the_code() -> None:
    repository = Path(__file__).parents[2]
    sources = [path.read_text() for name in _SOURCES for path in (repository / name).rglob("*.py")]
    reached = {point for text in sources for point in re.findall(r"\breach\(\"([a-z_.]+)\"\)", text)}
    assert set(CASES) | ANYWHERE == set(POINTS)
    assert reached == set(POINTS)


@pytest.fixture(scope="module")
def on(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """One centre for all deaths."""
    with stage(tmp_path_factory.mktemp("kills")) as shared:
        yield shared


@pytest.mark.parametrize("point", sorted(CASES))
def test_a_death_at_this_moment_loses_nothing_and_doubles_nothing(on: Stage, point: str) -> None:
    on.die(point)


@pytest.mark.proof
@pytest.mark.timeout(7200)
def test_twenty_deaths_at_every_moment_lose_nothing(tmp_path: Path) -> None:
    """In centres side by side, since a death is mostly waiting; a run that is cut short leaves the figures of what it played."""
    moments = iter(sorted(CASES) * ROUNDS)
    kills: Counter[str] = Counter()
    sent_again: Counter[str] = Counter()
    taking, telling, over = Lock(), Lock(), Event()

    def take() -> str | None:
        with taking:
            return None if over.is_set() else next(moments, None)

    def die_on(place: Path) -> None:
        place.mkdir()
        with ExitStack() as leaving:
            leaving.callback(over.set)  # a failure in one ends all
            on = leaving.enter_context(stage(place))
            while (point := take()) is not None:
                again = on.die(point)
                with telling:
                    kills[point] += 1
                    sent_again[point] += again
                    if point == max(CASES):
                        write_figures("kills", _table(kills, sent_again))

    with ThreadPoolExecutor(CENTRES) as centres:
        for played in [centres.submit(die_on, tmp_path / f"kills{number}") for number in range(CENTRES)]:
            played.result()
    assert kills == dict.fromkeys(CASES, ROUNDS)
    assert sent_again["pager.after_send"] > 0, "the column counts nothing"
    write_figures("kills", _table(kills, sent_again))


def _table(kills: Counter[str], sent_again: Counter[str]) -> list[str]:
    head = ["| moment of death | kills | lost | incidents doubled | pages sent twice |", "|---|---|---|---|---|"]
    return head + [f"| `{point}` | {kills[point]} | 0 | 0 | {sent_again[point]} |" for point in sorted(CASES)]
