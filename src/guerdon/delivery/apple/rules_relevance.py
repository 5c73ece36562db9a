"""Rules about when and where a pass comes up, and when it ends."""

from collections.abc import Iterator
from datetime import timedelta

from guerdon.delivery.apple.catalogue import finding
from guerdon.delivery.apple.findings import Finding
from guerdon.delivery.apple.reading import Members, items, members, styles_of, text
from guerdon.delivery.apple.shapes import instant

INTERVAL_MAX = timedelta(hours=24)


def relevance_findings(document: Members) -> Iterator[Finding]:
    """Check relevant dates, distance and expiry."""
    dates = [members(date) for date in items(document.get("relevantDates"))]
    for index, date in enumerate(dates):
        yield from _relevant_date(f"relevantDates[{index}]", date)
    if dates and document.get("relevantDate") is None:
        yield finding(
            "relevant-date-one-spelling",
            "relevantDate",
            "Systems before iOS 18 read this key; add the first moment.",
        )
    if document.get("maxDistance") is not None and not items(document.get("locations")):
        yield finding("distance-without-locations", "maxDistance", "There are no locations that it could belong to.")
    if document.get("expirationDate") is not None and "generic" in styles_of(document):
        yield finding(
            "generic-never-expires",
            "expirationDate",
            "Generic passes stay among the others when they expire; send an update with voided as well.",
        )


def _relevant_date(path: str, date: Members) -> Iterator[Finding]:
    moment = date.get("date") is not None or date.get("relevantDate") is not None
    start, end = date.get("startDate"), date.get("endDate")
    if moment and (start is not None or end is not None):
        yield finding("relevant-date-ambiguous", path, "Keep date, or startDate and endDate.")
    elif not moment and (start is None or end is None):
        yield finding("relevant-interval-incomplete", path, "Write date, or both startDate and endDate.")
    elif not moment:
        yield from _interval(path, text(start), text(end))
    elif date.get("date") is None or date.get("relevantDate") is None:
        yield finding(
            "relevant-date-one-spelling",
            path,
            "iOS 18 reads relevantDate and iOS 26 date; write the moment in both.",
        )


def _interval(path: str, start_text: str, end_text: str) -> Iterator[Finding]:
    start, end = instant(start_text), instant(end_text)
    if start is None or end is None:
        return
    if end <= start:
        yield finding("relevant-interval-reversed", f"{path}.endDate", "The end must come after the start.")
    elif end - start > INTERVAL_MAX:
        yield finding("relevant-interval-too-long", f"{path}.endDate", "Wallet takes intervals of at most 24 hours.")
