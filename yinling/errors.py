"""Why the program cannot start or go on, as one sentence for the person at the keyboard."""

from __future__ import annotations

COULD_NOT_START = 2
"""Exit code for everything a person has to set right first."""


class CannotStartError(Exception):
    """Something outside has to be put right first; the text says what, in one sentence."""
