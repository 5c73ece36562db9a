"""The page's own words, in the languages it speaks."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final


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
    missing: str
    missing_why: str


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
        missing="There is no pass here",
        missing_why=(
            "The address may be incomplete, or the pass was taken back. Ask whoever gave it to you for a new link."
        ),
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
        missing="Hier ist keine Karte",
        missing_why=(
            "Die Adresse ist vielleicht unvollständig, oder die Karte wurde zurückgenommen. "
            "Wer sie Ihnen gegeben hat, kann Ihnen einen neuen Link schicken."
        ),
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
        missing="Il n\u2019y a pas de carte ici",
        missing_why=(
            "L\u2019adresse est peut-être incomplète, ou la carte a été retirée. "
            "Demandez un nouveau lien à qui vous l\u2019a donnée."
        ),
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
        missing="Aquí no hay ninguna tarjeta",
        missing_why=(
            "Puede que la dirección esté incompleta o que la tarjeta se haya retirado. "
            "Pida un enlace nuevo a quien se la dio."
        ),
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
        missing="Qui non c\u2019è nessuna carta",
        missing_why=(
            "L\u2019indirizzo può essere incompleto, o la carta è stata ritirata. "
            "Chieda un nuovo link a chi gliel\u2019ha data."
        ),
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
        missing="Hier is geen pas",
        missing_why=(
            "Het adres is misschien onvolledig, of de pas is ingetrokken. Vraag een nieuwe link aan wie u de pas gaf."
        ),
    ),
}


def words_of(language: str) -> Words:
    """Give the page's words in a language, or in English."""
    return WORDS.get(language[:2], WORDS["en"])
