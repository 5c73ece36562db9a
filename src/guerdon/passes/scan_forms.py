"""What the codes of a pass type print, read backwards: from a scanned value to the id or identifiers inside it."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final
from urllib.parse import parse_qs, urlsplit

from guerdon.passes.model import PASS_ID
from guerdon.passes.pass_type import PassType

FORMS_KEPT = 2_000
SEGMENTS = 2  # of a page's address: the tenant and the layout
OUTPUTS_MAX = 3  # more places whose ends are guessed would make reading slow
PASS_ID_OUTPUT: Final = "pass.id"  # noqa: S105 - a pass is no password

_OUTPUT: Final = re.compile(r"\{\{-?\s*(.*?)\s*-?\}\}", re.DOTALL)
_IDENTIFIER: Final = re.compile(r"""(?:pass\.)?identifiers(?:\.([A-Za-z0-9_-]+)|\[\s*(["'])(.+?)\2\s*\])""")


@dataclass(frozen=True, slots=True)
class Place:
    """What a code prints at one place: the identifier of a name, or (None) the pass id."""

    identifier: str | None


@dataclass(frozen=True, slots=True)
class Form:
    """A code's template as a pattern, whose groups hold what `places` say."""

    pattern: re.Pattern[str]
    places: tuple[Place, ...]


@dataclass(frozen=True, slots=True)
class Reading:
    """What a scanned value says of the pass that prints it."""

    pass_type: str
    pass_id: str | None
    identifiers: tuple[tuple[str, str], ...]

    def fits(self, pass_id: str, pass_type: str, identifiers: Iterable[tuple[str, str]]) -> bool:
        """Tell whether a pass prints this value."""
        return (
            pass_type == self.pass_type
            and self.pass_id in {None, pass_id}
            and set(self.identifiers) <= set(identifiers)
        )


def read_printed(data: str, pass_types: Iterable[PassType]) -> list[Reading]:
    """Read a scanned value as each code of each pass type that could have printed it."""
    return [
        reading
        for pass_type in pass_types
        for template in _templates(pass_type)
        if (form := form_of(template)) is not None and (reading := _read(data, form, pass_type.name)) is not None
    ]


@lru_cache(maxsize=FORMS_KEPT)
def form_of(template: str) -> Form | None:
    """Turn the template of a code into a pattern; None when it says nothing of a pass that can be looked up.

    Other values (metadata, filters) may be anything. Conditions and loops cannot be read backwards.
    """
    literals = _OUTPUT.split(template.strip())[0::2]
    outputs = _OUTPUT.findall(template)
    is_plain = all("{%" not in text and "{{" not in text for text in literals)
    if not is_plain or len(outputs) > OUTPUTS_MAX or not all(literals[1:-1]):
        return None
    places: list[Place] = []
    pattern = re.escape(literals[0])
    for output, literal in zip(outputs, literals[1:], strict=True):
        place = _place(output)
        if place is not None:
            places.append(place)
        pattern += _group(place) + re.escape(literal)
    return Form(re.compile(pattern, re.DOTALL), tuple(places)) if places else None


def id_in_page_address(data: str, tenant_id: str) -> str | None:
    """Find the pass id in the address of a hosted page, `https://host/{tenant}/{layout}?id=`."""
    try:
        parts = urlsplit(data.strip())
    except ValueError:
        return None
    segments = parts.path.strip("/").split("/")
    is_page = parts.scheme in {"http", "https"} and segments[:1] == [tenant_id] and len(segments) == SEGMENTS
    ids = parse_qs(parts.query).get("id", []) if is_page else []
    return ids[0] if len(ids) == 1 else None


def _templates(pass_type: PassType) -> Sequence[str]:
    messages = [barcode.message for barcode in pass_type.barcodes]
    return messages if pass_type.apple.nfc is None else [*messages, pass_type.apple.nfc.message]


def _place(output: str) -> Place | None:
    if output == PASS_ID_OUTPUT:
        return Place(None)
    named = _IDENTIFIER.fullmatch(output)
    return None if named is None else Place(named[1] or named[3])


def _group(place: Place | None) -> str:
    if place is None:
        return r".{0,500}?"
    return f"({PASS_ID.pattern})" if place.identifier is None else r"(.{1,500}?)"


def _read(data: str, form: Form, pass_type: str) -> Reading | None:
    found = form.pattern.fullmatch(data.strip())
    if found is None:
        return None
    said = list(zip(form.places, found.groups(), strict=True))
    ids = {value for place, value in said if place.identifier is None}
    if len(ids) > 1:
        return None
    identifiers = tuple((place.identifier, value) for place, value in said if place.identifier is not None)
    return Reading(pass_type, next(iter(ids), None), identifiers)
