"""What a doctor says of one thing."""

from dataclasses import dataclass
from typing import Literal

Outcome = Literal["fine", "warning", "failed"]


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at; only `failed` keeps Guerdon from working."""

    name: str
    outcome: Outcome
    detail: str


def fine(name: str, detail: str) -> Check:
    """Say that nothing is wrong."""
    return Check(name, "fine", detail)


def warning(name: str, detail: str) -> Check:
    """Say what will go wrong, or is unwise."""
    return Check(name, "warning", detail)


def failed(name: str, detail: str) -> Check:
    """Say what does not work, and what to do."""
    return Check(name, "failed", detail)
