"""What leaves the house for a phone: the signed pass, the preview and the page."""

import hashlib
import io
import json
import subprocess
import zipfile
from decimal import Decimal
from pathlib import Path

import httpx2
import pytest

from guerdon_client import Guerdon, NewPrivilege, NotFound, PrivilegeChange
from tests.acceptance.builders import a_card
from tests.acceptance.running import Running


@pytest.fixture
def stamps(shop: Guerdon, pass_id: str) -> str:
    """The stamp card that the loyalty pass shows."""
    card = shop.create_privilege(pass_id, NewPrivilege("MultiUse", external_id="stamps")).privilege_id
    shop.apply_movement(card, 3, 0)
    return card


def unpack(content: bytes, folder: Path) -> Path:
    with zipfile.ZipFile(io.BytesIO(content)) as package:
        package.extractall(folder)
    return folder


def verify(folder: Path, root_certificate: Path) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [
            *("openssl", "cms", "-verify", "-inform", "DER", "-binary", "-purpose", "any", "-out", "/dev/null"),
            *("-in", str(folder / "signature"), "-content", str(folder / "manifest.json")),
            *("-CAfile", str(root_certificate)),
        ],
        capture_output=True,
        check=False,
    )


def field_of(folder: Path, key: str) -> object:
    """Find a field's value in pass.json, whatever group holds it."""
    fields: dict[str, object] = {}

    def note(found: dict[str, object]) -> dict[str, object]:
        if isinstance(found.get("key"), str):
            fields[str(found["key"])] = found.get("value")
        return found

    json.loads((folder / "pass.json").read_bytes(), parse_float=Decimal, object_hook=note)
    return fields[key]


def test_a_downloaded_pass_is_whole_and_signed(
    browser: Guerdon, running: Running, pass_id: str, stamps: str, tmp_path: Path
) -> None:
    assert stamps
    folder = unpack(browser.get_apple_pass(pass_id).content, tmp_path)
    manifest = json.loads((folder / "manifest.json").read_bytes())
    document = json.loads((folder / "pass.json").read_bytes())

    verified = verify(folder, running.sandbox.apple.root_certificate)

    assert verified.returncode == 0, verified.stderr
    assert {path: hashlib.sha1((folder / path).read_bytes()).hexdigest() for path in manifest} == manifest  # noqa: S324  # Apple's digest
    files = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}
    assert set(manifest) == files - {"manifest.json", "signature"}
    assert document["passTypeIdentifier"] == running.sandbox.apple.pass_type_identifier
    assert document["formatVersion"] == 1


@pytest.mark.parametrize("file", ["manifest.json", "signature"])
def test_one_changed_byte_is_noticed(
    browser: Guerdon, running: Running, pass_id: str, tmp_path: Path, file: str
) -> None:
    folder = unpack(browser.get_apple_pass(pass_id).content, tmp_path)
    content = bytearray((folder / file).read_bytes())
    content[-20] ^= 1
    (folder / file).write_bytes(content)

    assert verify(folder, running.sandbox.apple.root_certificate).returncode != 0


def test_the_next_download_shows_what_has_moved(
    shop: Guerdon, browser: Guerdon, pass_id: str, stamps: str, tmp_path: Path
) -> None:
    first = browser.get_apple_pass(pass_id)
    shop.apply_movement(stamps, 1, 3)
    second = browser.get_apple_pass(pass_id)

    assert "3" in str(field_of(unpack(first.content, tmp_path / "first"), "stamps"))
    assert "4" in str(field_of(unpack(second.content, tmp_path / "second"), "stamps"))
    assert first.etag != second.etag
    assert first.last_modified is not None
    assert second.last_modified is not None
    assert first.last_modified <= second.last_modified


def test_an_unchanged_pass_is_the_same_to_the_byte(browser: Guerdon, pass_id: str, stamps: str) -> None:
    assert stamps
    first, second = browser.get_apple_pass(pass_id), browser.get_apple_pass(pass_id)

    assert first == second
    assert first.etag is not None
    assert browser.find_newer_apple_pass(pass_id, first.etag) is None


def test_a_movement_makes_a_newer_pass(shop: Guerdon, browser: Guerdon, pass_id: str, stamps: str) -> None:
    first = browser.get_apple_pass(pass_id)
    assert first.etag is not None
    shop.apply_movement(stamps, 1, 3)

    newer = browser.find_newer_apple_pass(pass_id, first.etag)

    assert newer is not None
    assert newer.content != first.content


def test_a_dry_run_is_not_seen_on_the_phone(shop: Guerdon, browser: Guerdon, pass_id: str, stamps: str) -> None:
    before = browser.get_apple_pass(pass_id)
    shop.apply_movement(stamps, 1, 3, dry_run=True)

    assert browser.get_apple_pass(pass_id) == before


def test_a_pass_that_does_not_exist_cannot_be_installed(browser: Guerdon) -> None:
    for ask in (browser.get_apple_pass, browser.preview_pass, browser.get_view_url):
        with pytest.raises(NotFound):
            ask("aaaaaaaaaaaaaaaaaaaa")


def test_every_demo_pass_type_can_be_installed(
    shop: Guerdon, browser: Guerdon, running: Running, customer: str, tmp_path: Path
) -> None:
    for name in running.sandbox.pass_types:
        pass_id = shop.create_pass(name, {"customerId": customer}).pass_id
        folder = unpack(browser.get_apple_pass(pass_id).content, tmp_path / name)

        assert verify(folder, running.sandbox.apple.root_certificate).returncode == 0
        assert browser.preview_pass(pass_id).faults == ()


def test_the_preview_speaks_the_languages_of_the_pass(browser: Guerdon, pass_id: str, stamps: str) -> None:
    assert stamps
    english, german = browser.preview_pass(pass_id, "en"), browser.preview_pass(pass_id, "de")

    assert (english.pass_id, english.pass_type, english.is_voided) == (pass_id, "loyalty", False)
    assert "3 of 10" in str(english.apple)
    assert "3 of 10" in str(english.google)
    assert (german.language, "3 von 10" in str(german.apple)) == ("de", True)


def test_the_preview_shows_each_privilege_exactly(shop: Guerdon, browser: Guerdon, pass_id: str) -> None:
    card = a_card(shop, pass_id, Decimal("2.5"))

    (shown,) = browser.preview_pass(pass_id).privileges

    assert (shown["privilegeId"], str(shown["value"])) == (card, "2.5")


def test_the_page_of_a_pass_greets_any_phone(browser: Guerdon, running: Running, pass_id: str) -> None:
    url = browser.get_view_url(pass_id)

    answer = httpx2.get(url)

    assert url == f"{running.sandbox.base_url}/demo/card?id={pass_id}"
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/html")
    assert pass_id in answer.text


@pytest.mark.parametrize("query", ["", "?id=", "?id=aaaaaaaaaaaaaaaaaaaa", "?id=%3Cscript%3Ealert(1)%3C/script%3E"])
def test_a_page_of_no_pass_says_so(running: Running, query: str) -> None:
    answer = httpx2.get(f"{running.sandbox.base_url}/demo/card{query}")

    assert answer.status_code in {400, 404}
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize(
    ("agent", "media_type"),
    [
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X)", "application/vnd.apple.pkpass"),
        ("Mozilla/5.0 (X11; Linux x86_64)", "text/html"),
    ],
)
def test_a_link_gives_each_device_what_it_can_use(running: Running, pass_id: str, agent: str, media_type: str) -> None:
    url = f"{running.sandbox.base_url}/api/demo/passes/{pass_id}"

    answer = httpx2.get(url, headers={"User-Agent": agent}, follow_redirects=True)

    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith(media_type)


def test_a_privilege_that_is_taken_away_leaves_the_phone(
    shop: Guerdon, browser: Guerdon, pass_id: str, stamps: str
) -> None:
    shop.put_privilege(pass_id, stamps, PrivilegeChange(external_id="stamps", priority=1))
    shop.delete_privilege(stamps)

    assert browser.preview_pass(pass_id).privileges == ()
