"""What the documents promise: refusals with their codes, generated pages, and a repository anybody can use."""

import ast
import inspect
import re
import subprocess
import sys
from pathlib import Path

import pytest
from docs.generate import import_everything, list_problems

from guerdon.platform.problems import Problem
from tests.architecture.source import ROOT, Module, modules

# A row of the table: name, status, and what it says. The family itself has no status of its own.
ROW = re.compile(r"^(?P<name>[A-Z]\w+)(?: +(?P<status>\d{3}) +|  +)\S", re.MULTILINE)
# Mistakes of a body are told as such, wherever they are found.
SHARED_CODES = ["guerdon/access/errors.py KeyDefinitionInvalid"]
EVENT_KIND = re.compile(r"[A-Z][A-Za-z]+:[A-Z][A-Za-z]+|(tenant|access)\.([a-z]+-)?([a-z]+ed|frozen)")
SNAKE_CASE = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")
# Written in two parts: this file, too, names no host of a registry.
REGISTRY_HOSTS = [
    ".".join(parts)
    for parts in (
        ("registry", "npmjs", "org"),
        ("registry", "yarnpkg", "com"),
        ("pypi", "org"),
        ("files", "pythonhosted", "org"),
        ("proxy", "golang", "org"),
    )
]
REFUSING = {problem.__module__ for problem in list_problems()}
WITH_PROBLEMS = [pytest.param(module, id=module.short) for module in modules() if module.name in REFUSING]


def test_every_code_is_snake_case_and_belongs_to_one_refusal() -> None:
    codes = [problem.code for problem in list_problems()]

    assert [code for code in codes if not SNAKE_CASE.fullmatch(code)] == []
    assert len(codes) == len(set(codes))


def test_every_kind_of_event_stands_in_its_document_and_nothing_else_does() -> None:
    texts = {node.value for module in modules() for node in ast.walk(module.tree) if isinstance(node, ast.Constant)}
    kinds = {text for text in texts if isinstance(text, str) and EVENT_KIND.fullmatch(text)}
    rows = [line.split("|")[1] for line in (ROOT / "docs/events.md").read_text().splitlines() if line.startswith("| `")]

    told = [name for row in rows for name in re.findall("`([^`]+)`", row)]

    assert sorted(told) == sorted(kinds)


def test_every_refusal_answers_with_a_status_of_an_error() -> None:
    assert [problem.__name__ for problem in list_problems() if not 400 <= problem.status <= 599] == []


def test_every_refusal_of_a_room_has_a_code_of_its_own() -> None:
    import_everything()
    without = [
        f"{module.short} {name}"
        for module in modules()
        for name, member in inspect.getmembers(sys.modules[module.name], inspect.isclass)
        if issubclass(member, Problem) and member.__module__ == module.name and "code" not in vars(member)
    ]

    assert without == SHARED_CODES


@pytest.mark.parametrize("module", WITH_PROBLEMS)
def test_the_table_of_a_modules_docstring_lists_its_refusals(module: Module) -> None:
    import_everything()
    source = sys.modules[module.name]
    defined = {
        name: str(member.status)
        for name, member in inspect.getmembers(source, inspect.isclass)
        if issubclass(member, Problem) and member.__module__ == module.name
    }

    listed = {row["name"]: row["status"] or defined.get(row["name"]) for row in ROW.finditer(source.__doc__ or "")}
    assert listed == defined


def test_the_generated_documents_are_up_to_date() -> None:
    checked = subprocess.run(
        [sys.executable, "-m", "docs.generate", "--check"], cwd=ROOT, capture_output=True, text=True, check=False
    )

    assert checked.returncode == 0, checked.stderr


def test_the_tour_names_files_that_exist() -> None:
    named = set(re.findall(r"`([a-z_]+/[a-z_/]+\.py)`", (ROOT / "docs" / "tour.md").read_text()))

    assert {name for name in named if not (ROOT / "src" / "guerdon" / name).exists()} == set()


def test_the_licence_is_there() -> None:
    assert "Apache License" in (ROOT / "LICENSE").read_text()


def test_no_lock_file_says_where_a_package_was_fetched() -> None:
    locks = [path for path in tracked() if path.name in {"package-lock.json", "npm-shrinkwrap.json"}]

    assert locks
    assert [path.name for path in locks if '"resolved"' in path.read_text()] == []


def test_no_file_names_the_host_of_a_registry() -> None:
    named = [
        f"{path.relative_to(ROOT)} {host}"
        for path in tracked()
        for host in REGISTRY_HOSTS
        if host.encode() in path.read_bytes()
    ]

    assert named == []


def tracked() -> list[Path]:
    """Give the files of the repository, and none of what was made beside them."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True)
    return [path for name in listed.stdout.split("\0") if name and (path := ROOT / name).is_file()]
