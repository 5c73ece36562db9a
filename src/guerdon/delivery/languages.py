"""Choosing the language in which somebody reads a pass."""

from collections.abc import Sequence

PREFERENCES_MAX = 20


def choose_language(accept_language: str, spoken: Sequence[str]) -> str:
    """Choose among the languages of a pass type, its default first, by an Accept-Language header (RFC 9110, 12.5.4)."""
    for wanted in _preferences(accept_language):
        for language in spoken:
            if language.lower() == wanted or language.lower() == wanted.partition("-")[0]:
                return language
    return spoken[0]


def _preferences(header: str) -> list[str]:
    weighed: list[tuple[float, str]] = []
    for part in header.split(",")[:PREFERENCES_MAX]:
        language, _, weight = part.partition(";q=")
        try:
            quality = float(weight) if weight else 1.0
        except ValueError:
            quality = 0.0
        if quality > 0 and language.strip():
            weighed.append((quality, language.strip().lower()))
    # Sorting is stable, so that equal weights keep the caller's order.
    return [language for _, language in sorted(weighed, key=lambda pair: -pair[0])]
