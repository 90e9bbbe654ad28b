"""A process is killed just before and just after each of its writes and each of its sends: nothing is lost, nothing is doubled."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from pathlib import Path

import pytest
from support.deaths import Far, Ground, Scene, Toll, add, far_ends
from support.deaths_of_acts import GROUPS as OF_ACTS
from support.deaths_of_pagers import SCENES as OF_PAGERS
from support.figures import proof_rounds, write_figures
from support.stores import Stores

SCENES: Mapping[str, Sequence[Scene]] = {**{scene.name: [scene] for scene in OF_PAGERS}, **OF_ACTS}


@pytest.fixture(params=["sqlite", "postgresql"])
def backend(request: pytest.FixtureRequest) -> str:
    """Both databases."""
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


@pytest.mark.timeout(300)
@pytest.mark.parametrize("name", SCENES)
def test_a_death_at_any_write_or_send_loses_and_doubles_nothing(ground: Ground, name: str) -> None:
    for scene in SCENES[name]:
        toll = ground.play(scene)
        assert toll.writes > 0, scene.name
        assert toll.kills == toll.writes + 1 + toll.sends, scene.name


@pytest.mark.proof
@pytest.mark.timeout(7200)
def test_twenty_deaths_just_before_and_just_after_each_write_and_each_send(
    sqlite_stores: Stores, postgresql_stores: Stores, far: Far, tmp_path: Path
) -> None:
    """Round by round on both databases, so that a run that is cut short leaves the figures of the rounds that were whole."""
    tolls: dict[str, list[Toll]] = {}
    for done in range(1, proof_rounds() + 1):
        for stores in (sqlite_stores, postgresql_stores):
            with closing(Ground(stores, tmp_path, far)) as ground:
                for scene in (scene for several in SCENES.values() for scene in several):
                    tolls.setdefault(scene.name, []).append(ground.play(scene, thorough=True))
        write_figures(
            "writes", [*_HEAD, *(_line(name, add(several)) for name, several in sorted(tolls.items())), "", _rounds(done)]
        )


_HEAD = (
    "| what dies | writes | sends | kills | lost | incidents doubled | pages sent twice | by one death at most |",
    "|---|---|---|---|---|---|---|---|",
)


def _line(name: str, toll: Toll) -> str:
    counts = (toll.writes, toll.sends, toll.kills, 0, 0, toll.repeated, toll.most_repeated)
    return f"| `{name}` | {' | '.join(map(str, counts))} |"


def _rounds(done: int) -> str:
    return f"Kills of {done} rounds on SQLite and as many on PostgreSQL. Lost and doubled are 0, or the run fails."
