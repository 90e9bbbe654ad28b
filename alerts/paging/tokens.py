"""What lets one person answer one page once without signing in: 256 bits nobody can guess, of which the SHA-256 is stored.

A token is an HMAC of its page under a key of the data folder, so that every attempt of a page says the same words with
the same link, and whoever reads the database holds none. Its row is made in the transaction that claims its page: no
page is sent without one, and none is good for a page that was never claimed.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from datetime import datetime, timedelta
from functools import lru_cache

import sqlalchemy as sa
from sqlalchemy.orm import Session

from alerts.channels.keys import load_or_create_keys
from alerts.paging.model import Page, PageToken
from core.config import Settings
from core.ids import hash_secret

_FORM = re.compile(r"[A-Za-z0-9_-]{43}")
FORGOTTEN_AFTER = timedelta(days=30)


def mint(session: Session, page: Page, now: datetime, settings: Settings) -> str:
    """The token of a page, to be told to its person only, good from now on for its time; a used one stays used."""
    told = f"{page.id}:{page.idempotency_key}".encode()
    token = base64.urlsafe_b64encode(hmac.new(_key(settings), told, hashlib.sha256).digest()).decode().rstrip("=")
    hashed = hash_secret(token)
    expires_at = now + timedelta(hours=settings.page_link_hours)
    is_first = page.attempts == 1  # this very claim: no earlier one has committed a token
    known = None if is_first else session.scalar(sa.select(PageToken).where(PageToken.token_hash == hashed))
    if known is None:
        session.add(PageToken(token_hash=hashed, page_id=page.id, expires_at=expires_at))
    else:
        known.expires_at = max(known.expires_at, expires_at)
    return token


@lru_cache(maxsize=8)
def _key(settings: Settings) -> bytes:
    """The key of links, made from the one of web push, so that pagers that share that one share this."""
    return hmac.new(load_or_create_keys(settings).vapid_private.encode(), b"links of pages", hashlib.sha256).digest()


def find(session: Session, token: str, *, lock: bool = False) -> PageToken | None:
    """The token, or None; by its hash, so that nothing can be learned from how long it takes."""
    if _FORM.fullmatch(token) is None:
        return None
    query = sa.select(PageToken).where(PageToken.token_hash == hash_secret(token))
    return session.scalar(query.with_for_update() if lock else query)


def forget_old(session: Session, now: datetime) -> int:
    """Delete tokens that ended long ago; how many."""
    doomed = sa.delete(PageToken).where(PageToken.expires_at < now - FORGOTTEN_AFTER).returning(PageToken.id)
    return len(session.execute(doomed).all())


def link(token: str, settings: Settings) -> str:
    """The address a person opens."""
    return f"{settings.page_address}/a/{token}"


__all__ = ["find", "forget_old", "link", "mint"]
