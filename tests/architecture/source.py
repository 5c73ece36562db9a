"""The source of the package as the tests of the architecture read it: modules, their imports, their functions."""

import ast
import functools
import io
import tokenize
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "src" / "guerdon"
NOT_CODE = {
    tokenize.COMMENT,
    tokenize.NL,
    tokenize.NEWLINE,
    tokenize.INDENT,
    tokenize.DEDENT,
    tokenize.ENCODING,
    tokenize.ENDMARKER,
}

Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class Module:
    """One module: its dotted name, its file and its syntax tree."""

    name: str
    path: Path
    text: str
    tree: ast.Module

    @property
    def room(self) -> str:
        return self.name.split(".")[1]

    @property
    def short(self) -> str:
        return str(self.path.relative_to(PACKAGE.parent))

    @property
    def file(self) -> str:
        return self.path.stem

    def imports(self) -> Iterator[tuple[str, str]]:
        """Give what is imported, as (module, name); the name is empty when the module itself is."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                yield from ((alias.name, "") for alias in node.names)
            elif isinstance(node, ast.ImportFrom):
                yield from ((node.module or "", alias.name) for alias in node.names)

    def functions(self) -> Iterator[Function]:
        for node in ast.walk(self.tree):
            if isinstance(node, Function):
                yield node

    def code_lines(self, function: Function) -> int:
        """Count the lines of a function that hold code: no blank ones, no comments, no docstring."""
        docstring = _docstring_lines(function)
        return len(
            {
                line
                for line in self._lines_with_code()
                if function.lineno <= line <= (function.end_lineno or 0) and line not in docstring
            }
        )

    @functools.cache  # noqa: B019 - the modules live as long as the run
    def _lines_with_code(self) -> frozenset[int]:
        tokens = tokenize.generate_tokens(io.StringIO(self.text).readline)
        return frozenset(
            line for token in tokens if token.type not in NOT_CODE for line in range(token.start[0], token.end[0] + 1)
        )


@functools.cache
def modules() -> tuple[Module, ...]:
    """Read every module of the package."""
    paths = sorted(path for path in PACKAGE.rglob("*.py") if path.parent != PACKAGE)
    return tuple(_read(path) for path in paths)


def docstrings(tree: ast.Module) -> set[ast.expr]:
    """Give the nodes of all docstrings, which say things and do nothing."""
    owners = (node for node in ast.walk(tree) if isinstance(node, Function | ast.ClassDef | ast.Module))
    return {owner.body[0].value for owner in owners if owner.body and isinstance(owner.body[0], ast.Expr)}


def _read(path: Path) -> Module:
    text = path.read_text()
    parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
    name = ".".join(parts).removesuffix(".__init__")
    return Module(name, path, text, ast.parse(text))


def _docstring_lines(function: Function) -> range:
    if ast.get_docstring(function) is None:
        return range(0)
    first = function.body[0]
    return range(first.lineno, (first.end_lineno or first.lineno) + 1)
