"""What all machines of a centre must agree on: the number of partitions, and the secrets they share.

Each process compares its own with what the first one wrote into the relational store, and refuses to start with one clear
sentence when they differ: with another partition count two workers would handle one home, with another secret devices
would be refused by one worker in two. Only a check value of a secret is kept (scrypt, 8 bytes). `yinling migrate` and
`yinling run` write this machine's down again, which is how a secret is changed; the partition count changes only with
`yinling repartition`, which drains first. A process that dies here has written all of one fact or nothing.
"""

from __future__ import annotations

import hashlib
import socket
from collections.abc import Mapping

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from alerts.channels.keys import load_or_create_keys
from alerts.lease_model import SharedFact
from core.clock import Clock
from core.config import Settings
from core.database import Database
from ingest.broker_secrets import load_or_create_secrets
from yinling.errors import CannotStartError

PARTITIONS = "partitions"
BROKER_SECRETS = {
    "YINLING_BROKER_PASSWORD": "password",
    "YINLING_BROKER_ISSUER_SEED": "issuer_seed",
    "YINLING_NATS_ROUTE_PASSWORD": "route_password",
}


def check(database: Database, settings: Settings, clock: Clock, *, partitions: int | None = None) -> None:
    """Compare what this process was given with what the centre agreed on, and write down what nobody said before.

    Raises:
        CannotStartError: they differ; the sentence names the setting and the machine that said otherwise.
    """
    own = dict(_secrets_of(settings)) if not database.is_sqlite else {}
    with database.transaction() as session:
        for name, value in own.items():
            said = _said(session, name, value, clock)
            if said.value != value:
                raise CannotStartError(_differs(name, said))
        if partitions is not None:
            said = _said(session, PARTITIONS, str(partitions), clock)
            if said.value != str(partitions):
                raise CannotStartError(_other_partitions(partitions, said))


def renew_secrets(database: Database, settings: Settings, clock: Clock) -> None:
    """Let this machine's secrets hold from now on; processes that have others refuse at their next start."""
    if database.is_sqlite:
        return
    own = _secrets_of(settings)
    with database.transaction() as session:
        for name, value in own.items():
            said = _said(session, name, value, clock)
            if said.value != value:
                said.value, said.said_by, said.said_at = value, socket.gethostname(), clock.now()


def partitions_of(session: Session) -> int | None:
    """The number of partitions the centre runs with; None before its first worker."""
    said = session.get(SharedFact, PARTITIONS)
    return None if said is None else int(said.value)


def set_partitions(session: Session, partitions: int, clock: Clock) -> None:
    """From now on the centre runs with so many; only for `yinling repartition`, after the drain."""
    said = _said(session, PARTITIONS, str(partitions), clock)
    said.value, said.said_by, said.said_at = str(partitions), socket.gethostname(), clock.now()


def _said(session: Session, name: str, value: str, clock: Clock) -> SharedFact:
    said = session.get(SharedFact, name, with_for_update=True)
    if said is not None:
        return said
    said = SharedFact(name=name, value=value, said_by=socket.gethostname(), said_at=clock.now())
    try:
        with session.begin_nested():
            session.add(said)
    except IntegrityError:  # another process of a new centre said it at this very moment
        return session.get_one(SharedFact, name, with_for_update=True)
    return said


def _secrets_of(settings: Settings) -> Mapping[str, str]:
    broker, keys = load_or_create_secrets(settings), load_or_create_keys(settings)
    secrets = {name: str(getattr(broker, field)) for name, field in BROKER_SECRETS.items()}
    secrets |= {"YINLING_WEBHOOK_SECRET": keys.webhook_secret, "YINLING_WEB_PUSH_PRIVATE_KEY": keys.vapid_private}
    return {name: check_value(name, secret) for name, secret in secrets.items()}


def check_value(name: str, secret: str) -> str:
    """Tells whether two secrets are the same, and nothing else that is worth its price."""
    return hashlib.scrypt(secret.encode(), salt=name.encode(), n=2**12, r=8, p=1, dklen=8).hex()


def _differs(name: str, said: SharedFact) -> str:
    return (
        f"{name} of this machine is not the one the centre runs with "
        f"(said by {said.said_by} on {said.said_at:%Y-%m-%d %H:%M} UTC): "
        f"give every machine the same, from that machine's settings or its data folder (broker/secrets.json, paging/keys.json); "
        f"if this one is the new one, run 'yinling migrate' here and start the others with it."
    )


def _other_partitions(partitions: int, said: SharedFact) -> str:
    return (
        f"The centre's homes are spread over {said.value} partitions (said by {said.said_by}), "
        f"and this process was told {partitions}: "
        f"start it with {said.value}, or drain the broker and change the number with 'yinling repartition {partitions}' "
        "(docs/scale.md says how)."
    )


__all__ = ["PARTITIONS", "check", "check_value", "partitions_of", "renew_secrets", "set_partitions"]
