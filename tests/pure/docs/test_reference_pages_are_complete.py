"""Every setting, command, metric, error code and profile is documented, in the words of the source."""

from __future__ import annotations

import pytest
from support.reference import DOCS, PAGES

from core.config import Settings


@pytest.mark.parametrize("name", PAGES)
def test_the_page_says_what_the_source_says(name: str) -> None:
    assert (DOCS / name).read_text(encoding="utf-8") == PAGES[name](), f"docs/{name} is out of date: run `make reference`"


def test_every_setting_says_what_it_means() -> None:
    assert [name for name, field in Settings.model_fields.items() if not field.description] == []
