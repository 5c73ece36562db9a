from pathlib import PurePosixPath

import pytest

from guerdon.configuration.checking import check_files
from guerdon.configuration.model import Finding
from guerdon.entrypoints.sandbox import FILES, PASS_TYPES
from tests.configuration.builders import CARD, GOOD, ICON_PATH, icon
from tests.rendering.builders import NOW


def findings(more: str = "") -> list[Finding]:
    return check_files({CARD: (GOOD + more).encode(), ICON_PATH: icon()}, (), NOW)


def ruled(more: str) -> set[tuple[str | None, str, int]]:
    """Rule, severity and line of each finding; the added text begins in line 8."""
    return {(one.rule, one.severity, one.line) for one in findings(more)}


def test_a_good_type_has_no_findings() -> None:
    assert findings() == []


def test_a_template_that_cannot_be_read_is_told_once() -> None:
    (mistake,) = findings('logoText: "{{ a | nofilter }}"\n')

    assert (mistake.line, mistake.severity) == (8, "error")


@pytest.mark.parametrize("file", ["A_B.json", "ABc.yaml", "a.yaml", "1a.yaml", "ab.txt", "x/ab.yaml"])
def test_one_rule_for_the_names_of_pass_types_is_told_everywhere(file: str) -> None:
    (mistake,) = check_files({f"server/passes/{file}": GOOD.encode(), ICON_PATH: icon()}, (), NOW)

    assert mistake.message == (
        "A pass type is server/passes/<name> with .yaml, .yml, .json; "
        "its name has 2 to 50 characters of a-z, 0-9 and '-', a letter first."
    )


@pytest.mark.parametrize("name", PASS_TYPES)
def test_the_demo_types_have_no_findings(name: str) -> None:
    files = {str(path.relative_to(FILES)): path.read_bytes() for path in FILES.rglob("*") if path.is_file()}

    assert [one.text() for one in check_files(files, (), NOW) if PurePosixPath(one.path).stem == name] == []


@pytest.mark.parametrize(
    ("more", "rule", "line"),
    [
        ("apple:\n  extra:\n    colour: red\n", "unknown-key", 10),
        ("apple:\n  extra:\n    userInfo: {a: 1}\n    maxDistance: -5\n", "distance-not-positive", 11),
        ("apple:\n  semantics:\n    eventStartDate: yesterday\n", "date-malformed", 10),
        ("apple:\n  semantics:\n    noSuchTag: 1\n", "unknown-key", 10),
        ("barcode: {format: ean13, message: '1234567890123'}\n", "barcode-ean13-digits", 8),
        ("apple:\n  associatedStoreIdentifiers: [1]\n  appLaunchURL: 'no url'\n", "url-malformed", 10),
    ],
)
def test_what_apple_would_refuse_is_an_error_at_its_place(more: str, rule: str, line: int) -> None:
    found = [one for one in findings(more) if one.is_error]

    assert [(one.rule, one.line) for one in found] == [(rule, line)], found


@pytest.mark.parametrize(
    "more",
    [
        "barcode: {format: ean13, message: '{{ metadata.article }}'}\n",
        "barcode: {format: itf, message: '{{ metadata.box }}'}\n",
        "apple: {semantics: {eventStartDate: '{{ metadata.begins }}'}}\n",
        "apple: {appLaunchURL: '{{ metadata.app }}', associatedStoreIdentifiers: [1]}\n",
        "expiry: '{{ additionalData.trip.ends }}'\n",
    ],
)
def test_a_value_that_the_data_of_a_pass_may_make_right_is_no_finding(more: str) -> None:
    assert findings(more) == []


HIDDEN = """  back:
    - {key: seat, label: Seat, value: "{% if metadata.vip == 'yes' %}VIP{% endif %}",
       semantics: {noSuchTag: 1}}
"""


def test_a_field_that_no_sample_prints_is_checked_but_for_its_value() -> None:
    found = [one for one in findings(HIDDEN) if one.is_error]

    assert [(one.rule, one.line) for one in found] == [("unknown-key", 10)], found


@pytest.mark.parametrize(
    "more",
    [
        HIDDEN.replace("noSuchTag: 1", "eventName: Gala"),
        HIDDEN.replace("semantics: {noSuchTag: 1}", "number: decimal"),
        HIDDEN.replace("semantics: {noSuchTag: 1}", "date: medium, time: short"),
    ],
)
def test_a_good_field_that_no_sample_prints_is_no_finding(more: str) -> None:
    assert findings(more) == []


@pytest.mark.parametrize("key", ["serialNumber", "webServiceURL", "authenticationToken", "formatVersion"])
def test_what_says_which_pass_it_is_cannot_stand_in_extra(key: str) -> None:
    found = ruled(f"apple:\n  extra:\n    userInfo: {{a: 1}}\n    {key}: x\n")

    assert found == {(None, "error", 11)}


def test_a_value_of_the_data_that_no_sample_makes_right_is_a_warning() -> None:
    found = ruled("barcode: {format: ean13, message: '{{ pass.id }}'}\n")

    assert found == {("barcode-ean13-digits", "warning", 8)}


def test_a_finding_in_another_language_alone_is_found() -> None:
    more = "language: en\nlocalization: {de: {A card: ''}}\n"

    assert [one for one in findings(more) if one.is_error]


def test_two_pictures_with_one_name_and_damaged_ones_are_told() -> None:
    found = check_files({ICON_PATH: icon()[:-20]}, (), NOW)

    assert [(one.path, one.is_error) for one in found] == [(ICON_PATH, True)]
