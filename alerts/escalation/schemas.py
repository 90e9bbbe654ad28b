"""What an escalation policy says, as it crosses HTTP and as it is frozen on an incident. Values only."""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, model_validator

from alerts.model import Severity

Channel: TypeAlias = Literal["sms", "voice", "apprise", "web_push", "webhook"]


class Strict(BaseModel):
    """Unknown fields are errors; values do not change."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Target(Strict):
    """Who: asked when the page is sent, not when the incident opened."""

    who: Literal["roster", "role", "user", "contacts", "fallback", "address", "second_centre"]
    roster: str | None = None
    """Code of a roster: whoever has the shift at that moment."""
    role: Literal["supervisor", "operator", "responder"] | None = None
    """Everybody of the role whose scope reaches the home."""
    user: str | None = None
    """A username."""
    address: str | None = None
    """An Apprise or webhook address; with `second_centre` that of the other centre's duty line."""
    one_after_another_seconds: Annotated[float, Field(gt=0, le=3600)] | None = None
    """With `contacts`: in their order, the next one after this long, those who are unavailable last."""

    @model_validator(mode="after")
    def _names_whom(self) -> Target:
        needed = {"roster": self.roster, "role": self.role, "user": self.user, "address": self.address}
        if self.who in needed and needed[self.who] is None:
            raise ValueError(f"`{self.who}` is missing")
        return self


class Step(Strict):
    """One step: so long after it began to ring, these people over these channels, until it is answered or too late."""

    after_seconds: Annotated[float, Field(ge=0, le=86400)]
    targets: Annotated[tuple[Target, ...], Field(min_length=1, max_length=20)]
    channels: tuple[Channel, ...] = ()
    """Those of a person's contact points that are used, in this order; empty: all, in the person's own order."""
    retry_for_seconds: Annotated[float, Field(gt=0, le=86400)] = 3600.0
    """Pages of this step are tried until this long after the step began."""


class PolicySpec(Strict):
    """A whole policy."""

    code: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,59}$")]
    name: Annotated[str, Field(min_length=1, max_length=120)]
    area: str | None = None
    """Code of the area whose subtree it is for; null: the whole centre. The nearest to the home wins."""
    severities: Annotated[tuple[Severity, ...], Field(min_length=1)]
    steps: Annotated[tuple[Step, ...], Field(min_length=1, max_length=20)]
    repeat: Annotated[int, Field(ge=0, le=10)] = 0
    """How often all steps are taken again when nobody came; a critical incident's go on, more slowly, until somebody does."""
    repeat_after_seconds: Annotated[float, Field(ge=30, le=86400)] = 300.0

    @model_validator(mode="after")
    def _in_order(self) -> PolicySpec:
        delays = [step.after_seconds for step in self.steps]
        if delays != sorted(delays):
            raise ValueError("steps must stand in the order of `after_seconds`")
        return self


__all__ = ["Channel", "PolicySpec", "Step", "Target"]
