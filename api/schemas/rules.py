"""Rules as they cross HTTP. `spec` is the whole rule, as `alerts.ruleset.schemas` reads it."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, JsonValue

from alerts.ruleset.schemas import Applies, Audience, RuleSpec, Texts
from api.schemas.base import InstantOut, Out, SeverityName
from people.schemas import In


class RuleItem(Out):
    """A rule in force."""

    code: str
    name: Texts
    kind: str
    severity: SeverityName
    raises: str
    lane: str
    audience: list[Audience]
    playbook: str
    """The script operators follow: its own, or that of what it raises."""
    enabled: bool
    monitor: bool
    applies: Applies
    version: int
    """0: the built-in one."""
    built_in: bool
    """Comes with Yinling, changed or not."""
    changed: bool
    """A built-in rule the centre has changed; deleting the change gives the built-in one back."""
    life: bool
    """Protects life: it can be added to, never weakened."""
    spec: RuleSpec


class RuleList(Out):
    """Every rule the caller may see, built-in ones first."""

    items: list[RuleItem]
    broken: list[str]
    """Codes of stored rules that cannot be used; their built-in rule runs in their place, where there is one."""
    playbooks: list[str]
    """What a rule's `playbook` can name."""


class RuleVersionOut(Out):
    """What a rule said from one moment on."""

    version: int
    created_at: InstantOut | None
    """Null for the built-in one."""
    created_by: str | None
    note: str | None
    spec: dict[str, JsonValue]


class RuleOut(RuleItem):
    """A rule with everything it ever said, newest first."""

    versions: list[RuleVersionOut]


class RulePut(In):
    """A rule as it is to be from now on."""

    spec: RuleSpec
    note: Annotated[str, Field(max_length=500)] | None = None
    seen_version: Annotated[int, Field(ge=0)] | None = None
    """The version the change was made on: refused when somebody else has changed it meanwhile."""


class RuleImport(In):
    """A YAML text of rules; a dry run says what it would do."""

    yaml: Annotated[str, Field(max_length=600_000)]
    dry_run: bool = False


class ImportProblem(Out):
    """One thing that is wrong, in the reader's language."""

    rule: str | None
    path: str
    message: str
    line: int | None


class RuleImported(Out):
    """What an import did, or would do; with problems it did nothing."""

    created: list[str]
    changed: list[str]
    unchanged: list[str]
    problems: list[ImportProblem]
