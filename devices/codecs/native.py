"""The native contract, version 1: `event`, `telemetry`, `status` and `reply` of devices that speak our own words.

Pure: bytes in, values out, nothing raised. A press is never dropped for a doubt: a missing or absurd time, a missing id,
broken neighbours, even a message that was cut off still gives the signal; what could not be read is returned beside it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from typing import Any, NamedTuple

from core.clock import credible_instant
from devices.codecs.json_text import MalformedError, bounded, parse
from devices.codecs.scalars import digest, instant, number, shown, text, truth
from devices.codecs.types import CodecContext, Decoded, NotUnderstood, RawMessage, Reading, Signal, StateUpdate
from devices.vocabulary import LIFE_SIGNALS, METRICS, SIGNAL_TYPES

NATIVE_CHANNELS = frozenset({"event", "telemetry", "status", "reply"})
"""The upward channels of the contract."""

STATE_METRICS = {
    "motion.seen": ("motion", 1.0),
    "presence.on": ("presence", 1.0),
    "presence.off": ("presence", 0.0),
    "door.opened": ("contact_open", 1.0),
    "door.closed": ("contact_open", 0.0),
    "bed.entered": ("in_bed", 1.0),
    "bed.left": ("in_bed", 0.0),
}
"""Signals that are a value as well, so that a day can be drawn from readings alone."""

_LONGEST_ID = 128
_LONGEST_DETAIL = 300
_MOST_EVENTS = 500
_STATUS_KEYS = frozenset({"online", "battery", "rssi", "firmware", "model", "ts"})
_SALVAGED_TYPE = re.compile(r'"type"\s*:\s*"([^"]{1,40})"')
_SALVAGED_ID = re.compile(r'"id"\s*:\s*"([^"\\]{1,128})"')
_SQUEEZED = {re.sub(r"[^a-z]", "", name): name for name in SIGNAL_TYPES} | {
    "sos": "sos.pressed",
    "emergency": "sos.pressed",
    "panic": "sos.pressed",
    "fall": "fall.detected",
}


class _Happening(NamedTuple):
    kind: str
    key: str
    device_at: datetime | None
    data: dict[str, Any]
    has_own_id: bool


class NativeCodec:
    """The codec of the native contract."""

    dialect = "native"

    def decode(self, message: RawMessage, context: CodecContext) -> Decoded:
        """Everything the message says; never raises."""
        channel = message.topic.rpartition("/")[2]
        if channel == "telemetry":
            return _telemetry(message, context)
        if channel == "event":
            return _event(message, context)
        if channel == "status":
            return _status(message, context)
        if channel == "reply":
            return _reply(message)
        return Decoded(not_understood=(NotUnderstood("unknown_channel", channel[:_LONGEST_DETAIL]),))


def signal_type_of(word: Any) -> tuple[str | None, bool]:
    """The native type a word means, and whether it was spelt as the contract spells it.

    A word with SOS in it that nobody knows is a press: a doubt never drops one.
    """
    if not isinstance(word, str):
        return None, False
    if word in SIGNAL_TYPES:
        return word, True
    squeezed = re.sub(r"[^a-z]", "", word[:_LONGEST_ID].lower())
    known = _SQUEEZED.get(squeezed)
    if known is None and "sos" in squeezed:
        known = "sos.cancelled" if "cancel" in squeezed else "sos.pressed"
    return known, False


def own_id(value: Any) -> str | None:
    """The device's own event id where it gave one that can be kept and echoed; a whole number counts as its text."""
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    if isinstance(value, str) and 0 < len(value) <= _LONGEST_ID and value.isprintable():
        return value
    return None


def _telemetry(message: RawMessage, context: CodecContext) -> Decoded:
    try:
        body = parse(message.payload)
    except MalformedError as error:
        return _malformed(str(error))
    readings: list[Reading] = []
    unknown: list[str] = []
    bad: list[str] = []
    code = context.device.code
    for item in body if isinstance(body, list) else (body,):
        values = item.get("values") if isinstance(item, dict) else None
        if not isinstance(values, dict):
            bad.append("no values")
            continue
        device_at = instant(item.get("ts"))
        at = credible_instant(device_at, message.received_at)
        if message.retained and at != device_at:
            bad.append("retained, without a time that can be believed")
            continue
        for name, raw in values.items():
            metric = METRICS.get(name)
            if metric is None:
                unknown.append(name)
                continue
            value = raw if raw.__class__ is float else metric_value(metric.unit, raw)
            if value is None:
                if raw is not None and raw != "":
                    bad.append(f"{name}: {raw!s:.40}")
            elif metric.lowest <= value <= metric.highest:
                readings.append(Reading(code, name, value, at))
            else:
                bad.append(f"{name}: {value:g} is outside {metric.lowest:g} to {metric.highest:g}")
    return Decoded(readings=tuple(readings), not_understood=doubts(malformed=bad, unknown_metric=unknown))


def metric_value(unit: str, raw: Any) -> float | None:
    """A value of a metric with this unit; truths count for 0/1 metrics only."""
    if unit == "0/1":
        said = truth(raw)
        if said is not None:
            return float(said)
    return number(raw)


def doubts(**lists: list[str]) -> tuple[NotUnderstood, ...]:
    """One `NotUnderstood` for each reason that has anything to list."""
    return tuple(
        NotUnderstood(reason, shown(", ".join(details[:_MOST_EVENTS]), _LONGEST_DETAIL))
        for reason, details in lists.items()
        if details
    )


def _event(message: RawMessage, context: CodecContext) -> Decoded:
    try:
        body = parse(message.payload)
    except MalformedError as error:
        return _salvage(message, context, str(error))
    signals: list[Signal] = []
    refused: list[tuple[str, str]] = []
    malformed: list[str] = []
    unknown: list[str] = []
    items = body[:_MOST_EVENTS] if isinstance(body, list) else [body]
    for index, each in enumerate(items):
        item = {"type": each} if isinstance(each, str) else each
        if not isinstance(item, dict):
            malformed.append("an event is an object")
            continue
        event_id = own_id(item.get("id"))
        kind, as_spelt = signal_type_of(item.get("type"))
        if not as_spelt:
            unknown.append(f"{item.get('type')!s:.60}" if "type" in item else "no type")
        if kind is None:
            if event_id is not None:
                refused.append((event_id, "unknown_type" if "type" in item else "malformed"))
            continue
        data = item.get("data")
        if data is not None and not isinstance(data, dict):
            malformed.append("data is no object")
        key = event_id or digest(message.topic, message.payload, kind, str(index))
        kept = bounded(data) if isinstance(data, dict) else {}
        signals.append(_signal(message, context, _Happening(kind, key, instant(item.get("ts")), kept, event_id is not None)))
    return Decoded(
        readings=tuple(_values_of(signals, message)),
        signals=tuple(signals),
        not_understood=doubts(malformed=malformed, unknown_type=unknown),
        refused=tuple(refused),
    )


def _salvage(message: RawMessage, context: CodecContext, error: str) -> Decoded:
    """What can be saved from bytes that are no JSON: a signal somebody waits for, and the id to answer to."""
    raw = message.payload[:100_000].decode(errors="replace")
    named = _SALVAGED_TYPE.search(raw)
    kind, _ = signal_type_of(named.group(1) if named else raw.strip())
    found_id = _SALVAGED_ID.search(raw)
    event_id = own_id(found_id.group(1)) if found_id else None
    doubt = doubts(malformed=[error])
    if kind not in LIFE_SIGNALS:
        return Decoded(not_understood=doubt, refused=((event_id, "malformed"),) if event_id else ())
    key = event_id or digest(message.topic, message.payload, kind)
    signal = _signal(message, context, _Happening(kind, key, None, {"salvaged": True}, event_id is not None))
    return Decoded(signals=(signal,), not_understood=doubt)


def _signal(message: RawMessage, context: CodecContext, happening: _Happening) -> Signal:
    return Signal(
        device=context.device.code,
        type=happening.kind,
        event_key=happening.key,
        device_at=happening.device_at,
        received_at=message.received_at,
        data=happening.data,
        retained=message.retained,
        redelivered=message.redelivered,
        has_own_id=happening.has_own_id,
    )


def _values_of(signals: list[Signal], message: RawMessage) -> Iterator[Reading]:
    if message.retained:
        return
    for signal in signals:
        if signal.type in STATE_METRICS:
            metric, value = STATE_METRICS[signal.type]
            yield Reading(signal.device, metric, value, credible_instant(signal.device_at, signal.received_at))


def _status(message: RawMessage, context: CodecContext) -> Decoded:
    if not message.payload.strip():
        return Decoded()  # somebody cleared the retained status: nothing is said
    try:
        body = parse(message.payload)
    except MalformedError as error:
        body = _bare_status(message.payload)
        if body is None:
            return _malformed(str(error))
    if not isinstance(body, dict):
        return _malformed("a status is an object")
    bad: list[str] = []
    levels: dict[str, float] = {}
    for name in ("battery", "rssi"):
        value = number(body.get(name))
        if value is not None and METRICS[name].lowest <= value <= METRICS[name].highest:
            levels[name] = value
        elif body.get(name) not in (None, ""):
            bad.append(f"{name}: {body[name]!s:.40}")
    online = truth(body.get("online"))
    if online is None and body.get("online") not in (None, ""):
        bad.append(f"online: {body['online']!s:.40}")
    code = context.device.code
    state = StateUpdate(
        code, online, levels.get("battery"), levels.get("rssi"), text(body.get("firmware"), 60), text(body.get("model"), 200)
    )
    # A retained status tells the present state but not when it was measured, so it gives no reading.
    at = credible_instant(instant(body.get("ts")), message.received_at)
    readings = () if message.retained else tuple(Reading(code, name, value, at) for name, value in levels.items())
    unknown = [name for name in body if name not in _STATUS_KEYS]
    return Decoded(readings=readings, states=(state,), not_understood=doubts(malformed=bad, unknown_property=unknown))


def _bare_status(payload: bytes) -> dict[str, Any] | None:
    word = payload[:20].strip().lower()
    return {"online": word == b"online"} if word in (b"online", b"offline") else None


def _reply(message: RawMessage) -> Decoded:
    try:
        body = parse(message.payload)
    except MalformedError as error:
        return _malformed(str(error))
    if isinstance(body, dict) and own_id(body.get("id")) is not None and truth(body.get("ok")) is not None:
        return Decoded()
    return _malformed("a reply has an id and ok")


def _malformed(detail: str) -> Decoded:
    return Decoded(not_understood=doubts(malformed=[detail]))
