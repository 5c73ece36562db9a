import json
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from pydantic import ValidationError

from guerdon.delivery.apple.barcodes import Barcode, with_old_phone_barcode
from guerdon.delivery.apple.build import encode_document
from guerdon.delivery.apple.fields import FieldContent
from guerdon.delivery.apple.model import PassDocument
from guerdon.delivery.apple.shapes import wire_name

Document = dict[str, object]


def test_every_example_goes_through_the_model_unchanged(examples: Mapping[str, Document]) -> None:
    assert len(examples) == 6
    for example in examples.values():
        assert json.loads(encode_document(PassDocument.model_validate(example))) == example


@pytest.mark.parametrize(
    ("ours", "apples"),
    [
        ("web_service_url", "webServiceURL"),
        ("proximity_uuid", "proximityUUID"),
        ("artist_ids", "artistIDs"),
        ("passenger_airline_ssrs", "passengerAirlineSSRs"),
        ("airline_lounge_place_id", "airlineLoungePlaceID"),
        ("ignores_time_zone", "ignoresTimeZone"),
    ],
)
def test_our_names_become_apples(ours: str, apples: str) -> None:
    assert wire_name(ours) == apples


@pytest.mark.parametrize(
    ("given", "written"),
    [
        ("#fff", "rgb(255,255,255)"),
        ("#10203F", "rgb(16,32,63)"),
        ("rgb( 1, 2 ,3 )", "rgb(1,2,3)"),
        ("RGB(1,2,3)", "rgb(1,2,3)"),
    ],
)
def test_colours_are_written_as_rgb(store_card: Document, given: str, written: str) -> None:
    document = PassDocument.model_validate({**store_card, "backgroundColor": given})

    assert document.background_color == written


@pytest.mark.parametrize(
    "colour", ["rgb(256,0,0)", "rgb(1,2)", "#ffff", "red", "", "rgb(1,2,3)x", "#\uff11\uff12\uff13"]
)
def test_other_colours_are_refused(store_card: Document, colour: str) -> None:
    with pytest.raises(ValidationError, match="Write a colour as"):
        PassDocument.model_validate({**store_card, "backgroundColor": colour})


@pytest.mark.parametrize(
    "moment",
    ["2026-11-21T10:00Z", "2026-11-21T10:00:30Z", "2026-11-21T10:00:30.123+05:30", "2026-11-21T10:00-07:00"],
)
def test_complete_moments_are_taken_as_they_are(store_card: Document, moment: str) -> None:
    document = PassDocument.model_validate({**store_card, "expirationDate": moment})

    assert document.expiration_date == moment


@pytest.mark.parametrize(
    "moment",
    [
        "2026-11-21",
        "2026-11-21T10:00",
        "2026-11-21T10:00:00-7:00",
        "2026-11-21 10:00:00Z",
        "2026-02-30T10:00Z",
        "2026-11-21T25:00Z",
        "20261121T100000Z",
        "2026-11-21T10:00:00z",
        "",
        datetime(2026, 11, 21),  # noqa: DTZ001  # a moment without offset is the example
    ],
)
def test_other_moments_are_refused(store_card: Document, moment: object) -> None:
    with pytest.raises(ValidationError, match="complete moment"):
        PassDocument.model_validate({**store_card, "expirationDate": moment})


def test_an_aware_moment_is_written_for_wallet() -> None:
    field = FieldContent(key="k", value=datetime(2026, 11, 21, 10, tzinfo=UTC))  # pyright: ignore[reportArgumentType]  # read by the field's own validator

    assert field.value == "2026-11-21T10:00:00Z"


def test_numbers_stay_numbers_and_keep_their_digits(store_card: Document) -> None:
    store_card["storeCard"] = {"primaryFields": [{"key": "a", "value": Decimal("0.30")}, {"key": "b", "value": 0.1}]}

    written = encode_document(PassDocument.model_validate(store_card))

    assert b'"value":0.30' in written
    assert b'"value":0.1' in written


@pytest.mark.parametrize("value", [True, None, [], 2**53, float("nan"), Decimal("inf"), "\ud800"])
def test_a_field_shows_no_other_kind_of_value(value: object) -> None:
    with pytest.raises(ValidationError):
        FieldContent.model_validate({"key": "k", "value": value})


def test_a_document_does_not_change(store_card: Document) -> None:
    document = PassDocument.model_validate(store_card)

    with pytest.raises(ValidationError, match="frozen"):
        document.voided = True  # pyright: ignore[reportAttributeAccessIssue]  # that it is refused is the test


@pytest.mark.parametrize(("message", "encoding"), [("Zoe", "iso-8859-1"), ("Zoë", "iso-8859-1"), ("Žofie", "utf-8")])
def test_a_barcode_chooses_its_encoding_by_its_message(message: str, encoding: str) -> None:
    barcode = Barcode.model_validate({"format": "PKBarcodeFormatQR", "message": message})

    assert barcode.message_encoding == encoding


def test_an_older_phone_gets_a_qr_code_behind_a_new_format() -> None:
    modern = Barcode(format="PKBarcodeFormatEAN13", message="4006381333931")
    old = Barcode(format="PKBarcodeFormatAztec", message="1")

    assert [one.format for one in with_old_phone_barcode((modern,))] == ["PKBarcodeFormatEAN13", "PKBarcodeFormatQR"]
    assert with_old_phone_barcode((modern, old)) == (modern, old)
    assert with_old_phone_barcode(()) == ()
