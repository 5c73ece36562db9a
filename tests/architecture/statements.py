"""Every SQL statement of the package: where it stands, what it is given, and what its rows become."""

import ast
import functools
import re
from collections.abc import Iterator
from dataclasses import dataclass

from tests.architecture.searches import searches
from tests.architecture.source import Function, Module, docstrings, modules

ROW_METHODS = {"all", "maybe"}
TX_METHODS = ROW_METHODS | {"value", "records", "execute", "write"}
FETCH_METHODS = {"fetch", "fetchrow", "fetchval", "executemany", "cursor"}
HOLDERS = {"tx", "connection", "owner", "driver"}
SQL_START = re.compile(
    r"\s*(SELECT|INSERT INTO|UPDATE [a-z]|DELETE FROM|WITH [a-z]|MERGE INTO|TRUNCATE|SET (LOCAL|ROLE|TRANS)|BEGIN"
    r"|NOTIFY|LISTEN|CREATE (TABLE|ROLE|DATABASE|INDEX)|ALTER (TABLE|ROLE))\b"
)
PLANNED = re.compile(r"\s*(SELECT|INSERT|UPDATE|DELETE|WITH)\s")


@dataclass(frozen=True)
class Statement:
    """One statement at the place where it is run."""

    module: Module
    function: str
    line: int
    holder: str
    method: str
    sql: str
    arguments: int
    are_all_counted: bool
    row: str | None

    @property
    def place(self) -> str:
        return f"{self.module.short}:{self.line} {self.function}"

    @property
    def key(self) -> str:
        """Name the statement so that it can be excepted: module and function, without the package."""
        return f"{self.module.name.removeprefix('guerdon.')}.{self.function}"

    @property
    def is_planned(self) -> bool:
        return PLANNED.match(self.sql) is not None


@dataclass(frozen=True)
class Unreadable:
    """A database call whose SQL is no literal, or SQL text that no database call is given."""

    module: Module
    line: int


@functools.cache
def collect() -> tuple[tuple[Statement, ...], tuple[Unreadable, ...]]:
    """Read all statements, and what cannot be read."""
    statements: list[Statement] = []
    unreadable: list[Unreadable] = []
    for module in modules():
        used: set[ast.expr] = set()
        for function, call in _calls(module.tree):
            match _statement(module, function, call, used):
                case Statement() as statement:
                    statements.append(statement)
                case Unreadable() as broken:
                    unreadable.append(broken)
        unreadable += _loose(module, used)
    return tuple(statements), tuple(unreadable)


def statements() -> tuple[Statement, ...]:
    return collect()[0] + composed()


@functools.cache
def composed() -> tuple[Statement, ...]:
    """Give the statements that are composed of fragments, one for each condition and each form of a search."""
    (module,) = (one for one in modules() if one.name == "guerdon.passes.search_queries")
    return tuple(_composed(module, name, sql, parameters) for name, sql, parameters in searches())


def _composed(module: Module, name: str, sql: str, parameters: int) -> Statement:
    return Statement(module, name, 0, "tx", "records", sql, parameters, are_all_counted=True, row=None)


def _calls(tree: ast.AST, function: str = "") -> Iterator[tuple[str, ast.Call]]:
    for node in ast.iter_child_nodes(tree):
        inside = node.name if isinstance(node, Function) else function
        if isinstance(node, ast.Call) and _is_database_call(node):
            yield inside, node
        yield from _calls(node, inside)


def _is_database_call(call: ast.Call) -> bool:
    if not isinstance(call.func, ast.Attribute):
        return False
    return call.func.attr in FETCH_METHODS | TX_METHODS and _holder(call.func) in HOLDERS


def _holder(called: ast.Attribute) -> str:
    match called.value:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name.strip("_")
        case _:
            return ""


def _statement(module: Module, function: str, call: ast.Call, used: set[ast.expr]) -> Statement | Unreadable:
    assert isinstance(call.func, ast.Attribute)
    has_row = call.func.attr in ROW_METHODS
    given = call.args[1:] if has_row else call.args
    literal = given[0] if given else None
    sql = None if literal is None else _text(module, literal, used)
    if sql is None:
        return Unreadable(module, call.lineno)
    return Statement(
        module,
        function,
        call.lineno,
        _holder(call.func),
        call.func.attr,
        sql,
        arguments=sum(not isinstance(one, ast.Starred) for one in given) - 1,
        are_all_counted=not any(isinstance(one, ast.Starred) for one in given),
        row=ast.unparse(call.args[0]) if has_row else None,
    )


def _text(module: Module, node: ast.expr, used: set[ast.expr]) -> str | None:
    match node:
        case ast.Constant(value=str() as text):
            used.add(node)
            return text
        case ast.Name(id=name):
            return _constant(module, name, used)
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            parts = (_text(module, left, used), _text(module, right, used))
            return None if None in parts else "".join(part or "" for part in parts)
        case _:
            return None


def _constant(module: Module, name: str, used: set[ast.expr]) -> str | None:
    for node in module.tree.body:
        match node:
            case ast.Assign(targets=[ast.Name(id=known)], value=value) if known == name:
                return _text(module, value, used)
            case ast.AnnAssign(target=ast.Name(id=known), value=ast.expr() as value) if known == name:
                return _text(module, value, used)
            case _:
                continue
    return None


def _loose(module: Module, used: set[ast.expr]) -> Iterator[Unreadable]:
    said = docstrings(module.tree)
    for node in ast.walk(module.tree):
        match node:
            case ast.Constant(value=str() as text) if node not in used | said and SQL_START.match(text):
                yield Unreadable(module, node.lineno)
            case _:
                continue
