"""Reading a file of rules under `server/points/`: everything that is wrong in it at once, each with its place."""

from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, TypeVar, cast

from pydantic import Field, ValidationError

from guerdon.passes.member_mistakes import sentence
from guerdon.passes.pass_type_parts import Part
from guerdon.passes.pass_type_text import Mistake, Path, Tree, read_tree

DAYS_MAX = 36_500

Days = Annotated[int, Field(ge=1, le=DAYS_MAX)]
Rule = TypeVar("Rule", bound=Part)
# What can only be said of several members together.
Check = Callable[[Mapping[str, object], Tree], None]


def read_rule_file(
    content: bytes, rule: type[Rule], *parts: type[Part], called: str, check: Check | None = None
) -> tuple[Rule | None, Sequence[Mistake]]:
    """Read a rule, YAML or JSON, or all mistakes in the order of the file; never raises, whatever the bytes are.

    `parts` are the sections that the rule has; `called` says what the file should have held.
    """
    tree = read_tree(content)
    found = None
    if isinstance(tree.value, dict):
        members = cast("dict[str, object]", tree.value)
        if check is not None:
            check(members, tree)
        found = _validated(members, tree, (rule, *parts))
    elif not tree.mistakes:
        tree.add((), f"{called} is a section of names and values; this file is not.")
    mistakes = sorted(tree.mistakes, key=lambda one: (one.place.line, one.place.column))
    return (None, mistakes) if mistakes else (cast("Rule", found), ())


def _validated(members: dict[str, object], tree: Tree, parts: Sequence[type[Part]]) -> Part | None:
    try:
        return parts[0].model_validate(members)
    except ValidationError as error:
        known = sorted({field.alias or name for part in parts for name, field in part.model_fields.items()})
        for detail in error.errors(include_url=False, include_input=False):
            path: Path = tuple(part for part in detail["loc"] if part != "[key]")
            tree.add(path, sentence(path, detail, known))
    return None
