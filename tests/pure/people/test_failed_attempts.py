from __future__ import annotations

from people.attempts import ADDRESS_FACTOR, WINDOW_SECONDS, FailedAttempts


def test_a_name_waits_until_its_oldest_failure_is_ten_minutes_old() -> None:
    attempts = FailedAttempts(3)
    for second in (0, 10, 20):
        assert attempts.wait_seconds("anna", "a", second) == 0
        attempts.failed("anna", "a", second)
    assert attempts.wait_seconds("anna", "b", 30) == WINDOW_SECONDS - 30
    assert attempts.wait_seconds("ANNA", "b", 30) > 0
    assert attempts.wait_seconds("ben", "a", 30) == 0
    assert attempts.wait_seconds("anna", "b", WINDOW_SECONDS) == 0


def test_an_address_gets_more_attempts_than_a_name_and_a_success_does_not_clear_them() -> None:
    attempts = FailedAttempts(2)
    for number in range(2 * ADDRESS_FACTOR):
        attempts.failed(f"guess-{number}", "a", 0)
    attempts.succeeded("guess-1")
    assert attempts.wait_seconds("anna", "a", 1) > 0
    assert attempts.wait_seconds("anna", "b", 1) == 0


def test_a_success_forgets_the_name() -> None:
    attempts = FailedAttempts(1)
    attempts.failed("anna", "a", 0)
    attempts.succeeded("anna")
    assert attempts.wait_seconds("anna", "b", 1) == 0


def test_memory_is_bounded_and_what_was_used_last_is_kept() -> None:
    attempts = FailedAttempts(1)
    for number in range(30_000):
        attempts.failed(f"n{number}", "a", 0)
    assert len(attempts._failures) <= 20_000
    assert attempts.wait_seconds("n29999", "b", 1) > 0
    assert attempts.wait_seconds("n0", "b", 1) == 0
