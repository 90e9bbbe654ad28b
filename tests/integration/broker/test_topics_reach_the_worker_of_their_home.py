"""Mappings, lanes, partitions, retained states and wills at the real broker, with four partitions."""

from __future__ import annotations

from support.devices import House
from support.processes import until

from core.partition import partition_of


def test_each_upward_channel_arrives_in_its_lane_and_partition_and_nowhere_else(house: House) -> None:
    worker = house.cast.ingest("observer", persistent=False)
    worker.subscribe("part/#", "yl/#", qos=1)
    device = house.cast.device("dev-1")
    for channel in ("event", "status", "reply", "telemetry"):
        device.publish(f"yl/v1/home-1/dev-1/{channel}", channel.encode())
    until(lambda: len(worker.heard) == 4)
    part = f"part/{partition_of('home-1', 4)}"
    assert worker.topics() == [
        f"{part}/alarm/yl/v1/home-1/dev-1/event",
        f"{part}/alarm/yl/v1/home-1/dev-1/status",
        f"{part}/alarm/yl/v1/home-1/dev-1/reply",
        f"{part}/data/yl/v1/home-1/dev-1/telemetry",
    ]


def test_what_goes_down_is_not_mapped(house: House) -> None:
    device, gateway = house.cast.device("dev-1"), house.cast.device("gw-1")
    device.subscribe("yl/v1/home-1/dev-1/receipt", "yl/v1/home-1/dev-1/command")
    gateway.subscribe("yl/v1/home-1/gw-1/#")
    worker = house.cast.ingest("observer", persistent=False)
    worker.publish("yl/v1/home-1/dev-1/receipt", b"receipt")
    worker.publish("yl/v1/home-1/dev-1/command", b"command")
    worker.publish("yl/v1/home-1/gw-1/zigbee2mqtt/x/set", b"set")
    until(lambda: len(device.heard) == 2 and gateway.heard)
    assert sorted(device.payloads()) == [b"command", b"receipt"]
    assert gateway.topics() == ["yl/v1/home-1/gw-1/zigbee2mqtt/x/set"]


def test_a_home_always_goes_to_the_same_worker_and_to_no_other(house: House) -> None:
    homes = [f"home-{number}" for number in range(24)]
    workers = []
    for partition in range(4):
        worker = house.cast.ingest(f"worker-{partition}", persistent=False)
        worker.subscribe(f"part/{partition}/alarm/#", f"part/{partition}/data/#", qos=1)
        workers.append(worker)
    for home in homes:
        house.sign_in.directory.add(f"of-{home}", home)
        device = house.cast.device(f"of-{home}")
        device.publish(f"yl/v1/{home}/of-{home}/event", home.encode())
        device.publish(f"yl/v1/{home}/of-{home}/telemetry", home.encode())
    until(lambda: sum(len(worker.heard) for worker in workers) == 2 * len(homes))
    for partition, worker in enumerate(workers):
        expected = [home.encode() for home in homes if partition_of(home, 4) == partition]
        assert sorted(worker.payloads()) == sorted(2 * expected)
    assert all(worker.heard for worker in workers)


def test_a_retained_status_is_there_for_a_worker_that_comes_later(house: House) -> None:
    device = house.cast.device("dev-1")
    device.publish("yl/v1/home-1/dev-1/status", b'{"online":true}', retain=True)
    worker = house.cast.ingest("late", persistent=False)
    worker.subscribe("part/+/alarm/yl/v1/home-1/dev-1/#", qos=1)
    until(lambda: worker.heard)
    assert [(each.payload, each.retained) for each in worker.heard] == [(b'{"online":true}', True)]


def test_a_will_arrives_like_a_status_and_replaces_the_retained_one(house: House) -> None:
    worker = house.cast.ingest("observer", persistent=False)
    worker.subscribe("part/+/alarm/yl/v1/home-2/#", qos=1)
    device = house.cast.device("dev-2", will=("yl/v1/home-2/dev-2/status", b'{"online":false}'))
    device.publish("yl/v1/home-2/dev-2/status", b'{"online":true}', retain=True)
    until(lambda: len(worker.heard) == 1)
    device.cut()
    until(lambda: len(worker.heard) == 2)
    assert worker.payloads() == [b'{"online":true}', b'{"online":false}']
    assert worker.topics()[0] == worker.topics()[1] == f"part/{partition_of('home-2', 4)}/alarm/yl/v1/home-2/dev-2/status"
    late = house.cast.ingest("late", persistent=False)
    late.subscribe("part/#", "yl/#", qos=1)
    until(lambda: any(each.topic.endswith("home-2/dev-2/status") for each in late.heard))
    states = [each.payload for each in late.heard if each.topic.endswith("home-2/dev-2/status")]
    assert states == [b'{"online":false}']


def test_a_device_that_asks_for_commands_at_qos_1_gets_them_after_it_was_away(house: House) -> None:
    device = house.cast.add_device("dev-1", persistent=True)
    assert device.subscribe("yl/v1/home-1/dev-1/command", qos=1) == [1]
    device.close()
    house.cast.ingest("observer", persistent=False).publish("yl/v1/home-1/dev-1/command", b"while away")
    again = house.cast.add_device("dev-1", persistent=True)
    until(lambda: again.heard)
    assert again.payloads() == [b"while away"]
