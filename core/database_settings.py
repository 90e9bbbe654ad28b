"""The settings of how a process uses PostgreSQL; where it is stands in `core.config`."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field
from pydantic_settings import BaseSettings

Seconds = Annotated[float, Field(gt=0)]


class DatabaseSettings(BaseSettings):
    """How many connections, and how long anything may take on one."""

    database_pool_size: Annotated[int, Field(ge=1, le=100)] = Field(
        5, description="PostgreSQL: connections a process keeps open; all processes together must stay below the server's limit."
    )
    database_pool_overflow: Annotated[int, Field(ge=0, le=100)] = Field(
        10, description="PostgreSQL: connections a process opens beyond those while it is busy, and closes again."
    )
    database_pool_recycle_seconds: Annotated[int, Field(ge=60)] = Field(
        1800, description="PostgreSQL: a connection older than this is replaced before it is used again."
    )
    database_lock_timeout_seconds: Seconds = Field(
        10, description="PostgreSQL: whoever waits longer than this for somebody else's lock gives up and tries again."
    )
    database_statement_timeout_seconds: Annotated[float, Field(ge=0)] = Field(
        60, description="PostgreSQL: one statement may take this long; 0 is no limit. Migrations have none."
    )
    database_idle_timeout_seconds: Annotated[float, Field(ge=0)] = Field(
        30, description="PostgreSQL: a process that stands still inside a transaction for this long is put out of it; 0 is never."
    )
    migrate_wait_seconds: Seconds = Field(
        900, description="How long `yinling migrate` goes on trying while others hold what it needs, before it gives up."
    )
