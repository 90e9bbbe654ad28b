"""Settings as the command line sees them: options become `YINLING_*` variables, wrong values become one sentence.

Options are written into this process's environment before the settings are read, so that a child started later reads
the same values. Nothing here survives the process.
"""

from __future__ import annotations

import os
from pathlib import Path

from pydantic import ValidationError

from core.config import Settings, secret_names
from core.setting_files import SettingFileError
from yinling.errors import CannotStartError


def read_settings(**options: object) -> Settings:
    """The settings, with every option that is not None laid over the environment.

    Raises:
        CannotStartError: a value is wrong, or the file of a secret; the sentence names the variable.
    """
    for name, value in options.items():
        if value is not None:
            os.environ[_variable(name)] = _as_text(value)
    try:
        return Settings()
    except ValidationError as error:
        raise CannotStartError(_sentence(error)) from error
    except SettingFileError as error:
        raise CannotStartError(str(error)) from error


def environment_of(**values: object) -> dict[str, str]:
    """This process's environment with some settings laid over it, for a child."""
    return {**os.environ, **{_variable(name): _as_text(value) for name, value in values.items()}}


def _variable(name: str) -> str:
    return f"YINLING_{name.upper()}"


def _as_text(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value.resolve()) if isinstance(value, Path) else str(value)


def _sentence(error: ValidationError) -> str:
    first = error.errors(include_url=False)[0]
    setting = str(first["loc"][0]) if first["loc"] else ""
    name = _variable(setting) if setting else "a YINLING_ variable"
    # A secret's wrong value must not end up on a screen or in a log.
    shown = "" if setting in secret_names() else f" (it is {first['input']!r})"
    reason = str(first["msg"])
    return f"The setting {name} is wrong{shown}: {reason[:1].lower()}{reason[1:]}; docs/settings.md lists every setting."
