"""Rules about who issues the pass, how it is updated, and how it looks."""

import re
from collections.abc import Iterator

from guerdon.delivery.apple.catalogue import finding
from guerdon.delivery.apple.findings import Finding
from guerdon.delivery.apple.reading import Members, text
from guerdon.delivery.apple.shapes import colour_channels

_TEAM = re.compile(r"[A-Z0-9]{10}", re.ASCII)
_CONTRAST_MIN = 3.0  # WCAG 2.2, 1.4.11
_LOWEST_LINEAR = 0.04045


def identity_findings(document: Members) -> Iterator[Finding]:
    """Check identifiers, web service and colours."""
    pass_type, team = text(document.get("passTypeIdentifier")), text(document.get("teamIdentifier"))
    if pass_type and not pass_type.startswith("pass."):
        yield finding(
            "pass-type-prefix",
            "passTypeIdentifier",
            f"{pass_type!r} should read pass.{pass_type}, as at Apple.",
        )
    if team and _TEAM.fullmatch(team) is None:
        yield finding(
            "team-identifier-malformed",
            "teamIdentifier",
            f"{team!r} is no team identifier; Apple's have 10 capital letters and digits.",
        )
    yield from _web_service(document)
    yield from _colours(document)


def _web_service(document: Members) -> Iterator[Finding]:
    address, token = text(document.get("webServiceURL")), text(document.get("authenticationToken"))
    if address and not token:
        yield finding(
            "web-service-needs-token",
            "authenticationToken",
            "webServiceURL is there; add a token of 16 characters.",
        )
    if token and not address:
        yield finding("token-without-web-service", "webServiceURL", "A token is there; add the address it is for.")
    if address.startswith("http://"):
        yield finding("web-service-not-https", "webServiceURL", "Phones refuse http outside of development; use https.")
    if not address and not token:
        yield finding("updates-impossible", "webServiceURL", "Without webServiceURL this pass can never change.")


def _colours(document: Members) -> Iterator[Finding]:
    background = colour_channels(text(document.get("backgroundColor")))
    for key in ("foregroundColor", "labelColor"):
        colour = colour_channels(text(document.get(key)))
        if colour is None:
            continue
        if document.get("useAutomaticColors") is True:
            yield finding("colours-ignored", key, "useAutomaticColors is set, so that this colour is not used.")
        elif background is not None and (ratio := _contrast(colour, background)) < _CONTRAST_MIN:
            yield finding(
                "colours-hard-to-read",
                key,
                f"The contrast to backgroundColor is {ratio:.1f}; it should be 3 or more.",
            )


def _contrast(one: tuple[int, int, int], other: tuple[int, int, int]) -> float:
    darker, lighter = sorted((_luminance(one), _luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(colour: tuple[int, int, int]) -> float:
    red, green, blue = (_linear(channel / 255) for channel in colour)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _linear(channel: float) -> float:
    return channel / 12.92 if channel <= _LOWEST_LINEAR else ((channel + 0.055) / 1.055) ** 2.4
