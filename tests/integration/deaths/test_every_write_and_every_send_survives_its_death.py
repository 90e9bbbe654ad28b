"""A process is killed just before and just after each of its writes and each of its sends: nothing is lost, nothing is doubled."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from pathlib import Path

import pytest
from support.databases import BACKENDS
from support.deaths import Far, Ground, Scene, Toll, add, far_ends
from support.deaths_of_acts import GROUPS as OF_ACTS
from support.deaths_of_ingest import SCENES as OF_INGEST
from support.deaths_of_pagers import SCENES as OF_PAGERS
from support.figures import proof_rounds, write_figures
from support.stores import Stores

SCENES: Mapping[str, Sequence[Scene]] = {**{scene.name: [scene] for scene in (*OF_PAGERS, *OF_INGEST)}, **OF_ACTS}


ON_POSTGRESQL = (
    "page_three_at_once",
    "page_refused_for_good",
    "page_a_bundle",
    "test_page",
    "outage_opens",
    "auditor_repairs",
    "backtest",
    "answers_and_receipts",
    "silence_timers",
    "modes_and_rules",
)
"""What locks rows, or goes on from rows another left; `make proof` plays everything on both databases."""
PLAYED = [*(("sqlite", name) for name in SCENES), *(("postgresql", name) for name in ON_POSTGRESQL)]


@pytest.fixture
def backend(request: pytest.FixtureRequest) -> str:
    """The database of this play."""
    return str(request.param)


@pytest.fixture(scope="module")
def far() -> Iterator[Far]:
    """The providers, which record."""
    with far_ends() as running:
        yield running


@pytest.fixture
def ground(stores: Stores, far: Far, tmp_path: Path) -> Iterator[Ground]:
    """A store of this kind, and the providers."""
    with closing(Ground(stores, tmp_path, far)) as ground:
        yield ground


@pytest.mark.timeout(900)
@pytest.mark.parametrize(("backend", "name"), PLAYED, indirect=["backend"])
def test_a_death_at_any_write_or_send_loses_and_doubles_nothing(ground: Ground, name: str) -> None:
    for scene in SCENES[name]:
        toll = ground.play(scene)
        assert toll.writes > 0, scene.name
        assert toll.kills == toll.writes + 1 + toll.sends, scene.name


@pytest.mark.proof
@pytest.mark.timeout(14_400)
@pytest.mark.parametrize("backend", BACKENDS, indirect=True)
def test_twenty_deaths_just_before_and_just_after_each_write_and_each_send(ground: Ground, backend: str) -> None:
    """The figures are written as it goes, so that a run that is cut short leaves those of what it really played."""
    tolls: dict[str, list[Toll]] = {}
    for whole in range(proof_rounds()):
        for scene in (scene for several in SCENES.values() for scene in several):
            tolls.setdefault(scene.name, []).append(ground.play(scene, thorough=True))
            _write(backend, tolls, whole)
        _write(backend, tolls, whole + 1)


def _write(backend: str, tolls: Mapping[str, Sequence[Toll]], whole: int) -> None:
    lines = [_line(name, add(several)) for name, several in sorted(tolls.items())]
    said = f"Whole rounds played: {whole}; rows tell what was played beyond them. Lost and doubled are 0, or the run fails."
    write_figures(f"writes_{backend}", [*_HEAD, *lines, "", said])


_HEAD = (
    "| what dies | writes | sends | kills | lost | incidents doubled | pages sent twice | by one death at most |",
    "|---|---|---|---|---|---|---|---|",
)


def _line(name: str, toll: Toll) -> str:
    counts = (toll.writes, toll.sends, toll.kills, 0, 0, toll.repeated, toll.most_repeated)
    return f"| `{name}` | {' | '.join(map(str, counts))} |"
