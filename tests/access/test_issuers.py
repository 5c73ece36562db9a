import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from joserfc.jwk import ECKey, RSAKey

from guerdon.access.bearer import BearerTokens
from guerdon.access.errors import IssuersInvalid
from guerdon.access.issuers import read_issuers
from guerdon.access.key_sources import FetchedKeys
from guerdon.access.tokens import make_signing_key
from guerdon.platform.problems import Unauthenticated
from tests.access.builders import NOW
from tests.access.test_bearer import CLAIMS, ISSUER, sign

KEY = make_signing_key()
ENTRY: dict[str, Any] = {
    "name": "login",
    "issuer": ISSUER,
    "audience": "guerdon",
    "algorithms": ["ES256"],
    "publicKeyFile": "login.pem",
}


def write(folder: Path, *entries: dict[str, Any]) -> Path:
    (folder / "login.pem").write_bytes(KEY.as_pem(private=False))
    path = folder / "issuers.yml"
    path.write_text(yaml.safe_dump(list(entries)))
    return path


async def test_tokens_of_a_configured_issuer_are_accepted(tmp_path: Path) -> None:
    tokens = BearerTokens(read_issuers(write(tmp_path, ENTRY)))

    assert (await tokens.check(sign(CLAIMS, key=KEY), NOW)).tenant_id == "demo"


async def test_rules_of_the_file_are_obeyed(tmp_path: Path) -> None:
    entry = {
        **ENTRY,
        "tenant": {"claim": "org", "among": ["shop"]},
        "subject": {"claims": ["sub"]},
        "scopes": {"claims": ["roles"], "among": ["Pass.Read"]},
    }
    tokens = BearerTokens(read_issuers(write(tmp_path, entry)))

    caller = await tokens.check(sign({**CLAIMS, "org": "shop", "roles": ["*"]}, key=KEY), NOW)

    assert (caller.tenant_id, caller.subject, caller.scopes) == ("shop", "anna", frozenset({"Pass.Read"}))
    with pytest.raises(Unauthenticated):
        await tokens.check(sign({**CLAIMS, "org": "demo"}, key=KEY), NOW)


async def test_the_file_may_be_json_and_the_key_a_set(tmp_path: Path) -> None:
    (tmp_path / "keys.json").write_text(json.dumps({"keys": [KEY.as_dict(private=False)]}))
    path = tmp_path / "issuers.json"
    path.write_text(json.dumps([{**ENTRY, "publicKeyFile": "keys.json"}]))

    tokens = BearerTokens(read_issuers(path))

    assert (await tokens.check(sign(CLAIMS, key=KEY), NOW)).tenant_id == "demo"


def test_no_file_is_no_issuer() -> None:
    assert read_issuers(None) == []


def test_fetched_keys_wait_for_the_first_token(tmp_path: Path) -> None:
    entry = {**ENTRY, "jwksUrl": "https://login.example/keys"}
    del entry["publicKeyFile"]

    assert isinstance(read_issuers(write(tmp_path, entry))[0].keys, FetchedKeys)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"algorithms": ["none"]}, "are not read"),
        ({"algorithms": []}, "at least 1 item"),
        ({"algorithms": ["HS256"]}, "go with sharedSecretFile"),
        ({"algorithms": ["ES256", "HS256"]}, "go with sharedSecretFile"),
        ({"publicKeyFile": None}, "exactly one"),
        ({"jwksUrl": "https://login.example/keys"}, "exactly one"),
        ({"publicKeyFile": None, "jwksUrl": "http://login.example/keys"}, "https"),
        ({"publicKeyFile": None, "jwksUrl": "file:///etc/passwd"}, "https"),
        ({"publicKeyFile": "none.pem"}, "cannot be read"),
        ({"algorithms": ["RS256"]}, "no public key for RS256"),
        ({"tenant": {"claim": "org", "value": "demo"}}, "either value or claim"),
        ({"tenant": {"value": "Demo!"}}, "cannot be a tenant's id"),
        ({"tenant": {"value": "demo", "among": ["demo"]}}, "among belongs"),
        ({"scopes": {"among": ["Pass.*"]}}, "there is no scope"),
        ({"audience": None}, "audience"),
        ({"name": "a:b"}, "name"),
        ({"leeway": 600}, "leeway"),
    ],
)
def test_a_mistake_is_told_at_start(tmp_path: Path, changes: dict[str, Any], said: str) -> None:
    entry = {name: value for name, value in {**ENTRY, **changes}.items() if value is not None}

    with pytest.raises(IssuersInvalid, match=said):
        read_issuers(write(tmp_path, entry))


@pytest.mark.parametrize("text", ["", "name: login", "[1]", "{", "\x00", "a: !!python/object:os.system {}"])
def test_what_is_no_list_of_issuers_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "issuers.yml"
    path.write_text(text)

    with pytest.raises(IssuersInvalid):
        read_issuers(path)


def test_two_entries_may_not_be_mistaken_for_each_other(tmp_path: Path) -> None:
    with pytest.raises(IssuersInvalid, match="same name"):
        read_issuers(write(tmp_path, ENTRY, {**ENTRY, "issuer": "https://other.example"}))
    with pytest.raises(IssuersInvalid, match="same issuer"):
        read_issuers(write(tmp_path, ENTRY, {**ENTRY, "name": "other"}))


@pytest.mark.parametrize("algorithms", [["ES256"], ["RS256"], ["EdDSA"]])
def test_a_file_with_a_key_of_another_kind_is_refused(tmp_path: Path, algorithms: list[str]) -> None:
    key = ECKey.generate_key("P-256") if algorithms != ["ES256"] else RSAKey.generate_key(2048)
    path = write(tmp_path, {**ENTRY, "algorithms": algorithms})
    (tmp_path / "login.pem").write_bytes(key.as_pem(private=False))

    with pytest.raises(IssuersInvalid):
        read_issuers(path)


@pytest.mark.parametrize("secret", [b"too short", KEY.as_pem(private=False)])
def test_a_shared_secret_is_long_and_no_public_key(tmp_path: Path, secret: bytes) -> None:
    entry = {**ENTRY, "algorithms": ["HS256"], "sharedSecretFile": "secret"}
    del entry["publicKeyFile"]
    (tmp_path / "secret").write_bytes(secret)

    with pytest.raises(IssuersInvalid, match="shared secret"):
        read_issuers(write(tmp_path, entry))


def test_the_example_of_the_document_is_read(tmp_path: Path) -> None:
    document = (Path(__file__).parents[2] / "docs" / "tokens.md").read_text()
    path = tmp_path / "issuers.yml"
    path.write_text(document.split("```yaml\n")[1].split("```")[0])

    issuer = read_issuers(path)[0]

    assert (issuer.name, issuer.rules.tenants) == ("staff", frozenset({"shop", "cafe"}))
