from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest
from support.providers import RETRY_AFTER_SECONDS, Behaviour

from alerts.outbox import LEASE
from alerts.ports import NotSent, Sent

if TYPE_CHECKING:
    from integration.channels.conftest import Bench


def test_what_is_taken_is_sent_once_and_carries_its_key(bench: Bench) -> None:
    result = bench.channel.send(bench.message())
    assert isinstance(result, Sent)
    assert (result.provider_id is not None) is bench.reads_answers
    (heard,) = bench.server.heard
    assert bench.key_of(heard) == bench.key


def test_a_second_attempt_carries_the_same_key(bench: Bench) -> None:
    bench.server.behave = "fail"
    bench.channel.send(bench.message())
    bench.server.behave = "answer"
    bench.channel.send(bench.message())
    assert [bench.key_of(heard) for heard in bench.server.heard] == [bench.key, bench.key]


@pytest.mark.parametrize("behaviour", ["stall", "fail", "limit", "drop"])
def test_what_may_pass_is_tried_again(bench: Bench, behaviour: Behaviour) -> None:
    bench.server.behave = behaviour
    result = bench.channel.send(bench.message())
    assert isinstance(result, NotSent)
    assert (result.permanent, result.broken) == (False, False)
    assert result.reason
    assert len(bench.server.heard) >= 1
    bench.server.behave = "answer"
    assert isinstance(bench.channel.send(bench.message()), Sent)


def test_what_is_refused_for_good_is_not_tried_again_and_blames_no_number(bench: Bench) -> None:
    bench.server.behave = "refuse"
    result = bench.channel.send(bench.message())
    assert isinstance(result, NotSent)
    assert (result.permanent, result.broken) == (True, False)


def test_what_can_never_work_breaks_its_contact_point(bench: Bench) -> None:
    bench.server.behave = "never"
    result = bench.channel.send(bench.message())
    assert isinstance(result, NotSent)
    assert result.permanent
    assert result.broken is bench.knows_numbers


def test_a_limit_says_how_long_to_wait(bench: Bench) -> None:
    bench.server.behave = "limit"
    result = bench.channel.send(bench.message())
    assert isinstance(result, NotSent)
    assert result.retry_after_seconds == (RETRY_AFTER_SECONDS if bench.tells_wait else None)


@pytest.mark.parametrize("behaviour", ["stall", "trickle"])
def test_no_provider_holds_a_sender_for_long(bench: Bench, behaviour: Behaviour) -> None:
    bench.server.behave = behaviour
    began = time.monotonic()
    bench.channel.send(bench.message())
    assert time.monotonic() - began < LEASE.total_seconds() / 5


def test_an_answer_that_is_not_theirs_is_no_yes(bench: Bench) -> None:
    bench.server.behave = "malformed"
    result = bench.channel.send(bench.message())
    assert isinstance(result, NotSent if bench.reads_answers else Sent)
    if isinstance(result, NotSent):
        assert not result.permanent


def test_nobody_is_followed_elsewhere(bench: Bench) -> None:
    bench.server.behave = "redirect"
    result = bench.channel.send(bench.message())
    assert isinstance(result, NotSent)
    assert not result.permanent
    assert "/elsewhere" not in {heard.path for heard in bench.server.heard}


def test_an_address_that_is_none_is_broken_without_asking(bench: Bench) -> None:
    result = bench.channel.send(bench.message("nonsense"))
    assert isinstance(result, NotSent)
    assert (result.permanent, result.broken) == (True, True)
    assert bench.server.heard == []


def test_no_reason_tells_a_secret_or_a_host(bench: Bench) -> None:
    behaviours: tuple[Behaviour, ...] = ("fail", "refuse", "limit", "drop")
    for behaviour in behaviours:
        bench.server.behave = behaviour
        result = bench.channel.send(bench.message())
        assert isinstance(result, NotSent)
        for secret in ("s3cret", "whsec", "account", "127.0.0.1", str(bench.server.port), "13800138000"):
            assert secret not in result.reason
