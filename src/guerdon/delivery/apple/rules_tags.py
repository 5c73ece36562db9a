"""Rules about semantic tags: what poster tickets and semantic boarding passes cannot do without.

Where Apple's page and Apple's builder ask for different sets, what the builder asks for is an error and the
rest a warning: with any tag missing the phone silently draws the classic form.
"""

import re
from collections.abc import Iterator, Mapping

from guerdon.delivery.apple.catalogue import finding
from guerdon.delivery.apple.findings import Finding
from guerdon.delivery.apple.reading import Members, members, schemes_of, text
from guerdon.delivery.apple.shapes import instant

_POSTER_REQUIRED = ("eventName", "venueName")
_POSTER_RECOMMENDED = ("venueRegionName", "venueRoom", "eventStartDate", "seats")
_POSTER_TAGS_OF_EVENT: Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "PKEventTypeSports": (("homeTeamAbbreviation", "awayTeamAbbreviation"), ()),
    "PKEventTypeLivePerformance": (("performerNames",), ("artistIDs",)),
}
_FLIGHT_REQUIRED = (
    "airlineCode",
    "flightNumber",
    "originalBoardingDate",
    "originalDepartureDate",
    "originalArrivalDate",
    "passengerName",
    "departureAirportCode",
    "destinationAirportCode",
)
_FLIGHT_RECOMMENDED = ("departureCityName", "destinationCityName", "seats")
_TIME_ZONES = (
    ("departureAirportTimeZone", "departureLocationTimeZone", "semantic-boarding-tag-missing"),
    ("destinationAirportTimeZone", "destinationLocationTimeZone", "semantic-boarding-tag-recommended"),
)
_TIME_ZONE = re.compile(r"[A-Za-z_]+(?:/[A-Za-z0-9_+-]+){1,2}|UTC|GMT")
_POSTER_IMAGE = re.compile(r"(?:.*/)?(?:background|artwork)(?:@[23]x)?\.png")


def tag_findings(document: Members, images: Mapping[str, bytes]) -> Iterator[Finding]:
    """Check the tags of the pass against the form that it prefers."""
    tags, schemes = members(document.get("semantics")), schemes_of(document)
    if "posterEventTicket" in schemes and document.get("eventTicket") is not None:
        yield from _poster_ticket(document, tags, images)
    if "semanticBoardingPass" in schemes and document.get("boardingPass") is not None:
        yield from _boarding_pass(document, tags)
    start, end = instant(text(tags.get("eventStartDate"))), instant(text(tags.get("eventEndDate")))
    if start is not None and end is not None and end < start:
        yield finding("event-ends-before-start", "semantics.eventEndDate", "The end must come after the start.")
    for key in (key for pair in _TIME_ZONES for key in pair[:2]):
        zone = text(tags.get(key))
        if zone and _TIME_ZONE.fullmatch(zone) is None:
            yield finding("time-zone-malformed", f"semantics.{key}", f"{zone!r} should read like Europe/Berlin.")


def _poster_ticket(document: Members, tags: Members, images: Mapping[str, bytes]) -> Iterator[Finding]:
    required, recommended = _POSTER_TAGS_OF_EVENT.get(text(tags.get("eventType")), ((), ()))
    yield from _missing("poster-ticket-tag-missing", tags, (*_POSTER_REQUIRED, *required))
    yield from _missing("poster-ticket-tag-recommended", tags, (*_POSTER_RECOMMENDED, *recommended))
    if members(document.get("nfc")).get("requiresAuthentication") is None:
        yield finding(
            "poster-ticket-nfc-required",
            "nfc",
            "A poster ticket needs nfc with requiresAuthentication; without NFC use posterGeneric.",
        )
    if not any(_POSTER_IMAGE.fullmatch(name) for name in images):
        yield finding("poster-ticket-image-required", "images", "Add a picture for background or artwork.")


def _boarding_pass(document: Members, tags: Members) -> Iterator[Finding]:
    transit = members(document.get("boardingPass")).get("transitType")
    if transit != "PKTransitTypeAir":
        yield finding(
            "semantic-boarding-air-only",
            "boardingPass.transitType",
            "Use PKTransitTypeAir or the classic form.",
        )
    yield from _missing("semantic-boarding-tag-missing", tags, _FLIGHT_REQUIRED)
    yield from _missing("semantic-boarding-tag-recommended", tags, _FLIGHT_RECOMMENDED)
    for key, other, rule in _TIME_ZONES:
        absent = [name for name in (key, other) if not tags.get(name)]
        if len(absent) == 1:
            yield finding(
                "time-zone-one-spelling",
                f"semantics.{absent[0]}",
                f"Apple's page and Apple's builder spell this key differently; write {key} and {other}.",
            )
        elif absent:
            yield finding(rule, f"semantics.{key}", f"Add {key} and {other}, like Europe/Berlin.")


def _missing(rule: str, tags: Members, keys: tuple[str, ...]) -> Iterator[Finding]:
    for key in keys:
        value = tags.get(key)
        if value is None or value in ("", {}, [], ()):
            yield finding(rule, f"semantics.{key}", f"Add {key}; without it the phone may draw the classic form.")
