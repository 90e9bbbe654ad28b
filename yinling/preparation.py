"""What every start does to the stores before anything else: tables up to date, and an administrator to begin with."""

from __future__ import annotations

from contextlib import closing

from core.config import Settings
from people.users import ensure_administrator
from yinling import bootstrap


def prepare_stores(settings: Settings, default_password: str | None = None) -> str | None:
    """Migrate, and make `admin` where nobody can sign in yet; a password that was made up is returned, to be shown once."""
    bootstrap.migrate(settings)
    given = settings.admin_password.get_secret_value() if settings.admin_password else default_password
    with closing(bootstrap.open_database(settings)) as database, database.transaction() as session:
        return ensure_administrator(session, given, bootstrap.make_clock().now())
