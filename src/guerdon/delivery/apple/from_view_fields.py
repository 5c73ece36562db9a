"""From the fields and links of a view to the field groups of Apple's `pass.json`."""

from collections.abc import Mapping
from decimal import Decimal
from html import escape
from typing import Final

from guerdon.delivery.apple.members import Members, present
from guerdon.delivery.apple.shapes import NUMBER_MAX
from guerdon.passes.pass_type_parts import Alignment, DateStyle, Detector, Group, NumberStyle
from guerdon.rendering.model import FieldView, LinkView, PassView
from guerdon.rendering.rows import Rows, classic_rows, poster_rows

_ALIGNMENTS: Final[Mapping[Alignment, str]] = {
    "left": "PKTextAlignmentLeft",
    "center": "PKTextAlignmentCenter",
    "right": "PKTextAlignmentRight",
    "natural": "PKTextAlignmentNatural",
}
_DATES: Final[Mapping[DateStyle, str]] = {
    "none": "PKDateStyleNone",
    "short": "PKDateStyleShort",
    "medium": "PKDateStyleMedium",
    "long": "PKDateStyleLong",
    "full": "PKDateStyleFull",
}
_NUMBERS: Final[Mapping[NumberStyle, str]] = {
    "decimal": "PKNumberStyleDecimal",
    "percent": "PKNumberStylePercent",
    "scientific": "PKNumberStyleScientific",
    "spellOut": "PKNumberStyleSpellOut",
}
_DETECTORS: Final[Mapping[Detector, str]] = {
    "phoneNumber": "PKDataDetectorTypePhoneNumber",
    "link": "PKDataDetectorTypeLink",
    "address": "PKDataDetectorTypeAddress",
    "calendarEvent": "PKDataDetectorTypeCalendarEvent",
}


def field_groups(view: PassView, spoken: str) -> Members:
    """Write the fields of a pass under the key of its style, and under that of the fallback when it has one."""
    style, fallback = view.apple.style, view.apple.fallback_style
    if style != "posterGeneric":
        return {style: _groups(classic_rows(view), style, view.links, spoken)}
    poster: Members = {style: _groups(poster_rows(view), style, view.links, spoken)}
    if fallback is None:
        return poster
    return {**poster, fallback: _groups(classic_rows(view), fallback, view.links, spoken)}


def anchor(url: str, title: str) -> str:
    """Write a link in the only form of HTML that Apple reads in a field."""
    return f"<a href='{escape(url)}'>{escape(title, quote=False)}</a>"


def _groups(rows: Rows, style: str, links: tuple[LinkView, ...], spoken: str) -> Members:
    groups: Members = {
        f"{group}Fields": [_field(field, group, style, spoken) for field in fields]
        for group, fields in rows.items()
        if fields
    }
    back = [_link(link, index, spoken) for index, link in enumerate(links)]
    if back:
        known = groups.get("backFields")
        groups["backFields"] = [*(known if isinstance(known, list) else []), *back]
    return groups


def _field(field: FieldView, group: Group, style: str, spoken: str) -> Members:
    value = field.value.in_language(spoken)
    members: Members = {
        "key": field.key,
        "value": _value(field, value),
        **present(
            {
                "label": field.label.in_language(spoken),
                "changeMessage": field.change_message.in_language(spoken),
                "attributedValue": anchor(field.link, value) if field.link else "",
                "semantics": field.semantics,
            }
        ),
        **_format(field),
    }
    if field.alignment is not None and group not in {"primary", "back"}:
        members["textAlignment"] = _ALIGNMENTS[field.alignment]
    if field.detect is not None and group == "back":
        members["dataDetectorTypes"] = [_DETECTORS[kind] for kind in field.detect]
    if field.row is not None and group == "auxiliary" and style == "eventTicket":
        members["row"] = field.row
    return members


def _value(field: FieldView, text: str) -> str | Decimal:
    if _is_printed_by_phone(field.number):
        assert field.number is not None
        return field.number
    return field.instant or text


def _is_printed_by_phone(number: Decimal | None) -> bool:
    # A phone reads doubles: beyond 2^53 it would print other digits than the ledger has.
    return number is not None and abs(number) <= NUMBER_MAX


def _format(field: FieldView) -> Members:
    if field.instant is not None:
        return {
            "dateStyle": _DATES[field.date_style or "none"],
            "timeStyle": _DATES[field.time_style or "none"],
            **present({"isRelative": field.is_relative, "ignoresTimeZone": field.ignores_time_zone}),
        }
    if not _is_printed_by_phone(field.number):
        return {}
    style = _NUMBERS[field.number_style] if field.number_style else None
    return present({"currencyCode": field.currency, "numberStyle": style})


def _link(link: LinkView, index: int, spoken: str) -> Members:
    title = link.title.in_language(spoken) or link.url
    return {"key": f"link-{index + 1}", "value": title, "attributedValue": anchor(link.url, title)}
