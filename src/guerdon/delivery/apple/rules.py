"""The validator: everything that is to be said about a pass before a phone sees it."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from typing import Final

from pydantic import ValidationError

from guerdon.delivery.apple.catalogue import RULES, finding
from guerdon.delivery.apple.findings import Finding, Severity
from guerdon.delivery.apple.model import PassDocument
from guerdon.delivery.apple.personalisation import Personalisation
from guerdon.delivery.apple.reading import members
from guerdon.delivery.apple.rules_codes import code_findings
from guerdon.delivery.apple.rules_fields import field_findings
from guerdon.delivery.apple.rules_identity import identity_findings
from guerdon.delivery.apple.rules_images import image_findings
from guerdon.delivery.apple.rules_relevance import relevance_findings
from guerdon.delivery.apple.rules_styles import style_findings
from guerdon.delivery.apple.rules_tags import tag_findings

NO_IMAGES: Final[Mapping[str, bytes]] = {}
_DOCUMENT_RULES = (
    identity_findings,
    style_findings,
    field_findings,
    code_findings,
    relevance_findings,
)
_RULE_OF_ERROR = {
    "missing": "required-key-missing",
    "extra_forbidden": "unknown-key",
    "literal_error": "unknown-constant",
}
_ORDER = {severity: position for position, severity in enumerate(Severity)}


def validate(document: object, images: Mapping[str, bytes] = NO_IMAGES) -> tuple[Finding, ...]:
    """Find everything wrong with a document and its pictures (by file name), worst first.

    `document` is a PassDocument or the parsed `pass.json`; whatever else it is becomes findings and never an
    exception. No errors among the findings means that Wallet can show the pass.
    """
    found, given = _shape_findings(document)
    found += chain.from_iterable(rules(given) for rules in _DOCUMENT_RULES)
    found += tag_findings(given, images)
    found += image_findings(given, images)
    return tuple(sorted(found, key=lambda one: (_ORDER[one.severity], one.path, one.rule)))


def validate_personalisation(personalisation: object) -> tuple[Finding, ...]:
    """Find everything wrong with a parsed `personalization.json`; never raises."""
    try:
        Personalisation.model_validate(personalisation)
    except ValidationError as error:
        return tuple(_readable(error))
    return ()


def errors_among(findings: Sequence[Finding]) -> tuple[Finding, ...]:
    """Keep what stands in the way of issuing."""
    return tuple(one for one in findings if one.severity is Severity.ERROR)


def _shape_findings(document: object) -> tuple[list[Finding], Mapping[str, object]]:
    if isinstance(document, PassDocument):
        return [], document.wire()
    try:
        return [], PassDocument.model_validate(document).wire()
    except ValidationError as error:
        return list(_readable(error)), members(document)


def _readable(error: ValidationError) -> Iterator[Finding]:
    for detail in error.errors(include_url=False, include_input=False):
        path = _path(detail["loc"])
        kind = detail["type"]
        rule = kind if kind in RULES else _RULE_OF_ERROR.get(kind, "value-malformed")
        match rule:
            case "unknown-key" if path == "barcode":
                yield finding("barcode-superseded", path, "Move it into the list `barcodes`.")
            case "unknown-key":
                yield finding(rule, path, "Wallet does not know this key here. Leave it out or correct its name.")
            case "required-key-missing":
                yield finding(rule, path, "This key is required and is not there.")
            case _:
                yield finding(rule, path, detail["msg"])


def _path(location: tuple[int | str, ...]) -> str:
    path = ""
    for step in location:
        if isinstance(step, int):
            path += f"[{step}]"
        elif path == "userInfo":
            break  # what follows are Pydantic's names for the alternatives, not keys
        else:
            path += f".{step}" if path else step
    return path
