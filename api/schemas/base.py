"""What every schema stands on: instants as RFC 3339 in UTC with milliseconds, pages of a list, and the shape of an error."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, JsonValue, PlainSerializer, WithJsonSchema

RoleName = Literal["administrator", "supervisor", "operator", "installer", "responder", "doctor", "family"]
SeverityName = Literal["critical", "high", "medium", "low", "info"]

ID_MAXIMUM = 2**63 - 1
"""The largest number a row of either store can have: a larger one is refused here, not by the store."""

Id = Annotated[int, Field(ge=-ID_MAXIMUM, le=ID_MAXIMUM), WithJsonSchema({"type": "integer"})]
"""The number of a row, on its way in."""


def format_instant(value: datetime) -> str:
    """`2026-11-22T08:30:00.250Z`: RFC 3339, UTC, milliseconds."""
    return value.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


_INSTANT_SCHEMA = WithJsonSchema({"type": "string", "format": "date-time", "examples": ["2026-11-22T08:30:00.250Z"]})

InstantOut = Annotated[datetime, PlainSerializer(format_instant, return_type=str), _INSTANT_SCHEMA]
"""An instant on its way out."""

InstantIn = Annotated[AwareDatetime, _INSTANT_SCHEMA]
"""An instant on its way in; it must carry its offset."""


class Out(BaseModel):
    """The base of everything that is answered: built from values, never from rows by accident."""

    model_config = ConfigDict(extra="forbid", json_schema_serialization_defaults_required=True)


class FieldProblem(Out):
    """One field that could not be understood."""

    field: str
    message: str


class ErrorContent(Out):
    """What went wrong, in the reader's language."""

    code: str
    message: str
    details: dict[str, JsonValue] = Field(default_factory=dict)


class ErrorBody(Out):
    """The body of every refusal."""

    error: ErrorContent


class PersonReference(Out):
    """A person of the staff, by name."""

    id: int
    name: str
