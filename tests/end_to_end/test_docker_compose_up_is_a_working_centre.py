"""Every container of docker-compose.yml, started natively with its own command, settings, user and read-only root, is healthy, and
together they are a centre: sign in with the one-time password of the log, press a button, see the incident."""

from __future__ import annotations

import json
import re
import ssl
import threading
from pathlib import Path
from typing import Any

import httpx
import paho.mqtt.client as mqtt
import pytest
from paho.mqtt.enums import CallbackAPIVersion
from support import containers
from support.containers import Composition, Container
from support.processes import until

pytestmark = pytest.mark.timeout(600)

NEW_PASSWORD = "a-password-of-tests"
# A line of these levels, or a traceback, is a start that did not go well.
_BAD = re.compile(r'Traceback|"level": "(error|critical)"|lvl=error|FATAL|PANIC|\[ERR\]|\[FTL\]')


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for each in (tmp_path, *tmp_path.parents[:2]):
        each.chmod(each.stat().st_mode | 0o055)
    return tmp_path


def test_one_server(folder: Path) -> None:
    with containers.running(folder) as centre:
        everything_is_guarded(centre)
        a_press_becomes_an_incident(centre)
        until(lambda: scraped(centre), 60, "Prometheus collects what Yinling counts", 0.5)
        the_token_of_dashboards_only_reads(centre)
        assert made_by(again(centre, "setup")) == "nothing, everything is there"
        assert "admin /" not in again(centre, "migrate"), "the password is shown once"
        assert "broker_reloaded" not in centre["ingest"].said(), "the broker shows the certificate the workers know"
        nothing_went_wrong(centre)


def test_the_profile_of_a_cluster(folder: Path) -> None:
    with containers.running(folder, {"COMPOSE_PROFILES": "cluster"}) as centre:
        everything_is_guarded(centre)
        answer = ready(centre)
        assert {f"ingest-{partition}" for partition in range(4)} <= set(answer["checks"])
        centre["nats-3"].kill()
        a_press_becomes_an_incident(centre)


def a_press_becomes_an_incident(centre: Composition) -> None:
    password = re.findall(r"admin / (\S+)", centre["migrate"].said())
    assert len(password) == 1, centre["migrate"].said()
    signed_in = call(centre, "POST", "/sign-in", {"username": "admin", "password": password[0]})
    token = signed_in["token"]
    call(centre, "POST", "/me/password", {"current": password[0], "new": NEW_PASSWORD}, token)
    token = call(centre, "POST", "/sign-in", {"username": "admin", "password": NEW_PASSWORD})["token"]
    call(centre, "POST", "/homes", {"code": "home-1", "name": "住户一", "address": "青山街道 1 号"}, token)
    device = call(centre, "POST", "/devices", {"home": "home-1", "name": "按钮", "profile": "sos-button"}, token)["mqtt"]
    assert device["host"] == "localhost"
    assert device["port"] == 8883
    receipts = centre.inside(lambda: press(centre, device))
    assert receipts == ["accepted"]
    opened = call(centre, "GET", "/incidents?home=home-1&state=open", None, token)["items"]
    assert [incident["severity"] for incident in opened] == ["critical"]


def press(centre: Composition, device: dict[str, Any]) -> list[str]:
    """Press a button over MQTT and TLS, as a device does; the receipts until the first."""
    receipts: list[str] = []
    told, subscribed = threading.Event(), threading.Event()

    def received(_client: mqtt.Client, _data: object, message: mqtt.MQTTMessage) -> None:
        receipts.append(json.loads(message.payload)["status"])
        told.set()

    def connected(client: mqtt.Client, *_: object) -> None:
        client.subscribe(f"{device['topic']}/receipt", 0)

    client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id=device["client_id"])
    client.username_pw_set(device["username"], device["password"])
    context = ssl.create_default_context(cafile=str(authority(centre)))
    context.check_hostname = False  # it is reached by its address here; the authority is verified all the same
    client.tls_set_context(context)
    client.on_message = received
    client.on_subscribe = lambda *_: subscribed.set()
    client.on_connect = connected
    client.connect(centre["nats"].address, device["port"])
    client.loop_start()
    try:
        assert subscribed.wait(60), "the device was not let in"
        client.publish(f"{device['topic']}/event", json.dumps({"id": "1", "type": "sos.pressed"}), qos=1).wait_for_publish(20)
        assert told.wait(60), "no receipt"
    finally:
        client.loop_stop()
    return receipts


def authority(centre: Composition) -> Path:
    return centre.volumes / "authority" / "authority.pem"


def call(centre: Composition, method: str, path: str, body: object = None, token: str | None = None) -> Any:
    """Ask the API over TLS, its name verified."""
    answer = centre.inside(lambda: _ask(centre, "api", 8443, method, f"/api/v1{path}", body=body, token=token))
    assert answer.status_code in {200, 201, 204}, answer.text
    return answer.json() if answer.content else None


def _ask(
    centre: Composition, name: str, port: int, method: str, path: str, *, body: object = None, token: str | None = None
) -> httpx.Response:
    headers = {"Host": name, **({"Authorization": f"Bearer {token}"} if token else {})}
    with httpx.Client(verify=ssl.create_default_context(cafile=str(authority(centre))), timeout=30) as client:
        return client.request(
            method,
            f"https://{centre[name].address}:{port}{path}",
            json=body,
            headers=headers,
            extensions={"sni_hostname": name},
        )


def ready(centre: Composition) -> Any:
    def answer() -> Any:
        said = centre.inside(lambda: _ask(centre, "api", 8443, "GET", "/readyz")).json()
        return said if said["ready"] else None

    return until(answer, 60, "the whole path works", 0.5)


def scraped(centre: Composition) -> bool:
    query = "/api/v1/query?query=up{job='yinling'}"
    found = centre.inside(lambda: _ask(centre, "prometheus", 9090, "GET", query)).json()["data"]["result"]
    return bool(found and found[0]["value"][1] == "1")


def the_token_of_dashboards_only_reads(centre: Composition) -> None:
    token = (centre.volumes / "grafana-secrets" / "influx-token").read_text()
    headers = {"Authorization": f"Token {token}"}

    def ask(method: str, path: str, body: bytes | None = None) -> int:
        with httpx.Client(verify=ssl.create_default_context(cafile=str(authority(centre))), timeout=30) as client:
            address = f"https://{centre['influxdb'].address}:8086{path}"
            extensions = {"sni_hostname": "influxdb"}
            return client.request(method, address, content=body, headers=headers, extensions=extensions).status_code

    flux = b'{"query": "from(bucket: \\"readings\\") |> range(start: -1h) |> limit(n: 1)", "type": "flux"}'
    headers["Content-Type"] = "application/json"
    assert centre.inside(lambda: ask("POST", "/api/v2/query?org=yinling", flux)) == 200
    headers["Content-Type"] = "text/plain"
    assert centre.inside(lambda: ask("POST", "/api/v2/write?org=yinling&bucket=readings", b"m v=1")) in {401, 403}


def everything_is_guarded(centre: Composition) -> None:
    """What the file asks of the engine holds for each process here, so that it is known to suffice."""
    for container in centre.containers.values():
        pid = container.inner_pid()
        if pid is None:
            assert container.name in {"setup", "migrate"}
            continue
        status = dict(line.split(":\t", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines() if ":\t" in line)
        assert status["Uid"].split() == [str(containers.USER)] * 4, container.name
        assert int(status["CapEff"], 16) == int(status["CapBnd"], 16) == 0, container.name
        assert status["NoNewPrivs"] == "1", container.name
        root = next(line.split() for line in Path(f"/proc/{pid}/mounts").read_text().splitlines() if line.split()[1] == "/")
        assert "ro" in root[3].split(","), container.name


def again(centre: Composition, name: str) -> str:
    """Start a container once more, as the next `up` does; what it said."""
    container: Container = centre[name]
    before = len(container.said())
    centre.start(container)
    until(container.is_completed, 120, container.said, 0.1)
    return container.said()[before:]


def made_by(said: str) -> str:
    return said.partition("Made: ")[2].partition(".\n")[0]


def nothing_went_wrong(centre: Composition) -> None:
    for container in centre.containers.values():
        wrong = [line for line in container.said().splitlines() if _BAD.search(line)]
        assert wrong == [], container.name
