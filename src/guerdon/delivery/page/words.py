"""The page's own words, in the languages it speaks, and the choice among them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

PREFERENCES_MAX = 20


@dataclass(frozen=True, slots=True)
class Words:
    """What the page itself says; everything else comes from the pass."""

    add_to_apple: str
    add_to_google: str
    not_offered: str
    yours: str
    details: str
    until: str
    of: str
    open_on_phone: str
    scan_me: str
    changed: str
    expired: str


WORDS: Final[Mapping[str, Words]] = {
    "en": Words(
        add_to_apple="Add to Apple Wallet",
        add_to_google="Add to Google Wallet",
        not_offered="not offered for this pass",
        yours="What you have",
        details="Details",
        until="until",
        of="of",
        open_on_phone="Open on your phone",
        scan_me="Point your camera here to put this pass on your phone.",
        changed="Changed",
        expired="Expired",
    ),
    "de": Words(
        add_to_apple="Zu Apple Wallet hinzufügen",
        add_to_google="Zu Google Wallet hinzufügen",
        not_offered="für diese Karte nicht angeboten",
        yours="Das haben Sie",
        details="Einzelheiten",
        until="bis",
        of="von",
        open_on_phone="Auf dem Telefon öffnen",
        scan_me="Richten Sie die Kamera hierher, um die Karte auf Ihr Telefon zu holen.",
        changed="Geändert",
        expired="Abgelaufen",
    ),
    "fr": Words(
        add_to_apple="Ajouter à Apple Wallet",
        add_to_google="Ajouter à Google Wallet",
        not_offered="non proposé pour cette carte",
        yours="Vos avantages",
        details="Détails",
        until="jusqu\u2019au",
        of="sur",
        open_on_phone="Ouvrir sur votre téléphone",
        scan_me="Visez ce code avec l\u2019appareil photo pour mettre la carte sur votre téléphone.",
        changed="Modifié",
        expired="Expirée",
    ),
    "es": Words(
        add_to_apple="Añadir a Apple Wallet",
        add_to_google="Añadir a Google Wallet",
        not_offered="no disponible para esta tarjeta",
        yours="Lo que tiene",
        details="Detalles",
        until="hasta el",
        of="de",
        open_on_phone="Abrir en el teléfono",
        scan_me="Apunte aquí con la cámara para llevar la tarjeta a su teléfono.",
        changed="Ha cambiado",
        expired="Caducada",
    ),
    "it": Words(
        add_to_apple="Aggiungi ad Apple Wallet",
        add_to_google="Aggiungi a Google Wallet",
        not_offered="non disponibile per questa carta",
        yours="I suoi vantaggi",
        details="Dettagli",
        until="fino al",
        of="di",
        open_on_phone="Apri sul telefono",
        scan_me="Inquadri il codice per portare la carta sul telefono.",
        changed="Modificato",
        expired="Scaduta",
    ),
    "nl": Words(
        add_to_apple="Zet in Apple Wallet",
        add_to_google="Zet in Google Wallet",
        not_offered="niet beschikbaar voor deze pas",
        yours="Wat u heeft",
        details="Details",
        until="tot",
        of="van",
        open_on_phone="Open op uw telefoon",
        scan_me="Richt uw camera hierop om de pas op uw telefoon te zetten.",
        changed="Gewijzigd",
        expired="Verlopen",
    ),
}


def words_of(language: str) -> Words:
    """Give the page's words in a language, or in English."""
    return WORDS.get(language[:2], WORDS["en"])


def choose_language(accept_language: str, languages: Sequence[str]) -> str:
    """Choose a pass's language by an `Accept-Language` header; the first of `languages` is the default.

    An exact match wins, then the base language (`de-AT` reads `de`); a header that cannot be read counts as none.
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
    try:
        return min(float(number), 1.0) if name.strip() == "q" else 0.0
    except ValueError:
        return 0.0
