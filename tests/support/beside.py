"""What is asynchronous, at work beside a synchronous test: in a thread with an event loop of its own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractAsyncContextManager, contextmanager
from typing import TypeVar

from anyio.from_thread import start_blocking_portal

Made = TypeVar("Made")


@contextmanager
def beside(work: AbstractAsyncContextManager[Made]) -> Iterator[Made]:
    """Enter `work`, and leave it at the end; what fails on the way in or out fails in the test, with its cause."""
    with start_blocking_portal() as portal, portal.wrap_async_context_manager(work) as made:
        yield made


__all__ = ["beside"]
