import re

import pytest
import zxingcpp
from PIL import Image, ImageDraw
from tests.rendering.builders import NOW, a_privilege, a_subject, a_view
from tests.rendering.test_sandbox_pass_types import NAMES, content

from guerdon.delivery.page.assets import ASSETS, SCRIPT, STYLE
from guerdon.delivery.page.codes import find_code
from guerdon.delivery.page.pages import PageLinks, content_security_policy, render_fragment, render_page
from guerdon.passes.pass_type_parts import BarcodeFormat
from guerdon.passes.pass_type_reading import read_pass_type
from guerdon.rendering.model import LocalText, PassView
from guerdon.rendering.view import render_view

LINKS = PageLinks(
    page_url="https://passes.example/demo/card?id=p1",
    fragment_url="/demo/card/live?id=p1",
    connect_url="/api/demo/passes/p1/connect",
    images_url="/demo/images/",
    static_url="/static/",
    apple_url="/api/demo/passes/p1?device=apple",
    google_url=None,
)


def page(view: PassView, language: str = "en") -> str:
    return render_page(view, LINKS, "n0nce", language, NOW)


@pytest.mark.parametrize("name", NAMES)
def test_every_demo_pass_has_a_page_in_every_language(name: str) -> None:
    view = render_view(read_pass_type(name, content(name)), a_subject(), (a_privilege(),), NOW)

    for language in ("en", "de", "fr", "nl"):
        assert f'<html lang="{language}">' in page(view, language)


def test_the_page_says_everything_in_the_language_that_was_chosen() -> None:
    drawn = page(a_view("privileges: {goal: '10'}", privileges=(a_privilege(value="7.5"),)), "de")

    assert "Kaffee" in drawn
    assert "<b>7,5</b> <small>von 10</small>" in drawn
    assert "Zu Apple Wallet hinzufügen" in drawn


def test_a_wallet_that_is_not_offered_is_named_and_cannot_be_pressed() -> None:
    drawn = page(a_view())

    assert '<a class="wallet" href="/api/demo/passes/p1?device=apple">' in drawn
    assert '<span class="wallet is-off">Add to Google Wallet' in drawn


def test_nothing_of_the_data_becomes_markup() -> None:
    attack = '"><script>alert(1)</script>'
    more = (
        'logoText: "{{ additionalData.x }}"\nfields: {secondary: [{key: a, label: b, value: "{{ additionalData.x }}"}]}'
    )
    view = a_view(more, a_subject(additional_data={"x": attack}), (a_privilege(title=LocalText(attack)),))

    drawn = page(view)

    assert "<script>" not in drawn
    assert drawn.count("&lt;script&gt;") >= 3


@pytest.mark.parametrize("url", ["javascript:alert(1)", " JavaScript:alert(1)", "data:text/html,x", "//x", "http://[x"])
def test_an_address_that_is_no_web_address_is_not_linked(url: str) -> None:
    drawn = page(a_view(f"links: [{{title: Bad, url: {url!r}}}]"))

    assert "Bad" not in drawn


def test_scripts_and_styles_come_from_files_named_after_their_content() -> None:
    drawn = page(a_view())

    assert re.findall(r"<script[^>]*>", drawn) == [f'<script src="/static/{SCRIPT.name}" defer>']
    assert f'href="/static/{STYLE.name}"' in drawn
    assert not re.search(r"\son[a-z]+=|\sstyle=", drawn)
    assert set(ASSETS) == {SCRIPT.name, STYLE.name}


def test_the_policy_allows_the_page_and_nothing_else() -> None:
    policy = content_security_policy("n0nce", "wss://passes.example")

    assert policy.startswith("default-src 'none'; script-src 'self'; ")
    assert "connect-src 'self' wss://passes.example; " in policy
    assert "unsafe" not in policy
    assert '<style nonce="n0nce">' in page(a_view())


def test_the_fragment_is_the_living_part_and_the_same_while_nothing_changes() -> None:
    seven, eight = (a_view(privileges=(a_privilege(value=value),)) for value in ("7", "8"))

    first, again, changed = (render_fragment(view, LINKS, "en", NOW) for view in (seven, seven, eight))

    assert first == again != changed
    assert first.strip() in page(seven)
    assert "<html" not in first


def test_a_pass_past_its_expiry_says_so() -> None:
    view = a_view("expiry: '2026-11-23T09:30:00Z'")

    assert 'class="over">Expired' in page(view)


@pytest.mark.parametrize(
    ("format_", "message", "read_as"),
    [
        ("qr", "Grüße 🍰", zxingcpp.BarcodeFormat.QRCode),
        ("aztec", "ARC 00 4711", zxingcpp.BarcodeFormat.Aztec),
        ("pdf417", "SPRING-4Q7Z", zxingcpp.BarcodeFormat.PDF417),
        ("code128", "6391 0042 7718", zxingcpp.BarcodeFormat.Code128),
        ("ean13", "4006381333931", zxingcpp.BarcodeFormat.EAN13),
    ],
)
def test_a_drawn_code_reads_as_its_message(
    format_: BarcodeFormat, message: str, read_as: zxingcpp.BarcodeFormat
) -> None:
    drawing = find_code(format_, message)

    assert drawing is not None
    (code,) = zxingcpp.read_barcodes(_painted(drawing.path, drawing.width, drawing.height))
    assert (code.text, code.format) == (message, read_as)


def test_a_code_that_cannot_hold_the_message_is_not_drawn_and_the_page_is() -> None:
    assert find_code("ean13", "not digits") is None
    assert "not digits" in page(a_view("barcode: {format: ean13, message: not digits}"))


def _painted(path: str, width: int, height: int) -> Image.Image:
    """Paint the path as a browser would: its only commands are M, h, v and Z."""
    scale, quiet = 4, 10
    picture = Image.new("L", ((width + 2 * quiet) * scale, (height + 2 * quiet) * scale), 255)
    draw = ImageDraw.Draw(picture)
    for x, y, wide, high in re.findall(r"M(\d+) (\d+)h(\d+)v(\d+)h-\d+Z", path):
        left, top = (int(x) + quiet) * scale, (int(y) + quiet) * scale
        draw.rectangle((left, top, left + int(wide) * scale - 1, top + int(high) * scale - 1), fill=0)
    return picture
