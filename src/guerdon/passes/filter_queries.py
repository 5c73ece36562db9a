"""Filters as conditions of a statement on `pass p`: constant fragments and numbered parameters, nothing else.

Each condition stands here once; INDEX_OF says which index it can go through, and a test asks PostgreSQL whether that is
so. Members are looked up in the tables that hold them, name and value.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Final, LiteralString

from guerdon.passes.filters import MEMBER_KINDS, ONE_MILLISECOND, Field, Filter, Value

LAST_CHARACTER: Final = "\U0010ffff"
LAST_BEFORE_SURROGATES, FIRST_AFTER_SURROGATES = "\ud7ff", "\ue000"
LARGEST, EXPONENT_MAX, EXPONENT_MIN = Decimal("1e308"), 307, -300  # what a double precision holds
DIGITS: Final[tuple[LiteralString, ...]] = ("0", "1", "2", "3", "4", "5", "6", "7", "8", "9")

_OF_TEXT: Final[Mapping[LiteralString, LiteralString]] = {
    "equals": "COLUMN = {value}::text",
    "notEquals": "COLUMN <> {value}::text",
    "contains": "strpos(COLUMN, {value}::text) > 0",
    "startsWith": "starts_with(COLUMN, {value}::text)",
    "in": "COLUMN = ANY({value}::text[])",
    "exists": "{value}::boolean",
    "greaterThan": "COLUMN > {value}::text",
    "lessThan": "COLUMN < {value}::text",
}
_OF_DATE: Final[Mapping[LiteralString, LiteralString]] = {
    "equals": "(COLUMN >= {value}::timestamptz AND COLUMN < {after}::timestamptz)",
    "notEquals": "NOT (COLUMN >= {value}::timestamptz AND COLUMN < {after}::timestamptz)",
    "exists": "{value}::boolean",
    "greaterThan": "COLUMN >= {after}::timestamptz",
    "lessThan": "COLUMN < {value}::timestamptz",
}
_MEMBER: Final = (
    "EXISTS (SELECT FROM TABLE f WHERE f.tenant_id = $1 AND f.name = {name}::text AND f.pass_id = p.pass_id"
)
_OF_MEMBER: Final[Mapping[LiteralString, LiteralString]] = {
    "equals": _MEMBER + "{onward} AND f.value = {value}::text)",
    "notEquals": "NOT " + _MEMBER + " AND f.value = {value}::text)",
    "contains": _MEMBER + "{onward} AND strpos(f.value, {value}::text) > 0)",
    "startsWith": _MEMBER + "{onward} AND f.value >= {value}::text AND f.value < {after}::text)",
    "in": _MEMBER + "{onward} AND f.value = ANY({value}::text[]))",
    "exists": _MEMBER + "{onward})",
    "lacks": "NOT " + _MEMBER + ")",
    "greaterThan": _MEMBER + "{onward} AND f.value > {value}::text)",
    "lessThan": _MEMBER + "{onward} AND f.value < {value}::text)",
}
_OF_NUMBER: Final[Mapping[LiteralString, LiteralString]] = {
    "greaterThan number": _MEMBER + "{onward} AND f.number > {value}::text::double precision)",
    "lessThan number": _MEMBER + "{onward} AND f.number < {value}::text::double precision)",
}
_OF_WALLET: Final[Mapping[LiteralString, LiteralString]] = {
    "installed": "(p.WALLET_installed_at IS NOT NULL AND p.WALLET_devices > 0)",
    "not installed": "p.WALLET_devices = 0",
}
_APPLE_OR_GOOGLE: Final = (
    "(p.apple_installed_at IS NOT NULL AND p.apple_devices > 0"
    " OR p.google_installed_at IS NOT NULL AND p.google_devices > 0)"
)


def _about(
    what: LiteralString, templates: Mapping[LiteralString, LiteralString], blank: LiteralString, filled: LiteralString
) -> dict[str, LiteralString]:
    return {f"{what} {name}": template.replace(blank, filled) for name, template in templates.items()}


_EXISTS: Final = "EXISTS (SELECT FROM "
CONDITIONS: Final[Mapping[str, LiteralString]] = {
    **_about("id", _OF_TEXT, "COLUMN", "p.pass_id"),
    **_about("passType", _OF_TEXT, "COLUMN", "p.pass_type"),
    **_about("creationDate", _OF_DATE, "COLUMN", "p.created_at"),
    **_about("lastUpdateDate", _OF_DATE, "COLUMN", "p.updated_at"),
    **_about("apple", _OF_WALLET, "WALLET", "apple"),
    **_about("google", _OF_WALLET, "WALLET", "google"),
    "anywhere installed": _APPLE_OR_GOOGLE,
    "anywhere not installed": "(p.apple_devices = 0 AND p.google_devices = 0)",
    **_about("identifiers", _OF_MEMBER, "TABLE", "pass_identifier"),
    **_about("metadata", _OF_MEMBER, "TABLE", "pass_metadata"),
    **_about("metadata", _OF_NUMBER, "TABLE", "pass_metadata"),
}
# A condition that is not here is held against every pass that is looked at.
INDEX_OF: Final[Mapping[str, str]] = {
    **dict.fromkeys(("id equals", "id in", "id greaterThan", "id lessThan"), "pass_pkey"),
    **dict.fromkeys(("passType equals", "passType in", "passType greaterThan", "passType lessThan"), "pass_of_type"),
    **dict.fromkeys(("creationDate equals", "creationDate greaterThan", "creationDate lessThan"), "pass_created"),
    "apple installed": "pass_apple",
    "google installed": "pass_google",
    "anywhere installed": "pass_apple",
    **{
        f"{kind} {name}": f"{table}_pkey"
        for kind, table in (("identifiers", "pass_identifier"), ("metadata", "pass_metadata"))
        for name in ("equals", "startsWith", "in", "exists", "greaterThan", "lessThan")
    },
    **dict.fromkeys(("metadata greaterThan number", "metadata lessThan number"), "pass_metadata_number"),
}


class Parameters:
    """The numbered parameters of one statement; the first is the tenant."""

    def __init__(self, tenant_id: str) -> None:
        """Begin with the tenant as $1."""
        self.arguments: list[object] = [tenant_id]

    def put(self, argument: object) -> LiteralString:
        """Add an argument and give the parameter that stands for it."""
        self.arguments.append(argument)
        return "$" + "".join(DIGITS[int(digit)] for digit in str(len(self.arguments)))


def compose_conditions(
    filters: Sequence[Filter],
    pass_type: str | None,
    parameters: Parameters,
    after: str | None = None,
    driver: Filter | None = None,
) -> LiteralString:
    """Give what all filters ask of a pass, as text that begins with AND or is empty.

    With `after` only passes of higher ids are meant, and members are looked up from there on. What the `driver` finds
    is looked up first, and the others are held against that.
    """
    onward: LiteralString = ""
    parts: list[LiteralString] = []
    if after is not None:
        place = parameters.put(after)
        onward = " AND f.pass_id > " + place + "::text"
        parts.append("p.pass_id > " + place + "::text")
    if pass_type is not None:
        parts.append("p.pass_type = " + parameters.put(pass_type) + "::text")
    if driver is not None:
        parts.append("p.pass_id = ANY (ARRAY(" + compose_alone(driver, parameters) + "))")
    parts.extend(_compose(one, parameters, onward) for one in filters if one is not driver)
    return "".join(" AND " + part for part in parts)


def compose_sorted(filters: Sequence[Filter], by: Field, parameters: Parameters) -> LiteralString:
    """Repeat the filters of the member that is sorted by on its own rows (`s`), so that its index is entered there."""
    parts: list[LiteralString] = []
    for one in filters:
        if one.field == by and condition_of(one) in INDEX_OF:
            inner = _compose(one, parameters, "").partition(" WHERE")[2].removesuffix(")")
            parts.append((" AND" + inner).replace(" AND f.pass_id = p.pass_id", "").replace(" f.", " s."))
    return "".join(parts)


def compose_alone(asked: Filter, parameters: Parameters) -> LiteralString:
    """Give the list of ids that one filter finds by its index, with nothing else asked."""
    condition = _compose(asked, parameters, "")
    if condition.startswith(_EXISTS):
        inner: LiteralString = condition.removeprefix(_EXISTS).removesuffix(")")
        found: LiteralString = inner.replace(" AND f.pass_id = p.pass_id", "")
        return "SELECT f.pass_id FROM " + found  # noqa: S608  # fragments and parameters only
    return "SELECT p.pass_id FROM pass p WHERE p.tenant_id = $1 AND " + condition  # noqa: S608  # the same


def condition_of(asked: Filter) -> str:
    """Name the condition that a filter asks."""
    kind, operator = asked.field.kind, asked.operator
    if kind == "installationStatus":
        return _wallet_condition(asked)
    if kind in MEMBER_KINDS and asked.value is False:
        return f"{kind} lacks"
    is_range = operator in {"greaterThan", "lessThan"}
    is_number = kind == "metadata" and is_range and _double(asked.value) is not None
    return f"{kind} {operator} number" if is_number else f"{kind} {operator}"


def _compose(asked: Filter, parameters: Parameters, onward: LiteralString) -> LiteralString:
    name = condition_of(asked)
    template = CONDITIONS[name]
    value = _double(asked.value) if name.endswith("number") else asked.value
    return template.format(
        name=parameters.put(asked.field.name) if "{name}" in template else "",
        value=parameters.put(list(value) if isinstance(value, tuple) else value) if "{value}" in template else "",
        after=parameters.put(_after(asked.value)) if "{after}" in template else "",
        onward=onward,
    )


def _wallet_condition(asked: Filter) -> str:
    match asked.value:
        case str() as wallet:
            where = wallet
        case (str() as wallet,):
            where = wallet
        case _:
            where = "anywhere"
    is_meant = asked.operator != "notEquals" and asked.value is not False
    return f"{where} {'installed' if is_meant else 'not installed'}"


def _double(value: Value) -> str | None:
    """Give a text that is a number as a double precision can hold it, or None."""
    try:
        number = Decimal(value) if isinstance(value, str) and value.isascii() else None
    except InvalidOperation:
        return None
    if number is None or not number.is_finite():
        return None
    if number.adjusted() < EXPONENT_MIN:
        return "0"
    return str(number if number.adjusted() <= EXPONENT_MAX else LARGEST.copy_sign(number))


def _after(value: Value) -> object:
    """Give what comes right after a date, and after all texts with a beginning."""
    if isinstance(value, datetime):
        return value + ONE_MILLISECOND
    assert isinstance(value, str), value
    kept = value.rstrip(LAST_CHARACTER)
    if not kept:
        return LAST_CHARACTER * (len(value) + 1)
    last = FIRST_AFTER_SURROGATES if kept[-1] == LAST_BEFORE_SURROGATES else chr(ord(kept[-1]) + 1)
    return kept[:-1] + last
