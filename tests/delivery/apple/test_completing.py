import json
from collections.abc import Mapping
from typing import Any

from guerdon.delivery.apple.build import encode_document
from guerdon.delivery.apple.completing import completed, imported
from guerdon.delivery.apple.model import PassDocument
from guerdon.delivery.apple.rules import validate

Document = dict[str, Any]


def test_an_older_document_is_brought_into_todays_form(store_card: Document) -> None:
    store_card["barcode"] = store_card.pop("barcodes")[0]
    store_card["storeCard"]["headerFields"][0] |= {"_id": "1", "dateStyle": "PKDateStyleShort"}

    document = imported(store_card)

    assert document["barcodes"] == [store_card["barcode"]]
    assert "barcode" not in document
    assert PassDocument.model_validate(document).wire()["barcodes"]
    assert "_id" not in str(document)
    assert "date-format-on-text" not in {one.rule for one in validate(document)}


def test_formats_of_real_dates_stay(store_card: Document) -> None:
    assert imported(store_card) == store_card


def test_todays_barcodes_win_over_an_old_one(store_card: Document) -> None:
    document = imported({**store_card, "barcode": {"format": "PKBarcodeFormatQR", "message": "old"}})

    assert document["barcodes"] == store_card["barcodes"]


def test_both_spellings_are_written_for_every_system(examples: Mapping[str, Document]) -> None:
    half: Document = {**examples["boarding_pass"], "relevantDates": [{"date": "2027-05-01T07:00:00Z"}]}
    half["semantics"] = {key: value for key, value in half["semantics"].items() if not key.endswith("LocationTimeZone")}

    whole = json.loads(encode_document(completed(PassDocument.model_validate(half))))

    assert whole["semantics"] == examples["boarding_pass"]["semantics"]
    assert whole["relevantDate"] == "2027-05-01T07:00:00Z"
    assert whole["relevantDates"] == [{"date": "2027-05-01T07:00:00Z", "relevantDate": "2027-05-01T07:00:00Z"}]


def test_a_modern_barcode_gets_a_companion(examples: Mapping[str, Document]) -> None:
    coupon = {**examples["coupon"], "barcodes": examples["coupon"]["barcodes"][:1]}

    whole = completed(PassDocument.model_validate(coupon))

    assert [one.format for one in whole.barcodes or ()] == ["PKBarcodeFormatEAN13", "PKBarcodeFormatQR"]


def test_a_complete_document_is_left_as_it_is(examples: Mapping[str, Document]) -> None:
    for example in examples.values():
        document = PassDocument.model_validate(example)

        assert completed(document) == document
