"""Rules about fields: their keys, formats and places."""

import re
from collections.abc import Iterator
from decimal import Decimal

from guerdon.delivery.apple.catalogue import finding
from guerdon.delivery.apple.findings import Finding
from guerdon.delivery.apple.reading import Members, field_holders, fields_of, text
from guerdon.delivery.apple.shapes import instant

DATE_KEYS = ("dateStyle", "timeStyle", "isRelative", "ignoresTimeZone")
_UNALIGNED_GROUPS = frozenset({"primaryFields", "backFields"})
_NUMBER_KEYS = ("numberStyle", "currencyCode")
_TAG = re.compile(r"</?\s*([A-Za-z][A-Za-z0-9]*)")


def field_findings(document: Members) -> Iterator[Finding]:
    """Check every field; keys are compared within a style: a fallback repeats them."""
    for place, holder in field_holders(document):
        seen: set[str] = set()
        for path, group, field in fields_of(holder, place):
            key = text(field.get("key"))
            if key and key in seen:
                yield finding(
                    "field-key-repeated",
                    f"{path}.key",
                    f"{key!r} is the key of an earlier field; choose another.",
                )
            seen.add(key)
            yield from _formats(path, field)
            yield from _placement(path, place, group, field)


def _formats(path: str, field: Members) -> Iterator[Finding]:
    value = field.get("value")
    is_number = isinstance(value, int | float | Decimal) and not isinstance(value, bool)
    if field.get("numberStyle") is not None and field.get("currencyCode") is not None:
        yield finding(
            "number-format-conflict",
            f"{path}.numberStyle",
            "Keep numberStyle or currencyCode; Wallet uses one.",
        )
    for key in _NUMBER_KEYS:
        if field.get(key) is not None and not is_number:
            yield finding("number-format-on-text", f"{path}.{key}", "Send the value as a number, without quotes.")
    for key in DATE_KEYS:
        if field.get(key) is not None and instant(text(value)) is None:
            yield finding(
                "date-format-on-text",
                f"{path}.{key}",
                "The value is no date. Write it like 2026-11-21T18:30:00+01:00, or leave this key out.",
            )
    message = text(field.get("changeMessage"))
    if message and "%@" not in message:
        yield finding(
            "change-message-needs-placeholder",
            f"{path}.changeMessage",
            f"Without %@ no phone shows the change. Write it like {message + ' %@'!r}.",
        )
    foreign = {tag for tag in _TAG.findall(text(field.get("attributedValue"))) if tag.lower() != "a"}
    if foreign:
        yield finding(
            "attributed-value-markup",
            f"{path}.attributedValue",
            f"Only links are shown; remove {', '.join(sorted(foreign))}.",
        )


def _placement(path: str, place: str, group: str, field: Members) -> Iterator[Finding]:
    if field.get("textAlignment") is not None and group in _UNALIGNED_GROUPS:
        yield finding("alignment-misplaced", f"{path}.textAlignment", f"{group} cannot be aligned; leave it out.")
    if field.get("dataDetectorTypes") is not None and group != "backFields":
        yield finding("data-detectors-misplaced", f"{path}.dataDetectorTypes", "Only back fields detect data.")
    if field.get("row") is not None and place != "eventTicket":
        yield finding("row-misplaced", f"{path}.row", f"{place} has one row; leave it out.")
