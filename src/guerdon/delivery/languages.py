"""Choosing the language in which somebody reads a pass."""

import re
from collections.abc import Iterable, Sequence

PREFERENCES_MAX = 20
WEIGHT = re.compile(r"[0-9]{1,3}(\.[0-9]{0,20})?|\.[0-9]{1,20}")


def choose_language(accept_language: str, languages: Sequence[str]) -> str:
    """Choose a pass's language by an `Accept-Language` header; the first of `languages` is the default.

    An exact match wins, then the base language (`de-AT` reads `de`); a header that cannot be read counts as none
    (RFC 9110, 12.5.4).
    """
    for wanted in _preferences(accept_language):
        found = _matching(wanted, languages)
        if found is not None:
            return found
    return languages[0]


def _matching(wanted: str, languages: Iterable[str]) -> str | None:
    spoken = {language.lower(): language for language in languages}
    if wanted in spoken:
        return spoken[wanted]
    base = wanted.partition("-")[0]
    return next((language for tag, language in spoken.items() if tag.partition("-")[0] == base), None)


def _preferences(header: str) -> list[str]:
    weighted: list[tuple[float, str]] = []
    for entry in header.split(",")[:PREFERENCES_MAX]:
        tag, _semicolon, quality = entry.strip().partition(";")
        weight = _weight(quality)
        if tag and weight > 0:
            weighted.append((weight, tag.strip().lower()))
    return [tag for _weight_of, tag in sorted(weighted, key=lambda pair: -pair[0])]


def _weight(quality: str) -> float:
    if not quality.strip():
        return 1.0
    name, _equals, number = quality.strip().partition("=")
    if name.strip() != "q" or WEIGHT.fullmatch(number.strip()) is None:
        return 0.0
    return min(float(number), 1.0)
