"""From the neutral view to Apple's `pass.json` and its words in other languages."""

from collections.abc import Iterable, Iterator, Mapping, Sized
from dataclasses import dataclass
from decimal import Decimal
from html import escape
from typing import Final

from guerdon.delivery.apple.barcodes import OLD_FORMATS, encoding_for
from guerdon.delivery.apple.shapes import NUMBER_MAX
from guerdon.passes.pass_type_parts import Alignment, BarcodeFormat, DateStyle, Detector, Group, NumberStyle
from guerdon.platform.clock import rfc3339
from guerdon.rendering.model import (
    AppleView,
    Barcode,
    FieldView,
    LinkView,
    Location,
    PassView,
    RelevantDate,
    Text,
)
from guerdon.rendering.rows import Rows, classic_rows, poster_rows

IDENTITY_KEYS: Final = frozenset(
    {
        "formatVersion",
        "passTypeIdentifier",
        "teamIdentifier",
        "serialNumber",
        "authenticationToken",
        "webServiceURL",
    }
)

_FORMATS: Final[Mapping[BarcodeFormat, str]] = {
    "qr": "PKBarcodeFormatQR",
    "pdf417": "PKBarcodeFormatPDF417",
    "aztec": "PKBarcodeFormatAztec",
    "code128": "PKBarcodeFormatCode128",
    "code39": "PKBarcodeFormatCode39",
    "codabar": "PKBarcodeFormatCodabar",
    "ean13": "PKBarcodeFormatEAN13",
    "itf": "PKBarcodeFormatI2of5",
}
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

Members = dict[str, object]


@dataclass(frozen=True, slots=True)
class ApplePassIdentity:
    """Who this pass is for Apple; serial number and token never change once it is installed."""

    pass_type_identifier: str
    team_identifier: str
    serial_number: str
    authentication_token: str
    web_service_url: str | None


def pass_document(view: PassView, identity: ApplePassIdentity, language: str | None = None) -> Members:
    """Write the `pass.json` of a view; texts are in `language`, or in the default one of the pass type.

    Codes that only iOS 27 shows get a QR code beside them, relevant dates are written in all three spellings,
    and posterGeneric stands beside its fallback. Translations are in `strings`, keyed by the default text.
    """
    spoken = language or view.language
    document: Members = {
        "formatVersion": 1,
        "passTypeIdentifier": identity.pass_type_identifier,
        "teamIdentifier": identity.team_identifier,
        "serialNumber": identity.serial_number,
        **_service(identity),
        "organizationName": view.organization.in_language(spoken),
        "description": view.description.in_language(spoken),
        **_present({"logoText": view.logo_text.in_language(spoken)}),
        "backgroundColor": view.colors.background.rgb(),
        "foregroundColor": view.colors.foreground.rgb(),
        "labelColor": view.colors.label.rgb(),
        **_styles(view, spoken),
        **_present({"barcodes": _barcodes(view.barcodes, spoken)}),
        **_relevance(view, spoken),
        **_apple(view.apple),
    }
    extra = {key: value for key, value in view.apple.extra.items() if key not in IDENTITY_KEYS}
    return {**document, **extra}


def strings(view: PassView) -> dict[str, dict[str, str]]:
    """Give the words by language: default text to translation, for every language that has any.

    The default language is among them when others are, since a phone whose language is missing would
    otherwise be shown any of those that are there.
    """
    tables: dict[str, dict[str, str]] = {}
    for text in _texts(view):
        for language, translation in text.translations.items():
            tables.setdefault(language, {}).setdefault(text.default, translation)
    keys = {key for table in tables.values() for key in table}
    if keys:
        tables[view.language] = {key: key for key in sorted(keys)}
    return {language: tables[language] for language in sorted(tables)}


def _service(identity: ApplePassIdentity) -> Members:
    if identity.web_service_url is None:
        return {}
    return {"webServiceURL": identity.web_service_url, "authenticationToken": identity.authentication_token}


def _styles(view: PassView, spoken: str) -> Members:
    style, fallback = view.apple.style, view.apple.fallback_style
    if style != "posterGeneric":
        return {style: _groups(classic_rows(view), style, view.links, spoken)}
    poster: Members = {style: _groups(poster_rows(view), style, view.links, spoken)}
    if fallback is None:
        return poster
    return {**poster, fallback: _groups(classic_rows(view), fallback, view.links, spoken)}


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
        **_present(
            {
                "label": field.label.in_language(spoken),
                "changeMessage": field.change_message.in_language(spoken),
                "attributedValue": _anchor(field.link, value) if field.link else "",
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
            **_present({"isRelative": field.is_relative, "ignoresTimeZone": field.ignores_time_zone}),
        }
    if not _is_printed_by_phone(field.number):
        return {}
    style = _NUMBERS[field.number_style] if field.number_style else None
    return _present({"currencyCode": field.currency, "numberStyle": style})


def _link(link: LinkView, index: int, spoken: str) -> Members:
    title = link.title.in_language(spoken) or link.url
    return {"key": f"link-{index + 1}", "value": title, "attributedValue": _anchor(link.url, title)}


def _anchor(url: str, title: str) -> str:
    return f"<a href='{escape(url)}'>{escape(title, quote=False)}</a>"


def _barcodes(barcodes: Iterable[Barcode], spoken: str) -> list[Members]:
    written = [_barcode(barcode, spoken) for barcode in barcodes]
    # A phone before iOS 27 that knows none of the formats shows no code at all.
    if written and not any(barcode["format"] in OLD_FORMATS for barcode in written):
        written.append({**written[0], "format": _FORMATS["qr"]})
    return written


def _barcode(barcode: Barcode, spoken: str) -> Members:
    return {
        "format": _FORMATS[barcode.format],
        "message": barcode.message,
        "messageEncoding": barcode.encoding or encoding_for(barcode.message),
        **_present({"altText": barcode.alt_text.in_language(spoken)}),
    }


def _relevance(view: PassView, spoken: str) -> Members:
    dates = [_relevant_date(date) for date in view.relevant_dates]
    members: Members = {
        "locations": [_location(location, spoken) for location in view.locations],
        "maxDistance": view.max_distance_m,
        "relevantDates": dates,
        # iOS 17 and older read only this one.
        "relevantDate": rfc3339(view.relevant_dates[0].since) if dates else None,
        "expirationDate": rfc3339(view.expires_at) if view.expires_at else None,
        "voided": view.is_voided,
    }
    return _present(members)


def _relevant_date(date: RelevantDate) -> Members:
    if date.until is not None:
        return {"startDate": rfc3339(date.since), "endDate": rfc3339(date.until)}
    # iOS 26 reads `date`, iOS 18 read `relevantDate` in the same place.
    return {"date": rfc3339(date.since), "relevantDate": rfc3339(date.since)}


def _location(location: Location, spoken: str) -> Members:
    altitude = None if location.altitude_m is None else float(location.altitude_m)
    return {
        "latitude": float(location.latitude),
        "longitude": float(location.longitude),
        **_present({"altitude": altitude, "relevantText": location.text.in_language(spoken)}),
    }


def _apple(apple: AppleView) -> Members:
    nfc = apple.nfc
    members: Members = {
        "nfc": nfc
        and {
            "message": nfc.message,
            "encryptionPublicKey": nfc.encryption_public_key,
            **_present({"requiresAuthentication": nfc.requires_authentication}),
        },
        "semantics": apple.semantics,
        "featuredActions": [
            {
                "identifier": action.identifier,
                "type": action.type,
                **_present({"url": action.url, "placeIdentifier": action.place_identifier}),
            }
            for action in apple.featured_actions
        ],
        "groupingIdentifier": apple.grouping_identifier if apple.style == "eventTicket" else None,
        "sharingProhibited": apple.sharing_prohibited,
        "suppressStripShine": apple.suppress_strip_shine,
        "associatedStoreIdentifiers": list(apple.associated_store_identifiers),
        "appLaunchURL": apple.app_launch_url if apple.associated_store_identifiers else None,
    }
    return _present(members)


def _present(members: Mapping[str, object]) -> Members:
    return {key: value for key, value in members.items() if not _is_absent(value)}


def _is_absent(value: object) -> bool:
    # Zero is not absent: an altitude of 0 m is an altitude.
    return value is None or value is False or (isinstance(value, Sized) and not len(value))


def _texts(view: PassView) -> Iterator[Text]:
    yield from (view.organization, view.description, view.logo_text)
    for fields in view.fields.values():
        for field in fields:
            yield from (field.label, field.value, field.change_message)
            if field.link:
                yield _anchored(field.link, field.value)
    for link in view.links:
        yield link.title
        yield _anchored(link.url, link.title)
    yield from (barcode.alt_text for barcode in view.barcodes)
    yield from (location.text for location in view.locations)


def _anchored(url: str, text: Text) -> Text:
    spoken = {language: _anchor(url, said) for language, said in text.translations.items()}
    return Text(_anchor(url, text.default), spoken)
