"""What a test of pages is handed."""

from __future__ import annotations

from typing import Protocol

from playwright.sync_api import Page
from support.centre import Centre


class SignedIn(Protocol):
    """Opens a page and signs in through the sign-in page, as a person does it."""

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
    ) -> Page: ...
