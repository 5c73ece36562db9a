"""Where in the file of a pass type stands what a finding on its `pass.json` is about."""

import re
from collections.abc import Mapping, Sequence
from typing import Final, cast

from guerdon.passes.pass_type import PassType
from guerdon.passes.pass_type_parts import Group
from guerdon.passes.pass_type_text import Path

Steps = tuple[str | int, ...]

_STEP: Final = re.compile(r"\[(\d+)\]|([^.\[\]]+)")
_GROUPS: Final[Mapping[str, Group]] = {
    "headerFields": "header",
    "primaryFields": "primary",
    "secondaryFields": "secondary",
    "auxiliaryFields": "auxiliary",
    "backFields": "back",
    "footerFields": "footer",
    "additionalInfoFields": "additionalInfo",
}
_SECTIONS: Final[Mapping[str, Path]] = {
    "organizationName": ("organization",),
    "description": ("description",),
    "logoText": ("logoText",),
    "backgroundColor": ("colors", "background"),
    "foregroundColor": ("colors", "foreground"),
    "labelColor": ("colors", "label"),
    "barcodes": ("barcodes",),
    "locations": ("locations",),
    "maxDistance": ("relevance", "maxDistance"),
    "relevantDates": ("relevance", "dates"),
    "relevantDate": ("relevance", "dates"),
    "expirationDate": ("expiry",),
}


def steps_of(path: str) -> Steps:
    """Take a path such as `storeCard.backFields[0].value` apart."""
    return tuple(int(step[1]) if step[1] else step[2] for step in _STEP.finditer(path))


def value_at(document: object, steps: Steps) -> object:
    """Read what stands at a path; None when nothing does."""
    for step in steps:
        if isinstance(step, str) and isinstance(document, Mapping):
            document = cast("Mapping[str, object]", document).get(step)
        elif isinstance(step, int) and isinstance(document, list):
            entries = cast("list[object]", document)
            document = entries[step] if step < len(entries) else None
        else:
            return None
    return document


def written_path(document: Mapping[str, object], steps: Steps, pass_type: PassType) -> Path:
    """Turn a path in the `pass.json` of a sample into the path in the file that it comes from."""
    first, *rest = steps or ("",)
    if isinstance(first, str) and first in pass_type.apple.extra:
        return ("apple", "extra", *steps)
    if str(first) in {pass_type.apple_style(), pass_type.apple.fallback_style} and rest:
        return _field_path(document, steps, pass_type)
    if str(first).partition("@")[0].removesuffix(".png") in pass_type.images:
        return ("images", str(first).partition("@")[0].removesuffix(".png"))
    section = _SECTIONS.get(str(first), ("apple", first))
    return _barcode_path(rest, pass_type) if section == ("barcodes",) else (*section, *rest)


def field_key(document: Mapping[str, object], steps: Steps) -> object:
    """Give the key of the field that a path lies in; None when it lies in none."""
    return value_at(document, (*steps[:3], "key"))


def _field_path(document: Mapping[str, object], steps: Steps, pass_type: PassType) -> Path:
    """Find a field by its key: fields without a value are left out, so that positions differ."""
    key = field_key(document, steps)
    for group in _GROUPS.values():
        for index, field in enumerate(pass_type.fields.of(group)):
            if field.key == key:
                return ("fields", group, index, *steps[3:])
    if isinstance(key, str) and key.startswith("privilege-"):
        return ("privileges", "field")
    if isinstance(key, str) and key.startswith("link-"):
        return ("links", int(key.removeprefix("link-")) - 1)
    return ("fields", _GROUPS.get(str(steps[1]), str(steps[1])))


def _barcode_path(rest: Sequence[str | int], pass_type: PassType) -> Path:
    # One code may be written as `barcode`; where that is not in the file, the place of the whole is given.
    return ("barcode", *rest[1:]) if len(pass_type.barcodes) == 1 else ("barcodes", *rest)
