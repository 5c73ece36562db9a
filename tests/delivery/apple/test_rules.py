from collections.abc import Callable, Mapping
from copy import deepcopy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guerdon.delivery.apple.catalogue import RULES
from guerdon.delivery.apple.findings import Severity
from guerdon.delivery.apple.image_slots import image_file_name
from guerdon.delivery.apple.images import make_slot_images
from guerdon.delivery.apple.model import PassDocument
from guerdon.delivery.apple.rules import errors_among, validate, validate_personalisation

Document = dict[str, Any]
DELETE = object()
EAN = "PKBarcodeFormatEAN13"
# Rules that the maker of pictures reports, and the one about the sign-up's own file; their tests are elsewhere.
ELSEWHERE = {"image-upscaled", "image-cropped", "personalisation-fields-malformed"}


def barcode(message: str, kind: str = "PKBarcodeFormatQR", **more: object) -> list[Document]:
    return [{"format": kind, "message": message, **more}, {"format": "PKBarcodeFormatQR", "message": "1"}]


# Rule, example, path to what is changed, the change, and where the finding stands.
CASES: list[tuple[str, str, str, object, str]] = [
    ("unknown-key", "store_card", "logotext", "x", "logotext"),
    ("unknown-key", "store_card", "storeCard.headerFields.0.colour", "x", "storeCard.headerFields[0].colour"),
    ("unknown-key", "store_card", "storeCard.transitType", "PKTransitTypeAir", "storeCard.transitType"),
    ("required-key-missing", "store_card", "serialNumber", DELETE, "serialNumber"),
    ("required-key-missing", "boarding_pass", "boardingPass.transitType", DELETE, "boardingPass.transitType"),
    ("unknown-constant", "store_card", "barcodes.0.format", "PKBarcodeFormatITF", "barcodes[0].format"),
    ("value-malformed", "store_card", "voided", "yes", "voided"),
    ("value-malformed", "store_card", "userInfo", 7, "userInfo"),
    ("text-empty", "store_card", "logoText", "", "logoText"),
    ("colour-malformed", "store_card", "labelColor", "rgb(300,0,0)", "labelColor"),
    ("date-malformed", "store_card", "expirationDate", "2027-12-31", "expirationDate"),
    ("url-malformed", "store_card", "webServiceURL", "wallet.example.org", "webServiceURL"),
    ("url-malformed", "store_card", "appLaunchURL", "open it", "appLaunchURL"),
    ("email-malformed", "event_ticket", "contactVenueEmail", "hall", "contactVenueEmail"),
    ("number-too-large", "store_card", "storeCard.headerFields.0.value", 2**53, "storeCard.headerFields[0].value"),
    (
        "currency-code-malformed",
        "store_card",
        "storeCard.primaryFields.0.currencyCode",
        "€",
        "storeCard.primaryFields[0].currencyCode",
    ),
    ("token-too-short", "store_card", "authenticationToken", "123456789012345", "authenticationToken"),
    ("format-version-not-one", "store_card", "formatVersion", 2, "formatVersion"),
    ("latitude-out-of-range", "store_card", "locations.0.latitude", 500, "locations[0].latitude"),
    ("longitude-out-of-range", "store_card", "locations.0.longitude", -180.1, "locations[0].longitude"),
    ("locations-too-many", "store_card", "locations", [{"latitude": 1, "longitude": 1}] * 11, "locations"),
    ("distance-not-positive", "store_card", "maxDistance", 0, "maxDistance"),
    ("beacon-uuid-malformed", "store_card", "beacons.0.proximityUUID", "1", "beacons[0].proximityUUID"),
    ("beacon-number-out-of-range", "store_card", "beacons.0.major", 65_536, "beacons[0].major"),
    (
        "row-out-of-range",
        "event_ticket",
        "eventTicket.auxiliaryFields.0.row",
        2,
        "eventTicket.auxiliaryFields[0].row",
    ),
    (
        "featured-actions-too-many",
        "store_card",
        "featuredActions",
        [{"identifier": "a", "type": "shop", "url": "https://x"}] * 3,
        "featuredActions",
    ),
    ("featured-action-target", "store_card", "featuredActions.0.url", DELETE, "featuredActions[0]"),
    ("featured-action-target", "store_card", "featuredActions.1.url", "https://x", "featuredActions[1]"),
    ("featured-action-target", "store_card", "featuredActions.0.type", "call", "featuredActions[0]"),
    (
        "upcoming-image-malformed",
        "event_ticket",
        "upcomingPassInformation.0.images.headerImage.URLs.0.size",
        2 * 1024 * 1024 + 1,
        "upcomingPassInformation[0].images.headerImage.URLs[0].size",
    ),
    (
        "upcoming-image-malformed",
        "event_ticket",
        "upcomingPassInformation.0.images.headerImage.URLs.0.URL",
        "http://x.org/a.png",
        "upcomingPassInformation[0].images.headerImage.URLs[0].URL",
    ),
    ("nfc-message-too-long", "event_ticket", "nfc.message", "ä" * 33, "nfc.message"),
    ("nfc-key-malformed", "event_ticket", "nfc.encryptionPublicKey", "AAAA", "nfc.encryptionPublicKey"),
    ("barcode-superseded", "store_card", "barcode", barcode("1")[0], "barcode"),
    (
        "barcode-encoding",
        "store_card",
        "barcodes",
        barcode("Ž", messageEncoding="iso-8859-1"),
        "barcodes[0].messageEncoding",
    ),
    ("barcode-characters", "coupon", "barcodes", barcode("ab", "PKBarcodeFormatCode39"), "barcodes[0].message"),
    ("barcode-characters", "coupon", "barcodes", barcode("123", "PKBarcodeFormatI2of5"), "barcodes[0].message"),
    ("barcode-characters", "coupon", "barcodes", barcode("A12E", "PKBarcodeFormatCodabar"), "barcodes[0].message"),
    ("barcode-characters", "coupon", "barcodes", barcode("é", "PKBarcodeFormatCode128"), "barcodes[0].message"),
    ("barcode-ean13-digits", "coupon", "barcodes", barcode("4006381333930", EAN), "barcodes[0].message"),
    ("barcode-ean13-digits", "coupon", "barcodes", barcode("400638133393", EAN), "barcodes[0].message"),
    ("barcode-ean13-digits", "coupon", "barcodes", barcode("CARD", EAN), "barcodes[0].message"),
    ("style-missing", "store_card", "storeCard", DELETE, ""),
    ("styles-conflict", "store_card", "coupon", {}, "coupon"),
    ("styles-conflict", "poster_generic", "boardingPass", {"transitType": "PKTransitTypeAir"}, "boardingPass"),
    (
        "scheme-without-style",
        "store_card",
        "preferredStyleSchemes",
        ["posterEventTicket", "eventTicket"],
        "preferredStyleSchemes[0]",
    ),
    (
        "field-key-repeated",
        "store_card",
        "storeCard.backFields.0.key",
        "points",
        "storeCard.backFields[0].key",
    ),
    (
        "number-format-on-text",
        "store_card",
        "storeCard.headerFields.0.value",
        "1250",
        "storeCard.headerFields[0].numberStyle",
    ),
    (
        "number-format-on-text",
        "event_ticket",
        "upcomingPassInformation.0.backFields.0.currencyCode",
        "EUR",
        "upcomingPassInformation[0].backFields[0].currencyCode",
    ),
    (
        "date-format-on-text",
        "coupon",
        "coupon.secondaryFields.0.value",
        "soon",
        "coupon.secondaryFields[0].dateStyle",
    ),
    ("relevant-interval-incomplete", "store_card", "relevantDates.1.endDate", DELETE, "relevantDates[1]"),
    (
        "relevant-interval-reversed",
        "store_card",
        "relevantDates.1.endDate",
        "2026-12-25T08:00Z",
        "relevantDates[1].endDate",
    ),
    ("relevant-date-ambiguous", "store_card", "relevantDates.1.date", "2026-12-25T08:00Z", "relevantDates[1]"),
    ("web-service-needs-token", "store_card", "authenticationToken", DELETE, "authenticationToken"),
    ("poster-ticket-tag-missing", "event_ticket", "semantics.venueName", DELETE, "semantics.venueName"),
    ("poster-ticket-tag-missing", "event_ticket", "semantics.performerNames", [], "semantics.performerNames"),
    (
        "poster-ticket-tag-missing",
        "event_ticket",
        "semantics.eventType",
        "PKEventTypeSports",
        "semantics.awayTeamAbbreviation",
    ),
    ("poster-ticket-nfc-required", "event_ticket", "nfc", DELETE, "nfc"),
    ("poster-ticket-nfc-required", "event_ticket", "nfc.requiresAuthentication", DELETE, "nfc"),
    ("semantic-boarding-tag-missing", "boarding_pass", "semantics.airlineCode", DELETE, "semantics.airlineCode"),
    (
        "semantic-boarding-air-only",
        "boarding_pass",
        "boardingPass.transitType",
        "PKTransitTypeBus",
        "boardingPass.transitType",
    ),
    (
        "change-message-needs-placeholder",
        "store_card",
        "storeCard.headerFields.0.changeMessage",
        "New points",
        "storeCard.headerFields[0].changeMessage",
    ),
    (
        "number-format-conflict",
        "store_card",
        "storeCard.primaryFields.0.numberStyle",
        "PKNumberStyleDecimal",
        "storeCard.primaryFields[0].numberStyle",
    ),
    (
        "alignment-misplaced",
        "store_card",
        "storeCard.primaryFields.0.textAlignment",
        "PKTextAlignmentLeft",
        "storeCard.primaryFields[0].textAlignment",
    ),
    (
        "data-detectors-misplaced",
        "store_card",
        "storeCard.headerFields.0.dataDetectorTypes",
        ["PKDataDetectorTypeLink"],
        "storeCard.headerFields[0].dataDetectorTypes",
    ),
    ("row-misplaced", "generic", "generic.auxiliaryFields.0.row", 0, "generic.auxiliaryFields[0].row"),
    (
        "attributed-value-markup",
        "store_card",
        "storeCard.backFields.0.attributedValue",
        "<b>bold</b>",
        "storeCard.backFields[0].attributedValue",
    ),
    (
        "fields-more-than-shown",
        "generic",
        "generic.primaryFields",
        [{"key": "a", "value": "1"}, {"key": "b", "value": "2"}],
        "generic.primaryFields",
    ),
    (
        "fields-more-than-shown",
        "store_card",
        "storeCard.auxiliaryFields",
        [{"key": f"a{number}", "value": "1"} for number in range(4)],
        "storeCard.auxiliaryFields",
    ),
    (
        "fields-not-shown",
        "store_card",
        "storeCard.footerFields",
        [{"key": "a", "value": "1"}],
        "storeCard.footerFields",
    ),
    ("poster-fallback-missing", "poster_generic", "storeCard", DELETE, "posterGeneric"),
    (
        "scheme-fallback-missing",
        "event_ticket",
        "preferredStyleSchemes",
        ["posterEventTicket"],
        "preferredStyleSchemes[0]",
    ),
    ("barcode-old-phones", "coupon", "barcodes", barcode("4006381333931", EAN)[:1], "barcodes"),
    ("barcode-too-long", "coupon", "barcodes", barcode("1" * 2954), "barcodes[0].message"),
    (
        "barcode-encoding-unknown",
        "coupon",
        "barcodes",
        barcode("1", messageEncoding="rot13"),
        "barcodes[0].messageEncoding",
    ),
    (
        "relevant-interval-too-long",
        "store_card",
        "relevantDates.1.endDate",
        "2026-12-26T08:01Z",
        "relevantDates[1].endDate",
    ),
    ("token-without-web-service", "store_card", "webServiceURL", DELETE, "webServiceURL"),
    ("web-service-not-https", "store_card", "webServiceURL", "http://wallet.example.org", "webServiceURL"),
    ("pass-type-prefix", "store_card", "passTypeIdentifier", "org.example.demo", "passTypeIdentifier"),
    ("team-identifier-malformed", "store_card", "teamIdentifier", "team", "teamIdentifier"),
    ("grouping-misplaced", "store_card", "groupingIdentifier", "g", "groupingIdentifier"),
    ("poster-ticket-tag-recommended", "event_ticket", "semantics.venueRoom", DELETE, "semantics.venueRoom"),
    ("poster-ticket-tag-recommended", "event_ticket", "semantics.artistIDs", DELETE, "semantics.artistIDs"),
    (
        "semantic-boarding-tag-recommended",
        "boarding_pass",
        "semantics.departureCityName",
        DELETE,
        "semantics.departureCityName",
    ),
    (
        "event-ends-before-start",
        "event_ticket",
        "semantics.eventEndDate",
        "2027-03-01T18:59:00+01:00",
        "semantics.eventEndDate",
    ),
    (
        "time-zone-malformed",
        "boarding_pass",
        "semantics.departureAirportTimeZone",
        "+02:00",
        "semantics.departureAirportTimeZone",
    ),
    (
        "time-zone-one-spelling",
        "boarding_pass",
        "semantics.departureLocationTimeZone",
        DELETE,
        "semantics.departureLocationTimeZone",
    ),
    ("relevant-date-one-spelling", "store_card", "relevantDates.0.relevantDate", DELETE, "relevantDates[0]"),
    ("relevant-date-one-spelling", "store_card", "relevantDate", DELETE, "relevantDate"),
    (
        "barcode-not-on-watch",
        "coupon",
        "barcodes",
        [{"format": "PKBarcodeFormatCode128", "message": "1"}],
        "barcodes",
    ),
    ("distance-without-locations", "store_card", "locations", DELETE, "maxDistance"),
    ("generic-never-expires", "generic", "expirationDate", "2027-01-01T00:00Z", "expirationDate"),
    ("colours-hard-to-read", "store_card", "labelColor", "rgb(30,70,50)", "labelColor"),
    ("colours-ignored", "store_card", "useAutomaticColors", True, "foregroundColor"),
    (
        "featured-actions-misplaced",
        "event_ticket",
        "featuredActions",
        [{"identifier": "a", "type": "shop", "url": "https://x"}],
        "featuredActions",
    ),
]

# Rule, example, what is done to the pictures, and where the finding stands.
PICTURE_CASES: list[tuple[str, str, Callable[[dict[str, bytes]], object], str]] = [
    ("icon-required", "coupon", lambda files: [files.pop(name) for name in list(files) if "icon" in name], "icon.png"),
    ("icon-scale-recommended", "coupon", lambda files: files.pop("icon@3x.png"), "icon@3x.png"),
    ("image-scale-missing", "coupon", lambda files: files.pop("logo@2x.png"), "logo@2x.png"),
    ("image-not-png", "coupon", lambda files: files.update({"logo.png": b"GIF89a"}), "logo.png"),
    ("image-name-unknown", "coupon", lambda files: files.update({"icon.jpg": b""}), "icon.jpg"),
    ("image-size-wrong", "coupon", lambda files: files.update({"icon.png": files["logo.png"]}), "icon.png"),
    ("image-size-wrong", "coupon", lambda files: files.update({"logo.png": files["logo@2x.png"]}), "logo.png"),
    (
        "image-localised-hidden",
        "coupon",
        lambda files: files.update({"de.lproj/logo.png": files["logo.png"]}),
        "de.lproj/logo.png",
    ),
    ("image-not-shown", "coupon", lambda files: files.update({"thumbnail.png": b""}), "thumbnail.png"),
    ("poster-ticket-image-required", "event_ticket", lambda files: files.pop("artwork.png"), "images"),
    (
        "poster-image-missing",
        "poster_generic",
        lambda files: [files.pop(name) for name in list(files) if "primary" in name],
        "primaryLogo.png",
    ),
    (
        "personalisation-needs-nfc",
        "coupon",
        lambda files: files.update({"personalizationLogo.png": b""}),
        "personalizationLogo.png",
    ),
]


@pytest.fixture(scope="session")
def all_pictures(pictures: Mapping[str, bytes], a_picture: Callable[..., bytes]) -> dict[str, dict[str, bytes]]:
    def slot(name: str, width: int, height: int) -> Mapping[str, bytes]:
        return make_slot_images(name, a_picture(width, height)).files

    artwork = slot("artwork", 1074, 1344)
    poster = {**slot("background", 1035, 1515), **slot("primaryLogo", 378, 90)}
    return {
        "event_ticket": {**pictures, "artwork.png": artwork["artwork.png"]},
        "poster_generic": {**pictures, **poster},
    }


def changed(document: Document, path: str, value: object) -> Document:
    result = deepcopy(document)
    *steps, last = [int(step) if step.isdigit() else step for step in path.split(".")]
    target: Any = result
    for step in steps:
        target = target[step]
    if value is DELETE:
        del target[last]
    else:
        target[last] = value
    return result


@pytest.mark.parametrize(("rule", "example", "path", "value", "place"), CASES)
def test_a_breach_is_found_where_it_is(
    examples: Mapping[str, Document],
    all_pictures: dict[str, dict[str, bytes]],
    pictures: Mapping[str, bytes],
    rule: str,
    example: str,
    path: str,
    value: object,
    place: str,
):
    images = all_pictures.get(example, pictures)
    before = validate(examples[example], images)
    after = validate(changed(examples[example], path, value), images)

    assert (rule, place) not in {(one.rule, one.path) for one in before}
    assert (rule, place) in {(one.rule, one.path) for one in after}


@pytest.mark.parametrize(("rule", "example", "harm", "place"), PICTURE_CASES)
def test_a_breach_in_the_pictures_is_found_where_it_is(
    examples: Mapping[str, Document],
    all_pictures: dict[str, dict[str, bytes]],
    pictures: Mapping[str, bytes],
    rule: str,
    example: str,
    harm: Callable[[dict[str, bytes]], object],
    place: str,
):
    images = dict(all_pictures.get(example, pictures))
    before = validate(examples[example], images)
    harm(images)

    assert (rule, place) not in {(one.rule, one.path) for one in before}
    assert (rule, place) in {(one.rule, one.path) for one in validate(examples[example], images)}


def test_a_strip_hides_the_background_of_a_classic_ticket(
    examples: Mapping[str, Document], pictures: Mapping[str, bytes]
):
    classic = changed(examples["event_ticket"], "preferredStyleSchemes", DELETE)

    found = validate(classic, {**pictures, "strip.png": b"", "background.png": b""})

    assert "strip-and-background" in {one.rule for one in found}


def test_a_pass_that_can_never_change_is_told_so(examples: Mapping[str, Document]):
    still = changed(changed(examples["coupon"], "webServiceURL", DELETE), "authenticationToken", DELETE)

    assert "updates-impossible" in {one.rule for one in validate(still)}
    assert "updates-impossible" not in {one.rule for one in validate(examples["coupon"])}


def test_nfc_reminds_of_its_entitlement(examples: Mapping[str, Document]):
    assert "nfc-needs-entitlement" in {one.rule for one in validate(examples["event_ticket"])}
    assert "nfc-needs-entitlement" not in {one.rule for one in validate(examples["coupon"])}


def test_every_rule_of_the_catalogue_has_a_case():
    tested = {case[0] for case in CASES} | {case[0] for case in PICTURE_CASES} | ELSEWHERE
    tested |= {"strip-and-background", "updates-impossible", "nfc-needs-entitlement"}

    assert tested == set(RULES)


def test_the_examples_have_no_error_and_no_warning(
    examples: Mapping[str, Document], all_pictures: dict[str, dict[str, bytes]], pictures: Mapping[str, bytes]
):
    for name, example in examples.items():
        found = validate(example, all_pictures.get(name, pictures))

        assert [one for one in found if one.severity is not Severity.ADVICE] == []


def test_a_model_and_its_wire_form_have_the_same_findings(examples: Mapping[str, Document]):
    for example in examples.values():
        assert validate(PassDocument.model_validate(example)) == validate(example)


def test_all_mistakes_are_told_at_once_worst_first(store_card: Document):
    store_card |= {"serialNumber": 7, "labelColor": "red", "webServiceURL": "http://x", "groupingIdentifier": "g"}

    found = validate(store_card, {image_file_name("icon", 1): b"x"})

    assert {"value-malformed", "colour-malformed", "web-service-not-https", "image-not-png"} <= {
        one.rule for one in found
    }
    assert [one.severity for one in found] == sorted(
        (one.severity for one in found), key=["error", "warning", "advice"].index
    )


def test_errors_are_told_from_the_rest(store_card: Document):
    store_card["webServiceURL"] = "http://x"

    assert [one.rule for one in errors_among(validate(store_card))] == ["icon-required"]


def test_the_sign_up_form_is_checked_too():
    twice = ["PKPassPersonalizationFieldName"] * 2

    found = validate_personalisation({"description": "x", "requiredPersonalizationFields": twice})

    assert [one.rule for one in found] == ["personalisation-fields-malformed"]
    assert validate_personalisation({"description": "x", "requiredPersonalizationFields": twice[:1]}) == ()


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@given(anything=JSON | st.binary() | st.dictionaries(st.integers(), st.integers()))
def test_no_input_makes_the_validator_fail(anything: object):
    assert "icon-required" in {one.rule for one in validate(anything)}


@given(data=st.data())
def test_no_damage_to_a_pass_makes_the_validator_fail(examples: Mapping[str, Document], data: st.DataObject):
    document = deepcopy(examples[data.draw(st.sampled_from(sorted(examples)))])
    target: Any = document
    while True:
        keys = list(target) if isinstance(target, dict) else list(range(len(target)))
        step = data.draw(st.sampled_from(keys))
        if not isinstance(target[step], dict | list) or not target[step] or data.draw(st.booleans()):
            break
        target = target[step]
    target[step] = data.draw(JSON)

    names = data.draw(st.dictionaries(st.text(max_size=12), st.binary(max_size=40), max_size=2))
    assert all(one.rule in RULES and one.message for one in validate(document, names))
