"""The dashboards' files, and whether the copy in Grafana is ours, is up to date, or was changed by hand. Pure but for reading them.

Grafana adds to what it is given and brings it up to its own schema, so a copy is never compared whole. A tag carries
two short digests of what was written: of the file, and of what a viewer sees of it (titles, kinds of panels, queries).
The first tells that a file has changed since, the second that a person has.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any, Literal

import orjson

from yinling.grafana.refusal import GrafanaRefusedError

Model = dict[str, Any]
Verdict = Literal["create", "update", "unchanged", "provisioned", "by_hand", "not_ours"]

HOUSE = "yinling"
"""The prefix in the files; another one of the settings takes its place."""
_DIGITS = 10
_SHIPPED = Path(__file__).parents[2] / "deploy" / "grafana" / "dashboards"


def folder_of(chosen: Path | None) -> Path:
    """Where the files are: as chosen, or in the tree this runs from; an installed wheel has none and must be told."""
    return chosen or _SHIPPED


def load_boards(folder: Path) -> dict[str, Model]:
    """Every dashboard by the name of its file; GrafanaRefusedError `grafana_dashboards_broken`."""
    paths = sorted(folder.glob("*.json"))
    if not paths:
        error = "no *.json in it; YINLING_GRAFANA_DASHBOARDS names another folder"
        raise GrafanaRefusedError("grafana_dashboards_broken", what=str(folder), error=error)
    return {path.stem: _read(path) for path in paths}


def _read(path: Path) -> Model:
    try:
        model = orjson.loads(path.read_bytes())
    except (OSError, orjson.JSONDecodeError) as error:
        raise GrafanaRefusedError("grafana_dashboards_broken", what=path.name, error=str(error)) from error
    if not isinstance(model, dict) or not isinstance(model.get("uid"), str) or not isinstance(model.get("title"), str):
        raise GrafanaRefusedError("grafana_dashboards_broken", what=path.name, error="no dashboard with uid and title (v1)")
    return model


def with_prefix(value: Any, prefix: str) -> Any:
    """The same with every uid and tag of ours beginning with `prefix`."""
    if isinstance(value, dict):
        return {key: _renamed(key, item, prefix) for key, item in value.items()}
    return [with_prefix(item, prefix) for item in value] if isinstance(value, list) else value


def _renamed(key: str, item: Any, prefix: str) -> Any:
    if key == "uid" and isinstance(item, str) and item.startswith(f"{HOUSE}-"):
        return prefix + item.removeprefix(HOUSE)
    if key == "tags" and isinstance(item, list):
        return [prefix if tag == HOUSE else tag for tag in item]
    return with_prefix(item, prefix)


def with_constant(model: Model, name: str, value: str) -> Model:
    """The same with one of its constant variables set."""
    variables = model.get("templating", {}).get("list", [])
    told = [{**one, "query": value} if one.get("name") == name and one.get("type") == "constant" else one for one in variables]
    return {**model, "templating": {**model.get("templating", {}), "list": told}}


def with_choice(model: Model, name: str, choices: Mapping[str, str]) -> Model:
    """The same with a variable that offers these values (by what a person sees) and no others."""
    written = ",".join(f"{_plain(seen)} : {_plain(value)}" for seen, value in choices.items())
    variables = model.get("templating", {}).get("list", [])
    told = [
        {"name": name, "label": one.get("label"), "type": "custom", "query": written, "multi": False, "includeAll": False}
        if one.get("name") == name
        else one
        for one in variables
    ]
    return {**model, "templating": {**model.get("templating", {}), "list": told}}


def _plain(text: str) -> str:
    return re.sub(r"[,:\\]", " ", text)


def marked(model: Model, prefix: str) -> Model:
    """The same, tagged as ours and with its digests."""
    tags = [tag for tag in model.get("tags", []) if tag != prefix]
    return {**model, "tags": [*tags, prefix, f"{prefix}-{_digest(model)}-{_digest(_shown(model))}"]}


def judge(found: Mapping[str, Any] | None, wanted: Model, folder_uid: str, prefix: str, *, overwrite: bool = False) -> Verdict:
    """What to do about `wanted` (marked), given what Grafana has under its uid."""
    if found is None:
        return "create"
    model, meta = found["dashboard"], found.get("meta", {})
    if meta.get("provisioned"):
        return "provisioned"
    tags = set(model.get("tags") or [])
    stamp = _stamp(tags, prefix)
    if prefix not in tags or stamp is None:
        return "not_ours"
    if stamp in set(wanted["tags"]) and meta.get("folderUid") == folder_uid and not overwrite:
        return "unchanged"
    changed_by_hand = not stamp.endswith(_digest(_shown(model)))
    if changed_by_hand:
        return "update" if overwrite else "by_hand"
    return "unchanged" if stamp in set(wanted["tags"]) and meta.get("folderUid") == folder_uid else "update"


def _stamp(tags: set[str], prefix: str) -> str | None:
    form = re.compile(rf"{re.escape(prefix)}-[0-9a-f]{{{_DIGITS}}}-[0-9a-f]{{{_DIGITS}}}")
    return next((tag for tag in sorted(tags) if form.fullmatch(tag)), None)


def _digest(value: Any) -> str:
    return sha256(orjson.dumps(value, option=orjson.OPT_SORT_KEYS)).hexdigest()[:_DIGITS]


def _shown(model: Mapping[str, Any]) -> list[Any]:
    """What a viewer sees of it and Grafana leaves as it is."""
    panels = [[panel.get("title"), panel.get("type"), list(queries_of(panel))] for panel in panels_of(model)]
    return [model.get("title"), panels]


def panels_of(model: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Every panel, those inside closed rows too."""
    for panel in model.get("panels") or []:
        yield panel
        yield from panels_of(panel)


def queries_of(panel: Mapping[str, Any]) -> Iterator[str]:
    """The queries of a panel: PromQL or Flux."""
    for target in panel.get("targets") or []:
        if query := target.get("expr") or target.get("query"):
            yield str(query)


__all__ = [
    "HOUSE",
    "Model",
    "Verdict",
    "folder_of",
    "judge",
    "load_boards",
    "marked",
    "panels_of",
    "queries_of",
    "with_choice",
    "with_constant",
    "with_prefix",
]
