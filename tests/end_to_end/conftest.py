"""One centre and one browser for the tests that do not end them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser
from support.browser import chromium
from support.centre import Centre, running_centre


@pytest.fixture(scope="session")
def shared_centre(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Centre]:
    """A centre as `yinling run` starts it. Nobody takes part in its clocks by accident: they are long."""
    settings = {"ring_again_seconds": 600, "fallback_after_seconds": 3600}
    with running_centre(tmp_path_factory.mktemp("centre"), demo=False, expect_errors=(), **settings) as centre:
        yield centre


@pytest.fixture
def centre(shared_centre: Centre) -> Centre:
    """The shared centre, working."""
    shared_centre.wait_ready()
    return shared_centre


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """The system's Chromium."""
    with chromium() as started:
        yield started
