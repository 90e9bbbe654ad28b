"""What lets one person answer one page once without signing in: 256 random bits, of which only the SHA-256 is stored.

A token is minted in the transaction that claims its page, so that no page is sent without one and none exists for a page
that was not claimed. An attempt that is made again mints another; the earlier ones stay good, since their message may
have arrived. A process that dies with a token in hand leaves a hash nobody can use.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session

from alerts.paging.model import Page, PageToken
from core.config import Settings
from core.ids import hash_secret, new_secret

_FORM = re.compile(r"[A-Za-z0-9_-]{43}")
FORGOTTEN_AFTER = timedelta(days=30)


def mint(session: Session, page: Page, now: datetime, settings: Settings) -> str:
    """A new token of a page, to be told to its person only."""
    token = new_secret()
    expires_at = now + timedelta(hours=settings.page_link_hours)
    session.add(PageToken(token_hash=hash_secret(token), page_id=page.id, expires_at=expires_at))
    return token


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
