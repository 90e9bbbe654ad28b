"""The built-in rules, read once from the data files in `defaults/`: a home without any configuration is covered by them.

A file that cannot be read, or a code that stands twice, stops the program at start with the file's name in the sentence.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from types import MappingProxyType

from pydantic import ValidationError

from alerts.ruleset.schemas import RuleSpec
from alerts.ruleset.yaml_form import Written, read_rules
from alerts.ruleset.yaml_text import YamlError

FILES = ("signals.yaml", "devices.yaml", "health.yaml", "life.yaml")
"""In the order in which rules are listed."""


def read_file(name: str, text: str) -> tuple[RuleSpec, ...]:
    """The rules of one data file; ValueError with the file's name."""
    try:
        written = read_rules(text)
        return tuple(_spec(one) for one in written)
    except (YamlError, ValidationError) as error:
        message = f"the built-in rules of {name} cannot be read: {error}"
        raise ValueError(message) from error


@cache
def builtin_specs() -> Mapping[str, RuleSpec]:
    """Every built-in rule by code, in the order of the files."""
    folder = files("alerts.ruleset") / "defaults"
    found: dict[str, RuleSpec] = {}
    for name in FILES:
        for spec in read_file(name, (folder / name).read_text(encoding="utf-8")):
            if spec.code in found:
                message = f"the built-in rules of {name} say {spec.code!r} twice"
                raise ValueError(message)
            found[spec.code] = spec
    return MappingProxyType(found)


def _spec(written: Written) -> RuleSpec:
    if written.error is not None:
        raise written.error
    if written.spec is None:
        message = f"{written.code} is empty"
        raise ValueError(message)
    return written.spec


__all__ = ["builtin_specs", "read_file"]
