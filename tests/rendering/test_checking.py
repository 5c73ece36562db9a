from guerdon.passes.pass_type_text import Mistake
from guerdon.rendering.checking import check_pass_type
from tests.rendering.builders import HEAD


def check(more: str, *images: str) -> list[Mistake]:
    return check_pass_type("loyalty", (HEAD + more).encode(), images or ("icon.png",))


def test_a_good_pass_type_has_no_mistakes() -> None:
    assert check('logoText: "{{ pass.id }}"') == []


def test_a_file_that_cannot_be_read_gives_its_own_mistakes() -> None:
    (mistake,) = check("layout: 7\n")

    assert (mistake.path, mistake.place.line) == ("layout", 5)


def test_bad_liquid_is_told_with_the_place_in_the_file_and_in_the_template() -> None:
    (mistake,) = check('fields:\n  back:\n    - {key: a, value: "{{ x | shout }}"}\n')

    assert (mistake.path, mistake.place.line) == ("fields.back[0].value", 7)
    assert mistake.message == ("The template cannot be read: at its line 1, character 8, there is no filter `shout`.")


def test_every_template_and_every_translation_is_checked() -> None:
    found = check('logoText: "{{"\nlinks: [{title: a, url: "{% x %}"}]\nlocalization: {de: {a: "{{ b"}}')

    assert [mistake.path for mistake in found] == ["logoText", "links[0].url", "localization.de.a"]


def test_images_must_be_there_and_a_pass_needs_an_icon() -> None:
    found = check_pass_type("loyalty", HEAD.replace("icon: icon", "logo: nowhere").encode(), ("icon.png",))

    assert [mistake.message for mistake in found] == [
        "An `icon` is needed: Apple Wallet refuses a pass without one.",
        "There is no file server/images/nowhere.png.",
    ]


def test_an_image_that_a_template_names_is_looked_up_when_it_is_known() -> None:
    text = HEAD.replace("icon.png", 'icon.png, strip: "s-{{ metadata.n }}.png"')

    assert check_pass_type("loyalty", text.encode(), ("icon.png",)) == []


def test_a_translation_that_nothing_uses_is_a_warning() -> None:
    (mistake,) = check("localization: {de: {Pionts: Punkte}}")

    assert (mistake.path, mistake.is_warning) == ("localization.de.Pionts", True)


def test_a_translation_used_inside_a_template_is_used() -> None:
    assert check("logoText: \"{{ 'of' | translated }}\"\nlocalization: {de: {of: von}}") == []


def test_names_that_no_identifier_has_are_mistakes_in_their_lines() -> None:
    names = "identifiers:\n  y2.customerId: {proof: hmac}\n  x.hmac: {proof: none}\n  limit: {proof: none}\n"

    found = check(names + "wallet: id.x\n")

    assert [(mistake.path, mistake.place.line) for mistake in found] == [
        ("identifiers.x.hmac", 7),
        ("identifiers.limit", 8),
        ("wallet", 9),
    ]


def test_mistakes_of_form_hide_neither_templates_nor_images_nor_names() -> None:
    bad = (
        'logoText: "{{ a | nofilter }}"\n'
        'links: [{title: "{% include \'b\' %}", url: "{% for %}"}]\n'
        "privileges: {shown: 50}\n"
        "identifiers: {limit: {proof: none}}\n"
    )
    text = HEAD.replace("icon.png", "icon.png, logo: missing.png") + bad

    found = check_pass_type("loyalty", text.encode(), ("icon.png",))

    assert [mistake.path for mistake in found] == [
        "images.logo.default",
        "logoText",
        "links[0].title",
        "links[0].url",
        "privileges.shown",
        "identifiers.limit",
    ]


def test_a_value_of_the_wrong_kind_is_told_once_and_not_as_a_template_too() -> None:
    found = check('privileges: {shown: "{{ a | nofilter }}", colorsFromTop: 5}\ncolors: red\n')

    assert [mistake.path for mistake in found] == ["privileges.shown", "privileges.colorsFromTop", "colors"]


def test_an_unknown_name_and_the_template_under_it_are_two_mistakes() -> None:
    found = check('logoTexts: "{{ a | nofilter }}"\n')

    assert [mistake.message[:30] for mistake in found] == [
        "`logoTexts` is not known here;",
        "The template cannot be read: a",
    ]


def test_images_that_are_no_section_are_told_once() -> None:
    (mistake,) = check_pass_type("loyalty", HEAD.replace("{icon: icon.png}", "icon.png").encode(), ())

    assert mistake.path == "images"
