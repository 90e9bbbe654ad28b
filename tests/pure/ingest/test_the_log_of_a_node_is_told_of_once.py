"""Several processes read the log of one broker node; one of them tells, and nothing is written beside the log."""

from __future__ import annotations

from pathlib import Path

from ingest.node_log import NodeLog

LINE = '[1] 2026/11/29 20:00:00.000000 [ERR] 127.0.0.1:1 - mid:1 - "yl-dev-{}" - Publish Violation - Subject "part.0.x"\n'


def write(path: Path, number: int) -> None:
    with path.open("a", encoding="utf-8") as file:
        file.write(LINE.format(number))


def test_the_first_tells_and_the_next_goes_on_where_it_stood(tmp_path: Path) -> None:
    path = tmp_path / "nats.log"
    write(path, 0)
    first, second = NodeLog(path), NodeLog(path)
    assert (first.is_ours(), second.is_ours(), first.is_ours()) == (True, False, True)
    write(path, 1)
    for each in (first, second):
        assert [line.client_id for line in each.poll()] == ["yl-dev-1"], "also who does not tell learns why a connection ended"
    first.close()
    assert second.is_ours()
    write(path, 2)
    assert [line.client_id for line in second.poll()] == ["yl-dev-2"], "what the first told of is not told again"
    second.close()
    assert list(tmp_path.iterdir()) == [path]


def test_a_node_that_is_not_there_yet_is_read_once_it_is(tmp_path: Path) -> None:
    log = NodeLog(tmp_path / "broker" / "nats.log")
    assert not log.is_ours()
    (tmp_path / "broker").mkdir()
    write(tmp_path / "broker" / "nats.log", 3)
    assert log.is_ours()
    assert [line.client_id for line in log.poll()] == ["yl-dev-3"]
    log.close()
