"""Any pass that our model builds and our rules let through is accepted by judges that are not ours."""

import json
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy
from pydantic import JsonValue

from guerdon.delivery.apple import barcodes, fields, model, relevance, shapes, upcoming
from guerdon.delivery.apple.build import build_package, encode_document
from guerdon.delivery.apple.completing import completed, imported
from guerdon.delivery.apple.model import CLASSIC_STYLES, PassDocument
from guerdon.delivery.apple.rules import errors_among, validate
from guerdon.delivery.apple.shapes import PassPart
from guerdon.delivery.apple.signing import Signer

Document = dict[str, Any]
NFC_KEY = (
    "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEHzPY8eqxcei4hhevEOe388aiy0vbV7+m2WAtiHy1kAfaBarc7wYDjWHVJf7xlvwZeD4uoL36Kn"
    "O3NC54082wtg=="
)
WORDS = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=12)
MOMENTS = st.datetimes(datetime(2000, 1, 1), datetime(2060, 1, 1)).map(lambda moment: moment.isoformat() + "+02:00")  # noqa: DTZ001  # the offset follows
CHANNELS = st.integers(0, 255)
LINKS = st.sampled_from(["https://example.org", "https://example.org/a?b=c", "http://127.0.0.1:8080/x"])
# Documents are large, and the fixtures that judge them do not change.
UNHURRIED = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.function_scoped_fixture]
ICON = {"icon.png": b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" + bytes(17)}
NUMBERS = st.integers(-(2**53) + 1, 2**53 - 1)

LEAVES: dict[object, SearchStrategy[Any]] = {
    str: WORDS,
    shapes.AnyText: st.just("") | WORDS,
    shapes.Text: WORDS,
    shapes.Flag: st.booleans(),
    shapes.Whole: NUMBERS,
    shapes.Real: st.floats(-1000, 1000),
    shapes.Moment: MOMENTS,
    shapes.Colour: st.tuples(CHANNELS, CHANNELS, CHANNELS).map(lambda rgb: "rgb({},{},{})".format(*rgb)),
    shapes.WebAddress: LINKS,
    shapes.Address: LINKS | st.just("tel:+4930123456"),
    shapes.Email: st.just("help@example.org"),
    shapes.CurrencyCode: st.sampled_from(["EUR", "JPY"]),
    shapes.Identifier: st.uuids().map(str),
    shapes.FieldValue: st.just("") | WORDS | MOMENTS | NUMBERS | st.decimals(-1000, 1000, places=2),
    shapes.Latitude: st.floats(-90, 90),
    shapes.Longitude: st.floats(-180, 180),
    fields.Row: st.integers(0, 1),
    barcodes.NfcMessage: WORDS,
    barcodes.NfcKey: st.just(NFC_KEY),
    relevance.BeaconNumber: st.integers(0, 65_535),
    relevance.Distance: st.floats(1, 5000),
    model.Token: st.text("abc123", min_size=16, max_size=40),
    model.FormatVersion: st.just(1),
    upcoming.ImageAddress: st.just("https://example.org/a.png"),
    upcoming.ImageDigest: st.just("ab" * 32),
    upcoming.ImageSize: st.integers(1, 2 * 1024 * 1024),
    JsonValue: st.none() | st.booleans() | WORDS,
}


def values(kind: Any) -> SearchStrategy[Any]:
    """Draw values of any annotation in our model, so that a new key is tried without a word here."""
    if kind in LEAVES:
        return LEAVES[kind]
    if isinstance(kind, type) and issubclass(kind, PassPart):
        return parts(kind)
    return composed(get_origin(kind), get_args(kind))


def composed(origin: Any, inner: tuple[Any, ...]) -> SearchStrategy[Any]:
    if origin is Literal:
        return st.sampled_from(inner)
    if origin in {Union, UnionType}:
        return st.one_of(*(values(one) for one in inner if one is not NoneType))
    if origin in {tuple, list}:
        return st.lists(values(inner[0]), max_size=2)
    if origin is dict:
        return st.dictionaries(WORDS, values(inner[1]), max_size=2)
    assert origin is Annotated, origin
    return values(inner[0])


def parts(part: type[PassPart]) -> SearchStrategy[Document]:
    hints = get_type_hints(part, include_extras=True)
    members = {
        str(field.alias): (field.is_required(), values(hints[name])) for name, field in part.model_fields.items()
    }
    needed = {name: strategy for name, (is_required, strategy) in members.items() if is_required}
    rest = [(name, strategy) for name, (is_required, strategy) in members.items() if not is_required]
    # A handful of the optional keys at a time: all of them at once would be too large to draw.
    some = st.lists(st.sampled_from(rest), max_size=5, unique_by=lambda pair: pair[0]) if rest else st.just([])
    return some.flatmap(lambda chosen: st.fixed_dictionaries({**needed, **dict(chosen)}))


def documents() -> SearchStrategy[Document]:
    styles = st.sampled_from(CLASSIC_STYLES).flatmap(
        lambda style: st.fixed_dictionaries(
            {style: parts(fields.BoardingFields if style == "boardingPass" else fields.Fields)}
        )
    )
    return st.tuples(parts(PassDocument), styles).map(lambda drawn: repaired({**drawn[0], **drawn[1]}))


def repaired(document: Document) -> Document:
    """Undo the contradictions between keys that blind drawing makes; single values stay as drawn."""
    style = next(one for one in reversed(document) if one in CLASSIC_STYLES)
    for other in (*CLASSIC_STYLES, "posterGeneric", "preferredStyleSchemes"):
        if other != style:
            document.pop(other, None)
    groups: list[list[Document]] = [group for group in document[style].values() if isinstance(group, list)]
    for event in document.get("upcomingPassInformation", []):
        groups += [event.get("backFields", []), event.get("additionalInfoFields", [])]
    for number, field in enumerate(field for group in groups for field in group):
        field["key"] = f"field{number}"
        if isinstance(field["value"], str):
            field.pop("numberStyle", None)
            field.pop("currencyCode", None)
    for date in document.get("relevantDates", []):
        date.pop("date", None)
        date.pop("relevantDate", None)
        date |= {"startDate": "2026-01-01T00:00Z", "endDate": "2026-01-01T10:00Z"}
    for action in document.get("featuredActions", []):
        action |= {"type": "shop", "url": "https://example.org"}
        action.pop("placeIdentifier", None)
    for barcode in document.get("barcodes", []):
        barcode |= {"format": "PKBarcodeFormatQR", "messageEncoding": "utf-8"}
    if "webServiceURL" in document:
        document.setdefault("authenticationToken", "0123456789abcdef")
    return imported(document)


@settings(max_examples=8, deadline=None, suppress_health_check=UNHURRIED)
@given(drawn=st.lists(documents(), min_size=10, max_size=10))
def test_the_strict_schemas_take_any_pass(node: Callable[..., str], drawn: list[Document]) -> None:
    built = [completed(PassDocument.model_validate(document)) for document in drawn]
    given_documents = [{"document": json.loads(encode_document(one))} for one in built]

    assert [errors_among(validate(one, ICON)) for one in built] == [()] * len(built)
    assert json.loads(node("schemas.mjs", given=given_documents)) == [[]] * len(built)


@settings(max_examples=15, deadline=None, suppress_health_check=UNHURRIED)
@given(
    drawn=documents(),
    words=st.dictionaries(st.sampled_from(["de", "fr", "pt-BR"]), st.dictionaries(WORDS, WORDS, max_size=3)),
    images=st.dictionaries(st.sampled_from(["icon.png", "logo@2x.png", "zz.png"]), st.binary(max_size=50)),
)
def test_openssl_verifies_any_pass(
    signer: Signer,
    now: datetime,
    unpacked: Callable[[bytes], Path],
    openssl_verdict: Callable[..., str],
    drawn: Document,
    words: dict[str, dict[str, str]],
    images: dict[str, bytes],
) -> None:
    own = {"passTypeIdentifier": signer.pass_type_identifier, "teamIdentifier": signer.team_identifier}
    document = PassDocument.model_validate({**drawn, **own})

    folder = unpacked(build_package(document, images, words, signer, now))

    assert "CMS Verification successful" in openssl_verdict(folder, now)
    assert PassDocument.model_validate_json((folder / "pass.json").read_bytes()) == document
