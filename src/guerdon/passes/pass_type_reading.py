"""Reading the file of a pass type: from bytes to a valid PassType, or to every mistake with its place."""

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any, Final, cast

from pydantic import BaseModel, ValidationError

from guerdon.passes import pass_type, pass_type_parts
from guerdon.passes.member_mistakes import sentence
from guerdon.passes.pass_type import PassType, PassTypeInvalid
from guerdon.passes.pass_type_text import Mistake, Path, Tree, read_tree

FILE_SUFFIXES = (".yaml", ".yml", ".json")
MISTAKES_MAX = 200

# What stands at such a mistake may have mistakes of its own, which are told too.
_OF_THE_RIGHT_KIND: Final = frozenset({"extra_forbidden", "value_error"})


def read_pass_type(name: str, content: bytes) -> PassType:
    """Read a pass type of at most 256 KiB; the file's name without its ending is `name`.

    Raises PassTypeInvalid with all mistakes at once, whatever the bytes are.
    """
    found, _places = examine(name, content)
    return found


def examine(name: str, content: bytes) -> tuple[PassType, Tree]:
    """Read a pass type and keep the place of everything in it, for checks that come later.

    Raises PassTypeInvalid.
    """
    found, tree = read_as_far_as_possible(name, content)
    if found is None:
        raise PassTypeInvalid(name, first_mistakes(tree))
    return found, tree


def read_as_far_as_possible(name: str, content: bytes) -> tuple[PassType | None, Tree]:
    """Read a pass type, None when it has mistakes of form; the tree has these, and what could be read all the same."""
    tree = read_tree(content)
    value = tree.value
    if not tree.mistakes and not isinstance(value, dict):
        tree.add((), "A pass type is a section of names and values; this file is not.")
    if not isinstance(value, dict):
        return None, tree

    members = cast("dict[str, object]", value)
    found = _validated(name, members, tree)
    _check_together(members, tree)
    return None if tree.mistakes else found, tree


def first_mistakes(tree: Tree) -> list[Mistake]:
    """List the mistakes, the first line first, 200 at most."""
    ordered = sorted(tree.mistakes, key=lambda mistake: (mistake.place.line, mistake.place.column))
    return ordered[:MISTAKES_MAX]


def _validated(name: str, members: dict[str, object], tree: Tree) -> PassType | None:
    given = {**members, "barcodes": members["barcode"]} if "barcode" in members else dict(members)
    given.pop("barcode", None)
    if "barcode" in members and "barcodes" in members:
        tree.add(("barcode",), "Give either `barcode` or `barcodes`.")
    if given.setdefault("name", name) != name:
        tree.add(("name",), f"The name of the file is {name}; leave `name` out, or write the same.")
        given["name"] = name
    try:
        return PassType.model_validate(given)
    except ValidationError as error:
        for detail in error.errors(include_url=False, include_input=False):
            path = _written_path(detail["loc"], tree)
            tree.add(path, sentence(path, detail, _KNOWN_NAMES))
            if detail["type"] not in _OF_THE_RIGHT_KIND:
                tree.misplaced.add(path)
    return None


def _written_path(location: tuple[int | str, ...], tree: Tree) -> Path:
    """Turn pydantic's location into the path in the file."""
    path: Path = tuple(
        "barcode" if location[:1] == ("barcodes",) and ("barcode",) in tree.places and part == "barcodes" else part
        for part in location
        if part != "[key]"
    )
    if path[:1] == ("barcode",) and len(path) > 1 and ("barcode", 0) not in tree.places:
        path = ("barcode", *path[2:])
    if path[-1:] == ("default",) and path not in tree.places:
        path = path[:-1]
    return path


def _known_names() -> Iterator[str]:
    yield "barcode"
    for part in [*vars(pass_type).values(), *vars(pass_type_parts).values()]:
        if isinstance(part, type) and issubclass(part, BaseModel):
            yield from (field.alias or name for name, field in part.model_fields.items())


_KNOWN_NAMES: Final = sorted(set(_known_names()))


def _check_together(members: Mapping[str, Any], tree: Tree) -> None:
    """Check what holds between members, on values that may themselves be wrong."""
    _check_field_keys(members.get("fields"), tree)
    _check_apple(members.get("apple"), tree)
    floor, ceiling = members.get("privilegeFloor"), members.get("privilegeCeiling")
    if isinstance(floor, int | Decimal) and isinstance(ceiling, int | Decimal) and floor > ceiling:
        tree.add(("privilegeFloor",), f"`privilegeFloor` is {floor}, above `privilegeCeiling`, which is {ceiling}.")


def _check_field_keys(groups: object, tree: Tree) -> None:
    first: dict[str, Path] = {}
    for path, field in _fields(groups):
        key = field.get("key")
        if not isinstance(key, str):
            continue
        if key in first:
            line = tree.place_of(first[key]).line
            tree.add(
                (*path, "key"),
                f"The key `{key}` is taken by the field in line {line}; each field needs its own.",
            )
        first.setdefault(key, (*path, "key"))


def _fields(groups: object) -> Iterator[tuple[Path, Mapping[str, object]]]:
    if not isinstance(groups, Mapping):
        return
    for group, fields in cast("Mapping[str, object]", groups).items():
        if isinstance(fields, tuple):
            for index, field in enumerate(cast("tuple[object, ...]", fields)):
                if isinstance(field, Mapping):
                    yield ("fields", group, index), cast("Mapping[str, object]", field)


def _check_apple(apple: object, tree: Tree) -> None:
    if not isinstance(apple, Mapping):
        return
    section = cast("Mapping[str, object]", apple)
    style, fallback = section.get("style"), section.get("fallbackStyle")
    if style == "posterGeneric" and fallback is None:
        needs = "posterGeneric exists from iOS 27 on; older phones need a `fallbackStyle`"
        tree.add(("apple", "style"), f"{needs}: storeCard, coupon or generic.")
    if fallback is not None and style != "posterGeneric":
        tree.add(("apple", "fallbackStyle"), "`fallbackStyle` belongs to `style: posterGeneric`.")
