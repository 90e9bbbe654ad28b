"""A real Chromium on the pages."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, expect, sync_playwright
from support.centre import Centre

# What a page may complain of while its server is away, or when it asks for what is refused on purpose.
_NETWORK = re.compile(r"Failed to load resource|net::ERR_")
expect.set_options(timeout=60_000)  # a page on a busy machine, the same for whatever a test expects of it


@contextmanager
def chromium() -> Iterator[Browser]:
    """The system's Chromium; skips where there is none, unless CI is set."""
    program = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if program is None and os.environ.get("CI"):
        pytest.fail("there is no Chromium, and where CI is set nothing may be skipped for it")
    if program is None:
        pytest.skip("there is no Chromium on this machine")
    arguments = ["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu", "--autoplay-policy=user-gesture-required"]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=arguments)
        try:
            yield browser
        finally:
            browser.close()


def choose(page: Page, test_id: str) -> None:
    """Tap the words of a choice, as a person does: the mark before them is not shown."""
    mark = page.get_by_test_id(test_id)
    page.locator("label").filter(has=mark).click()
    expect(mark).to_be_checked()


class Desk:
    """Opens pages, each a person's own, signed in through the form; remembers what their scripts complained of."""

    def __init__(self, browser: Browser) -> None:
        self.complaints: list[str] = []
        self._browser = browser
        self._contexts: list[BrowserContext] = []

    def __call__(
        self,
        centre: Centre,
        username: str,
        password: str,
        *,
        path: str = "/",
        width: int = 1366,
        height: int = 768,
        locale: str = "zh-CN",
    ) -> Page:
        """A page of one person."""
        context = self._browser.new_context(
            base_url=centre.url,
            locale=locale,
            viewport={"width": width, "height": height},
            ignore_https_errors=centre.url.startswith("https:"),  # a test's own authority stands in no browser's list
        )
        self._contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("console", self._listen)
        page.goto(path)
        page.get_by_test_id("signin-username").fill(username)
        page.get_by_test_id("signin-password").fill(password)
        page.get_by_test_id("signin-submit").click()
        expect(page.get_by_test_id("signin-submit")).to_have_count(0)
        return page

    def close(self) -> None:
        for context in self._contexts:
            context.close()

    def _listen(self, said: ConsoleMessage) -> None:
        if said.type == "error" and not _NETWORK.search(said.text):
            self.complaints.append(said.text)
