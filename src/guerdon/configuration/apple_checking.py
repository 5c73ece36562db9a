"""What Apple Wallet would say of the passes of a type: samples are drawn, and the rules are asked.

A finding on a value that every sample has alike comes from the file and counts as it is. One on a value that comes from
the data of the pass is a warning, if no made-up value would do, and nothing otherwise: real data may well be right.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from guerdon.configuration.apple_places import field_key, steps_of, value_at, written_path
from guerdon.configuration.model import Finding, Severity
from guerdon.configuration.sampling import draw, field_keys, samples, with_values
from guerdon.delivery.apple import findings as apple
from guerdon.delivery.apple.build import encode_document
from guerdon.delivery.apple.from_view import IDENTITY_KEYS, ApplePassIdentity, pass_document
from guerdon.delivery.apple.image_slots import SLOTS
from guerdon.delivery.apple.images import sketch_slot_images
from guerdon.delivery.apple.rules import validate
from guerdon.passes.pass_type import PassType, PassTypeInvalid
from guerdon.passes.pass_type_reading import examine
from guerdon.passes.pass_type_text import Tree
from guerdon.rendering.model import PassView

IDENTITY: Final = ApplePassIdentity(
    "pass.org.example.sample", "SAMPLE0001", "sample", "a-token-of-no-pass", "https://www.example.org"
)
# Already said with a better place by the check of the pass type itself, or nothing that a pass type could change.
_SAID: Final = frozenset({"icon-required", "updates-impossible", "nfc-needs-entitlement"})


@dataclass(frozen=True, slots=True)
class _Seen:
    """One finding on one sample, with the value that it is about."""

    finding: apple.Finding
    value: str
    document: Mapping[str, object]


def check_for_apple(path: str, name: str, content: bytes, now: datetime) -> list[Finding]:
    """List what Apple Wallet would refuse or lose of the passes of a type; nothing for a file that cannot be read."""
    try:
        pass_type, tree = examine(name, content)
    except PassTypeInvalid:
        return []
    views = [draw(pass_type, sample, now) for sample in samples(pass_type, now)]
    found = [_finding(path, pass_type, tree, seen) for seen in _everywhere(views)]
    found += _of_hidden(path, pass_type, tree, views, now)
    return [*found, *_ignored(path, pass_type, tree), *_faults(path, tree, views)]


def _everywhere(views: Sequence[PassView]) -> list[list[_Seen]]:
    """Give the findings that all samples have."""
    seen = [_seen(view) for view in views]
    return [[one[key] for one in seen] for key in seen[0] if all(key in one for one in seen)]


def _of_hidden(
    path: str, pass_type: PassType, tree: Tree, views: Sequence[PassView], now: datetime
) -> Iterator[Finding]:
    """Tell what is wrong with fields that print nothing on any sample, as if they printed something."""
    shown = {field.key for view in views for fields in view.fields.values() for field in fields}
    hidden = field_keys(pass_type) - shown
    if not hidden:
        return
    printing = with_values(pass_type, hidden)
    for seen in _everywhere([draw(printing, sample, now) for sample in samples(printing, now)]):
        steps = steps_of(seen[0].finding.path)
        if field_key(seen[0].document, steps) in hidden and steps[3:] != ("value",):
            yield _finding(path, pass_type, tree, seen)


def _ignored(path: str, pass_type: PassType, tree: Tree) -> Iterator[Finding]:
    for key in sorted(IDENTITY_KEYS & pass_type.apple.extra.keys()):
        place = tree.place_of(("apple", "extra", key))
        message = f"`{key}` says which pass it is, and is written for each pass; leave it out."
        yield Finding(path, place.line, place.column, message)


def _seen(view: PassView) -> dict[tuple[str, str], _Seen]:
    """Give the findings on one sample in all its languages, by rule and path."""
    files = _files(view)
    seen: dict[tuple[str, str], _Seen] = {}
    for language in view.languages:
        document = json.loads(encode_document(pass_document(view, IDENTITY, language)))
        for finding in validate(document, files):
            value = json.dumps(value_at(document, steps_of(finding.path)), sort_keys=True)
            if finding.rule not in _SAID:
                seen.setdefault((finding.rule, finding.path), _Seen(finding, value, document))
    return seen


def _files(view: PassView) -> dict[str, bytes]:
    files: dict[str, bytes] = {}
    for role in view.images:
        if role in SLOTS:
            files.update(sketch_slot_images(role))
    return files


def _finding(path: str, pass_type: PassType, tree: Tree, seen: list[_Seen]) -> Finding:
    first = seen[0]
    comes_from_file = len({one.value for one in seen}) == 1
    place = tree.place_of(written_path(first.document, steps_of(first.finding.path), pass_type))
    severity: Severity = first.finding.severity.value
    message = f"Apple Wallet, {first.finding.path}: {first.finding.message}"
    if not comes_from_file:
        severity = "warning" if severity == "error" else severity
        message += " (Seen on sample passes with made-up data.)"
    return Finding(path, place.line, place.column, message, severity, first.finding.rule)


def _faults(path: str, tree: Tree, views: Sequence[PassView]) -> Iterator[Finding]:
    """Tell the templates that no made-up data could fill."""
    paths = [{fault.path for fault in view.faults} for view in views]
    for fault in views[0].faults:
        if all(fault.path in found for found in paths):
            place = tree.place_of(tuple(steps_of(fault.path)))
            message = f"`{fault.path}` could not be filled in on any sample pass: {fault.message}"
            yield Finding(path, place.line, place.column, message, "warning")
