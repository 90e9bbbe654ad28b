"""A sheet as PDF, and both files in a folder that only its owner can read.

Each file is whole or absent: it is written aside and renamed. A process that dies in between leaves the sheets before it.
HTML comes first, because it needs nothing; PDF needs Pango and a font with Chinese letters on the machine.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

import structlog

from core.errors import UnavailableError

log = structlog.get_logger()

_NAME = re.compile(r"sheet-\d{8}-\d{4}\.(html|pdf)")


class PdfUnavailableError(UnavailableError):
    """This machine cannot make PDF files."""

    code = "pdf_unavailable"


@dataclass(frozen=True, slots=True)
class Written:
    """The files of one sheet; `pdf` is None where this machine cannot make one."""

    html: Path
    pdf: Path | None


def to_pdf(html: str) -> bytes:
    """The page as PDF with its fonts inside. Raises PdfUnavailableError."""
    try:
        import weasyprint  # noqa: PLC0415 loads Pango, which not every machine has
    except (ImportError, OSError) as error:
        raise PdfUnavailableError(reason=str(error).splitlines()[0]) from error
    nothing_from_outside = weasyprint.urls.URLFetcher(allowed_protocols=())
    return bytes(weasyprint.HTML(string=html, url_fetcher=nothing_from_outside).write_pdf())


def write(folder: Path, stamp: str, html: str) -> Written:
    """Write `sheet-{stamp}.html` and `.pdf`; `stamp` is `YYYYmmdd-HHMM` in the centre's time."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder.chmod(0o700)
    page = _put(folder / f"sheet-{stamp}.html", html.encode())
    try:
        pdf = _put(page.with_suffix(".pdf"), to_pdf(html))
    except PdfUnavailableError as error:
        log.warning("sheet_without_pdf", reason=str(error.details.get("reason")))
        return Written(page, None)
    return Written(page, pdf)


def tidy(folder: Path, kept: int) -> int:
    """Remove all but the newest `kept` sheets; how many files went."""
    stamps = sorted({path.stem for path in _sheets(folder)}, reverse=True)
    old = [path for path in _sheets(folder) if path.stem in stamps[kept:]]
    for path in old:
        path.unlink(missing_ok=True)
    return len(old)


def newest(folder: Path) -> float | None:
    """When the newest sheet was written, in seconds since 1970; None without any."""
    return max((path.stat().st_mtime for path in _sheets(folder)), default=None)


def _sheets(folder: Path) -> list[Path]:
    return [path for path in folder.glob("sheet-*") if _NAME.fullmatch(path.name)]


def _put(path: Path, content: bytes) -> Path:
    aside = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    aside.replace(path)
    return path
