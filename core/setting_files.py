"""Secrets by file: a secret setting `YINLING_X` may be given as the path of a file that holds it, in `YINLING_X_FILE`.

A secret in an environment variable is shown by `docker inspect` and inherited by every child; a path is not a secret. The file
is read once, when the settings are read; a line break at its end does not belong to the secret. Whatever is wrong with it is
one sentence that never repeats what the file holds.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource

MOST_BYTES = 64 * 1024


class SettingFileError(Exception):
    """A `…_FILE` variable cannot be used; the text is one sentence for the person at the keyboard."""


class SecretFiles(PydanticBaseSettingsSource):
    """Reads `{prefix}{NAME}_FILE` for each name it was given."""

    def __init__(self, settings: type[BaseSettings], prefix: str, names: Iterable[str]) -> None:
        super().__init__(settings)
        self._variables = {name: f"{prefix}{name.upper()}" for name in names}

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        """What the file of one setting holds; None where no file is named."""
        del field
        variable = self._variables.get(field_name)
        path = None if variable is None else os.environ.get(f"{variable}_FILE")
        if variable is None or not path:
            return None, field_name, False
        if os.environ.get(variable):
            raise SettingFileError(f"{variable} and {variable}_FILE are both set: keep one of them.")
        return _read(f"{variable}_FILE", Path(path)), field_name, False

    def __call__(self) -> dict[str, Any]:
        """Every secret that a file holds, by the name of its setting."""
        values = {name: self.get_field_value(FieldInfo(), name)[0] for name in self._variables}
        return {name: value for name, value in values.items() if value is not None}


def _read(variable: str, path: Path) -> str:
    try:
        with path.open("rb") as file:
            body = file.read(MOST_BYTES + 1)
    except OSError as error:
        raise SettingFileError(
            f"{variable} names {path}, which cannot be read: {(error.strerror or 'unknown').lower()}."
        ) from error
    if len(body) > MOST_BYTES:
        raise SettingFileError(f"{variable} names {path}, which is larger than {MOST_BYTES // 1024} KiB: it is not a secret.")
    try:
        text = body.decode("utf-8").rstrip("\r\n")
    except UnicodeDecodeError as error:
        raise SettingFileError(f"{variable} names {path}, which is not UTF-8 text.") from error
    if not text:
        raise SettingFileError(f"{variable} names {path}, which is empty.")
    return text


__all__ = ["MOST_BYTES", "SecretFiles", "SettingFileError"]
