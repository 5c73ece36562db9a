"""One sandbox that runs: what its file says is true."""

import asyncio
import hashlib
import hmac
import ssl
import subprocess
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import asyncpg
import httpx2
import pytest
from tests.entrypoints.programs import Up, guerdon, running

from guerdon.delivery.apple.credentials import find_identity
from guerdon.platform.db import open_database
from guerdon.platform.embedded import find_running_dsn
from guerdon.platform.keys import load_master_key

TOKEN = "ab" * 32
VERIFY = [
    "openssl",
    "cms",
    "-verify",
    "-inform",
    "DER",
    "-in",
    "signature",
    "-content",
    "manifest.json",
    "-binary",
    "-purpose",
    "any",
    "-out",
    "/dev/null",
    "-CAfile",
]


@pytest.fixture(scope="module")
def up() -> Iterator[Up]:
    """A sandbox for all tests of this file."""
    with tempfile.TemporaryDirectory(prefix="guerdon-test-") as folder:
        Path(folder).chmod(0o755)
        with running(Path(folder) / "home", "--sandbox", env={"GUERDON_API_PROCESSES": "2"}) as started:
            yield started


@pytest.fixture(scope="module")
def told(up: Up) -> Any:
    return up.sandbox()


@pytest.fixture(scope="module")
def http(told: Any) -> Iterator[httpx2.Client]:
    with httpx2.Client(base_url=told["baseUrl"], timeout=20) as client:
        yield client


@pytest.fixture(scope="module")
def loyalty(http: httpx2.Client, told: Any) -> str:
    """The id of the demo's loyalty pass."""
    proof = hmac.new(bytes.fromhex(told["identifierKeys"]["customerId"]), b"1", hashlib.sha256).hexdigest()
    query = {"passType": "loyalty", "customerId": "1", "customerId.hmac": proof}
    answer = http.get("/api/demo/passes/findPass", params=query)
    assert answer.status_code == 200, answer.text
    return answer.text


def test_sandbox_json_has_exactly_the_promised_shape(told: Any, up: Up) -> None:
    assert shape_of(told) == {
        "baseUrl": str,
        "tenantId": str,
        "apiKey": str,
        "readOnlyApiKey": str,
        "otherTenant": {"tenantId": str, "apiKey": str},
        "passTypes": list,
        "identifierKeys": {"customerId": str},
        "tokens": {"customer": {"customerId": int, "jwt": str}, "user": {"uuid": str, "jwt": str}},
        "apple": {"rootCertificate": str, "pushUrl": str, "passTypeIdentifier": str},
        "google": {"apiUrl": str, "publicKey": str, "issuerId": str, "callbackSigningKey": str},
    }
    assert told["baseUrl"] == up.base_url
    assert (told["tenantId"], told["otherTenant"]["tenantId"]) == ("demo", "other")
    assert told["passTypes"] == ["loyalty", "ticket", "giftcard", "offer", "generic"]


def test_sandbox_json_and_every_key_file_are_private(told: Any, up: Up) -> None:
    private = [up.home / "sandbox.json", *(up.home / "sandbox").iterdir()]

    assert {path.stat().st_mode & 0o777 for path in private} == {0o600}
    assert Path(told["google"]["callbackSigningKey"]).read_text().startswith("-----BEGIN PRIVATE KEY")
    assert Path(told["google"]["publicKey"]).read_text().startswith("-----BEGIN PUBLIC KEY")


def test_the_key_does_everything_and_the_reading_one_only_reads(http: httpx2.Client, told: Any, loyalty: str) -> None:
    change = {"metadata": {"tier": "Friend"}}
    answers = [
        http.patch(f"/api/demo/passes/{loyalty}", json=change, headers={"X-API-KEY": told[name]}).status_code
        for name in ("apiKey", "readOnlyApiKey")
    ]
    reading = http.get(f"/api/demo/passes/{loyalty}/document", headers={"X-API-KEY": told["readOnlyApiKey"]})

    assert answers == [200, 403]
    assert reading.status_code == 200


def test_the_other_tenant_sees_nothing_of_the_first(http: httpx2.Client, told: Any, loyalty: str) -> None:
    key = {"X-API-KEY": told["otherTenant"]["apiKey"]}

    assert http.get(f"/api/other/passes/{loyalty}/document", headers=key).status_code == 404
    assert http.get(f"/api/demo/passes/{loyalty}/document", headers=key).status_code == 404


@pytest.mark.parametrize("person", ["customer", "user"])
def test_a_persons_token_is_believed_and_reaches_no_pass(http: httpx2.Client, told: Any, person: str) -> None:
    bearer = {"Authorization": f"Bearer {told['tokens'][person]['jwt']}"}

    assert http.get("/api/demo/passes/nobody/document", headers=bearer).status_code == 403


def test_the_loyalty_pass_shows_seven_stamps_and_a_free_coffee(http: httpx2.Client, told: Any, loyalty: str) -> None:
    listed = http.get(f"/api/demo/passes/{loyalty}/privileges", headers={"X-API-KEY": told["apiKey"]}).json()

    assert [(one["externalId"], one["data"]["value"]) for one in listed] == [
        ("stamps", 7),
        ("points", 120),
        ("free-coffee", 1),
    ]


def test_the_pass_is_signed_by_the_sandboxs_authority(
    http: httpx2.Client, told: Any, loyalty: str, tmp_path: Path
) -> None:
    answer = http.get(f"/api/demo/passes/{loyalty}", params={"device": "apple"})
    (tmp_path / "demo.pkpass").write_bytes(answer.content)
    zipfile.ZipFile(tmp_path / "demo.pkpass").extractall(tmp_path)

    verified = subprocess.run(
        [*VERIFY, told["apple"]["rootCertificate"]],
        cwd=tmp_path,
        capture_output=True,
        check=False,
    )

    assert verified.returncode == 0, verified.stderr


def test_each_type_has_a_pass_with_a_page(http: httpx2.Client, up: Up, told: Any) -> None:
    async def read_passes() -> dict[str, str]:
        connection = await asyncpg.connect(find_running_dsn(up.home))
        rows = await connection.fetch("SELECT pass_type, pass_id FROM pass WHERE tenant_id = 'demo'")
        await connection.close()
        return {row["pass_type"]: row["pass_id"] for row in rows}

    passes = asyncio.run(read_passes())
    pages = {name: http.get(f"/api/demo/passes/{one}/view", follow_redirects=True) for name, one in passes.items()}

    assert sorted(passes) == sorted([*told["passTypes"], "points"])
    assert {page.status_code for page in pages.values()} == {200}


def test_the_push_stand_in_answers_as_apple_does(up: Up, told: Any, tmp_path: Path) -> None:
    url, topic = told["apple"]["pushUrl"], {"apns-topic": told["apple"]["passTypeIdentifier"]}
    with httpx2.Client(http2=True, verify=certified(up, told, tmp_path)) as phone_line:
        answers = [
            phone_line.post(f"{url}/3/device/{token}", headers=headers, content=b"{}")
            for token, headers in [
                (TOKEN, topic),
                ("00000400" + TOKEN, topic),
                ("00000410" + TOKEN, topic),
                (TOKEN, {"apns-topic": "pass.org.example.else"}),
            ]
        ]
        received = phone_line.get(f"{url}/received").json()

    said = [(answer.http_version, answer.status_code, answer.json().get("reason")) for answer in answers[1:]]
    assert (answers[0].status_code, answers[0].text) == (200, "")
    assert said == [
        ("HTTP/2", 400, "BadDeviceToken"),
        ("HTTP/2", 410, "Unregistered"),
        ("HTTP/2", 400, "TopicDisallowed"),
    ]
    assert [one["status"] for one in received[-4:]] == [200, 400, 410, 400]
    assert received[-4]["token"] == TOKEN


def test_the_push_stand_in_refuses_whoever_shows_no_certificate(told: Any) -> None:
    url = told["apple"]["pushUrl"]
    trusting = ssl.create_default_context(cafile=told["apple"]["rootCertificate"])
    with httpx2.Client(http2=True, verify=trusting) as stranger, httpx2.Client(verify=trusting) as old:
        refused = stranger.post(f"{url}/3/device/{TOKEN}", headers={"apns-topic": "x"}, content=b"{}")
        received = old.get(f"{url}/received")

    assert (refused.status_code, refused.json()) == (403, {"reason": "MissingProviderToken"})
    assert (received.http_version, received.json()[-1]["status"]) == ("HTTP/1.1", 403)


def test_the_google_stand_in_says_that_it_is_not_built_and_keeps_what_it_was_sent(told: Any) -> None:
    url = told["google"]["apiUrl"]

    refused = httpx2.post(f"{url}/walletobjects/v1/loyaltyObject", json={"id": "x"})
    received = httpx2.get(f"{url}/received").json()

    assert (refused.status_code, refused.json()["code"]) == (501, "not_built")
    assert (received[-1]["path"], received[-1]["body"]) == ("/walletobjects/v1/loyaltyObject", '{"id":"x"}')


def test_a_second_up_on_the_same_home_is_refused_with_a_sentence(up: Up) -> None:
    second = guerdon("up", "--port", "0", "--home", up.home)

    assert second.code == 1
    assert second.err.startswith(f"Another `guerdon up` (pid {up.process.pid}) runs on {up.home.resolve()}.")
    assert "Traceback" not in second.err


def test_a_command_works_on_the_database_that_up_runs(up: Up) -> None:
    listed = guerdon("tenant", "list", "--json", "--home", up.home)
    verified = guerdon("ledger", "verify", "--json", "--home", up.home)

    assert [tenant["tenantId"] for tenant in listed.json()] == ["demo", "other"]
    assert [(one["tenantId"], one["isSound"]) for one in verified.json()] == [("demo", True), ("other", True)]


def shape_of(value: object) -> object:
    if not isinstance(value, dict):
        return type(value)
    return {name: shape_of(member) for name, member in cast("dict[str, object]", value).items()}


def certified(up: Up, told: Any, folder: Path) -> ssl.SSLContext:
    """A client that shows the certificate which the demo tenant signs with."""

    async def read() -> None:
        database = await open_database(find_running_dsn(up.home) or "", 2)
        async with database.tenant("demo") as tx:
            identity = await find_identity(tx, load_master_key(None, up.home))
        await database.close()
        assert identity is not None
        (folder / "leaf.pem").write_bytes(identity.certificate_pem + identity.chain_pem)
        (folder / "leaf-key.pem").write_bytes(identity.key_pem)

    asyncio.run(read())
    context = ssl.create_default_context(cafile=told["apple"]["rootCertificate"])
    context.load_cert_chain(folder / "leaf.pem", folder / "leaf-key.pem")
    return context
