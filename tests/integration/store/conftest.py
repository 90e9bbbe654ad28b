"""The tables are the same on both databases."""

from __future__ import annotations

import pytest


@pytest.fixture(params=["sqlite", "postgresql"])
def backend(request: pytest.FixtureRequest) -> str:
    """Both, one after the other."""
    return str(request.param)
