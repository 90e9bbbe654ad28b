"""YAML as rules are written in: read without surprises, within limits, and with the place of every value.

The core schema of YAML 1.2, so that `on:` is a key and `22:00` a text. No tags, no anchors or aliases (a few lines can
unfold into gigabytes), no key twice, nothing deep: what a person writes needs none of them. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

import yaml

from core.errors import InvalidInputError

MAX_CHARACTERS = 512 * 1024
MAX_DEPTH = 12
MAX_VALUES = 100_000
_ON_ONE_LINE = 3

Path: TypeAlias = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Place:
    """Where something stands in the text, from 1."""

    line: int
    column: int


class YamlError(InvalidInputError):
    """The text cannot be read, and where."""

    def __init__(self, code: str, place: Place | None = None, **details: Any) -> None:
        super().__init__(code, line=place.line if place else 1, column=place.column if place else 1, **details)


@dataclass(frozen=True, slots=True)
class Document:
    """What stands in a text, and where."""

    value: Any
    places: Mapping[Path, Place]

    def place_of(self, path: Path) -> Place | None:
        """The place of a value, or of the nearest thing around it."""
        for length in range(len(path), -1, -1):
            if path[:length] in self.places:
                return self.places[path[:length]]
        return None


_CORE_SCHEMA = (
    ("tag:yaml.org,2002:bool", re.compile(r"^(?:true|True|TRUE|false|False|FALSE)$"), list("tTfF")),
    ("tag:yaml.org,2002:null", re.compile(r"^(?:~|null|Null|NULL|)$"), ["~", "n", "N", ""]),
    ("tag:yaml.org,2002:int", re.compile(r"^[-+]?[0-9]+$"), list("-+0123456789")),
    (
        "tag:yaml.org,2002:float",
        re.compile(r"^[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?$"),
        list("-+.0123456789"),
    ),
)


class _Loader(yaml.SafeLoader):
    yaml_implicit_resolvers: dict[str, list[tuple[str, re.Pattern[str]]]] = {}  # noqa: RUF012 PyYAML reads this attribute of the class


class _Dumper(yaml.SafeDumper):
    """PyYAML's own, which quotes what YAML 1.1 would misread, and what 1.2 would."""

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002 PyYAML's interface
        """Everything is written where it stands."""
        return True

    def represent_sequence(self, tag: str, sequence: Any, flow_style: bool | None = None) -> yaml.SequenceNode:
        """Lists of words on one line."""
        return super().represent_sequence(tag, sequence, flow_style or not any(isinstance(one, dict | list) for one in sequence))

    def represent_mapping(self, tag: str, mapping: Any, flow_style: bool | None = None) -> yaml.MappingNode:
        """Small sets of plain values on one line."""
        is_small = len(mapping) <= _ON_ONE_LINE and not any(isinstance(one, dict | list) for one in mapping.values())
        return super().represent_mapping(tag, mapping, flow_style or is_small)


for _tag, _pattern, _first in _CORE_SCHEMA:
    _Loader.add_implicit_resolver(_tag, _pattern, _first)
    _Dumper.add_implicit_resolver(_tag, _pattern, _first)


def read_yaml(text: str) -> Document:
    """The values of a text and their places; YamlError where it cannot be read."""
    if len(text) > MAX_CHARACTERS:
        raise YamlError("yaml_too_large", characters=MAX_CHARACTERS)
    try:
        _check_shape(text)
        node = yaml.compose(text, _Loader)
    except yaml.MarkedYAMLError as error:
        raise YamlError("yaml_syntax", _place(error.problem_mark or error.context_mark)) from error
    except yaml.YAMLError as error:
        raise YamlError("yaml_characters") from error
    places: dict[Path, Place] = {}
    return Document(None if node is None else _value(node, (), places), places)


def write_yaml(value: Any) -> str:
    """A value as text that any reader of YAML 1.1 or 1.2 understands alike."""
    return yaml.dump(value, Dumper=_Dumper, allow_unicode=True, sort_keys=False, default_flow_style=False, width=120)


def _check_shape(text: str) -> None:
    """Before anything is built of it: depth, number, anchors, tags, one document."""
    depth = documents = 0
    for values, event in enumerate(yaml.parse(text, _Loader)):
        if isinstance(event, yaml.DocumentStartEvent):
            documents += 1
        if documents > 1:
            raise YamlError("yaml_several_documents", _place(event.start_mark))
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None) is not None:
            raise YamlError("yaml_anchor", _place(event.start_mark))
        if getattr(event, "tag", None) is not None:
            raise YamlError("yaml_tag", _place(event.start_mark))
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > MAX_DEPTH or values > MAX_VALUES:
            raise YamlError("yaml_too_deep", _place(event.start_mark), depth=MAX_DEPTH, values=MAX_VALUES)


def _value(node: yaml.Node, path: Path, places: dict[Path, Place]) -> Any:
    places[path] = _place(node.start_mark) or Place(1, 1)
    if isinstance(node, yaml.MappingNode):
        return _mapping(node, path, places)
    if isinstance(node, yaml.SequenceNode):
        return [_value(child, (*path, index), places) for index, child in enumerate(node.value)]
    return _scalar(node)


def _mapping(node: yaml.MappingNode, path: Path, places: dict[Path, Place]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key_node, value_node in node.value:
        key = key_node.value
        if not isinstance(key_node, yaml.ScalarNode) or key in found:
            raise YamlError("yaml_key", _place(key_node.start_mark), key=key if isinstance(key, str) else "…")
        found[key] = _value(value_node, (*path, key), places)
    return found


def _scalar(node: yaml.Node) -> Any:
    text = node.value
    match node.tag.rpartition(":")[2]:
        case "bool":
            return text.lower() == "true"
        case "null":
            return None
        case "int" if len(text) < 20:  # noqa: PLR2004 longer than any number a rule knows, and Python refuses very long ones
            return int(text)
        case "int" | "float":
            return float(text)
        case _:
            return text


def _place(mark: Any) -> Place | None:
    return None if mark is None else Place(mark.line + 1, mark.column + 1)


__all__ = ["Document", "Path", "Place", "YamlError", "read_yaml", "write_yaml"]
