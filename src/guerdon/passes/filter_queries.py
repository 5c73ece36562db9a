"""Filters as conditions of a statement on `pass p`: constant fragments and numbered parameters, nothing else.

Each condition stands here once; INDEX_OF says which index it can go through, and a test asks PostgreSQL whether that is
so. Members are looked up in the tables that hold them, name and value; a voided pass has no rows there.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Final, LiteralString

from guerdon.passes.filters import MEMBER_KINDS, ONE_MILLISECOND, Filter, Value
from guerdon.platform.wire import find_decimal

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
_OF_WALLET: Final[Mapping[LiteralString, LiteralString]] = {
    "installed": "(p.WALLET_installed_at IS NOT NULL AND p.WALLET_devices > 0)",
    "not installed": "p.WALLET_devices = 0",
}
_APPLE_OR_GOOGLE: Final = (
    "(p.apple_installed_at IS NOT NULL AND p.apple_devices > 0"
    " OR p.google_installed_at IS NOT NULL AND p.google_devices > 0)"
)
# What the row of a member must say.
_OF_ROW: Final[Mapping[LiteralString, LiteralString]] = {
    "equals": " AND f.value = {value}::text",
    "contains": " AND strpos(f.value, {value}::text) > 0",
    "startsWith": " AND f.value >= {value}::text AND f.value < {after}::text",
    "in": " AND f.value = ANY({value}::text[])",
    "exists": "",
    "greaterThan": " AND f.value > {value}::text",
    "lessThan": " AND f.value < {value}::text",
}
_OF_NUMBER: Final[Mapping[LiteralString, LiteralString]] = {
    "greaterThan number": " AND f.number > {value}::text::double precision",
    "lessThan number": " AND f.number < {value}::text::double precision",
}
_ROWS: Final = "TABLE f WHERE f.tenant_id = $1 AND f.name = {name}::text"
# As a join, which PostgreSQL may begin at either end.
_JOINED: Final = "EXISTS (SELECT FROM " + _ROWS + " AND f.pass_id = p.pass_id{onward}CONDITION)"
# For one pass after the other (OFFSET 0 forbids a join): a value has its place in the index, down to the pass; else all
# rows of the pass are read, since statistics may know nothing of a name, or of a range of its values.
_LOOKED_UP: Final = "EXISTS (SELECT FROM " + _ROWS + " AND f.pass_id = p.pass_idCONDITION OFFSET 0)"
LOOKED_THROUGH: Final = (
    "EXISTS (SELECT FROM (SELECT f.* FROM TABLE f WHERE f.tenant_id = $1 AND f.pass_id = p.pass_id OFFSET 0) AS f"
    " WHERE f.name = {name}::textCONDITION)"
)


def _about(
    what: LiteralString, templates: Mapping[LiteralString, LiteralString], blank: LiteralString, filled: LiteralString
) -> dict[str, LiteralString]:
    return {f"{what} {name}": template.replace(blank, filled) for name, template in templates.items()}


def _of_member(
    kind: LiteralString, rows: Mapping[LiteralString, LiteralString], value: LiteralString, other: LiteralString
) -> dict[str, LiteralString]:
    texts: dict[LiteralString, LiteralString] = {
        name: (value if name == "equals" else other).replace("CONDITION", row) for name, row in rows.items()
    }
    texts["notEquals"] = "NOT " + texts["equals"].replace("{onward}", "")
    texts["lacks"] = "NOT " + texts["exists"].replace("{onward}", "")
    return _about(kind, texts, "TABLE", TABLES[kind])


TABLES: Final[Mapping[str, LiteralString]] = {"identifiers": "pass_identifier", "metadata": "pass_metadata"}
_OF_METADATA: Final[Mapping[LiteralString, LiteralString]] = {**_OF_ROW, **_OF_NUMBER}
_OF_PASS: Final[Mapping[str, LiteralString]] = {
    **_about("id", _OF_TEXT, "COLUMN", "p.pass_id"),
    **_about("passType", _OF_TEXT, "COLUMN", "p.pass_type"),
    **_about("creationDate", _OF_DATE, "COLUMN", "p.created_at"),
    **_about("lastUpdateDate", _OF_DATE, "COLUMN", "p.updated_at"),
    **_about("apple", _OF_WALLET, "WALLET", "apple"),
    **_about("google", _OF_WALLET, "WALLET", "google"),
    "anywhere installed": _APPLE_OR_GOOGLE,
    "anywhere not installed": "(p.apple_devices = 0 AND p.google_devices = 0)",
}
CONDITIONS: Final[Mapping[str, LiteralString]] = {
    **_OF_PASS,
    **_of_member("identifiers", _OF_ROW, _LOOKED_UP, LOOKED_THROUGH),
    **_of_member("metadata", _OF_METADATA, _LOOKED_UP, LOOKED_THROUGH),
}
_AS_JOINS: Final[Mapping[str, LiteralString]] = {
    **_OF_PASS,
    **_of_member("identifiers", _OF_ROW, _JOINED, _JOINED),
    **_of_member("metadata", _OF_METADATA, _JOINED, _JOINED),
}
# A pass on some device was installed once; statistics do not know that, and would count that twice.
_EXPECTED: Final[Mapping[str, LiteralString]] = {
    **_AS_JOINS,
    "apple installed": "p.apple_devices > 0",
    "google installed": "p.google_devices > 0",
    "anywhere installed": "(p.apple_devices > 0 OR p.google_devices > 0)",
}
# What a filter asks of the rows of members, where it asks for some that are there; and those rows.
_OF_ROWS: Final[Mapping[str, LiteralString]] = {
    **_about("identifiers", _OF_ROW, "", ""),
    **_about("metadata", _OF_METADATA, "", ""),
}
_FOUND: Final[Mapping[str, LiteralString]] = {
    name: _ROWS.replace("TABLE", TABLES[name.partition(" ")[0]]) + row for name, row in _OF_ROWS.items()
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


def compose_held(filters: Sequence[Filter], parameters: Parameters) -> LiteralString:
    """Give what each pass `p` is held against, one after the other, as text that begins with AND or is empty."""
    return "".join(" AND " + _compose(CONDITIONS, one, parameters) for one in filters)


def compose_joined(filters: Sequence[Filter], parameters: Parameters, onward: LiteralString = "") -> LiteralString:
    """Give the same so that PostgreSQL may begin anywhere; `onward` is what besides is asked of the rows of members."""
    return "".join(" AND " + _compose(_AS_JOINS, one, parameters, onward) for one in filters)


def compose_expected(filters: Sequence[Filter], parameters: Parameters) -> LiteralString:
    """Give the same for PostgreSQL to say from its statistics how many passes that are."""
    return "".join(" AND " + _compose(_EXPECTED, one, parameters) for one in filters)


def compose_row_condition(asked: Filter, parameters: Parameters) -> LiteralString:
    """Give what one filter asks of a row `f` of its member, as text that begins with AND or is empty."""
    return _compose(_OF_ROWS, asked, parameters)


def compose_alone(asked: Filter, parameters: Parameters) -> LiteralString:
    """Give the list of ids that one filter finds, with nothing else asked."""
    if finds_rows(asked):
        return "SELECT f.pass_id FROM " + _compose(_FOUND, asked, parameters)  # noqa: S608  # constant fragments
    return "SELECT p.pass_id FROM pass p WHERE p.tenant_id = $1" + compose_held([asked], parameters)  # noqa: S608


def finds_rows(asked: Filter) -> bool:
    """Tell whether a filter asks for a member that is there, so that the rows of members name the passes."""
    return condition_of(asked) in _OF_ROWS


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


def _compose(
    templates: Mapping[str, LiteralString], asked: Filter, parameters: Parameters, onward: LiteralString = ""
) -> LiteralString:
    name = condition_of(asked)
    template = templates[name]
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
    number = find_decimal(value) if isinstance(value, str) else None
    if number is None:
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
