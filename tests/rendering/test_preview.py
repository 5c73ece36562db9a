import json
from typing import Any

from guerdon.rendering.preview import preview
from tests.rendering.builders import a_privilege, a_view

FIELDS = """
logoText: Ember
fields:
  header: [{key: h, label: Points, value: "{{ privilege.stamps.value }}", changeMessage: "%@"}]
  primary: [{key: p, label: Balance, value: "12.5", currency: EUR}]
  secondary: [{key: s1, value: a}, {key: s2, value: b}, {key: s3, value: c}]
  auxiliary: [{key: x1, value: d}, {key: x2, value: e}]
  back: [{key: b1, label: Terms, value: t}]
localization: {de: {Points: Punkte, Balance: Guthaben}}
"""


def previewed(more: str, language: str | None = None) -> dict[str, Any]:
    return json.loads(json.dumps(preview(a_view(more, privileges=(a_privilege(),)), language)))


def losses(more: str) -> set[tuple[str, str]]:
    return {(loss["platform"], loss["what"]) for loss in previewed(more)["losses"]}


def test_the_preview_shows_the_rows_that_apple_draws() -> None:
    shown = previewed(FIELDS, "de")["apple"]

    assert shown["style"] == "storeCard"
    assert shown["fields"]["header"] == [{"key": "h", "label": "Punkte", "value": "7", "notifies": True, "link": None}]
    assert shown["fields"]["primary"][0]["value"] == "12,50 €"


def test_the_preview_shows_what_google_makes_of_it() -> None:
    shown = previewed(FIELDS)["google"]

    assert (shown["type"], shown["cardTitle"], shown["header"]) == ("loyalty", "Ember", "€12.50")
    assert [[field["key"] for field in row] for row in shown["rows"]] == [["h", "s1"], ["s2", "s3"]]
    assert [field["key"] for field in shown["textModules"]] == ["x1", "x2", "b1", "privilege-p1"]


def test_values_are_texts_so_that_no_reader_rounds_them() -> None:
    (privilege,) = previewed('privileges: {goal: "10"}')["privileges"]

    assert (privilege["value"], privilege["goal"], privilege["progress"]) == ("7", "10", "0.7")


def test_what_is_cut_off_is_told() -> None:
    assert ("apple", "fields.secondary") in losses(FIELDS)


def test_a_code_that_only_new_phones_know_is_told() -> None:
    assert ("appleBeforeIos27", "barcodes") in losses("barcode: {format: ean13, message: '4006381333931'}")
    assert ("appleBeforeIos27", "barcodes") not in losses("barcode: {format: qr, message: a}")


def test_a_poster_tells_what_older_phones_and_google_do_with_it() -> None:
    more = "apple: {style: posterGeneric, fallbackStyle: generic}\nfields: {secondary: [{key: a, value: b}]}"

    assert losses(more) >= {("appleBeforeIos27", "apple.style"), ("apple", "fields"), ("google", "apple.style")}


def test_colours_that_cannot_be_read_are_told() -> None:
    assert ("everywhere", "colors.foreground") in losses('colors: {background: "#ffffff", foreground: "#eeeeee"}')
    assert ("everywhere", "colors.foreground") not in losses('colors: {background: "#ffffff", foreground: "#333333"}')
