"""What every system wants to read: importing older documents, and writing both spellings of doubtful keys."""

from collections.abc import Mapping
from typing import Final, cast

from guerdon.delivery.apple.barcodes import with_old_phone_barcode
from guerdon.delivery.apple.model import PassDocument
from guerdon.delivery.apple.reading import items, members, text
from guerdon.delivery.apple.relevance import RelevantDate
from guerdon.delivery.apple.rules_fields import DATE_KEYS
from guerdon.delivery.apple.semantics import Semantics
from guerdon.delivery.apple.shapes import instant

_DESIGNER_KEYS: Final = frozenset({"_id"})
_TWO_SPELLINGS: Final = (
    ("departure_airport_time_zone", "departure_location_time_zone"),
    ("destination_airport_time_zone", "destination_location_time_zone"),
    ("departure_airport_security_programs", "departure_location_security_programs"),
    ("destination_airport_security_programs", "destination_location_security_programs"),
)


def imported(document: Mapping[str, object]) -> dict[str, object]:
    """Bring a foreign `pass.json` into today's form, before it is validated.

    The single `barcode` moves into `barcodes`, Pass Designer's `_id` keys go, and date formats go from values
    that are no dates: what Apple's builder does when it opens a pass.
    """
    clean = members(_without_designer_keys(dict(document)))
    barcode, rest = clean.get("barcode"), {key: value for key, value in clean.items() if key != "barcode"}
    if barcode is not None and not items(rest.get("barcodes")):
        rest["barcodes"] = [barcode]
    return rest


def completed(document: PassDocument) -> PassDocument:
    """Add what other systems read: a QR code for older phones, and both spellings of dates and time zones."""
    dates = document.relevant_dates
    changes: dict[str, object] = {}
    if document.barcodes is not None:
        changes["barcodes"] = with_old_phone_barcode(document.barcodes)
    if dates is not None:
        changes["relevant_dates"] = tuple(map(_both_dates, dates))
        if document.relevant_date is None and dates:
            changes["relevant_date"] = dates[0].date or dates[0].relevant_date or dates[0].start_date
    if document.semantics is not None:
        changes["semantics"] = _both_spellings(document.semantics)
    return document.model_copy(update=changes)


def _without_designer_keys(value: object) -> object:
    if isinstance(value, dict):
        inner = cast("dict[str, object]", value)
        kept = {key: _without_designer_keys(one) for key, one in inner.items() if key not in _DESIGNER_KEYS}
        return _without_idle_date_formats(kept)
    if isinstance(value, list | tuple):
        return [_without_designer_keys(one) for one in items(cast("list[object]", value))]
    return value


def _without_idle_date_formats(field: dict[str, object]) -> dict[str, object]:
    if "key" not in field or "value" not in field or instant(text(field["value"])) is not None:
        return field
    return {key: value for key, value in field.items() if key not in DATE_KEYS}


def _both_dates(date: RelevantDate) -> RelevantDate:
    moment = date.date or date.relevant_date
    return date.model_copy(update={"date": moment, "relevant_date": moment})


def _both_spellings(semantics: Semantics) -> Semantics:
    changes: dict[str, object] = {}
    for one, other in _TWO_SPELLINGS:
        value = getattr(semantics, one) or getattr(semantics, other)
        changes |= {one: value, other: value}
    return semantics.model_copy(update=changes)
