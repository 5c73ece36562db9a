import json
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guerdon.passes.pass_type import PassType, PassTypeInvalid
from guerdon.passes.pass_type_reading import read_pass_type
from guerdon.passes.pass_type_text import BYTES_MAX, Mistake, Place

HEAD = "kind: customerCard\norganization: Ember & Oat\ndescription: Card\n"


def read(more: str) -> PassType:
    return read_pass_type("loyalty", (HEAD + more).encode())


def mistakes(text: str) -> list[tuple[str, int, str]]:
    with pytest.raises(PassTypeInvalid) as refusal:
        read_pass_type("loyalty", text.encode())
    return [(mistake.path, mistake.place.line, mistake.message) for mistake in refusal.value.mistakes]


def test_the_least_pass_type_has_sensible_defaults() -> None:
    found = read("")

    assert found.layout == "card"
    assert found.privileges.shown == 5
    assert found.apple_style() == "storeCard"
    assert found.languages() == ("en",)


@pytest.mark.parametrize(
    ("kind", "style"),
    [
        ("customerCard", "storeCard"),
        ("giftCard", "storeCard"),
        ("offer", "coupon"),
        ("eventTicket", "eventTicket"),
        ("generic", "generic"),
    ],
)
def test_each_kind_has_its_apple_style(kind: str, style: str) -> None:
    found = read_pass_type("x-type", f"kind: {kind}\norganization: O\ndescription: D".encode())

    assert found.apple_style() == style


def test_json_with_tabs_and_surrogate_pairs_reads_like_yaml() -> None:
    text = '{\n\t"kind": "offer",\n\t"organization": "Caf\\u00e9 \\ud83c\\udf70",\n\t"description": "a\\/b"\n}'

    found = read_pass_type("offer", text.encode())

    assert (found.organization, found.description) == ("Café 🍰", "a/b")


def test_words_that_yaml_once_took_for_truth_stay_words() -> None:
    found = read("logoText: no\nfields: {back: [{key: a, value: on}, {key: b, value: 007}, {key: c, value: 1.50}]}")

    assert found.logo_text == "no"
    assert [field.value for field in found.fields.back] == ["on", "007", "1.50"]


def test_all_mistakes_are_told_at_once_with_their_lines() -> None:
    text = (
        "kind: offr\n"
        "colours: {}\n"
        "fields:\n"
        "  header:\n"
        "    - key: a\n"
        "      value: x\n"
        "      changeMessage: changed\n"
        "    - {key: a, value: 1}\n"
        "locations: [{latitude: 91, longitude: east}]\n"
    )

    found = mistakes(text)

    assert ("colours", 2, "`colours` is not known here; did you mean `colors`?") in found
    assert {(path, line) for path, line, _ in found} == {
        ("kind", 1),
        ("organization", 1),
        ("description", 1),
        ("colours", 2),
        ("fields.header[0].changeMessage", 7),
        ("fields.header[1].key", 8),
        ("locations[0].latitude", 9),
        ("locations[0].longitude", 9),
    }


def test_the_problem_maps_paths_to_sentences_with_places() -> None:
    with pytest.raises(PassTypeInvalid) as refusal:
        read("layout: Card!\n")

    assert refusal.value.status == 400
    assert refusal.value.errors is not None
    (sentence,) = refusal.value.errors["layout"]
    assert sentence == ("line 4, column 1: `layout` must be 2 to 50 characters of a-z, 0-9 and '-', a letter first.")


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("text", "`text` is not known here, only in other sections."),
        ("field", "`field` is not known here; did you mean `fields`?"),
        ("colours", "`colours` is not known here; did you mean `colors`?"),
        ("quux", "`quux` is not known here."),
    ],
)
def test_a_name_that_is_not_known_is_never_suggested_itself(name: str, told: str) -> None:
    assert (name, 4, told) in mistakes(f"{HEAD}{name}: 5\n")


@pytest.mark.parametrize(
    ("text", "path", "part"),
    [
        ("a: &x 1\nb: *x\n", "$", "Anchors"),
        ("a: !!python/name:os.system x\n", "$", "Tags"),
        ("kind: offer\nkind: offer\n", "kind", "second time"),
        ("kind: offer\n---\nkind: offer\n", "$", "second document"),
        ("[" * 60, "", "nested 16 deep"),
        ("a: [1\n", "$", "cannot be read here"),
        ("- a\n", "$", "section of names"),
        ("", "$", "section of names"),
        ('a: "\\0"\n', "$", "U+0000"),
        ("? [a, b]\n: c\n", "$", "name of a member"),
    ],
)
def test_what_is_no_plain_document_is_refused(text: str, path: str, part: str) -> None:
    found = mistakes(text)

    assert any(part in message and where.startswith(path.rstrip("$")) for where, _, message in found)


def test_a_file_over_the_limit_is_refused_before_it_is_read() -> None:
    with pytest.raises(PassTypeInvalid) as refusal:
        read_pass_type("loyalty", b"#" * (BYTES_MAX + 1))

    assert "at most 262144" in refusal.value.mistakes[0].message


@pytest.mark.parametrize(
    ("more", "path"),
    [
        ("apple: {style: posterGeneric}", "apple.style"),
        ("apple: {fallbackStyle: coupon}", "apple.fallbackStyle"),
        ("privilegeFloor: 5\nprivilegeCeiling: 1.5", "privilegeFloor"),
        ("identifiers: {x: {proof: allowList}}", "identifiers.x"),
        ("relevance: {dates: [{from: a}]}", "relevance.dates[0]"),
        ("colors: {background: red}", "colors.background"),
        ("localization: {german: {}}", "localization.german"),
        ("barcode: {message: a}\nbarcodes: []", "barcode"),
        ("name: other", "name"),
        ("apple: {featuredActions: [{identifier: a, type: call}]}", "apple.featuredActions[0]"),
        ("fields: {back: [{key: a, value: 1, number: decimal, currency: EUR}]}", "fields.back[0]"),
    ],
)
def test_what_contradicts_itself_is_refused_at_its_place(more: str, path: str) -> None:
    assert path in [where for where, _, _ in mistakes(HEAD + more)]


def test_floor_and_ceiling_are_exact_decimals() -> None:
    found = read("privilegeFloor: 0.1\nprivilegeCeiling: 1000000.000001")

    assert (found.privilege_floor, found.privilege_ceiling) == (Decimal("0.1"), Decimal("1000000.000001"))


def test_one_image_may_stand_for_all_languages_or_for_each() -> None:
    found = read("images: {icon: a.png, logo: {default: b.png, de: c.png}}")

    assert found.images["icon"] == {"default": "a.png"}
    assert found.images["logo"] == {"default": "b.png", "de": "c.png"}


@given(st.binary(max_size=400))
def test_any_bytes_are_a_pass_type_or_refused(content: bytes) -> None:
    _read_or_refuse(content)


@given(st.text(alphabet="{}[]:,-#&*!|>'\"%@`?\n\t a0.~<\\u", max_size=200))
def test_any_punctuation_is_a_pass_type_or_refused(text: str) -> None:
    _read_or_refuse(text.encode())


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8).filter(lambda text: "\n" not in text),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["key", "value", "en", "x"]), inner),
    max_leaves=8,
)


@given(st.dictionaries(st.sampled_from(list(PassType.model_fields)), JSON, max_size=6))
def test_any_values_under_known_names_are_a_pass_type_or_refused(members: dict[str, object]) -> None:
    _read_or_refuse((HEAD + "\n".join(f"{name}: {json.dumps(value)}" for name, value in members.items())).encode())


def _read_or_refuse(content: bytes) -> None:
    assert all(mistake.place.line >= 1 and mistake.message for mistake in refusals(content))


def refusals(content: bytes) -> tuple[Mistake, ...]:
    try:
        read_pass_type("loyalty", content)
    except PassTypeInvalid as refusal:
        # A refusal that names no mistake would leave its reader helpless.
        return refusal.mistakes or (Mistake("", Place(0, 0), ""),)
    return ()
