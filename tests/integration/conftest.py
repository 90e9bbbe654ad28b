"""Everything that touches the relational store holds on both databases."""

from __future__ import annotations

import pytest
from support.databases import BACKENDS


@pytest.fixture(params=BACKENDS)
def backend(request: pytest.FixtureRequest) -> str:
    """Each, one after the other; tests that never ask for a database run once."""
    return str(request.param)
