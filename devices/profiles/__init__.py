"""The catalogue of profiles, read once from the data files beside this one.

A file the schema refuses stops the program with the file's name in the sentence.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from types import MappingProxyType

from pydantic import ValidationError

from devices.profiles.schema import Limit, LocalName, ModelMeaning, Profile


def read_profile(name: str, text: str) -> Profile:
    """One profile from its TOML text; `name` is the file's, which must equal the id."""
    try:
        profile = Profile.model_validate(tomllib.loads(text))
    except (tomllib.TOMLDecodeError, ValidationError) as error:
        message = f"the profile {name} cannot be read: {error}"
        raise ValueError(message) from error
    if profile.id != name.removesuffix(".toml"):
        message = f"the profile {name} calls itself {profile.id!r}"
        raise ValueError(message)
    return profile


@cache
def catalogue() -> Mapping[str, Profile]:
    """Every profile by id, in the order of their ids."""
    entries = sorted((entry for entry in files(__name__).iterdir() if entry.name.endswith(".toml")), key=lambda entry: entry.name)
    profiles = (read_profile(entry.name, entry.read_text(encoding="utf-8")) for entry in entries)
    return MappingProxyType({profile.id: profile for profile in profiles})


__all__ = ["Limit", "LocalName", "ModelMeaning", "Profile", "catalogue", "read_profile"]
