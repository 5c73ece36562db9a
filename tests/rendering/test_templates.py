import time
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from guerdon.rendering.names import Names, make_names
from guerdon.rendering.templates import (
    OUTPUT_BYTES_MAX,
    TEXT_S_MAX,
    TemplateFailed,
    TemplateInvalid,
    check_template,
    fill,
)
from tests.rendering.builders import NOW, a_privilege, a_subject

TABLES = {"de": {"of": "von"}}


def names(language: str = "en", **data: object) -> Names:
    subject = a_subject(
        identifiers={"y2.customerId": "7"}, metadata={"tier": "gold", "share": 0.1}, additional_data=data
    )
    return make_names(subject, [a_privilege(value="0.50")], language, TABLES, NOW)


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("{{ pass.id }} {{ tenant.name }}", "8QpZ3vX1nB7kT5mWc2Ra Demo"),
        ("{{ identifiers['y2.customerId'] }}{{ pass.identifiers['y2.customerId'] }}", "77"),
        ("{{ nothing.at.all }}|{{ privileges[9].title }}", "|"),
        (
            "{{ privilege.stamps.value }} {{ privilege['p1'].title }} {{ privileges[0].externalId }}",
            "0.5 Coffee stamps",
        ),
        ("{% if metadata.share == 0.1 %}equal{% endif %}", "equal"),
        ("{{ now }} {{ now | date: '%Y' }} {{ today }}", "2026-11-23T09:30:00Z 2026 2026-11-23"),
        ("{{ 0.1 | plus: 0.2 }} {{ 10.0 | divided_by: 4 }} {{ 10 | divided_by: 4 }}", "0.3 2.5 2"),
        ("{{ privilege.stamps.value | times: 20 }}", "10"),
        ("{{ additionalData.list | sum }} {{ additionalData.list | join: '-' }}", "6 1-2-3"),
        ("{{ additionalData.word | localized: 'de' }} {{ additionalData.word | localized }}", "Hallo Hello"),
        ("<b>{{ '<i>' }}", "<b><i>"),
        ("no template at all", "no template at all"),
    ],
)
def test_templates_read_the_pass_and_its_data(source: str, text: str) -> None:
    word = {"en": "Hello", "de": "Hallo"}

    assert fill(source, names(list=[1, 2, 3], word=word)) == text


@pytest.mark.parametrize(
    ("source", "mistake"),
    [
        ("{{ 5 | ceil: 1 }}", "the filter `ceil` takes no argument"),
        ("{{ 'a' | upcase: 1, 2 }}", "the filter `upcase` takes no argument"),
        ("{{ 5 | plus: 1, 2 }}", "the filter `plus` takes at most 1 argument"),
        ("{{ 5 | number: '0', 'de', 3 }}", "the filter `number` takes at most 2 arguments"),
        ("{{ 5 | plus }}", "the filter `plus` needs 1 argument"),
        ("{{ 'a' | replace_last: 'a' }}", "the filter `replace_last` needs 2 arguments"),
        ("{{ 5 | default: 1, otherwise: 2 }}", "the filter `default` has no argument `otherwise`"),
        ("{{ now | date: '%Y', context: 1 }}", "the filter `date` has no argument `context`"),
        ("{{ 5 | number: '0', pattern: '0' }}", "the filter `number` is given its argument `pattern` twice"),
        ("{% if false %}{{ 1 | abs: 2 }}{% endif %}", "the filter `abs` takes no argument"),
    ],
)
def test_the_arguments_of_filters_are_checked_in_words_of_templates(source: str, mistake: str) -> None:
    with pytest.raises(TemplateInvalid) as refusal:
        check_template(source)

    assert refusal.value.message == mistake


@pytest.mark.parametrize(
    "source",
    [
        "{{ nothing | default: 'a', allow_false: true }}{{ 5 | number: pattern: '0.0', language: 'de' }}",
        "{{ now | date }}{{ now | date: '%Y', 'UTC', 'de' }}{{ 'a,b' | split: ',' | join }}{{ 1.5 | round: 1 }}",
    ],
)
def test_arguments_that_a_filter_takes_are_no_mistake(source: str) -> None:
    check_template(source)


@pytest.mark.parametrize("source", ["{{ 5 | concat: 5 }}", "{{ 5 | sort: 5 }}", "{{ additionalData.list | date }}"])
def test_a_value_that_a_filter_cannot_take_is_told_in_words_of_templates(source: str) -> None:
    with pytest.raises(TemplateFailed, match=r"^the filter `[a-z]+` cannot take this value or argument$"):
        fill(source, names(list=[1, 2, 3]))


def test_a_text_speaks_the_language_that_is_asked_for() -> None:
    source = "{{ language }} {{ privileges[0].title }} {{ 'of' | translated }} {{ now | date: '%A' }}"

    assert fill(source, names("de")) == "de Kaffee von Montag"


@pytest.mark.parametrize(
    ("source", "column", "part"),
    [
        ("{{ 'a' | shout }}", 10, "no filter `shout`"),
        ("Hi {% include 'x' %}", 7, "include"),
        ("Hi {% render 'x' %}", 7, "render"),
        ("{% if %}x{% endif %}", 4, "missing"),
        ("{{ 'a' ", 1, "expected"),
        ("{% for i in (1..3) %}", 1, "expected"),
        ("{% if (1..3) contains 2 %}x{% endif %}", 7, "range"),
    ],
)
def test_a_template_that_is_not_liquid_is_told_with_its_place(source: str, column: int, part: str) -> None:
    with pytest.raises(TemplateInvalid) as invalid:
        check_template(source)

    assert part in invalid.value.message
    assert (invalid.value.line, invalid.value.column) == (1, column)


BOMBS = [
    "{% for i in (1..1000000000) %}x{% endfor %}",
    "{% for i in (1..900) %}{% for j in (1..900) %}x{% endfor %}{% endfor %}",
    "{% assign x = 'aaaaaaaa' %}{% for i in (1..60) %}{% assign x = x | append: x %}{% endfor %}{{ x }}",
    "{% assign x = 'a' %}{% for i in (1..14) %}{% assign x = x | append: x %}{% endfor %}{{ x | replace: 'a', x }}",
    "{% assign x = 9 %}{% for i in (1..900) %}{% assign x = x | times: x %}{% endfor %}{{ x }}",
    "{{ 'a,' | append: 'a,' | split: '' | join: additionalData.long }}",
    "{{ additionalData.long | split: '' | size }}",
    "{% for i in (1..1000) %}{{ additionalData.long | upcase }}{% endfor %}",
    "{{ 1 | divided_by: 0 }}",
    "{{ 'x' | date: '%Y', 'No/Where' }}",
]


@pytest.mark.parametrize("source", BOMBS)
def test_a_template_that_costs_too_much_is_stopped_in_time(source: str) -> None:

    with pytest.raises(TemplateFailed):
        fill(source, names(long="a" * 100_000))


def test_many_cheap_tags_are_stopped_by_the_clock() -> None:
    source = "{% for i in (1..1000) %}" + "{% if i == 1 or i == 2 %}{% endif %}" * 200 + "{% endfor %}"
    started = time.thread_time()

    with pytest.raises(TemplateFailed, match="too long"):
        fill(source, names())

    assert time.thread_time() - started < 4 * TEXT_S_MAX


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=10,
)
SOURCES = st.sampled_from(
    [
        "{{ additionalData.x }}",
        "{{ additionalData.x | plus: 1 | times: additionalData.x }}",
        "{{ additionalData.x | number: '#,##0.00', 'de' }}",
        "{{ additionalData.x | date: '%A %-d %B %Y %H:%M', 'Europe/Berlin' }}",
        "{{ additionalData.x | date: 'dddd d. MMMM yyyy' }}",
        "{{ additionalData.x | localized }}{{ additionalData.x | translated }}",
        "{{ additionalData.x | sort | join: ', ' | truncate: 9 }}",
        "{{ additionalData.x | where: 'a' | map: 'b' | uniq | reverse | first }}",
        "{% for one in additionalData.x %}{{ one }}{{ forloop.index }}{% endfor %}",
        "{% if additionalData.x > 5 %}a{% elsif additionalData.x contains 'b' %}b{% endif %}",
        "{{ additionalData.x | split: additionalData.x | slice: 1, 3 | round: additionalData.x }}",
        "{{ privilege[additionalData.x].value }}{{ additionalData.x.size }}{{ additionalData.x | default: 'd' }}",
    ]
)


@given(SOURCES, VALUES)
@settings(deadline=None)
def test_any_data_give_a_bounded_text_or_a_known_failure(source: str, value: object) -> None:
    with suppress(TemplateFailed):
        assert len(fill(source, names(x=value)).encode("utf-8", "surrogatepass")) <= OUTPUT_BYTES_MAX


@given(st.text(alphabet="{}%|.'\" ()[]1aif for in end assign=<>,:-", max_size=80))
@settings(deadline=None)
def test_any_source_is_filled_in_or_refused(source: str) -> None:
    with suppress(TemplateInvalid, TemplateFailed):
        assert len(fill(source, names(a=[1, 2]))) <= OUTPUT_BYTES_MAX
