"""The members of a `pass.json` while it is written: what is absent is left out."""

from collections.abc import Mapping, Sized

Members = dict[str, object]


def present(members: Mapping[str, object]) -> Members:
    """Leave out what a view does not have: None, false, and empty texts and lists."""
    return {key: value for key, value in members.items() if not _is_absent(value)}


def _is_absent(value: object) -> bool:
    # Zero is not absent: an altitude of 0 m is an altitude.
    return value is None or value is False or (isinstance(value, Sized) and not len(value))
