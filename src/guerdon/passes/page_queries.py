"""The two statements of a page: walked in the order of an index, or gathered by what is rare and then sorted.

*Walked*: one index gives the passes in their order, a bounded number of them, and each is held against the filters that
this index does not serve. What it costs does not depend on how many passes match.

*Gathered*: the ids that the filters of members find, then their passes, all of them, sorted. It costs what is found,
and counts it by the way.

No text of a caller is in a statement: all of them are constant fragments and numbered parameters. The tests of the
architecture prepare every condition in every phase of every order.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, LiteralString

from guerdon.passes.filter_queries import (
    DIGITS,
    INDEX_OF,
    Parameters,
    compose_alone,
    compose_held,
    compose_joined,
    compose_row_condition,
    condition_of,
    finds_rows,
)
from guerdon.passes.filters import MEMBER_KINDS, Filter
from guerdon.passes.order_queries import Key, Mark, Order, Phase

OF_TENANT: Final = " WHERE p.tenant_id = $1 AND p.voided_at IS NULL"
_PASSES: Final = (
    "SELECT p.pass_id, p.pass_type, p.created_at, p.updated_at, p.apple_installed_at, p.apple_devices,"
    " p.google_installed_at, p.google_devices FROM pass p"
)
_JOINED: Final = " AS s JOIN pass p ON p.tenant_id = $1 AND p.pass_id = s.pass_id AND p.voided_at IS NULL"


@dataclass(frozen=True, slots=True)
class Walk:
    """The passes of one phase of an order that all filters match, among the first `looks_max` behind the mark."""

    filters: Sequence[Filter]
    order: Order
    phase_number: int
    looks_max: int
    mark: Mark | None = None

    @property
    def phase(self) -> Phase:
        """The phase that is walked."""
        return self.order.phases[self.phase_number]

    @property
    def leader(self) -> Filter | None:
        """A filter whose own rows name the passes in this order, if there is one."""
        if self.phase.keys or self.phase.only:
            return None
        return next((one for one in self.filters if finds_rows(one) and one.operator == "equals"), None)

    @property
    def served(self) -> Sequence[Filter]:
        """The filters that the walked index itself keeps."""
        if self.leader is not None:
            return [self.leader]
        of_index = [one for one in self.filters if condition_of(one) in self.phase.served]
        return [one for one in of_index if one.field == self.order.member] if self.phase.rows else of_index

    @property
    def held(self) -> Sequence[Filter]:
        """The filters that each pass is held against."""
        served = self.served
        return [one for one in self.filters if one not in served]

    @property
    def walks_rows(self) -> bool:
        """Whether the rows of a member are walked, and not passes."""
        return self.leader is not None or bool(self.phase.rows)


@dataclass(frozen=True, slots=True)
class Gathering:
    """All passes that all filters match, sorted by one thing or several, on from the mark of an order by one.

    `driver` is a filter of a member that finds few rows. Where few are expected for another reason, `expected_max` says
    how many are gathered at most.
    """

    filters: Sequence[Filter]
    orders: Sequence[Order]
    driver: Filter | None = None
    expected_max: int | None = None
    mark: Mark | None = None

    @property
    def leader(self) -> Filter | None:
        """The filter that names the passes, if one does."""
        if self.driver is not None or self.expected_max is not None:
            return self.driver
        finding = [one for one in self.filters if finds_rows(one)]
        return next((one for one in finding if condition_of(one) in INDEX_OF), next(iter(finding), None))

    @property
    def reads_passes(self) -> bool:
        """Whether a filter or an order asks for more than members."""
        return any(not _is_of_member(one) for one in self.filters) or any(
            order.phases[0].keys and not order.phases[0].rows for order in self.orders
        )


def compose_walk(walk: Walk, limit: int, offset: int, parameters: Parameters) -> LiteralString:
    """Compose a part of the passes that a walk finds: their ids, and their keys as texts."""
    columns = _columns(walk.phase, _alias(walk))
    found = "SELECT p.pass_id, " + _as_texts(columns[:-1]) + " AS keys"
    found += _compose_found(walk, parameters)
    return found + _order_by(columns, walk.order) + _window(limit, offset, parameters)


def compose_walk_count(walk: Walk, parameters: Parameters) -> LiteralString:
    """Compose the count of the passes that a walk finds."""
    return "SELECT count(*)" + _compose_found(walk, parameters)


def compose_walk_end(walk: Walk, parameters: Parameters) -> LiteralString:
    """Compose the last pass that a walk may look at, found or not; there is none when its index ends before."""
    columns = _columns(walk.phase, "p")
    source = _compose_source(walk, parameters) + ") AS p" + _order_by(columns, walk.order)
    last = _window(1, walk.looks_max - 1, parameters)
    return "SELECT p.pass_id, " + _as_texts(columns[:-1]) + " AS keys FROM (" + source + last  # noqa: S608  # fragments


def compose_gathering(gathering: Gathering, limit: int, offset: int, parameters: Parameters) -> LiteralString:
    """Compose a part of what is gathered: how many there are, ids, and keys as texts, null where a pass has none."""
    joins, keys = _compose_keys(gathering.orders, parameters)
    names: list[LiteralString] = ["k" + digit for digit, _ in zip(DIGITS, keys, strict=False)]
    columns: list[LiteralString] = ["p.pass_id"]
    columns.extend(key + " AS " + name for key, name in zip(keys, names, strict=True))
    found = "SELECT " + ", ".join(columns) + " FROM " + _compose_base(gathering, joins, parameters)  # noqa: S608
    part = "SELECT (SELECT count(*) FROM found) AS total, pass_id, "
    part += _as_texts(names) + " AS keys FROM found" + _compose_behind(gathering, names, parameters)
    part += " ORDER BY " + ", ".join(_sorting(gathering.orders, names))
    return "WITH found AS MATERIALIZED (" + found + ") " + part + _window(limit, offset, parameters)


def _compose_found(walk: Walk, parameters: Parameters) -> LiteralString:
    source = " FROM (" + _compose_source(walk, parameters) + ")"
    rest = (_JOINED if _alias(walk) == "s" else " AS p") + " WHERE true" + compose_held(walk.held, parameters)
    if not walk.phase.lacking:
        return source + rest
    return source + rest + " AND NOT " + _named(walk.phase.lacking, walk.order, parameters)


def _compose_source(walk: Walk, parameters: Parameters) -> LiteralString:
    alias: LiteralString = "f" if walk.walks_rows else "p"
    columns = _columns(walk.phase, alias)
    rows: LiteralString
    if walk.leader is not None:
        rows = compose_alone(walk.leader, parameters)
    elif walk.phase.rows:
        rows = "SELECT " + ", ".join(columns) + " FROM "  # noqa: S608  # constant fragments
        rows += _named(walk.phase.rows, walk.order, parameters)
        rows += "".join(compose_row_condition(one, parameters) for one in walk.served)
    else:
        rows = _PASSES + OF_TENANT + walk.phase.only + compose_held(walk.served, parameters)
    if walk.mark is not None:
        rows += " AND " + _compare(walk.order, walk.phase.keys, walk.mark, columns, parameters)
    return rows + _order_by(columns, walk.order) + " LIMIT " + parameters.put(walk.looks_max) + "::bigint"


def _compose_base(gathering: Gathering, joins: LiteralString, parameters: Parameters) -> LiteralString:
    leader = gathering.leader
    if gathering.expected_max is not None:
        held = compose_held(gathering.filters, parameters)
        return "pass p" + joins + OF_TENANT + held + " LIMIT " + parameters.put(gathering.expected_max) + "::bigint"
    if leader is None:
        return "pass p" + joins + OF_TENANT + compose_joined(gathering.filters, parameters)
    compose = compose_joined if gathering.driver is None else compose_held
    members = [one for one in gathering.filters if one is not leader and _is_of_member(one)]
    ids = "(" + compose_alone(leader, parameters) + ") AS p"
    held = " WHERE true" + compose(members, parameters)
    if not gathering.reads_passes:
        return ids + joins + held
    others = [one for one in gathering.filters if not _is_of_member(one)]
    named = " AND p.pass_id = ANY (ARRAY(SELECT p.pass_id FROM " + ids + held + "))"  # noqa: S608  # fragments
    return "pass p" + joins + OF_TENANT + named + compose_held(others, parameters)


def _compose_keys(orders: Sequence[Order], parameters: Parameters) -> tuple[LiteralString, Sequence[LiteralString]]:
    joins: LiteralString = ""
    keys: list[LiteralString] = []
    for digit, order in zip(DIGITS, orders, strict=False):
        phase, source = order.phases[0], "p"
        if phase.rows:
            source = "s" + digit
            row = phase.keys[0].expression.format(s="f") + " FROM " + _named(phase.rows, order, parameters)
            joins += " LEFT JOIN (SELECT f.pass_id, " + row + ") AS " + source
            joins += " ON " + source + ".pass_id = p.pass_id"
        keys.extend(key.expression.format(s=source) for key in phase.keys)
    return joins, keys


def _sorting(orders: Sequence[Order], names: Sequence[LiteralString]) -> Sequence[LiteralString]:
    sorting: list[LiteralString] = []
    left = iter(names)
    for order in orders:
        sorting.extend(next(left) + order.direction + " NULLS LAST" for _ in order.phases[0].keys)
        sorting.extend([] if order.phases[0].keys else ["pass_id" + order.direction])
    return [*sorting, "pass_id" + (orders[0].direction if len(orders) == 1 else " ASC")]


def _compose_behind(gathering: Gathering, names: Sequence[LiteralString], parameters: Parameters) -> LiteralString:
    mark = gathering.mark
    if mark is None:
        return ""
    (order,) = gathering.orders
    if mark.phase:
        return " WHERE k0 IS NULL AND " + _compare(order, (), mark, ["pass_id"], parameters)
    behind = _compare(order, order.phases[0].keys, mark, [*names, "pass_id"], parameters)
    return " WHERE (" + behind + (" OR k0 IS NULL)" if len(order.phases) > 1 else ")")


def _alias(walk: Walk) -> LiteralString:
    is_joined = walk.walks_rows and any(not _is_of_member(one) for one in walk.held)
    return "s" if is_joined else "p"


def _is_of_member(asked: Filter) -> bool:
    return asked.field.kind in MEMBER_KINDS


def _named(rows: LiteralString, order: Order, parameters: Parameters) -> LiteralString:
    return rows.format(name=parameters.put(order.name))


def _columns(phase: Phase, alias: LiteralString) -> list[LiteralString]:
    return [*(key.expression.format(s=alias) for key in phase.keys), alias + ".pass_id"]


def _as_texts(columns: Sequence[LiteralString]) -> LiteralString:
    return "ARRAY[" + ", ".join(column + "::text" for column in columns) + "]::text[]"


def _order_by(columns: Sequence[LiteralString], order: Order) -> LiteralString:
    return " ORDER BY " + ", ".join(column + order.direction for column in columns)


def _window(limit: int, offset: int, parameters: Parameters) -> LiteralString:
    return " LIMIT " + parameters.put(limit) + "::bigint OFFSET " + parameters.put(offset) + "::bigint"


def _compare(
    order: Order, keys: Sequence[Key], mark: Mark, columns: Sequence[LiteralString], parameters: Parameters
) -> LiteralString:
    places: list[LiteralString] = [
        parameters.put(text) + "::text::" + key.type for text, key in zip(mark.keys, keys, strict=True)
    ]
    places.append(parameters.put(mark.pass_id) + "::text")
    comparison: LiteralString = ") < (" if order.is_descending else ") > ("
    return "(" + ", ".join(columns) + comparison + ", ".join(places) + ")"
