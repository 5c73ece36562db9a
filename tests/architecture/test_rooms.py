"""Who may import whom: storeys, the insides of rooms, and models that touch nothing."""

import ast
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

from tests.architecture.exceptions import excepted
from tests.architecture.source import ROOT, modules

INSIDES = ("queries", "schemas", "routes", "hot_routes")
# What a model may use of the world outside its room: nothing that reads, writes, waits, or asks the time.
OUTSIDE_MODELS = {
    "asyncio",
    "asyncpg",
    "fastapi",
    "httpx2",
    "io",
    "os",
    "pathlib",
    "pydantic",
    "pydantic_settings",
    "random",
    "secrets",
    "socket",
    "starlette",
    "structlog",
    "subprocess",
    "tempfile",
    "threading",
    "time",
    "urllib.request",
    "uvicorn",
}
PURE_PLATFORM = {"guerdon.platform.problems", "guerdon.platform.tenant_ids"}
CLOCKS = {"now", "utcnow", "today"}
NAMELESS = {"utils", "helpers", "common", "manager", "service", "base"}


def test_imports_go_down_and_rooms_on_one_storey_do_not_know_each_other() -> None:
    lint = Path(sys.executable).with_name("lint-imports")
    checked = subprocess.run([lint, "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False)

    assert checked.returncode == 0, checked.stdout


def test_the_insides_of_a_room_are_imported_by_itself_and_by_the_entrypoints_only() -> None:
    broken = [
        f"{module.short} imports {imported}"
        for module in modules()
        for imported in _imported_modules(module.imports())
        if _is_inside(imported) and module.room not in {imported.split(".")[1], "entrypoints"}
    ]

    assert broken == []


def test_no_module_uses_a_private_name_of_another() -> None:
    broken = [
        f"{module.short} imports {name} from {source}"
        for module in modules()
        for source, name in module.imports()
        if source.startswith("guerdon") and name.startswith("_")
    ]

    assert broken == []


def test_a_model_reads_writes_and_waits_for_nothing() -> None:
    broken = {
        module.short
        for module in modules()
        if module.file == "model" and any(map(_is_outside_models, _imported_modules(module.imports())))
    }

    assert broken == excepted("pure models")


def test_a_model_asks_no_clock() -> None:
    broken = [
        f"{module.short}:{node.lineno}"
        for module in modules()
        if module.file == "model"
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Attribute) and node.attr in CLOCKS
    ]

    assert broken == []


def test_every_module_has_a_name_that_says_what_it_holds() -> None:
    assert [
        module.short for module in modules() if module.file in NAMELESS or module.path.parent.name in NAMELESS
    ] == []


def _imported_modules(imports: Iterable[tuple[str, str]]) -> list[str]:
    """Give every module that is meant, whether it is named by `import a.b` or `from a import b`."""
    known = {module.name for module in modules()}
    return [f"{source}.{name}" if f"{source}.{name}" in known else source for source, name in imports]


def _is_inside(imported: str) -> bool:
    parts = imported.split(".")
    last = parts[-1]
    return parts[0] == "guerdon" and len(parts) > 2 and (last in INSIDES or last.endswith("_queries"))


def _is_outside_models(imported: str) -> bool:
    if imported in OUTSIDE_MODELS or imported.split(".", maxsplit=1)[0] in OUTSIDE_MODELS:
        return True
    return imported.startswith("guerdon.platform") and imported not in PURE_PLATFORM
