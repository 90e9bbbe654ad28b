"""The whole program on PostgreSQL with two workers: each press opens one incident, whoever's home it is, also through kills."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path

from support.moved_time import moved_centre
from support.stores import PostgresStores

from core.partition import partition_of

HOMES = 12


def test_every_press_opens_one_incident_and_pages_once(tmp_path: Path, postgresql_stores: PostgresStores) -> None:
    with moved_centre(
        tmp_path,
        with_phones=lambda phones: {"fallback_urls": phones.address("duty")},
        database_url=postgresql_stores.empty(),
        partitions=2,
        ring_again_seconds=3600,
    ) as world:
        homes = [world.centre.home() for _ in range(HOMES)]
        assert {partition_of(home, 2) for home in homes} == {0, 1}, "both workers have homes"
        with ExitStack() as stack:
            devices = [stack.enter_context(world.button(world.device(home))) for home in homes]
            opened = {device.credentials.home: world.press(device)["id"] for device in devices[:6]}
            for victim in ("ingest-1", "pager"):
                world.centre.wait_restarted(victim, world.centre.kill(victim))
            opened |= {device.credentials.home: world.press(device)["id"] for device in devices[6:]}
        assert len(set(opened.values())) == HOMES
        assert {incident["home"]: incident["id"] for incident in world.centre.incidents()} == opened
        for home in homes:
            world.call("duty", home)
