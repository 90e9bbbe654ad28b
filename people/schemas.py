"""What is sent about people and places: checked here, once, for HTTP and for the command line alike."""

from __future__ import annotations

from datetime import date
from typing import Annotated, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, JsonValue, field_validator, model_validator
from pydantic_core import PydanticCustomError

from core.ids import NAME_PATTERN
from people.model import Role

PASSWORD_MINIMUM = 8
"""NIST SP 800-63B: at least eight characters, no rules about which."""
PASSWORD_MAXIMUM = 256

Code = Annotated[str, Field(pattern=NAME_PATTERN, description="Letters, digits, `_` and `-`, at most 64: it stands in topics.")]
Name = Annotated[str, Field(min_length=1, max_length=120)]
Phone = Annotated[str, Field(min_length=2, max_length=40, pattern=r"^[0-9+*#()., -]+$")]
Password = Annotated[str, Field(min_length=PASSWORD_MINIMUM, max_length=PASSWORD_MAXIMUM)]
Username = Annotated[str, Field(min_length=2, max_length=64, pattern=r"^[^\s/]+$")]


class In(BaseModel):
    """The base of everything that is sent: a misspelt field is refused, not ignored."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    @field_validator("*")
    @classmethod
    def _no_nul(cls, value: object) -> object:
        """PostgreSQL keeps no text with a NUL in it, so that no store gets one."""
        if isinstance(value, str) and "\0" in value:
            raise ValueError(value)
        return value


class SignIn(In):
    """Name and password."""

    username: Annotated[str, Field(max_length=64)]
    password: Annotated[str, Field(max_length=PASSWORD_MAXIMUM)]


class PasswordChange(In):
    """The present password and the next."""

    current: Annotated[str, Field(max_length=PASSWORD_MAXIMUM)]
    new: Password


class UserCreate(In):
    """A person who will sign in. Family need homes; for the others no areas and no homes mean the whole centre."""

    username: Username
    password: Password
    name: Name
    role: Role
    phone: Phone | None = None
    areas: list[Code] = []
    homes: list[Code] = []
    must_change_password: bool = False


class UserChange(In):
    """What is to change; fields left out stay."""

    name: Name | None = None
    role: Role | None = None
    phone: Phone | None = None
    areas: list[Code] | None = None
    homes: list[Code] | None = None
    disabled: bool | None = None
    password: Password | None = None
    must_change_password: bool | None = None


class AreaCreate(In):
    """A node of the tree, below `parent` (a code) or at the top."""

    code: Code
    name: Name
    parent: Code | None = None


TimeOfDay: TypeAlias = Annotated[str, Field(pattern=r"^([01]\d|2[0-3]):[0-5]\d$", description="`HH:MM` in the centre's time zone.")]


def _refused(code: str) -> PydanticCustomError:
    """What is wrong, by a code that `core.messages.FIELD_MESSAGES` says in both languages."""
    return PydanticCustomError(code, "{code}", {"code": code})


def _differ(since: str, until: str) -> None:
    if since == until:
        raise _refused("times_are_equal")


class Rhythm(In):
    """When a home sleeps and has daylight, each as since and until, over midnight where until is earlier; null: the defaults."""

    sleep: tuple[TimeOfDay, TimeOfDay] | None = None
    daylight: tuple[TimeOfDay, TimeOfDay] | None = None

    @model_validator(mode="after")
    def _have_a_length(self) -> Rhythm:
        for part in (self.sleep, self.daylight):
            if part is not None:
                _differ(*part)
        return self


class HomeFields(In):
    """What is known of a home beside its code."""

    area: Code | None = None
    entry_method: Annotated[str, Field(max_length=500)] | None = None
    phone: Phone | None = None
    notes: Annotated[str, Field(max_length=4000)] | None = None
    latitude: Annotated[float, Field(ge=-90, le=90)] | None = None
    longitude: Annotated[float, Field(ge=-180, le=180)] | None = None
    rhythm: Rhythm | None = None


class HomeCreate(HomeFields):
    """A new home; its code is its name on the broker and never changes."""

    code: Code
    name: Name
    address: Annotated[str, Field(min_length=1, max_length=300)]


class HomeChange(HomeFields):
    """What is to change; fields left out stay."""

    name: Name | None = None
    address: Annotated[str, Field(min_length=1, max_length=300)] | None = None


class MedicalFields(In):
    """The medical card."""

    illnesses: Annotated[str, Field(max_length=4000)] | None = None
    medicines: Annotated[str, Field(max_length=4000)] | None = None
    allergies: Annotated[str, Field(max_length=4000)] | None = None
    blood_type: Annotated[str, Field(max_length=8)] | None = None
    doctor: Annotated[str, Field(max_length=200)] | None = None


class LimitFields(In):
    """A resident's own limits of one vital."""

    low: Annotated[float, Field(allow_inf_nan=False)] | None = None
    high: Annotated[float, Field(allow_inf_nan=False)] | None = None

    @model_validator(mode="after")
    def _in_order(self) -> LimitFields:
        """The other way round every value would be out of range."""
        if self.low is not None and self.high is not None and self.low >= self.high:
            raise ValueError(self.low, self.high)
        return self


OwnValues: TypeAlias = Annotated[dict[Annotated[str, Field(max_length=60)], JsonValue], Field(max_length=20)]


class ResidentFields(In):
    """What is known of a resident beside the name."""

    gender: Annotated[str, Field(max_length=12)] | None = None
    birth_date: date | None = None
    phone: Phone | None = None
    photo_url: Annotated[str, Field(max_length=500, pattern=r"^(https?://|/)")] | None = None
    dialect: Annotated[str, Field(max_length=60)] | None = None
    hearing: Annotated[str, Field(max_length=120)] | None = None
    mobility: Annotated[str, Field(max_length=120)] | None = None
    medical: MedicalFields | None = None
    limits: dict[str, LimitFields] | None = None
    rule_values: Annotated[dict[Annotated[str, Field(max_length=60)], OwnValues], Field(max_length=100)] | None = None
    """Own values of rules, `{rule code: {parameter: value}}`."""


class ResidentCreate(ResidentFields):
    """A person who lives in a home."""

    name: Name
    lives_alone: bool = True
    on_oxygen: bool = False
    """Needs a machine that needs electricity."""
    falls_easily: bool = False


class ResidentChange(ResidentFields):
    """What is to change; fields left out stay."""

    name: Name | None = None
    lives_alone: bool | None = None
    on_oxygen: bool | None = None
    falls_easily: bool | None = None


class AvailableTime(In):
    """When a contact may be called: on these days (1 is Monday), between two times; over midnight where `to` is earlier."""

    days: Annotated[list[Annotated[int, Field(ge=1, le=7)]], Field(min_length=1, max_length=7)]
    since: Annotated[TimeOfDay, Field(alias="from")]
    until: Annotated[TimeOfDay, Field(alias="to")]

    @model_validator(mode="after")
    def _have_a_length(self) -> AvailableTime:
        _differ(self.since, self.until)
        return self


class ContactFields(In):
    """What is known of a contact beside how to reach them."""

    relation: Annotated[str, Field(max_length=60)] | None = None
    availability: Annotated[str, Field(max_length=200)] | None = None
    """In the family's own words."""
    available: Annotated[list[AvailableTime], Field(max_length=20)] | None = None
    """When to call; null means always, an empty list never."""


class ContactCreate(ContactFields):
    """Family member or key holder."""

    name: Name
    phone: Phone
    order: Annotated[int, Field(ge=1, le=100)] = 1
    key_holder: bool = False
    alarm_consent: bool = False
    """Told of incidents in the same moment as the centre, then at each step."""
    digest_consent: bool = False
    """Wants the quiet daily "normal"."""


class ContactChange(ContactFields):
    """What is to change; fields left out stay."""

    name: Name | None = None
    phone: Phone | None = None
    order: Annotated[int, Field(ge=1, le=100)] | None = None
    key_holder: bool | None = None
    alarm_consent: bool | None = None
    digest_consent: bool | None = None
