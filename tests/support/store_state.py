"""What a store says, in a form that two runs of the same thing can be compared by: everything but when and how often.

Instants are told as there or not there, rows by their order instead of their number, and what only counts attempts is left
out. Two stores with the same state tell the same story to every person who looks.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from typing import Any

import orjson
import sqlalchemy as sa

from core.database import Base, Database, Instant

_LEFT_OUT = frozenset({"changes", "clock_steps", "operator_presence", "partition_leases", "sign_in_sessions"})
_COUNTS = frozenset({"attempts", "version", "sequence", "revision", "epoch", "noted_by", "signal_count"})
_SECRETS = frozenset({"token_hash", "password_hash", "event_key"})
_ANY = frozenset({"provider_id"})
"""Whoever carries it numbers anew."""
_ROWS_IN_DETAILS = frozenset(
    {"page", "alert", "alerts", "incident", "new", "into", "merged", "first", "moved", "mode", "run", "takes"}
)
_OF_ITS_OWN = re.compile(r"(?<=:)[0-9a-f]{12}(?=\")")
"""The end of a lane that was made by hand: nobody else has it."""
_NUMBER = re.compile(r"(?<![0-9a-z])\d+")
"""Numbers of rows inside a key: a transaction that was undone leaves a gap in them."""
_SUBJECT = re.compile(r"(?<=[a-z]:)\d+(?=\")")
_INSTANT = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?(\+00:00|Z)?")

State = Mapping[str, Counter[str]]


def state_of(database: Database) -> State:
    """Every table's rows, without what differs from run to run."""
    tables = [table for table in Base.metadata.sorted_tables if table.name not in _LEFT_OUT]
    with database.engine.connect() as connection:
        rows = {table.name: connection.execute(_ordered(table)).mappings().all() for table in tables}
    places = {
        name: {row["id"]: place for place, row in enumerate(found, 1)} for name, found in rows.items() if found and "id" in found[0]
    }
    return {table.name: Counter(_told(table, row, places) for row in rows[table.name]) for table in tables if rows[table.name]}


def _ordered(table: sa.Table) -> sa.Select[Any]:
    return sa.select(table).order_by(*table.primary_key.columns)


def _told(table: sa.Table, row: Mapping[Any, Any], places: Mapping[str, Mapping[int, int]]) -> str:
    kept: dict[str, Any] = {}
    for column in table.columns:
        value = row[column.name]
        if column.name in _COUNTS | _SECRETS or column.name == "id":
            continue
        if isinstance(column.type, Instant) or column.name in _ANY:
            kept[column.name] = value is not None
        elif column.foreign_keys and value is not None:
            target = next(iter(column.foreign_keys)).column.table.name
            kept[column.name] = places.get(target, {}).get(value, value)
        elif column.name == "idempotency_key":
            kept[column.name] = _NUMBER.sub("n", str(value))
        else:
            kept[column.name] = _plain(value)
    told = orjson.dumps(kept, option=orjson.OPT_SORT_KEYS | orjson.OPT_NON_STR_KEYS, default=str).decode()
    return _SUBJECT.sub("n", _OF_ITS_OWN.sub("<own>", _INSTANT.sub("<at>", told)))


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _plain(one) for name, one in value.items() if name not in _ROWS_IN_DETAILS}
    return value.hex() if isinstance(value, bytes) else value


def difference(known: State, found: State) -> str:
    """What one has and the other has not; empty when they say the same."""
    lines = []
    for name in sorted({*known, *found}):
        was, now = known.get(name, Counter()), found.get(name, Counter())
        lines += [f"- {name} {row} ×{count}" for row, count in (was - now).items()]
        lines += [f"+ {name} {row} ×{count}" for row, count in (now - was).items()]
    return "\n".join(lines)


__all__ = ["State", "difference", "state_of"]
