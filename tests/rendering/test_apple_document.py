import json
from decimal import Decimal
from typing import Any

from guerdon.delivery.apple.build import encode_document
from guerdon.delivery.apple.from_view import ApplePassIdentity, pass_document, strings
from guerdon.delivery.apple.rules import errors_among, validate
from guerdon.rendering.model import PassView
from tests.rendering.builders import a_privilege, a_subject, a_view

IDENTITY = ApplePassIdentity(
    pass_type_identifier="pass.org.example.demo",
    team_identifier="TEAM123456",
    serial_number="8QpZ3vX1nB7kT5mWc2Ra",
    authentication_token="a token of enough letters",
    web_service_url="https://passes.example/api/demo/passes/apple",
)


def document(view: PassView, language: str | None = None) -> dict[str, Any]:
    return json.loads(encode_document(pass_document(view, IDENTITY, language)), parse_float=Decimal)


def test_an_exact_number_is_written_as_a_json_number() -> None:
    more = 'fields: {header: [{key: a, value: "{{ privilege.stamps.value }}", number: decimal, changeMessage: "+%@"}]}'

    written = document(a_view(more, privileges=(a_privilege(value="0.100000"),)))

    assert written["storeCard"]["headerFields"] == [
        {"key": "a", "value": Decimal("0.1"), "changeMessage": "+%@", "numberStyle": "PKNumberStyleDecimal"}
    ]


def test_a_number_beyond_what_phones_count_is_written_as_text() -> None:
    more = 'fields: {header: [{key: a, value: "9007199254740993", number: decimal}]}'

    assert document(a_view(more))["storeCard"]["headerFields"] == [{"key": "a", "value": "9007199254740993"}]


def test_a_date_is_written_with_both_styles() -> None:
    more = "fields: {back: [{key: a, value: '2026-12-05T10:00:00+01:00', date: short}]}"

    (field,) = document(a_view(more))["storeCard"]["backFields"]
    assert field["value"] == "2026-12-05T10:00:00+01:00"
    assert (field["dateStyle"], field["timeStyle"]) == ("PKDateStyleShort", "PKDateStyleNone")


def test_a_new_code_gets_a_qr_code_for_old_phones() -> None:
    written = document(a_view("barcode: {format: ean13, message: '4006381333931'}"))

    assert [code["format"] for code in written["barcodes"]] == ["PKBarcodeFormatEAN13", "PKBarcodeFormatQR"]


def test_relevant_dates_are_written_for_every_system() -> None:
    written = document(a_view("relevance: {dates: [{at: '2026-12-05T10:00:00+01:00'}]}"))

    assert written["relevantDate"] == "2026-12-05T09:00:00Z"
    assert written["relevantDates"] == [{"date": "2026-12-05T09:00:00Z", "relevantDate": "2026-12-05T09:00:00Z"}]


def test_a_poster_stands_beside_its_fallback_with_the_same_fields() -> None:
    more = """
apple: {style: posterGeneric, fallbackStyle: generic}
fields:
  primary: [{key: p, value: Mara}]
  secondary: [{key: s, value: a, alignment: right}]
  auxiliary: [{key: x, value: b}]
"""

    written = document(a_view(more))

    assert [field["key"] for field in written["posterGeneric"]["primaryFields"]] == ["p", "s"]
    assert [field["key"] for field in written["posterGeneric"]["footerFields"]] == ["x"]
    assert "textAlignment" not in written["posterGeneric"]["primaryFields"][1]
    assert written["generic"]["secondaryFields"][0]["textAlignment"] == "PKTextAlignmentRight"


def test_translations_are_keyed_by_the_default_text_and_the_default_language_is_among_them() -> None:
    more = "fields: {back: [{key: a, label: Terms, value: x}]}\nlocalization: {de: {Terms: Bedingungen}}"

    assert strings(a_view(more)) == {"de": {"Terms": "Bedingungen"}, "en": {"Terms": "Terms"}}
    assert strings(a_view()) == {}


def test_extra_keys_cannot_change_who_the_pass_is() -> None:
    more = "apple: {extra: {serialNumber: stolen, userInfo: {a: 1}}}"

    written = document(a_view(more))

    assert (written["serialNumber"], written["userInfo"]) == (IDENTITY.serial_number, {"a": 1})


def test_a_link_is_escaped_where_it_becomes_markup() -> None:
    more = "links: [{title: '<Shop>', url: \"https://x.example/?a='b'&c\"}]"

    (field,) = document(a_view(more))["storeCard"]["backFields"]
    assert field["attributedValue"] == "<a href='https://x.example/?a=&#x27;b&#x27;&amp;c'>&lt;Shop&gt;</a>"


def test_zero_is_shown_and_sea_level_is_a_place() -> None:
    more = """
fields: {header: [{key: a, value: "0", number: decimal}]}
locations: [{latitude: 0, longitude: 0, altitude: 0}]
"""

    written = document(a_view(more))

    assert written["storeCard"]["headerFields"][0]["value"] == 0
    assert written["locations"] == [{"latitude": 0, "longitude": 0, "altitude": 0}]


def test_a_full_pass_has_no_error_by_the_rules_of_apple() -> None:
    more = """
logoText: Ember
barcodes: [{format: code128, message: abc, altText: ABC}, {format: qr, message: Grüße 🍰}]
fields:
  header: [{key: h, label: Points, value: "12.5", currency: EUR, changeMessage: "Now %@"}]
  secondary: [{key: s, label: Since, value: "2026-01-01T00:00:00Z", date: long, relative: true}]
  back: [{key: b, label: Call, value: "+49 30 5550", detect: [phoneNumber], link: "tel:+49305550"}]
links: [{title: Shop, url: https://shop.example}]
locations: [{latitude: 52.5, longitude: 13.4, text: Here}]
expiry: 2030-01-01T00:00:00Z
apple: {featuredActions: [{identifier: a, type: shop, url: https://shop.example}]}
"""

    written = pass_document(a_view(more, a_subject(is_voided=True), (a_privilege(),)), IDENTITY)

    pictures = {"icon-required"}
    errors = errors_among(validate(json.loads(encode_document(written))))
    assert {finding.rule for finding in errors} <= pictures
