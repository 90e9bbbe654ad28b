"""Windows of the day in the centre's zone: what is inside, where the next one begins, how much of a stretch lies inside.

A window whose end is not after its start runs over midnight; one that starts when it ends is the whole day. Days are the
calendar's: a leap day is a day, and where a clock is put forward or back a window is as much shorter or longer. Pure.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta

from alerts.rules.context import Day
from alerts.ruleset.schemas import Window

_ONE_DAY = timedelta(days=1)
_FAR_DAYS = 400


def edges(window: Window, day: Day) -> tuple[time, time]:
    """Start and end of a window as times of the day."""
    if window.named == "sleep":
        return day.sleep
    if window.named == "daylight":
        return day.daylight
    return time.fromisoformat(window.since or "00:00"), time.fromisoformat(window.until or "00:00")


def occurrence(window: Window, day: Day, of: date) -> tuple[datetime, datetime]:
    """The window that starts on a calendar day, as [start, end) in UTC."""
    since, until = edges(window, day)
    last = of if until > since else of + _ONE_DAY
    return _instant(of, since, day), _instant(last, until, day)


def occurrences(window: Window, day: Day, since: datetime) -> Iterator[tuple[datetime, datetime]]:
    """Every occurrence that ends after `since`, in order, without an end."""
    of = local_date(since, day) - 2 * _ONE_DAY
    for _ in range(_FAR_DAYS):
        start, end = occurrence(window, day, of)
        if end > since and end > start:
            yield start, end
        of += _ONE_DAY


def contains(window: Window | None, day: Day, at: datetime) -> bool:
    """Whether `at` is inside; no window means always."""
    if window is None:
        return True
    start, _ = next(occurrences(window, day, at))
    return start <= at


def next_inside(window: Window | None, day: Day, at: datetime) -> datetime:
    """`at` itself when it is inside, else the next start."""
    if window is None:
        return at
    start, _ = next(occurrences(window, day, at))
    return max(start, at)


def next_end(window: Window, day: Day, after: datetime) -> tuple[datetime, datetime]:
    """The occurrence whose end is the first one after `after`."""
    return next(occurrences(window, day, after))


def after_inside(window: Window | None, day: Day, since: datetime, seconds: float) -> datetime:
    """The instant at which `seconds` have passed since `since`, counting only time inside the window."""
    left = timedelta(seconds=seconds)
    if window is None:
        return since + left
    for start, end in occurrences(window, day, since):
        begins = max(start, since)
        if end - begins >= left:
            return begins + left
        left -= end - begins
    return since + timedelta(days=_FAR_DAYS)


def local_date(at: datetime, day: Day) -> date:
    """The calendar day of an instant."""
    return at.astimezone(day.zone).date()


def day_start(of: date, day: Day) -> datetime:
    """The instant a calendar day begins."""
    return _instant(of, time(0, 0), day)


def _instant(of: date, at: time, day: Day) -> datetime:
    return datetime.combine(of, at, tzinfo=day.zone).astimezone(UTC)


__all__ = [
    "after_inside",
    "contains",
    "day_start",
    "edges",
    "local_date",
    "next_end",
    "next_inside",
    "occurrence",
    "occurrences",
]
