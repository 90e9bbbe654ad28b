"""The provider is away for ten minutes: the page is tried on and on, goes through when it is back, and only once."""

from __future__ import annotations

from pathlib import Path

from support.moved_time import moved_centre


def test_it_goes_through_when_the_provider_is_back(tmp_path: Path) -> None:
    with moved_centre(
        tmp_path, with_phones=lambda phones: {"fallback_urls": phones.address("duty")}, ring_again_seconds=3600
    ) as world:
        world.phones.unreachable.add("duty")
        home = world.centre.home()
        with world.button(world.device(home)) as device:
            incident = world.press(device)
            world.wait(minutes=10)
            tried = world.phones.turned_away
            assert tried > 5, "given up"
            assert world.told(incident["id"]).count("page_delayed") == 2, "once in each round of ten minutes"
            world.phones.unreachable.clear()
            world.wait(20)
            world.call("duty", home)
            world.wait(60)  # the next round is not there yet: what the first did not get sent is not sent too
            world.nobody_was_paged()
            assert world.told(incident["id"]).count("paged") == 1
