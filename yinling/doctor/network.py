"""The ports of a centre: free before a start, answering afterwards, and the whole path behind them."""

from __future__ import annotations

import ssl
import urllib.error
import urllib.request
from collections.abc import Iterator

import orjson

from core.config import Settings
from yinling import run_file
from yinling.doctor.finding import Finding, Verdict
from yinling.ports import LOOPBACK, answers, can_listen, own_address, own_context


def check_free_ports(settings: Settings) -> Iterator[Finding]:
    """Before a start: whether the ports are free."""
    for name, port in (("http", settings.http_port), ("mqtt", settings.mqtt_port), ("gateway", settings.gateway_port)):
        if can_listen(settings.host, port):
            yield Finding(f"{name} port", Verdict.GOOD, f"{settings.host}:{port} is free")
        else:
            says = f"{settings.host}:{port} is in use: stop the program that has it, or set YINLING_{name.upper()}_PORT"
            yield Finding(f"{name} port", Verdict.BAD, says)


def check_running(settings: Settings, running: run_file.Running) -> Iterator[Finding]:
    """Beside a running centre: whether its ports answer, and the whole path works."""
    yield Finding("centre", Verdict.GOOD, f"runs as process {running.supervisor}")
    for name, port in running.ports.items():
        host = LOOPBACK if name.startswith("nats") else running.host
        says = f"{host}:{port}"
        is_there = answers(host, port, timeout_seconds=2)
        yield Finding(
            f"{name} port", Verdict.GOOD if is_there else Verdict.BAD, f"{says} {'answers' if is_there else 'does not answer'}"
        )
    yield _readiness(f"{own_address(settings, running.ports['http'])}/readyz", own_context(settings))


def _readiness(address: str, context: ssl.SSLContext | None) -> Finding:
    try:
        with urllib.request.urlopen(address, timeout=3, context=context):  # noqa: S310 always http or https
            return Finding("whole path", Verdict.GOOD, "broker, stores and ingest all work")
    except urllib.error.HTTPError as error:
        return Finding("whole path", Verdict.BAD, f"not ready: {_body(error)}")
    except OSError as error:
        return Finding("whole path", Verdict.BAD, f"{address} does not answer: {error}")


def _body(error: urllib.error.HTTPError) -> str:
    try:
        return orjson.dumps(orjson.loads(error.read())).decode()[:400]
    except (OSError, orjson.JSONDecodeError):
        return str(error)
