"""What stands on a sheet. Values only; names and telephone numbers of people, so whoever holds one holds personal data."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class SheetContact:
    """Somebody to call, in the order they are called."""

    name: str
    relation: str | None
    phone: str
    key_holder: bool
    availability: str | None


@dataclass(frozen=True, slots=True)
class SheetHome:
    """A home and how to reach and enter it. `reasons` are those of `alerts.outages.risk`; `unheard` counts silent devices."""

    name: str
    residents: Sequence[str]
    """Name and age, such as `王秀兰（83 岁）`, in the sheet's language."""
    address: str
    phones: Sequence[str]
    entry: str | None
    notes: str | None
    reasons: Sequence[str]
    unheard: int
    contacts: Sequence[SheetContact]


@dataclass(frozen=True, slots=True)
class SheetIncident:
    """An incident that is not closed."""

    number: int
    kind: str
    trouble: str | None
    """The subject, where the system itself is what is wrong."""
    severity: str
    state: str
    opened_at: datetime
    owner: str | None
    responder: str | None
    drill: bool
    test: bool
    place: str | None
    """The area's name where it is of a whole area; None also for the system's own."""
    home: SheetHome | None


@dataclass(frozen=True, slots=True)
class SheetArea:
    """The homes of one area most at risk, worst first."""

    name: str
    homes: Sequence[SheetHome]
    left_out: int
    """Homes with a reason of risk that did not fit."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """Everything on it, as it was `at`."""

    centre: str
    phone: str | None
    at: datetime
    incidents: Sequence[SheetIncident]
    areas: Sequence[SheetArea]
    homes_watched: int
