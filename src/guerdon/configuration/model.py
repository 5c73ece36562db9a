"""What is said of a tenant's files, and which of them changed."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Literal

Severity = Literal["error", "warning", "advice"]
Change = Literal["added", "changed", "removed"]

FINDINGS_MAX: Final = 500
_ORDER: Final = ("error", "warning", "advice")


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that is to be said of a file; only errors stop it from being saved. Lines and columns count from 1.

    `rule` is the id of a rule of Apple's (`delivery/apple/catalogue.py`), where the finding comes from one.
    """

    path: str
    line: int
    column: int
    message: str
    severity: Severity = "error"
    rule: str | None = None

    @property
    def is_error(self) -> bool:
        """Whether the file cannot be saved so."""
        return self.severity == "error"

    def text(self) -> str:
        """Say it as compilers do, so that editors can jump there."""
        return f"{self.path}:{self.sentence()}"

    def sentence(self) -> str:
        """Say it with its place in the file."""
        kind = "" if self.is_error else f"{self.severity}: "
        rule = f" [{self.rule}]" if self.rule else ""
        return f"{self.line}:{self.column}: {kind}{self.message}{rule}"


@dataclass(frozen=True, slots=True)
class Moved:
    """One file that is different now; `version` is the tenant's."""

    path: str
    change: Change
    version: int


def ordered(findings: Iterable[Finding]) -> list[Finding]:
    """Sort findings by file, line and severity, each once and at most 500; errors are the last to be cut off."""
    once = sorted(set(findings), key=lambda one: _ORDER.index(one.severity))[:FINDINGS_MAX]
    return sorted(once, key=lambda one: (one.path, one.line, one.column, _ORDER.index(one.severity), one.message))


def whole(path: str, message: str) -> Finding:
    """Say something of a file as a whole."""
    return Finding(path, 1, 1, message)
