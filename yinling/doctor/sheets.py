"""The sheets to work from when the console is down: whether there is a new one, with its PDF."""

from __future__ import annotations

import importlib
from collections.abc import Iterator

from core.clock import SystemClock
from core.config import Settings
from yinling.doctor.finding import Finding, Verdict
from yinling.sheet.paper import newest

_LATE = 3
"""So many times its interval old is too old."""


def check_sheets(settings: Settings) -> Iterator[Finding]:
    """Whether somebody could work from paper now."""
    if not settings.sheet_minutes:
        yield Finding(
            "sheets",
            Verdict.ODD,
            "none are written: without one nobody can work while the console is down; set YINLING_SHEET_MINUTES",
        )
        return
    try:
        importlib.import_module("weasyprint")
    except (ImportError, OSError):
        says = (
            "only HTML, no PDF: install Pango and a font (Debian: apt-get install libpango-1.0-0 libpangoft2-1.0-0 fonts-noto-cjk)"
        )
        yield Finding("sheets as PDF", Verdict.ODD, says)
    written = newest(settings.sheet_dir)
    age_minutes = None if written is None else (SystemClock().now().timestamp() - written) / 60
    if age_minutes is None:
        yield Finding("sheets", Verdict.GOOD, f"the first will be in {settings.sheet_dir} soon after the start")
    elif age_minutes > _LATE * settings.sheet_minutes:
        says = f"the newest in {settings.sheet_dir} is {age_minutes / 60:.0f} h old: the pager does not run, or cannot write there"
        yield Finding("sheets", Verdict.BAD, says)
    else:
        yield Finding("sheets", Verdict.GOOD, f"the newest in {settings.sheet_dir} is {age_minutes:.0f} min old")
