"""A simulated colleague at the demonstration centre, who takes what nobody else took.

Without one, an unattended demonstration would fill its queue by thirty incidents an hour. The colleague works through the
HTTP interface like any operator, waits minutes before taking anything, keeps away from the family's home, from what
people opened by hand and from what anybody else has taken, and keeps no live stream open, so that fallback pages stay honest. What
is decided is pure (`next_act`); a colleague that is killed leaves claims that expire by themselves.
"""

from __future__ import annotations

import random
import ssl
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson
import structlog

from alerts.model import Severity
from core.clock import Clock
from yinling.demo.past_week import CAUSES

ROUND_SECONDS = 5.0
_ANSWER_SECONDS = 4.0
_KINDS = frozenset(cause.kind for cause in CAUSES) | {"vitals", "device_fault"}

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Act:
    """One step on one incident."""

    incident: int
    verb: str
    body: Mapping[str, str]


def next_act(incident: Mapping[str, Any], me: int, waited_seconds: float, homes: frozenset[str]) -> Act | None:
    """What to do with a row of the queue that has been as it is for `waited_seconds`; None leaves it alone."""
    if incident["home"] not in homes or incident["kind"] not in _KINDS or incident["drill"]:
        return None
    dice = random.Random(incident["id"])  # noqa: S311 a colleague, not a secret
    state, owner = incident["state"], incident["owner"]
    if state == "open":
        return Act(incident["id"], "acknowledge", {}) if waited_seconds >= _patience_seconds(incident, dice) else None
    if owner is None or owner["id"] != me or waited_seconds < dice.uniform(30, 75):
        return None
    needs_visit = incident["kind"] != "doctor_call" and (incident["severity"] == Severity.LOW or dice.random() < 0.3)  # noqa: PLR2004
    if state == "acknowledged" and needs_visit:
        return Act(incident["id"], "dispatch", {"responder": "responder"})
    if state == "dispatched":
        return Act(incident["id"], "on-scene", {})
    return Act(incident["id"], "close", {"reason": _reason(incident["kind"], dice)})


def _patience_seconds(incident: Mapping[str, Any], dice: random.Random) -> float:
    if incident["kind"] == "doctor_call":
        return dice.uniform(20, 40)
    return dice.uniform(600, 1200) if incident["severity"] == Severity.LOW else dice.uniform(180, 300)


def _reason(kind: str, dice: random.Random) -> str:
    endings = next((cause.endings for cause in CAUSES if cause.kind == kind), None)
    if endings is None:
        return "technical" if kind == "device_fault" else "reassured"
    return str(dice.choices(list(endings), list(endings.values()))[0])


class Colleague:
    """Does a round when asked; nothing of it raises, the next round tries again."""

    def __init__(  # noqa: PLR0913 where, as whom, for whom
        self, address: str, username: str, password: str, homes: frozenset[str], clock: Clock, *, tls: ssl.SSLContext | None = None
    ) -> None:
        self._address = address
        self._tls = tls
        self._sign_in = {"username": username, "password": password}
        self._homes = homes
        self._clock = clock
        self._token: str | None = None
        self._me = 0
        self._since: dict[int, tuple[str, float]] = {}

    def round(self) -> int:
        """Look at the queue and act; how many acts the centre took. Blocks for as long as the centre takes to answer."""
        try:
            if self._token is None:
                signed_in = self._ask("POST", "/sign-in", self._sign_in)
                self._token, self._me = signed_in["token"], signed_in["user"]["id"]
            queue = self._ask("GET", "/incidents?state=open&limit=500")["items"]
        except urllib.error.HTTPError as error:
            log.debug("colleague_refused", status=error.code)
            self._token = None
            return 0
        except OSError as error:
            log.debug("colleague_waits", error=str(error))
            return 0
        seconds = self._clock.monotonic_seconds()
        before, self._since = self._since, {}
        acts = []
        for incident in queue:
            state, since_seconds = before.get(incident["id"], ("", seconds))
            if state != incident["state"]:
                since_seconds = seconds
            self._since[incident["id"]] = (incident["state"], since_seconds)
            act = next_act(incident, self._me, seconds - since_seconds, self._homes)
            if act is not None:
                acts.append(act)
        return sum(self._do(act) for act in acts)

    def _do(self, act: Act) -> bool:
        try:
            self._ask("POST", f"/incidents/{act.incident}/{act.verb}", act.body)
        except OSError as error:
            # Somebody was faster, or the smoke is still there: look again later.
            log.debug("colleague_was_refused", incident=act.incident, verb=act.verb, error=str(error))
            return False
        return True

    def _ask(self, method: str, path: str, body: Mapping[str, str] | None = None) -> Any:
        headers = {"Content-Type": "application/json"}
        if self._token is not None:
            headers["Authorization"] = f"Bearer {self._token}"
        data = None if body is None else orjson.dumps(body)
        request = urllib.request.Request(f"{self._address}/api/v1{path}", data=data, headers=headers, method=method)  # noqa: S310 always http or https
        with urllib.request.urlopen(request, timeout=_ANSWER_SECONDS, context=self._tls) as answer:  # noqa: S310 the same
            return orjson.loads(answer.read())
