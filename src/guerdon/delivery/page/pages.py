"""The hosted page of a pass: the card as a phone draws it, what its holder has, and the way into the wallet."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from urllib.parse import quote, urlsplit

from jinja2 import Environment, PackageLoader, StrictUndefined

from guerdon.delivery.page.assets import PACKAGE, SCRIPT, STYLE
from guerdon.delivery.page.codes import CodeDrawing, find_code
from guerdon.delivery.page.words import words_of
from guerdon.passes.pass_type_parts import Group, ImageRole, Style
from guerdon.rendering.colors import Color, contrast
from guerdon.rendering.model import FieldView, LinkView, PassView, PrivilegeView, Text
from guerdon.rendering.printing import print_field, print_moment, print_number
from guerdon.rendering.rows import Rows, classic_rows, poster_rows

POLL_MS: Final = 2000
SAFE_SCHEMES: Final = frozenset({"http", "https", "mailto", "tel"})

_ON_CARD: Final[tuple[Group, ...]] = ("header", "primary", "secondary", "auxiliary", "footer")
# `--sheet` of page.css, in its two schemes.
_SHEET_BY_DAY, _SHEET_BY_NIGHT = Color(255, 254, 251), Color(30, 28, 33)


@dataclass(frozen=True, slots=True)
class PageLinks:
    """Where the page's parts are; the two buttons are `None` when that wallet is not offered.

    `images_url` and `static_url` end in a slash; `fragment_url` answers with `render_fragment` and an ETag;
    `connect_url` answers with the address of a WebSocket that tells when to ask for it.
    """

    page_url: str
    fragment_url: str
    connect_url: str
    images_url: str
    static_url: str
    apple_url: str | None
    google_url: str | None


def content_security_policy(csp_nonce: str, sockets_origin: str = "") -> str:
    """Give the policy that belongs to a page with this nonce: nothing but its own files, colours and WebSocket.

    `sockets_origin` is named because not every browser counts its own host under `wss:` as itself.
    Pictures of privileges may come from any HTTPS address, since their owners host them where they like.
    """
    return (
        f"default-src 'none'; script-src 'self'; connect-src 'self' {sockets_origin}; img-src 'self' https:; "
        f"style-src 'self' 'nonce-{csp_nonce}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )


def render_page(view: PassView, links: PageLinks, csp_nonce: str, language: str, now: datetime) -> str:
    """Draw the whole page in a language; it works without scripts, and lives with them."""
    return _TEMPLATES.get_template("page.html.jinja").render(
        **_names(view, links, language, now),
        nonce=csp_nonce,
        links=links,
        style_url=links.static_url + STYLE.name,
        script_url=links.static_url + SCRIPT.name,
        poll_ms=POLL_MS,
        page_code=find_code("qr", links.page_url),
    )


def render_fragment(view: PassView, links: PageLinks, language: str, now: datetime) -> str:
    """Draw only the part that changes: the card and what its holder has. Equal views give equal text."""
    return _TEMPLATES.get_template("live.html.jinja").render(**_names(view, links, language, now))


def render_missing(static_url: str, language: str) -> str:
    """Draw what a person sees at the address of a pass that is not there."""
    return _TEMPLATES.get_template("missing.html.jinja").render(
        language=language, words=words_of(language), style_url=static_url + STYLE.name
    )


def render_several(views: Sequence[PassView], apple_url: str, static_url: str, language: str) -> str:
    """Draw the list of several passes: the way to the page of each, and into the wallet with all."""
    descriptions = [view.description.in_language(language) for view in views]
    # Ten tickets of one kind are told apart by their number alone.
    are_alike = len(set(descriptions)) < len(descriptions)
    passes = [
        (f"/{view.tenant_id}/{view.layout}?id={view.pass_id}", f"{said} {number}" if are_alike else said)
        for number, (view, said) in enumerate(zip(views, descriptions, strict=True), start=1)
    ]
    organizations = dict.fromkeys(view.organization.in_language(language) for view in views)
    return _TEMPLATES.get_template("several.html.jinja").render(
        passes=passes,
        organization=", ".join(organizations),
        apple_url=apple_url,
        language=language,
        words=words_of(language),
        style_url=static_url + STYLE.name,
    )


@dataclass(frozen=True, slots=True)
class _Code:
    drawing: CodeDrawing | None
    message: str
    alt_text: str


@dataclass(frozen=True, slots=True)
class _Drawn:
    """What the templates ask while they draw one view in one language."""

    view: PassView
    language: str
    images_url: str

    def said(self, text: Text) -> str:
        return text.in_language(self.language)

    def printed(self, field: FieldView) -> str:
        return print_field(field, self.language)

    def number(self, privilege: PrivilegeView) -> str:
        return print_number(privilege.value, self.language)

    def goal(self, privilege: PrivilegeView) -> str:
        return "" if privilege.goal is None else print_number(privilege.goal, self.language)

    def day(self, instant: datetime) -> str:
        return print_moment(instant, "medium", None, self.language)

    def image(self, role: ImageRole) -> str | None:
        name = self.view.image(role, self.language)
        return None if name is None else self.images_url + quote(name)

    def picture(self, url: Text) -> str | None:
        address = self.said(url)
        return address if urlsplit(address).scheme == "https" else None

    def address(self, link: LinkView | None) -> str | None:
        if link is None or _scheme(link.url) not in SAFE_SCHEMES:
            return None
        return link.url

    def code(self) -> _Code | None:
        if not self.view.barcodes:
            return None
        first = self.view.barcodes[0]
        return _Code(find_code(first.format, first.message), first.message, self.said(first.alt_text))


def _names(view: PassView, links: PageLinks, language: str, now: datetime) -> dict[str, object]:
    style = view.apple.style
    rows = poster_rows(view) if style == "posterGeneric" else classic_rows(view)
    return {
        "view": view,
        "drawn": _Drawn(view, language, links.images_url),
        "style": style,
        "shape": _shape(style, view),
        "rows": {group: rows.get(group, ()) for group in _ON_CARD},
        "behind": _behind(rows),
        "language": language,
        "words": words_of(language),
        "is_expired": view.expires_at is not None and view.expires_at <= now,
        "bar_by_day": _bar(view, _SHEET_BY_DAY),
        "bar_by_night": _bar(view, _SHEET_BY_NIGHT),
    }


def _shape(style: Style, view: PassView) -> str:
    """Tell how the upper half is drawn: with a strip, with a thumbnail, or as a poster."""
    if style == "posterGeneric":
        return "poster"
    return "strip" if style != "generic" and view.image("strip") else "thumbnail"


def _behind(rows: Rows) -> tuple[FieldView, ...]:
    """Give what stands on the back, without the privileges, which the page lists by themselves."""
    back = (*rows.get("back", ()), *rows.get("additionalInfo", ()))
    return tuple(field for field in back if field.privilege_id is None)


def _bar(view: PassView, sheet: Color) -> Color:
    """Choose the colour of progress bars: the one of the card's own that stands out best from the sheet."""
    return max(view.colors.background, view.colors.label, key=lambda color: contrast(color, sheet))


def _scheme(url: str) -> str:
    try:
        return urlsplit(url.strip()).scheme.lower()
    except ValueError:
        return ""


_TEMPLATES: Final = Environment(
    loader=PackageLoader(PACKAGE),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
