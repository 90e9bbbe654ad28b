"""The simulated town: the same day is told the same way, nobody moves while away, and alarms come every two minutes."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest

from devices.profiles import catalogue
from devices.vocabulary import LIFE_SIGNALS, METRICS, SIGNAL_TYPES
from yinling.demo.accounts import FAMILY_HOME
from yinling.demo.census import household
from yinling.demo.furnishing import code_of, furnish
from yinling.simulate.agenda import Agenda
from yinling.simulate.alarms import Resident, alarms_between
from yinling.simulate.day import day_of

SHANGHAI = ZoneInfo("Asia/Shanghai")
DAY = date(2026, 11, 22)
START = datetime(2026, 11, 22, 0, 0, tzinfo=UTC)
TOWN = [Resident(household(number), furnish(household(number))) for number in range(1, 201)]


def test_a_household_is_the_same_at_every_start() -> None:
    assert household(17) == household(17)
    assert furnish(household(17)) == furnish(household(17))
    assert len({place.home.code for place in TOWN}) == 200
    assert len({code_of(place.home, device) for place in TOWN for device in place.devices}) == sum(
        len(place.devices) for place in TOWN
    )


def test_every_profile_of_the_catalogue_hangs_somewhere() -> None:
    assert {device.profile for place in TOWN for device in place.devices} == set(catalogue())


def test_every_resident_and_contact_has_a_telephone_that_nobody_has() -> None:
    residents = [resident.phone for place in TOWN for resident in place.home.residents]
    contacts = [contact.phone for place in TOWN for contact in place.home.contacts]
    assert all(phone.startswith("128 ") for phone in residents + contacts)


@pytest.mark.parametrize("place", TOWN[::20], ids=lambda place: place.home.code)
def test_a_day_is_told_in_order_in_words_the_profiles_know(place: Resident) -> None:
    told = day_of(place.home, place.devices, DAY, SHANGHAI)
    profiles = {device.role: catalogue()[device.profile] for device in place.devices}

    assert told == day_of(place.home, place.devices, DAY, SHANGHAI)
    assert all(earlier.at <= later.at for earlier, later in pairwise(told))
    assert {happening.at.astimezone(SHANGHAI).date() for happening in told} == {DAY}
    for happening in told:
        if happening.type is not None:
            assert happening.type in profiles[happening.role].signals
        for metric, value in happening.values.items():
            assert metric in profiles[happening.role].metrics
            assert METRICS[metric].lowest <= value <= METRICS[metric].highest


def test_an_ordinary_day_raises_no_alarm() -> None:
    for place in TOWN:
        profiles = {device.role: catalogue()[device.profile] for device in place.devices}
        for happening in day_of(place.home, place.devices, DAY, SHANGHAI):
            assert happening.type not in LIFE_SIGNALS
            for metric, value in happening.values.items():
                limit = profiles[happening.role].limits.get(metric)
                if limit is not None:
                    assert value >= (limit.low if limit.low is not None else value)
                    assert value <= (limit.high if limit.high is not None else value)


def test_a_door_that_opens_closes_again() -> None:
    for place in TOWN[:40]:
        doors = [happening.type for happening in day_of(place.home, place.devices, DAY, SHANGHAI) if happening.role == "door"]
        assert doors.count("door.opened") == doors.count("door.closed")


def test_about_one_alarm_every_two_minutes_and_none_where_the_newcomer_presses() -> None:
    told = alarms_between(TOWN, START, START + timedelta(hours=10))
    causes = Counter(happening.type or "vitals" for _, happening in told)

    assert 250 <= causes["sos.pressed"] + causes["fall.detected"] + causes["vitals"] // 2 + causes["call.requested"] <= 320
    assert FAMILY_HOME not in {code for code, _ in told}
    assert set(causes) - {"vitals"} <= SIGNAL_TYPES
    assert causes["smoke.on"] == causes["smoke.off"]


def test_alarms_do_not_depend_on_how_often_one_asks() -> None:
    whole = alarms_between(TOWN, START, START + timedelta(hours=2))
    pieces = [
        pair
        for minute in range(120)
        for pair in alarms_between(TOWN, START + timedelta(minutes=minute), START + timedelta(minutes=minute + 1))
    ]

    assert sorted(whole, key=str) == sorted(pieces, key=str)


def test_the_agenda_tells_each_happening_once_and_goes_over_midnight() -> None:
    town = TOWN[:10]
    start = datetime(2026, 11, 22, 15, 0, tzinfo=UTC)  # an hour before midnight in the town
    fine, coarse = Agenda(town, start, SHANGHAI), Agenda(town, start, SHANGHAI)

    by_minute = [pair for minute in range(1, 6 * 60 + 1) for pair in fine.due(start + timedelta(minutes=minute))]
    at_once = [pair for hour in range(1, 7) for pair in coarse.due(start + timedelta(hours=hour))]

    assert Counter(map(str, by_minute)) == Counter(map(str, at_once))
    assert max(Counter(map(str, by_minute)).values()) == 1
    assert any(happening.at.astimezone(SHANGHAI).date() > DAY for _, happening in by_minute)
