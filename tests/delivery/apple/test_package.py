import json
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from hashlib import sha1
from io import BytesIO
from pathlib import Path
from subprocess import run
from zipfile import ZIP_STORED, ZipFile

import pytest

from guerdon.delivery.apple.build import build_from_parts, build_package, encode_document, prepare_parts
from guerdon.delivery.apple.errors import PackageFileRefused, SignerMismatch, TooManyPasses
from guerdon.delivery.apple.model import PassDocument
from guerdon.delivery.apple.package import BUNDLE_BYTES_MAX, bundle, package_parts
from guerdon.delivery.apple.personalisation import Personalisation
from guerdon.delivery.apple.signing import Signer

Document = dict[str, object]
WORDS = {"de": {"POINTS": "PUNKTE"}, "pt-BR": {"POINTS": "PONTOS"}}


def manifest_complaints(folder: Path) -> list[str]:
    """Apple's rule, written without our code: the manifest lists every other file with its SHA-1, and no more."""
    listed = json.loads((folder / "manifest.json").read_text())
    present = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}
    present -= {"manifest.json", "signature"}
    wrong = [
        name
        for name in present & set(listed)
        if sha1((folder / name).read_bytes(), usedforsecurity=False).hexdigest() != listed[name]
    ]
    return (
        [f"unlisted {name}" for name in sorted(present - set(listed))]
        + [f"missing {name}" for name in sorted(set(listed) - present)]
        + [f"changed {name}" for name in sorted(wrong)]
    )


@pytest.fixture
def package(store_card: Document, pictures: Mapping[str, bytes], signer: Signer, now: datetime) -> bytes:
    return build_package(store_card, pictures, WORDS, signer, now)


def test_every_example_is_a_package_that_openssl_verifies(
    examples: Mapping[str, Document],
    pictures: Mapping[str, bytes],
    signer: Signer,
    now: datetime,
    unpacked: Callable[[bytes], Path],
    openssl_verdict: Callable[..., str],
) -> None:
    for example in examples.values():
        folder = unpacked(build_package(PassDocument.model_validate(example), pictures, WORDS, signer, now))

        assert manifest_complaints(folder) == []
        assert "CMS Verification successful" in openssl_verdict(folder, now)
        assert json.loads((folder / "pass.json").read_text()) == example


def test_the_manifest_is_sorted_and_on_one_line(package: bytes, unpacked: Callable[[bytes], Path]) -> None:
    text = (unpacked(package) / "manifest.json").read_text()

    assert "\n" not in text
    assert list(json.loads(text)) == sorted(json.loads(text))
    assert {"de.lproj/pass.strings", "icon@3x.png", "pass.json"} <= set(json.loads(text))


@pytest.mark.parametrize(
    ("harm", "complaint"),
    [
        ("echo x > extra.png", "unlisted extra.png"),
        ("rm logo.png", "missing logo.png"),
        ("echo {} > pass.json", "changed pass.json"),
    ],
)
def test_harm_to_a_package_shows_in_its_manifest(
    package: bytes, unpacked: Callable[[bytes], Path], harm: str, complaint: str
) -> None:
    folder = unpacked(package)
    run(["sh", "-c", harm], cwd=folder, check=True)

    assert manifest_complaints(folder) == [complaint]


def test_unzip_finds_no_fault_and_plain_file_modes(package: bytes, tmp_path: Path) -> None:
    path = tmp_path / "a.pkpass"
    path.write_bytes(package)

    with ZipFile(BytesIO(package)) as archive:
        entries = archive.infolist()

    assert run(["python3", "-m", "zipfile", "-t", str(path)], check=True, capture_output=True).returncode == 0
    assert {entry.compress_type for entry in entries} == {ZIP_STORED}
    assert {entry.external_attr >> 16 for entry in entries} == {0o100644}
    assert {entry.date_time for entry in entries} == {(1980, 1, 1, 0, 0, 0)}


def test_equal_passes_are_equal_bytes_and_the_time_changes_the_signature_alone(
    store_card: Document, pictures: Mapping[str, bytes], signer: Signer, now: datetime, package: bytes
) -> None:
    again = build_package(store_card, {name: pictures[name] for name in reversed(list(pictures))}, WORDS, signer, now)
    later = build_package(store_card, pictures, WORDS, signer, now + timedelta(seconds=1))

    assert again == package
    assert later != package
    assert contents(later, without="signature") == contents(package, without="signature")


def contents(package: bytes, without: str) -> dict[str, bytes]:
    with ZipFile(BytesIO(package)) as archive:
        return {name: archive.read(name) for name in archive.namelist() if name != without}


def test_the_content_hash_follows_the_content(store_card: Document, pictures: Mapping[str, bytes]) -> None:
    parts = prepare_parts(pictures, WORDS)
    other_words = prepare_parts(pictures, {"de": {"POINTS": "Punkte"}})
    document = encode_document(store_card)

    assert parts.content_hash(document) == prepare_parts(pictures, WORDS).content_hash(document)
    assert parts.content_hash(document) != other_words.content_hash(document)
    assert parts.content_hash(document) != parts.content_hash(encode_document({**store_card, "voided": True}))


def test_parts_are_prepared_once_and_serve_many_passes(
    store_card: Document, pictures: Mapping[str, bytes], signer: Signer, now: datetime, package: bytes
) -> None:
    parts = prepare_parts(pictures, WORDS)
    other = build_from_parts(parts, {**store_card, "serialNumber": "S-2"}, signer, now)

    assert build_from_parts(parts, store_card, signer, now) == package
    assert json.loads(contents(other, without="")["pass.json"])["serialNumber"] == "S-2"


def test_a_package_without_pictures_has_a_sound_manifest(
    store_card: Document, signer: Signer, now: datetime, unpacked: Callable[[bytes], Path]
) -> None:
    folder = unpacked(build_package(store_card, {}, {}, signer, now))

    assert manifest_complaints(folder) == []
    assert list(json.loads((folder / "manifest.json").read_text())) == ["pass.json"]


def test_personalisation_travels_in_its_own_file(
    store_card: Document, signer: Signer, now: datetime, unpacked: Callable[[bytes], Path]
) -> None:
    asked = Personalisation(description="Join us", required_personalization_fields=("PKPassPersonalizationFieldName",))

    folder = unpacked(build_from_parts(prepare_parts({}, {}, asked), store_card, signer, now))

    assert manifest_complaints(folder) == []
    assert json.loads((folder / "personalization.json").read_text()) == {
        "description": "Join us",
        "requiredPersonalizationFields": ["PKPassPersonalizationFieldName"],
    }


@pytest.mark.parametrize("key", ["passTypeIdentifier", "teamIdentifier"])
def test_a_pass_of_another_type_or_team_is_not_signed(
    store_card: Document, signer: Signer, now: datetime, key: str
) -> None:
    with pytest.raises(SignerMismatch, match=key):
        build_package({**store_card, key: "pass.other"}, {}, {}, signer, now)


@pytest.mark.parametrize(
    "name",
    [
        "../icon.png",
        "/icon.png",
        "sub/icon.png",
        "pass.json",
        "manifest.json",
        "signature",
        ".DS_Store",
        'i"con.png',
        "ícon.png",
        "icon.png\n",
        "a" * 100 + ".png",
        "",
    ],
)
def test_a_file_that_may_not_be_in_a_pass_is_refused(name: str) -> None:
    with pytest.raises(PackageFileRefused):
        package_parts({name: b""})


def test_too_many_or_too_large_files_are_refused() -> None:
    with pytest.raises(PackageFileRefused, match="at most 500 files"):
        package_parts({f"a{number}.png": b"" for number in range(501)})
    with pytest.raises(PackageFileRefused, match="at most 50000000 bytes"):
        package_parts({"icon.png": bytes(50_000_001)})


def test_a_bundle_holds_the_passes_unchanged(package: bytes) -> None:
    with ZipFile(BytesIO(bundle([package, b"second"]))) as archive:
        inside = [archive.read(name) for name in archive.namelist()]

    assert inside == [package, b"second"]


@pytest.mark.parametrize("packages", [[], [b""] * 11, [bytes(BUNDLE_BYTES_MAX), b"1"]])
def test_a_bundle_has_one_to_ten_passes_and_150_megabytes(packages: list[bytes]) -> None:
    with pytest.raises(TooManyPasses):
        bundle(packages)
