"""A wrong value ends the program with one sentence that names the variable and keeps secrets to itself."""

from __future__ import annotations

import pytest

from yinling.commands.processes import parse_partition
from yinling.environment import environment_of, read_settings
from yinling.errors import CannotStartError


@pytest.mark.parametrize(
    ("name", "value"), [("HTTP_PORT", "lots"), ("PARTITIONS", "0"), ("LANGUAGE", "fr"), ("BROKER_ACK_WAIT_SECONDS", "30")]
)
def test_the_sentence_names_the_variable(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(f"YINLING_{name}", value)
    with pytest.raises(CannotStartError, match=f"YINLING_{name}") as refusal:
        read_settings()
    assert "\n" not in str(refusal.value)
    assert value in str(refusal.value)


def test_options_win_over_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("YINLING_HTTP_PORT", "1")
    assert read_settings(http_port=2).http_port == 2


def test_options_not_given_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("YINLING_HTTP_PORT", "3")
    assert read_settings(http_port=None).http_port == 3


def test_children_read_what_the_parent_resolved() -> None:
    environment = environment_of(http_port=8081, demo=True)
    assert environment["YINLING_HTTP_PORT"] == "8081"
    assert environment["YINLING_DEMO"] == "true"


@pytest.mark.parametrize(("text", "parts"), [("0/1", (0, 1)), ("3/4", (3, 4))])
def test_partitions_are_read(text: str, parts: tuple[int, int]) -> None:
    assert parse_partition(text) == parts


@pytest.mark.parametrize("text", ["1/1", "4/4", "-1/2", "x/2", "1", "1/", "/2", "0/0"])
def test_a_partition_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(CannotStartError, match="--partition"):
        parse_partition(text)
