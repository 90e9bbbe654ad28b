"""An unwatched screen must not mean silence: the fallback addresses are paged, and are left alone when somebody took it."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest
from support.centre import Centre, running_centre
from support.device import button
from support.live import live_stream
from support.paging import PageSink, page_sink
from support.processes import until

AFTER_SECONDS = 3


@pytest.fixture(scope="module")
def paged(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Centre, PageSink]]:
    """A centre with one fallback address, which a server of the test listens on."""
    with (
        page_sink() as sink,
        running_centre(
            tmp_path_factory.mktemp("paged"), fallback_urls=sink.url, fallback_after_seconds=AFTER_SECONDS, ring_again_seconds=600
        ) as centre,
    ):
        yield centre, sink


def _pages(sink: PageSink, home: str) -> list[str]:
    return [text for text in sink.texts() if home in text]


def _acts(centre: Centre, incident_id: int) -> list[str]:
    return [entry["act"] for entry in centre.get(f"/incidents/{incident_id}")["timeline"]]


def test_at_once_when_nobody_watches(paged: tuple[Centre, PageSink]) -> None:
    centre, sink = paged
    home = centre.home()
    with button(centre.device(home)) as device:
        incident_id = device.press()["incident"]
        until(lambda: _pages(sink, home), what="a page")
        assert "无人值守" in _pages(sink, home)[0], "at once means before the clock of the unacknowledged"
        until(lambda: "paged" in _acts(centre, incident_id), what="the timeline", every_seconds=0.1)
        centre.post(f"/incidents/{incident_id}/close", {"reason": "test"})


def test_after_its_time_when_somebody_watches_and_nobody_takes_it(paged: tuple[Centre, PageSink]) -> None:
    centre, sink = paged
    home = centre.home()
    operator = centre.sign_in("op-watching", centre.user("op-watching", "operator"))
    with live_stream(operator), button(centre.device(home)) as device:
        began = time.monotonic()
        incident_id = device.press()["incident"]
        until(lambda: _pages(sink, home), what="a page")
        assert time.monotonic() - began >= AFTER_SECONDS - 0.2
        assert "无人接警" in _pages(sink, home)[0]
        assert len(_pages(sink, home)) == 1
        centre.post(f"/incidents/{incident_id}/close", {"reason": "test"})


def test_nobody_when_it_was_taken_in_time(paged: tuple[Centre, PageSink]) -> None:
    centre, sink = paged
    home, other = centre.home(), centre.home()
    operator = centre.sign_in("op-taking", centre.user("op-taking", "operator"))
    with live_stream(operator), button(centre.device(home)) as taken, button(centre.device(other)) as later:
        incident_id = taken.press()["incident"]
        assert operator.post(f"/api/v1/incidents/{incident_id}/acknowledge").status_code == 200
        # Another that nobody takes is paged after the first one's time, so by then the first would have been.
        other_id = later.press()["incident"]
        until(lambda: _pages(sink, other), AFTER_SECONDS + 10, "the other's page")
        assert _pages(sink, home) == []
        assert "paged" not in _acts(centre, incident_id)
        for each in (incident_id, other_id):
            centre.post(f"/incidents/{each}/close", {"reason": "test"})


def test_again_until_it_goes_through(paged: tuple[Centre, PageSink]) -> None:
    centre, sink = paged
    home = centre.home()
    sink.status = 503
    with button(centre.device(home)) as device:
        incident_id = device.press()["incident"]
        until(lambda: "page_delayed" in _acts(centre, incident_id), what="a first attempt refused", every_seconds=0.1)
        sink.status = 200
        until(lambda: "paged" in _acts(centre, incident_id), what="a later attempt", every_seconds=0.1)
        centre.post(f"/incidents/{incident_id}/close", {"reason": "test"})
