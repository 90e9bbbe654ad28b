"""What the rules cost a message, with 20 rules a home: in a centre of one thousand homes, and in one of a hundred thousand.

The same messages (a watch's pulse, a movement, a door) go through decoding, every rule and the home's memory, as in the worker's
batches, without stores. Both centres stand in one process and are measured in turn, so that the ratio holds however fast the
machine is. Prints a table and one JSON line.
"""

from __future__ import annotations

import gc
import json
import random
import statistics
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from alerts.conditions import ActiveConditions
from alerts.ruleset.compile import RuleInForce, Ruleset, builtin_rules
from alerts.ruleset.schemas import Applies, ThresholdRule
from devices.model import Device, DeviceState
from ingest.book import HomeBook, HomePage, read_page
from ingest.decode import decode
from ingest.live_rules import LiveRules, key_of
from ingest.plan import make_plan
from ingest.reported import ReportedStates
from ingest.source import Delivery
from people.model import Home, Resident

SIZES = (1_000, 100_000)
RULES = 20
BATCH = 500
BATCHES = 20
ROUNDS = 9
PROFILES = ("watch", "motion", "door")
START = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)


class Centre:
    """A book of homes, their rules and their memories, as one worker holds them."""

    def __init__(self, homes: int) -> None:
        self.homes = homes
        self.book = HomeBook(0, 1)
        for first in range(0, homes, BATCH):
            self.book._keep([_page(number) for number in range(first, min(first + BATCH, homes))])  # noqa: SLF001 no store here
        self.rules = LiveRules(ZoneInfo("Asia/Shanghai"))
        self.rules._in_use = type(self.rules._in_use)(_twenty(self.book))  # noqa: SLF001 no store here
        self.conditions = ActiveConditions()
        self.reported = ReportedStates()
        self.now = START
        self._chance = random.Random(1)  # noqa: S311 no secret

    def live_in(self) -> None:
        """Hear every device of every home once, so that each home is known as it is in a centre that has run for a while."""
        for first in range(0, self.homes, BATCH):
            self.now += timedelta(seconds=1)
            homes = range(first, min(first + BATCH, self.homes))
            self.work([self._of_kind(number, profile) for number in homes for profile in PROFILES])

    def batch(self) -> list[Delivery]:
        """Messages of random homes, a second after the last batch.

        No two of one home: a small centre's homes would meet in one batch more often, and share what a batch costs each home.
        """
        self.now += timedelta(seconds=1)
        return [self._message(number) for number in self._chance.sample(range(self.homes), BATCH)]

    def work(self, batch: Sequence[Delivery]) -> int:
        """Everything the worker does with a batch but for the stores; how many findings."""
        items = [decode(self.book, delivery) for delivery in batch]
        plan = make_plan(items, self.conditions, self.reported, self.rules, self.now)
        self.reported.learn(plan.told)
        self.rules.absorb(plan.learnt, plan.timers, self.now)
        return len(plan.findings)

    def _message(self, number: int) -> Delivery:
        kind = self._chance.random()  # most of what a centre hears is measurements
        return self._of_kind(number, PROFILES[0] if kind < 0.6 else PROFILES[1] if kind < 0.9 else PROFILES[2])

    def _of_kind(self, number: int, profile: str) -> Delivery:
        if profile == "watch":
            channel = "telemetry"
            body = f'{{"values": {{"heart_rate": {self._chance.randrange(60, 90)}, "spo2": {self._chance.randrange(95, 99)}}}}}'
        else:
            channel, kind = "event", "motion.seen" if profile == "motion" else "door.opened"
            body = f'{{"id": "{self._chance.getrandbits(40)}", "type": "{kind}"}}'
        path = f"part/0/data/yl/v1/h{number}/h{number}-{profile}/{channel}"
        return Delivery(path, body.encode(), retained=False, redelivered=False, received_at=self.now, mid=1, qos=1, connection=1)


def main() -> None:
    """Measure both in turn and print."""
    gc.disable()  # while so much is made that stays
    centres = [Centre(size) for size in SIZES]
    for centre in centres:
        centre.live_in()
    gc.collect()
    gc.freeze()
    gc.enable()
    costs: dict[int, list[float]] = {size: [] for size in SIZES}
    for _ in range(ROUNDS):
        for centre in centres:
            costs[centre.homes].append(_measure(centre))
    report(costs)


def _measure(centre: Centre) -> float:
    """Microseconds a message."""
    batches = [centre.batch() for _ in range(BATCHES)]
    began = time.process_time()  # of this process alone: what else the machine does says nothing of the rules
    for batch in batches:
        centre.work(batch)
    return (time.process_time() - began) / (BATCH * BATCHES) * 1e6


def _page(number: int) -> HomePage:
    home = Home(id=number + 1, code=f"h{number}", name="-", address="-", created_at=START, revision=1, is_probe=False)
    home.residents = [Resident(id=number + 1, home_id=number + 1, name="-", created_at=START)]
    devices = [
        Device(
            id=(number + 1) * 10 + place,
            code=f"h{number}-{profile}",
            home_id=home.id,
            resident_id=home.id if profile == "watch" else None,
            profile=profile,
            name=profile,
            room="客厅",
            state=DeviceState.LIVE,
            created_at=START,
        )
        for place, profile in enumerate(PROFILES)
    ]
    return read_page(home, devices)


def _twenty(book: HomeBook) -> Ruleset:
    """Twenty rules that all apply to every home: built-in ones first, then limits of the centre's own."""
    page = book.page("h0")
    assert page is not None
    rules = list(Ruleset(builtin_rules()).for_home(key_of(page)))[: RULES - 2]
    own = rules[0].spec.name
    for number in range(RULES - len(rules)):
        metric = ("heart_rate", "spo2")[number % 2]
        spec = ThresholdRule(
            code=f"own-{number}", name=own, severity="low", raises="vitals", metric=metric, low=40.0 + number, hold_seconds=300,
            applies=Applies(profiles=("watch",)),
        )  # fmt: skip
        rules.append(RuleInForce(spec, 1))
    ruleset = Ruleset(rules)
    assert len(ruleset.for_home(key_of(page))) == RULES
    return ruleset


def report(costs: dict[int, list[float]]) -> None:
    """A table for people, a line for programs."""
    small, large = (statistics.median(costs[size]) for size in SIZES)
    ratio = statistics.median(b / a for a, b in zip(costs[SIZES[0]], costs[SIZES[1]], strict=True))
    for size in SIZES:
        print(f"{size:>8} homes, {RULES} rules each: {statistics.median(costs[size]):6.1f} µs a message")
    print(f"a hundred times the homes: {ratio:.2f} of the cost")
    figures = {"bench": "rules", "rules": RULES, "microseconds_1k": round(small, 1), "microseconds_100k": round(large, 1)}
    print(json.dumps({**figures, "ratio": round(ratio, 3)}))


if __name__ == "__main__":
    main()
