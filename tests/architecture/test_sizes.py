"""How large things may be, and what may not stand in them."""

import ast

import pytest

from tests.architecture.exceptions import excepted
from tests.architecture.source import Function, Module, modules

FILE_LINES_MAX = 300
FUNCTION_LINES_MAX = 40
EXACT_ROOMS = {"ledger", "points", "privileges", "passes", "vouchers", "rewards"}

MODULES = [pytest.param(module, id=module.short) for module in modules()]
EXACT = [pytest.param(module, id=module.short) for module in modules() if module.room in EXACT_ROOMS]


def test_files_are_at_most_300_lines_long() -> None:
    long = {module.short for module in modules() if len(module.text.splitlines()) > FILE_LINES_MAX}

    assert long == excepted("file size")


def test_functions_have_at_most_40_lines_of_code() -> None:
    long = {
        f"{module.short} {function.name}"
        for module in modules()
        for function in module.functions()
        if module.code_lines(function) > FUNCTION_LINES_MAX
    }

    assert long == excepted("function size")


@pytest.mark.parametrize("module", MODULES)
def test_nothing_is_imported_inside_a_function(module: Module) -> None:
    inner = [
        node.lineno
        for function in module.functions()
        for node in ast.walk(function)
        if isinstance(node, ast.Import | ast.ImportFrom)
    ]

    assert inner == []


@pytest.mark.parametrize("module", EXACT)
def test_no_float_touches_a_value(module: Module) -> None:
    named = [node.lineno for node in ast.walk(module.tree) if isinstance(node, ast.Name) and node.id == "float"]
    written = [
        node.lineno for node in ast.walk(module.tree) if isinstance(node, ast.Constant) and type(node.value) is float
    ]

    assert named + written == []


@pytest.mark.parametrize("module", MODULES)
def test_nothing_is_printed_but_by_a_command(module: Module) -> None:
    printed = [
        node.lineno
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "print"
    ]

    assert printed == [] or module.file.startswith("cli")


@pytest.mark.parametrize("module", MODULES)
def test_every_module_and_every_public_function_says_what_it_is_for(module: Module) -> None:
    silent = [
        node.name
        for node in module.tree.body
        if isinstance(node, Function | ast.ClassDef) and not node.name.startswith("_") and not ast.get_docstring(node)
    ]

    assert ast.get_docstring(module.tree) or not module.text
    assert silent == []
