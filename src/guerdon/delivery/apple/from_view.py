"""From the neutral view to Apple's `pass.json` and its words in other languages."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from guerdon.delivery.apple.barcodes import OLD_FORMATS, encoding_for
from guerdon.delivery.apple.from_view_fields import anchor, field_groups
from guerdon.delivery.apple.members import Members, present
from guerdon.passes.pass_type_parts import BarcodeFormat
from guerdon.platform.clock import rfc3339
from guerdon.rendering.model import AppleView, Barcode, Location, PassView, RelevantDate, Text

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
        **present({"logoText": view.logo_text.in_language(spoken)}),
        "backgroundColor": view.colors.background.rgb(),
        "foregroundColor": view.colors.foreground.rgb(),
        "labelColor": view.colors.label.rgb(),
        **field_groups(view, spoken),
        **present({"barcodes": _barcodes(view.barcodes, spoken)}),
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
        **present({"altText": barcode.alt_text.in_language(spoken)}),
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
    return present(members)


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
        **present({"altitude": altitude, "relevantText": location.text.in_language(spoken)}),
    }


def _apple(apple: AppleView) -> Members:
    nfc = apple.nfc
    members: Members = {
        "nfc": nfc
        and {
            "message": nfc.message,
            "encryptionPublicKey": nfc.encryption_public_key,
            **present({"requiresAuthentication": nfc.requires_authentication}),
        },
        "semantics": apple.semantics,
        "featuredActions": [
            {
                "identifier": action.identifier,
                "type": action.type,
                **present({"url": action.url, "placeIdentifier": action.place_identifier}),
            }
            for action in apple.featured_actions
        ],
        "groupingIdentifier": apple.grouping_identifier if apple.style == "eventTicket" else None,
        "sharingProhibited": apple.sharing_prohibited,
        "suppressStripShine": apple.suppress_strip_shine,
        "associatedStoreIdentifiers": list(apple.associated_store_identifiers),
        "appLaunchURL": apple.app_launch_url if apple.associated_store_identifiers else None,
    }
    return present(members)


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
    spoken = {language: anchor(url, said) for language, said in text.translations.items()}
    return Text(anchor(url, text.default), spoken)
