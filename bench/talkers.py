"""The background of the latency bench: devices that publish telemetry at a steady rate, in a process of their own.

Reads a JSON list of [host, port, username, password, client id, topic] from its input; writes how many it sent, each tenth
of a second, until it is killed.
"""

from __future__ import annotations

import json
import sys
import time

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion

TICK_SECONDS = 0.1


def main() -> None:
    """Publish for ever."""
    rate = int(sys.argv[1])
    talkers = [connect(*each) for each in json.loads(sys.stdin.readline())]
    sent = 0
    began = time.perf_counter()
    while True:
        wanted = int((time.perf_counter() - began) * rate)
        while sent < wanted:
            client, topic = talkers[sent % len(talkers)]
            at = int(time.time() * 1000)
            client.publish(topic, b'{"ts":%d,"values":{"heart_rate":72,"spo2":97}}' % at, qos=1)
            sent += 1
        print(sent, flush=True)
        time.sleep(TICK_SECONDS)


def connect(host: str, port: int, username: str, password: str, client_id: str, topic: str) -> tuple[mqtt.Client, str]:  # noqa: PLR0913, PLR0917 the fields of a sign-in
    """One connected device and its telemetry topic."""
    client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id=client_id)
    client.username_pw_set(username, password)
    client.max_inflight_messages_set(1000)
    client.connect(host, port)
    client.loop_start()
    return client, f"{topic}/telemetry"


if __name__ == "__main__":
    main()
