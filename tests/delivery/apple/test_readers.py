"""Programs that we did not write read our passes."""

import json
from collections.abc import Callable, Mapping
from copy import deepcopy
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from guerdon.delivery.apple.build import build_package, encode_document
from guerdon.delivery.apple.development_authority import DevelopmentAuthority
from guerdon.delivery.apple.fields import AuxiliaryField, BoardingFields
from guerdon.delivery.apple.identity import SigningIdentity
from guerdon.delivery.apple.localisation import render_strings
from guerdon.delivery.apple.model import PassDocument
from guerdon.delivery.apple.semantics import Semantics
from guerdon.delivery.apple.shapes import PassPart
from guerdon.delivery.apple.signing import Signer
from guerdon.delivery.apple.upcoming import UpcomingPass

Document = dict[str, Any]
Run = Callable[..., str]
WORDS = {"de": {"POINTS": "PUNKTE", "quote": 'Ein "Wort"\nund Ž'}, "pt-BR": {"POINTS": "PONTOS"}}


def test_the_strict_schemas_take_every_example(examples: Mapping[str, Document], node: Run) -> None:
    given = [{"document": json.loads(encode_document(one))} for one in examples.values()]

    assert json.loads(node("schemas.mjs", given=given)) == [[]] * len(examples)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("unheardOf", 1),
        ("expirationDate", "tomorrow"),
        ("labelColor", "red"),
        ("authenticationToken", "short"),
        ("barcodes", [{"format": "PKBarcodeFormatITF", "message": "1"}]),
        ("semantics", {"unheardOf": 1}),
        ("featuredActions", [{"identifier": "a", "type": "dance", "url": "https://x"}]),
    ],
)
def test_the_strict_schemas_would_complain(store_card: Document, node: Run, key: str, value: object) -> None:
    judged = json.loads(node("schemas.mjs", given=[{"document": {**store_card, key: value}}]))

    assert judged[0]


def test_the_strict_schemas_look_into_fields(store_card: Document, node: Run) -> None:
    broken = deepcopy(store_card)
    broken["storeCard"]["auxiliaryFields"][0]["unheardOf"] = 1

    judged = json.loads(node("schemas.mjs", given=[{"document": broken}]))

    assert any("storeCard.auxiliaryFields" in complaint for complaint in judged[0])


def test_we_know_every_key_that_the_schemas_know(node: Run) -> None:
    theirs = json.loads(node("keys.mjs"))
    models: dict[str, type[PassPart]] = {
        "PassProps": PassDocument,
        "PassFields": BoardingFields,
        "PassFieldContentWithRow": AuxiliaryField,
        "Semantics": Semantics,
        "UpcomingPassInformationEntry": UpcomingPass,
    }
    ours = {name: {field.alias for field in model.model_fields.values()} for name, model in models.items()}

    assert {name: set(keys) - ours[name] for name, keys in theirs.items()} == {name: set() for name in models}
    assert ours["Semantics"] - set(theirs["Semantics"]) == {
        "departureAirportTimeZone",
        "destinationAirportTimeZone",
        "departureAirportSecurityPrograms",
        "destinationAirportSecurityPrograms",
        "airlineLoungePlaceID",
    }
    assert ours["PassProps"] - set(theirs["PassProps"]) == {"logoSymbolName"}


def test_pass_js_reads_back_what_we_packed(
    store_card: Document,
    pictures: Mapping[str, bytes],
    signer: Signer,
    now: datetime,
    node: Run,
    tmp_path: Path,
) -> None:
    path = tmp_path / "a.pkpass"
    path.write_bytes(build_package(store_card, pictures, WORDS, signer, now))

    read = json.loads(node("read.mjs", str(path)))

    assert read["style"] == "storeCard"
    assert read["fields"]["serialNumber"] == "S-1"
    assert read["fields"]["barcodes"][0]["message"] == "CARD-1"
    assert read["images"] == sorted(pictures)
    assert read["languages"] == ["de", "pt-BR"]


def test_pass_js_reads_our_words(node: Run, tmp_path: Path) -> None:
    words = {"POINTS": "PUNKTE", 'the "key"': 'Ein "Wort"\nund Ž 🎁', "path": "C:\\x; = /* */"}
    (tmp_path / "pass.strings").write_bytes(render_strings(words))

    assert json.loads(node("words.mjs", str(tmp_path / "pass.strings"), str(tmp_path / "turned"))) == words


def test_passkit_generator_rebuilds_our_pass_without_loss(  # noqa: PLR0917  # fixtures are given by name
    store_card: Document,
    pictures: Mapping[str, bytes],
    identity: SigningIdentity,
    authority: DevelopmentAuthority,
    signer: Signer,
    now: datetime,
    node: Run,
    unpacked: Callable[[bytes], Path],
    openssl_verdict: Callable[..., str],
    tmp_path: Path,
) -> None:
    (tmp_path / "chain.pem").write_bytes(authority.intermediate_pem)
    (tmp_path / "certificate.pem").write_bytes(identity.certificate_pem)
    (tmp_path / "key.pem").write_bytes(identity.key_pem)
    ours = unpacked(build_package(store_card, pictures, WORDS, signer, now))

    node("rebuild.mjs", str(ours), str(tmp_path), str(tmp_path / "theirs.pkpass"))
    theirs = unpacked((tmp_path / "theirs.pkpass").read_bytes())

    rebuilt = json.loads((theirs / "pass.json").read_text())
    # It writes the same instants its own way, in UTC.
    dates = {"relevantDate", "relevantDates", "expirationDate"}
    assert set(rebuilt) == set(store_card)
    assert {key: rebuilt[key] for key in set(rebuilt) - dates} == {
        key: store_card[key] for key in set(store_card) - dates
    }
    assert "CMS Verification successful" in openssl_verdict(theirs, now)
