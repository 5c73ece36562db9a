"""Reading a privilege and its parts from JSON."""

from decimal import Decimal

from guerdon_client.model import (
    Appearance,
    Content,
    Link,
    Links,
    LocalizedText,
    Movement,
    Origin,
    Privilege,
)
from guerdon_client.reading import Members, read_names

NO_DATA = Members({"value": 0})


def read_privilege(members: Members, version: int | None = None, *, is_cut: bool = False) -> Privilege:
    """Read a privilege. Raises BrokenAnswer."""
    data = members.find("data", _itself) or NO_DATA
    return Privilege(
        members.text("privilegeId"),
        members.text("type"),
        data.find_number("value") or Decimal(0),
        tuple(read_movement(Members(item)) for item in data.items("movements")),
        members.find_text("externalId"),
        members.find_whole("priority"),
        members.find("origin", _read_origin),
        read_names(members.items("categories"), "categories"),
        members.find("content", _read_content),
        members.find("appearance", _read_appearance),
        members.find("links", _read_links),
        data.find_text("content"),
        members.find_instant("deletionDate"),
        version,
        is_cut,
    )


def _itself(members: Members) -> Members:
    return members


def read_movement(members: Members) -> Movement:
    """Read a movement. Raises BrokenAnswer."""
    return Movement(
        members.text("movementId"), members.instant("date"), members.number("value"), members.find_text("remarks")
    )


def _read_origin(members: Members) -> Origin:
    return Origin(members.find_text("externalId"), members.find_text("generator"), members.find_text("processId"))


def _read_content(members: Members) -> Content:
    return Content(members.find("title", _read_text), members.find("description", _read_text))


def _read_appearance(members: Members) -> Appearance:
    return Appearance(
        members.find("mainImageUrl", _read_text),
        members.find("thumbnailUrl", _read_text),
        members.find_text("backgroundColor"),
        members.find_text("foregroundColor"),
    )


def _read_links(members: Members) -> Links:
    return Links(members.find("legalInformation", _read_link), members.find("callToAction", _read_link))


def _read_link(members: Members) -> Link:
    return Link(members.text("link"), members.find("title", _read_text))


def _read_text(members: Members) -> LocalizedText:
    return LocalizedText(members.find_text("value"), members.find_texts("values"))
