"""Every rule about a pass, by its permanent id: how bad a breach is, and the rule in one sentence.

Sources: Apple's Wallet pages, the checks of Apple's own builder (`apple/pass-builder`, June 2026), and the
notes on both in `research/wallet-protocols.md` sections 1.2 and 4.6.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from guerdon.delivery.apple.findings import Finding, Severity


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule; a finding that breaks it has its severity."""

    severity: Severity
    sentence: str


def finding(rule: str, path: str, message: str) -> Finding:
    """Report a breach of a rule of the catalogue."""
    return Finding(rule, RULES[rule].severity, path, message)


_ERRORS: Mapping[str, str] = {
    "unknown-key": "Every key is one that Wallet knows.",
    "required-key-missing": "Keys that Wallet needs are there.",
    "unknown-constant": "Constants are among those that Wallet knows.",
    "value-malformed": "Every value has the kind that its key asks for.",
    "text-empty": "A key without text is left out.",
    "colour-malformed": "Colours are written rgb(r,g,b), #RGB or #RRGGBB.",
    "date-malformed": "A moment has date, time and offset.",
    "url-malformed": "Addresses are complete.",
    "email-malformed": "E-mail addresses are complete.",
    "number-too-large": "Numbers fit into 53 bits.",
    "currency-code-malformed": "A currency is three capital letters.",
    "token-too-short": "The authentication token has 16 characters or more.",
    "format-version-not-one": "The format version is 1.",
    "latitude-out-of-range": "Latitudes lie between -90 and 90.",
    "longitude-out-of-range": "Longitudes lie between -180 and 180.",
    "locations-too-many": "A pass has at most 10 locations.",
    "distance-not-positive": "The distance is above zero.",
    "beacon-uuid-malformed": "A beacon is named by its UUID.",
    "beacon-number-out-of-range": "Major and minor of a beacon are 16 bits.",
    "row-out-of-range": "A row is 0 or 1.",
    "featured-actions-too-many": "A pass has at most 2 featured actions.",
    "featured-action-target": "An action has the target that its type asks for.",
    "upcoming-image-malformed": "Images of future events have https, a SHA-256 and at most 2 MB.",
    "nfc-message-too-long": "The NFC message has at most 64 bytes.",
    "personalisation-fields-malformed": "A sign-up asks for one to four different things.",
    "nfc-key-malformed": "The NFC key is a P-256 public key.",
    "barcode-superseded": "Barcodes stand in the list `barcodes`.",
    "barcode-encoding": "The message can be written in the encoding beside it.",
    "barcode-characters": "The format can carry every character of the message.",
    "barcode-ean13-digits": "An EAN-13 has 13 digits, the last of which checks the others.",
    "style-missing": "A pass has a style.",
    "styles-conflict": "A pass has one style, or posterGeneric with one fallback.",
    "scheme-without-style": "A preferred scheme belongs to the style of the pass.",
    "field-key-repeated": "No two fields of a style have the same key.",
    "number-format-on-text": "Number and currency formats stand beside numbers.",
    "date-format-on-text": "Date formats stand beside dates.",
    "relevant-interval-incomplete": "An interval has a start and an end.",
    "relevant-interval-reversed": "An interval ends after its start.",
    "relevant-date-ambiguous": "A relevant date is a moment or an interval.",
    "web-service-needs-token": "A pass with a web service has an authentication token.",
    "poster-ticket-tag-missing": "A poster ticket has the tags that Wallet needs to draw it.",
    "poster-ticket-nfc-required": "A poster ticket has an NFC message with authentication.",
    "poster-ticket-image-required": "A poster ticket has a background or an artwork.",
    "semantic-boarding-tag-missing": "A semantic boarding pass has the tags that Wallet needs to draw it.",
    "semantic-boarding-air-only": "The semantic boarding pass is for flights.",
    "icon-required": "Every pass has an icon.",
    "image-not-png": "Pictures are PNG files.",
}

_WARNINGS: Mapping[str, str] = {
    "change-message-needs-placeholder": "A change message holds %@, or nothing is shown.",
    "number-format-conflict": "A number has a currency or a number format.",
    "alignment-misplaced": "Alignment works on header, secondary and auxiliary fields.",
    "data-detectors-misplaced": "Data detectors work on back fields.",
    "row-misplaced": "Rows work on event tickets.",
    "attributed-value-markup": "Marked-up values hold links and no other markup.",
    "fields-more-than-shown": "A group has no more fields than the style shows.",
    "fields-not-shown": "A group of fields belongs to the style.",
    "poster-fallback-missing": "A posterGeneric pass has a fallback for systems before iOS 27.",
    "poster-image-missing": "A posterGeneric pass has a background and a primary logo.",
    "scheme-fallback-missing": "The preferred schemes name the classic style last.",
    "barcode-old-phones": "One barcode has a format that every iPhone shows.",
    "barcode-too-long": "A barcode holds no more than a scanner can read.",
    "barcode-encoding-unknown": "The encoding is one that scanners know.",
    "relevant-interval-too-long": "An interval lasts at most 24 hours.",
    "token-without-web-service": "A token stands beside its web service.",
    "web-service-not-https": "The web service is reached by https.",
    "pass-type-prefix": "A pass type identifier begins with pass.",
    "team-identifier-malformed": "A team identifier has 10 capital letters and digits.",
    "grouping-misplaced": "Only event tickets and boarding passes are grouped by identifier.",
    "strip-and-background": "An event ticket has a strip, or a background and a thumbnail.",
    "poster-ticket-tag-recommended": "A poster ticket has all tags that Apple's page lists.",
    "semantic-boarding-tag-recommended": "A semantic boarding pass has all tags Apple advises.",
    "event-ends-before-start": "An event ends after its start.",
    "time-zone-malformed": "A time zone has an IANA name.",
    "icon-scale-recommended": "The icon is there at @2x and @3x.",
    "image-name-unknown": "A picture has the name of a slot.",
    "image-not-shown": "A picture belongs to the style.",
    "image-size-wrong": "A picture has the size of its slot.",
    "image-localised-hidden": "A picture in a language's folder has no namesake at the root.",
    "image-upscaled": "A picture is large enough for its slot.",
    "personalisation-needs-nfc": "The sign-up from the pass works on NFC passes.",
}

_ADVICE: Mapping[str, str] = {
    "time-zone-one-spelling": "Time zones stand under both spellings of their key.",
    "relevant-date-one-spelling": "Relevant dates are written for every system.",
    "barcode-not-on-watch": "A watch shows every format but Code 128.",
    "nfc-needs-entitlement": "NFC needs a certificate to which Apple granted it.",
    "updates-impossible": "A pass that is to change later has a web service.",
    "distance-without-locations": "A distance belongs to locations.",
    "generic-never-expires": "Generic passes do not move to the expired ones by themselves.",
    "colours-hard-to-read": "Text stands out from its background.",
    "colours-ignored": "Automatic colours replace those of the text.",
    "featured-actions-misplaced": "Featured actions stand on classic passes and posterGeneric.",
    "image-scale-missing": "A picture is there at @2x and @3x.",
    "image-cropped": "A picture has the proportions of its slot.",
}

RULES: Final[Mapping[str, Rule]] = {
    rule: Rule(severity, sentence)
    for severity, sentences in (
        (Severity.ERROR, _ERRORS),
        (Severity.WARNING, _WARNINGS),
        (Severity.ADVICE, _ADVICE),
    )
    for rule, sentence in sentences.items()
}
