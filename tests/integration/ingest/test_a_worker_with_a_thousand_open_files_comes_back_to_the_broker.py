"""A worker holds two files for each gateway of its port; with the low numbers taken it still reads what the broker has.

It runs in a process of its own, which is prepared as every process of the centre is.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from support.broker import running_broker

from ingest.topics import Lane, lane_filter

PROGRAM = """
import os, sys
from core.clock import SystemClock
from core.open_files import expect_many_files, raise_limit
from ingest.source import LaneSource, SourceAddress

raise_limit()
if sys.argv[1] == "prepared":
    expect_many_files()
held = [os.open("/dev/null", os.O_RDONLY) for _ in range(1100)]
port, password, topic_filter = int(sys.argv[2]), sys.argv[3], sys.argv[4]
address = SourceAddress([("127.0.0.1", port)], "ingest", password, "yinling-ingest-0-alarm", topic_filter)
source = LaneSource("alarm", address, SystemClock(), capacity=10)
source.start()
print(source.subscribed.wait(float(sys.argv[5])))
os._exit(0)
"""


@pytest.mark.parametrize(("how", "seconds", "reads"), [("prepared", 15, "True"), ("as paho comes", 4, "False")])
def test_paho_waits_by_poll(tmp_path: Path, how: str, seconds: int, reads: str) -> None:
    """Without it nothing is ever read: should that change, this whole arrangement can go."""
    with running_broker(tmp_path) as broker:
        arguments = [how, str(broker.mqtt_port), broker.secrets.password, lane_filter(0, Lane.ALARM), str(seconds)]
        said = subprocess.run([sys.executable, "-c", PROGRAM, *arguments], capture_output=True, text=True, check=True, timeout=60)
    assert said.stdout.splitlines()[-1] == reads, said.stderr
