"""The OpenAPI document without starting anything: `python -m api.openapi > openapi.json`."""

from __future__ import annotations

import json
import sys
from typing import Any

from api.application import create_application


def document() -> dict[str, Any]:
    """The document as the running API serves it."""
    return create_application(None).openapi()


if __name__ == "__main__":
    json.dump(document(), sys.stdout, ensure_ascii=False, indent=2, sort_keys=True)
    sys.stdout.write("\n")
