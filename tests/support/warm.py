"""Loaded once by the server that processes of scenes are forked from, so that each of them starts warm. It starts no thread."""

from __future__ import annotations

import apprise
from sqlalchemy.orm import configure_mappers
from support import deaths_of_acts, deaths_of_pagers

configure_mappers()

LOADED = (apprise, deaths_of_acts, deaths_of_pagers)
