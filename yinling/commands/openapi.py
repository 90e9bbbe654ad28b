"""`yinling openapi`: the HTTP interface as a document, for the pages' generated types and for other programs."""

from __future__ import annotations

import sys
from pathlib import Path

import orjson


def print_openapi(output: Path | None) -> None:
    """Write the document to `output`, or to standard output."""
    from yinling import bootstrap

    text = orjson.dumps(bootstrap.openapi_document(), option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS) + b"\n"
    if output is None:
        sys.stdout.buffer.write(text)
    else:
        output.write_bytes(text)
