from collections.abc import Callable, Mapping
from copy import deepcopy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.delivery.apple.rule_cases import CASES, DELETE
from tests.delivery.apple.rule_picture_cases import PICTURE_CASES

from guerdon.delivery.apple.catalogue import RULES
from guerdon.delivery.apple.findings import Severity
from guerdon.delivery.apple.image_slots import image_file_name
from guerdon.delivery.apple.images import make_slot_images
from guerdon.delivery.apple.model import PassDocument
from guerdon.delivery.apple.rules import errors_among, validate, validate_personalisation

Document = dict[str, Any]
# Rules that the maker of pictures reports, and the one about the sign-up's own file; their tests are elsewhere.
ELSEWHERE = {"image-upscaled", "image-cropped", "personalisation-fields-malformed"}


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
) -> None:
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
) -> None:
    images = dict(all_pictures.get(example, pictures))
    before = validate(examples[example], images)
    harm(images)

    assert (rule, place) not in {(one.rule, one.path) for one in before}
    assert (rule, place) in {(one.rule, one.path) for one in validate(examples[example], images)}


def test_a_strip_hides_the_background_of_a_classic_ticket(
    examples: Mapping[str, Document], pictures: Mapping[str, bytes]
) -> None:
    classic = changed(examples["event_ticket"], "preferredStyleSchemes", DELETE)

    found = validate(classic, {**pictures, "strip.png": b"", "background.png": b""})

    assert "strip-and-background" in {one.rule for one in found}


def test_a_pass_that_can_never_change_is_told_so(examples: Mapping[str, Document]) -> None:
    still = changed(changed(examples["coupon"], "webServiceURL", DELETE), "authenticationToken", DELETE)

    assert "updates-impossible" in {one.rule for one in validate(still)}
    assert "updates-impossible" not in {one.rule for one in validate(examples["coupon"])}


def test_nfc_reminds_of_its_entitlement(examples: Mapping[str, Document]) -> None:
    assert "nfc-needs-entitlement" in {one.rule for one in validate(examples["event_ticket"])}
    assert "nfc-needs-entitlement" not in {one.rule for one in validate(examples["coupon"])}


def test_every_rule_of_the_catalogue_has_a_case() -> None:
    tested = {case[0] for case in CASES} | {case[0] for case in PICTURE_CASES} | ELSEWHERE
    tested |= {"strip-and-background", "updates-impossible", "nfc-needs-entitlement"}

    assert tested == set(RULES)


def test_the_examples_have_no_error_and_no_warning(
    examples: Mapping[str, Document], all_pictures: dict[str, dict[str, bytes]], pictures: Mapping[str, bytes]
) -> None:
    for name, example in examples.items():
        found = validate(example, all_pictures.get(name, pictures))

        assert [one for one in found if one.severity is not Severity.ADVICE] == []


def test_a_model_and_its_wire_form_have_the_same_findings(examples: Mapping[str, Document]) -> None:
    for example in examples.values():
        assert validate(PassDocument.model_validate(example)) == validate(example)


def test_all_mistakes_are_told_at_once_worst_first(store_card: Document) -> None:
    store_card |= {"serialNumber": 7, "labelColor": "red", "webServiceURL": "http://x", "groupingIdentifier": "g"}

    found = validate(store_card, {image_file_name("icon", 1): b"x"})

    assert {"value-malformed", "colour-malformed", "web-service-not-https", "image-not-png"} <= {
        one.rule for one in found
    }
    assert [one.severity for one in found] == sorted(
        (one.severity for one in found), key=["error", "warning", "advice"].index
    )


def test_errors_are_told_from_the_rest(store_card: Document) -> None:
    store_card["webServiceURL"] = "http://x"

    assert [one.rule for one in errors_among(validate(store_card))] == ["icon-required"]


def test_the_sign_up_form_is_checked_too() -> None:
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
def test_no_input_makes_the_validator_fail(anything: object) -> None:
    assert "icon-required" in {one.rule for one in validate(anything)}


def steps_into(target: dict[str, Any] | list[Any]) -> list[Any]:
    return list(target) if isinstance(target, dict) else list(range(len(target)))


@given(data=st.data())
def test_no_damage_to_a_pass_makes_the_validator_fail(examples: Mapping[str, Document], data: st.DataObject) -> None:
    document = deepcopy(examples[data.draw(st.sampled_from(sorted(examples)))])
    target: Any = document
    while True:
        step: Any = data.draw(st.sampled_from(steps_into(target)))
        if not isinstance(target[step], dict | list) or not target[step] or data.draw(st.booleans()):
            break
        target = target[step]
    target[step] = data.draw(JSON)

    names = data.draw(st.dictionaries(st.text(max_size=12), st.binary(max_size=40), max_size=2))
    assert all(one.rule in RULES and one.message for one in validate(document, names))
