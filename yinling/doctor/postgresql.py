"""PostgreSQL: whether it keeps what it commits, how it is reached, and whether its tables are ours."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import closing

import sqlalchemy as sa
from sqlalchemy.engine import URL
from sqlalchemy.exc import SQLAlchemyError

from core.config import Settings
from core.database import Database
from core.transport import STRONG_SSLMODE, database_hosts, is_loopback
from yinling import bootstrap, migrations
from yinling.doctor.finding import Finding, Verdict
from yinling.errors import CannotStartError

_WHAT = "PostgreSQL"
_ENCRYPTED = {"require", "verify-ca", STRONG_SSLMODE}
_PROCESSES = 2
"""API and pager, beside the ingest workers."""
_FACTS = (
    "server_version_num",
    "fsync",
    "synchronous_commit",
    "full_page_writes",
    "max_connections",
    "synchronous_standby_names",
    "transaction_read_only",
)
_OLDEST = 130000
_STANDBYS = sa.text("SELECT count(*), count(*) FILTER (WHERE sync_state = 'async') FROM pg_stat_replication")


def check_postgresql(settings: Settings) -> Iterator[Finding]:
    """Everything about it; nothing where the store is a SQLite file, or does not answer (which is told elsewhere)."""
    if settings.relational_url.startswith("sqlite"):
        return
    with closing(bootstrap.open_database(settings)) as database:
        yield from way_there(database.url)
        try:
            facts = _ask(database)
            yield from judge(facts, settings)
            yield from _tables(database)
        except SQLAlchemyError:
            return


def way_there(url: URL) -> Iterator[Finding]:
    """Whether the way to every host that is not this machine is encrypted. Pure."""
    far = [host for host in database_hosts(url) if not is_loopback(host)]
    mode = url.query.get("sslmode", "prefer")
    if not far:
        yield Finding("way to PostgreSQL", Verdict.GOOD, "stays on this machine")
    elif mode not in _ENCRYPTED:
        says = f"to {', '.join(far)} it may be read by others: add sslmode=verify-full to YINLING_DATABASE_URL"
        yield Finding("way to PostgreSQL", Verdict.ODD, says)
    elif mode != STRONG_SSLMODE:
        says = f"encrypted, but {', '.join(far)} need not prove who it is: sslmode=verify-full does that"
        yield Finding("way to PostgreSQL", Verdict.ODD, says)
    else:
        yield Finding("way to PostgreSQL", Verdict.GOOD, "encrypted and verified")


def _ask(database: Database) -> Mapping[str, str]:
    with database.snapshot() as session:
        facts = {name: str(session.scalar(sa.select(sa.func.current_setting(name)))) for name in _FACTS}
        standbys = session.execute(
            sa.text("SELECT count(*), count(*) FILTER (WHERE sync_state = 'async') FROM pg_stat_replication")
        )
        whole, asynchronous = standbys.one()
    return {**facts, "standbys": str(whole), "asynchronous": str(asynchronous)}


def judge(facts: Mapping[str, str], settings: Settings) -> Iterator[Finding]:
    """What its own settings mean for a press. Pure."""
    if int(facts["server_version_num"]) < _OLDEST:
        yield Finding(_WHAT, Verdict.BAD, "is older than version 13: use a newer one")
    for name in ("fsync", "synchronous_commit", "full_page_writes"):
        if facts[name] == "off":
            says = f"{name} is off: a power cut takes alarms that were acknowledged; switch it on"
            yield Finding(_WHAT, Verdict.BAD, says)
    if facts["transaction_read_only"] == "on":
        yield Finding(_WHAT, Verdict.BAD, "is a standby and cannot be written: name every host in YINLING_DATABASE_URL")
    if int(facts["asynchronous"]) and facts["asynchronous"] == facts["standbys"]:
        says = "its standbys are asynchronous: a failover may lose the last acknowledged alarms; make one synchronous"
        yield Finding(_WHAT, Verdict.ODD, says)
    most = (settings.database_pool_size + settings.database_pool_overflow) * (settings.partitions + _PROCESSES)
    if most > int(facts["max_connections"]):
        says = (
            f"API, pager and {settings.partitions} ingest may open {most} connections, it takes {facts['max_connections']}: "
            "raise max_connections, or lower YINLING_DATABASE_POOL_SIZE and YINLING_DATABASE_POOL_OVERFLOW"
        )
        yield Finding(_WHAT, Verdict.ODD, says)
    yield Finding(_WHAT, Verdict.GOOD, f"version {int(facts['server_version_num']) // 10000}, answers")


def _tables(database: Database) -> Iterator[Finding]:
    try:
        standing = migrations.tables_of(database)
    except CannotStartError as error:
        yield Finding("tables", Verdict.BAD, str(error))
        return
    says = {
        migrations.Tables.OLDER: (Verdict.BAD, "older than this program: run 'yinling migrate'"),
        migrations.Tables.NEWER: (Verdict.ODD, "newer than this program, and work with it: replace it soon"),
        migrations.Tables.AS_KNOWN: (Verdict.GOOD, "up to date"),
    }.get(standing)
    if says is not None:
        yield Finding("tables", *says)


__all__ = ["check_postgresql", "judge", "way_there"]
