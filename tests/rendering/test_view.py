from datetime import timedelta
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from guerdon.passes.pass_type_reading import read_pass_type
from guerdon.rendering.view import render_view
from tests.rendering.builders import HEAD, NOW, a_privilege, a_subject, a_view

POINTS = """
fields:
  header:
    - key: points
      label: Points
      value: "{{ privilege.stamps.value }}"
      number: decimal
      changeMessage: Now %@
    - {key: gone, label: Gone, value: "{{ additionalData.missing }}"}
localization: {de: {Points: Punkte}}
"""


def test_a_field_is_filled_in_translated_and_kept_exact() -> None:
    view = a_view(POINTS, privileges=(a_privilege(value="0.50"),))

    (field,) = view.in_group("header")
    assert field.label.in_language("de-AT") == "Punkte"
    assert (field.number, field.value.default) == (Decimal("0.5"), "0.5")


def test_a_field_without_a_value_is_left_out() -> None:
    view = a_view(POINTS)

    assert view.in_group("header") == ()
    assert view.faults == ()


def test_a_text_is_kept_once_when_all_languages_say_the_same() -> None:
    view = a_view('logoText: "{{ pass.id }}"\nlocalization: {de: {a: b}}')

    assert view.logo_text.translations == {}


def test_a_privilege_is_shown_as_a_field_in_the_group_that_the_type_names() -> None:
    view = a_view("privileges: {group: auxiliary}", privileges=(a_privilege(value="3"),))

    (field,) = view.in_group("auxiliary")
    assert (field.key, field.label.in_language("en"), field.value.default) == ("privilege-p1", "Coffee", "3")


def test_only_as_many_privileges_as_the_type_says_are_shown_but_all_can_be_read() -> None:
    privileges = tuple(a_privilege(f"p{number}", str(number), external_id=None) for number in range(1, 8))

    view = a_view('logoText: "{{ privileges.size }}"', privileges=privileges)

    assert [one.id for one in view.privileges] == ["p1", "p2", "p3", "p4", "p5"]
    assert view.logo_text.default == "7"


def test_a_privilege_hides_at_the_very_instant_of_its_deletion_date() -> None:
    leaving = a_privilege("p1", deletion_date=NOW)
    staying = a_privilege("p2", deletion_date=NOW + timedelta(microseconds=1))

    view = a_view(privileges=(leaving, staying))

    assert [one.id for one in view.privileges] == ["p2"]


def test_the_top_privilege_colours_the_pass_while_it_is_valid() -> None:
    more = 'colors: {background: "#000000"}\nprivileges: {colorsFromTop: true}'
    gold = a_privilege(background_color="#ffd700", deletion_date=NOW + timedelta(days=1))
    gone = a_privilege(background_color="#ffd700", deletion_date=NOW)

    assert a_view(more, privileges=(gold,)).colors.background.hex() == "#ffd700"
    assert a_view(more, privileges=(gone,)).colors.background.hex() == "#000000"


def test_progress_runs_from_nothing_to_all_and_not_beyond() -> None:
    more = 'privileges: {goal: "10"}'

    shares = [
        a_view(more, privileges=(a_privilege(value=value),)).privileges[0].progress() for value in ("-1", "7", "12")
    ]

    assert shares == [Decimal(0), Decimal("0.7"), Decimal(1)]


def test_a_void_pass_says_so_and_shows_no_code() -> None:
    more = 'voided: {text: Cancelled, label: Card}\nbarcode: {message: "{{ pass.id }}"}'

    view = a_view(more, a_subject(is_voided=True))

    assert view.is_voided
    assert view.barcodes == ()
    assert view.in_group("header")[0].value.default == "Cancelled"


def test_a_template_may_void_the_pass() -> None:
    more = 'voided: {when: "{{ additionalData.cancelled }}"}'

    assert a_view(more, a_subject(additional_data={"cancelled": True})).is_voided
    assert not a_view(more, a_subject(additional_data={"cancelled": False})).is_voided
    assert not a_view(more).is_voided


def test_an_image_may_follow_a_value_but_never_leave_its_folder() -> None:
    pass_type = read_pass_type(
        "loyalty", HEAD.replace("icon.png", 'icon.png, strip: "{{ metadata.file }}.png"').encode()
    )

    follows = render_view(pass_type, a_subject(metadata={"file": "gold"}), (), NOW)
    leaves = render_view(pass_type, a_subject(metadata={"file": "../secret"}), (), NOW)

    assert follows.image("strip") == "gold.png"
    assert leaves.image("strip") is None
    assert leaves.faults[0].path == "images.strip"


def test_data_that_do_not_fit_become_faults_and_the_rest_is_drawn() -> None:
    more = """
fields:
  back:
    - {key: a, value: "{{ additionalData.price }}", currency: EUR}
    - {key: b, value: "{{ additionalData.when }}", date: short}
    - {key: c, value: "{{ 1 | divided_by: 0 }}"}
expiry: "{{ additionalData.when }}"
"""

    view = a_view(more, a_subject(additional_data={"price": "many", "when": "soon"}))

    assert [(field.key, field.value.default) for field in view.in_group("back")] == [("a", "many"), ("b", "soon")]
    assert view.expires_at is None
    assert {fault.path for fault in view.faults} == {
        "fields.back[0].value",
        "fields.back[1].value",
        "fields.back[2].value",
        "expiry",
    }


def test_an_interval_that_ends_before_it_starts_is_dropped() -> None:
    more = "relevance: {dates: [{from: 2027-01-02T00:00:00Z, until: 2027-01-01T00:00:00Z}, {at: 2027-01-01T00:00:00Z}]}"

    view = a_view(more)

    assert [date.until for date in view.relevant_dates] == [None]


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
EVERYTHING = """
logoText: "{{ additionalData.x }}"
colors: {background: "{{ additionalData.x }}"}
barcode: {message: "{{ additionalData.x }}"}
fields:
  header: [{key: a, value: "{{ additionalData.x }}", number: decimal}]
  primary: [{key: b, value: "{{ additionalData.x }}", date: full, time: short}]
  secondary: [{key: c, value: "{{ additionalData.x }}", currency: "{{ additionalData.x }}"}]
  back: [{key: d, value: "{{ additionalData.x | localized }}", link: "{{ additionalData.x }}"}]
relevance: {dates: [{at: "{{ additionalData.x }}"}]}
expiry: "{{ additionalData.x }}"
voided: {when: "{{ additionalData.x }}", text: void}
apple: {semantics: {eventName: "{{ additionalData.x }}"}, groupingIdentifier: "{{ additionalData.x }}"}
localization: {de: {void: ungültig}}
"""


@given(VALUES)
@settings(deadline=None)
def test_any_data_draw_a_pass(value: object) -> None:
    view = a_view(EVERYTHING, a_subject(additional_data={"x": value}))

    assert view.pass_type == "loyalty"
