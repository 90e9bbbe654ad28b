"""One centre and one browser for the tests of a file that do not end them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser
from support.browser import Desk, chromium
from support.centre import Centre, running_centre


@pytest.fixture(scope="module")
def shared_centre(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Iterator[Centre]:
    """A centre as `yinling run` starts it, on the store a file asks for, else on that of this run.

    Nobody takes part in its clocks by accident: they are long.
    """
    folder = tmp_path_factory.mktemp("centre")
    backend = getattr(request, "param", None)
    with running_centre(folder, backend=backend, ring_again_seconds=600, fallback_after_seconds=3600) as centre:
        yield centre


@pytest.fixture
def centre(shared_centre: Centre) -> Centre:
    """The shared centre, working."""
    shared_centre.wait_ready()
    return shared_centre


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """The system's Chromium; not for the whole session, because its driver keeps an event loop in this thread."""
    with chromium() as started:
        yield started


@pytest.fixture
def open_page(browser: Browser) -> Iterator[Desk]:
    """Opens pages as people do; an error in a page's scripts fails the test."""
    desk = Desk(browser)
    yield desk
    desk.close()
    assert desk.complaints == []
