"""Reading a document that may be wrong in any way, without ever failing on it."""

from collections.abc import Iterator, Mapping
from typing import Final, cast

from guerdon.delivery.apple.model import STYLES

Members = Mapping[str, object]

GROUPS: Final = (
    "headerFields",
    "primaryFields",
    "secondaryFields",
    "auxiliaryFields",
    "backFields",
    "additionalInfoFields",
    "footerFields",
)


def members(value: object) -> Members:
    """Give an object's members; nothing for anything else."""
    return cast("Members", value) if isinstance(value, dict) else {}


def items(value: object) -> tuple[object, ...]:
    """Give a list's items; nothing for anything else."""
    return tuple(cast("list[object]", value)) if isinstance(value, list | tuple) else ()


def text(value: object) -> str:
    """Give a text; the empty one for anything else."""
    return value if isinstance(value, str) else ""


def styles_of(document: Members) -> list[str]:
    """List the styles that the document has, in our order."""
    return [style for style in STYLES if document.get(style) is not None]


def schemes_of(document: Members) -> list[str]:
    """List the preferred style schemes."""
    return [text(scheme) for scheme in items(document.get("preferredStyleSchemes"))]


def fields_of(holder: Members, path: str) -> Iterator[tuple[str, str, Members]]:
    """Walk the fields in the groups of a style or of a future event: path, group and members of each."""
    for group in GROUPS:
        for index, field in enumerate(items(holder.get(group))):
            yield f"{path}.{group}[{index}]", group, members(field)


def field_holders(document: Members) -> Iterator[tuple[str, Members]]:
    """Walk what has fields: the styles, and the future events of a ticket."""
    for style in styles_of(document):
        yield style, members(document.get(style))
    for index, event in enumerate(items(document.get("upcomingPassInformation"))):
        yield f"upcomingPassInformation[{index}]", members(event)
