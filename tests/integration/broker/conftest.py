"""One broker with open sign-in for the tests that do not harm it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from support.broker import BrokerHandle, running_broker
from support.devices import Cast, House, RunningSignIn, running_sign_in


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[BrokerHandle, RunningSignIn]]:
    """Shared by the tests of a module; four partitions."""
    with running_broker(tmp_path_factory.mktemp("broker"), partitions=4) as broker, running_sign_in(broker) as sign_in:
        sign_in.responder._gate.hear([1, 2, 3])
        yield broker, sign_in


@pytest.fixture
def house(shared: tuple[BrokerHandle, RunningSignIn]) -> Iterator[House]:
    """The shared broker with devices of two homes and a gateway."""
    broker, sign_in = shared
    sign_in.directory.devices.clear()
    sign_in.refusals.clear()
    sign_in.directory.add("dev-1", "home-1")
    sign_in.directory.add("dev-2", "home-2")
    sign_in.directory.add("gw-1", "home-1", is_gateway=True)
    with Cast(broker) as cast:
        yield House(broker, sign_in, cast)
