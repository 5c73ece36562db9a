"""What the validator and the picture maker have to say about a pass."""

from dataclasses import dataclass
from enum import StrEnum


class Severity(StrEnum):
    """How bad a finding is."""

    ERROR = "error"
    """Wallet refuses the pass, or does not show what was meant."""
    WARNING = "warning"
    """Something of it is lost on some phones."""
    ADVICE = "advice"
    """It works, and could work better."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One finding: the rule it breaks, where, and what would be right."""

    rule: str
    severity: Severity
    path: str
    message: str
