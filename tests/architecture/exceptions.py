"""The list of exceptions to the house rules, as docs/decisions/exceptions.md keeps it."""

import re

from tests.architecture.source import ROOT

LINE = re.compile(r"- `(?P<file>[^`]+)`, (?P<rule>[^:]+): (?P<reason>.+)")


def excepted(rule: str) -> set[str]:
    """Give the files, or `file function`, that are excepted from a rule."""
    lines = (ROOT / "docs" / "decisions" / "exceptions.md").read_text().splitlines()
    found = [LINE.fullmatch(line) for line in lines if line.startswith("- ")]
    assert None not in found, "an exception is one line: - `file`, rule: reason"
    return {match["file"] for match in found if match is not None and match["rule"] == rule}
