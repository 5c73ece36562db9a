"""Naming a pass in a query: one parser for the five spellings (WIRE.md section 1).

`id=<passId>`, `id.<name>=<value>`, `identifiers[<name>]=<value>`, `identifiers.<name>=<value>` and the bare
`<name>=<value>` mean the same and may be mixed; all that are given must match one pass.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from urllib.parse import parse_qsl

from guerdon.passes.errors import NoIdentifier
from guerdon.platform.problems import InvalidRequest

IDENTIFIERS_MAX = 20
NAME_CHARACTERS_MAX = 100
VALUE_CHARACTERS_MAX = 500
NEVER_NAMES = frozenset({"passType", "pageIndex", "pageSize", "device", "cursor", "limit", "asOf", "userAgent"})
NEVER_FAMILIES = ("filter[", "sortBy[", "neo.")
PROOF_SUFFIXES = (".hmac", ".secret")
BRACKETS = re.compile(r"identifiers\[(.*)\]", re.DOTALL)
SPELLINGS = ("{}", "id.{}", "identifiers[{}]", "identifiers.{}")
PASS_ID_NAME = "id"  # noqa: S105 - a pass is no password
NO_BRACKETS = r"^[^\x00\[\]]*$"
UNNAMEABLE = (
    "no identifier may have this name. It is a parameter of queries (passType, limit, neo.…), a proof (….hmac, "
    "….secret), or one way to name a pass means something else by it (id, id.…, identifiers, identifiers.…, brackets)."
)


IDENTIFIERS_PARAMETER: dict[str, object] = {
    "name": "identifiers",
    "in": "query",
    "required": True,
    "style": "form",
    "explode": True,
    "description": "The identifiers of one pass; all must match. Also `id=`, `id.<name>=`, `identifiers[<name>]=`.",
    "schema": {
        "type": "object",
        "minProperties": 1,
        "maxProperties": IDENTIFIERS_MAX,
        "propertyNames": {"pattern": "^[A-Za-z0-9_-]{1,100}$"},
        "additionalProperties": {"type": "string", "pattern": "^[^\\u0000]{1,500}$"},
    },
}


@dataclass(frozen=True, slots=True)
class Identifiers:
    """What a query says of a pass: its ids (all must be the one) and external identifiers (all must match)."""

    pass_ids: frozenset[str]
    external: tuple[tuple[str, str], ...]


def parse_identifiers(query: bytes) -> Identifiers:
    """Read the identifiers of a query string.

    Raises NoIdentifier, InvalidRequest when one is empty, too long, or there are more than 20.
    """
    pairs = [
        (name, value)
        for key, value in parse_qsl(query.decode("latin-1"), keep_blank_values=True)
        if (name := identifier_name(key)) is not None
    ]
    if not pairs:
        raise NoIdentifier
    _check(pairs)
    return Identifiers(
        frozenset(value for name, value in pairs if name == PASS_ID_NAME),
        tuple(dict.fromkeys((name, value) for name, value in pairs if name != PASS_ID_NAME)),
    )


def identifier_name(key: str) -> str | None:
    """Tell which identifier a query key names; None when it names none."""
    if key in NEVER_NAMES or key.startswith(NEVER_FAMILIES) or key.endswith(PROOF_SUFFIXES):
        return None
    name = spelled_name(key)
    return None if name.endswith(PROOF_SUFFIXES) else name


def can_be_named(name: str) -> bool:
    """Tell whether an identifier may have this name: every spelling means it, and none means something else.

    What an older release has stored under another name is still found, by the spellings that mean it.
    """
    if name in {"", PASS_ID_NAME, "identifiers"} or "[" in name or "]" in name:
        return False
    return all(identifier_name(spelling.format(name)) == name for spelling in SPELLINGS)


def check_names(names: Iterable[str]) -> None:
    """Refuse names that no identifier may have. Raises ValueError, which tells all of them, in words for a person."""
    misnamed = [f"`{name}`" for name in names if not can_be_named(name)]
    if misnamed:
        raise ValueError(f"{', '.join(misnamed)}: {UNNAMEABLE}")


def spelled_name(key: str) -> str:
    """Take from a query key what its spelling puts around the name."""
    bracketed = BRACKETS.fullmatch(key)
    if bracketed is not None:
        return bracketed[1]
    for prefix in ("id.", "identifiers."):
        if key.startswith(prefix):
            return key.removeprefix(prefix)
    return key


def _check(pairs: Sequence[tuple[str, str]]) -> None:
    errors: dict[str, list[str]] = {}
    if len(pairs) > IDENTIFIERS_MAX:
        errors["identifiers"] = [f"Give at most {IDENTIFIERS_MAX} identifiers."]
    for name, value in pairs:
        if not 1 <= len(name) <= NAME_CHARACTERS_MAX:
            errors.setdefault("identifiers", []).append(f"A name has 1 to {NAME_CHARACTERS_MAX} characters.")
        elif not 1 <= len(value) <= VALUE_CHARACTERS_MAX:
            errors.setdefault(name, []).append(f"A value has 1 to {VALUE_CHARACTERS_MAX} characters.")
    if errors:
        raise InvalidRequest(errors)
