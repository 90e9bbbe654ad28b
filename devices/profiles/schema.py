"""The shape of a profile: what a model can say, how often, and what each value means.

Profiles are data files (`devices/profiles/<id>.toml`); this schema refuses a misspelt key, an unknown signal or metric
and a limit that contradicts itself, so that a typing error stops the program at start and not an alarm at night.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, computed_field, field_validator, model_validator

from devices.vocabulary import CONDITIONS, METRICS, SIGNAL_TYPES

Category = Literal["emergency", "fire", "gas", "water", "movement", "health", "comfort", "gateway"]
Tag = Literal["requires_test", "life_safety", "gateway", "battery", "mains"]
LimitSeverity = Literal["high", "medium", "low"]


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


class LocalName(_Strict):
    """A name in both languages."""

    zh_cn: Annotated[str, Field(alias="zh-CN", min_length=1)]
    en: Annotated[str, Field(min_length=1)]


class Limit(_Strict):
    """When a value is out of range: below `low` or above `high`; back only `hysteresis` inside again.

    At `far_low` and below, or `far_high` and above, the severity is `far_severity`.
    """

    low: float | None = None
    high: float | None = None
    hysteresis: Annotated[float, Field(ge=0)]
    severity: LimitSeverity = "medium"
    far_low: float | None = None
    far_high: float | None = None
    far_severity: LimitSeverity = "high"

    @model_validator(mode="after")
    def _is_ordered(self) -> Limit:
        ladder = [value for value in (self.far_low, self.low, self.high, self.far_high) if value is not None]
        if self.low is None and self.high is None:
            raise ValueError("a limit needs a low or a high")
        if sorted(ladder) != ladder:
            raise ValueError("far_low <= low <= high <= far_high must hold")
        if self.low is not None and self.high is not None and self.high - self.low <= 2 * self.hysteresis:
            raise ValueError("the hysteresis leaves no normal range")
        return self


class ModelMeaning(_Strict):
    """What one model means where it differs from its profile."""

    actions: dict[str, str] = {}
    contact_open_when: bool | None = None
    readings: dict[str, str] = {}
    """Properties of a dialect that are a value here and not the alarm their name suggests, with the metric they fill."""

    @field_validator("actions")
    @classmethod
    def _are_signals(cls, actions: dict[str, str]) -> dict[str, str]:
        return _known_signals(actions)

    @field_validator("readings")
    @classmethod
    def _are_metrics(cls, readings: dict[str, str]) -> dict[str, str]:
        unknown = set(readings.values()) - set(METRICS)
        if unknown:
            raise ValueError(f"no such metric: {', '.join(sorted(unknown))}")
        return readings


class Profile(_Strict):
    """A catalogue entry."""

    id: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,59}$")]
    name: LocalName
    category: Category
    worn: bool = False
    """Worn by one resident, or belonging to the home."""
    tags: tuple[Tag, ...] = ()
    signals: tuple[str, ...]
    metrics: tuple[str, ...]
    heartbeat_seconds: Annotated[float, Field(gt=0)]
    """The longest a healthy device goes without a word."""
    missed_heartbeats: Annotated[int, Field(ge=2)]
    """How many it may miss before it counts as silent; never one."""
    measures_on_demand: bool = False
    """A cuff or a kiosk: each value is a measurement somebody made, and the next may be days away."""
    cancel_window_seconds: Annotated[float, Field(gt=0)] | None = None
    """How long the wearer may take back a detected fall; None where nobody can."""
    contact_open_when: bool = False
    """The value of a dialect's `contact` that means *open*; nearly every model says false."""
    actions: dict[str, str] = {}
    """Button actions of a dialect that mean a signal for this profile, beyond those that always do."""
    limits: dict[str, Limit] = {}
    models: dict[str, ModelMeaning] = {}
    """Exceptions by the model's name as the gateway reports it."""
    dialects: tuple[str, ...] = ()
    """What a gateway of this profile speaks below its own topic."""

    @field_validator("signals")
    @classmethod
    def _signals_are_known(cls, signals: tuple[str, ...]) -> tuple[str, ...]:
        unknown = set(signals) - SIGNAL_TYPES
        if unknown:
            raise ValueError(f"no such signal: {', '.join(sorted(unknown))}")
        return signals

    @field_validator("metrics")
    @classmethod
    def _metrics_are_known(cls, metrics: tuple[str, ...]) -> tuple[str, ...]:
        unknown = set(metrics) - set(METRICS)
        if unknown:
            raise ValueError(f"no such metric: {', '.join(sorted(unknown))}")
        return metrics

    @field_validator("actions")
    @classmethod
    def _actions_are_signals(cls, actions: dict[str, str]) -> dict[str, str]:
        return _known_signals(actions)

    @model_validator(mode="after")
    def _holds_together(self) -> Profile:
        if not set(self.limits) <= set(self.metrics):
            raise ValueError("a limit on a metric the profile does not have")
        for begins, ends in CONDITIONS.items():
            if (begins in self.signals) != (ends in self.signals):
                raise ValueError(f"{begins} and {ends} come together")
        if self.cancel_window_seconds is not None and "fall.cancelled" not in self.signals:
            raise ValueError("a cancel window needs fall.cancelled")
        return self

    @computed_field  # type: ignore[prop-decorator]  # pydantic's own documented form
    @property
    def silence_seconds(self) -> float:
        """After this long without a word the device counts as silent."""
        return self.heartbeat_seconds * self.missed_heartbeats

    @property
    def conditions(self) -> dict[str, str]:
        """The lasting states this profile reports: signal that begins one to signal that ends it."""
        return {begins: ends for begins, ends in CONDITIONS.items() if begins in self.signals}

    @property
    def is_gateway(self) -> bool:
        """Whether other devices speak through it; gateways connect to the gateway port."""
        return bool(self.dialects)

    def action_means(self, action: str, model: str | None) -> str | None:
        """The signal a button action means for this model, if the catalogue says so."""
        exception = self.models.get(model) if model else None
        if exception is not None and action in exception.actions:
            return exception.actions[action]
        return self.actions.get(action)

    def reading_of(self, name: str, model: str | None) -> str | None:
        """The metric a property fills on this model although elsewhere it would be an alarm."""
        exception = self.models.get(model) if model else None
        return exception.readings.get(name) if exception is not None else None

    def contact_open_value(self, model: str | None) -> bool:
        """The value of `contact` that means open for this model."""
        exception = self.models.get(model) if model else None
        if exception is not None and exception.contact_open_when is not None:
            return exception.contact_open_when
        return self.contact_open_when


def _known_signals(actions: dict[str, str]) -> dict[str, str]:
    unknown = set(actions.values()) - SIGNAL_TYPES
    if unknown:
        raise ValueError(f"no such signal: {', '.join(sorted(unknown))}")
    return actions
