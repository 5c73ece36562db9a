"""The operator's commands as programs, on a database of this run."""

import uuid
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, load_pem_private_key, pkcs12
from cryptography.x509 import load_pem_x509_certificate
from tests.entrypoints.programs import Ran, guerdon

from guerdon.delivery.apple.credentials import find_identity
from guerdon.delivery.apple.development_authority import create_authority, issue_identity
from guerdon.delivery.apple.identity import SigningIdentity
from guerdon.ledger.accounts import open_account
from guerdon.ledger.model import AccountKey, Command, Move
from guerdon.ledger.posting import post
from guerdon.platform.db import Database
from guerdon.platform.keys import MasterKey
from guerdon.tenants.secrets import find_secret

SECRET_KEY = "a master key for tests that has enough characters"
PASSWORD = "correct horse"


def command(owner_url: str, *words: object, stdin: str | bytes = "") -> Ran:
    return guerdon(*words, env={"DATABASE_URL": owner_url, "GUERDON_SECRET_KEY": SECRET_KEY}, stdin=stdin)


@pytest.fixture(scope="session")
def identity() -> SigningIdentity:
    """What Apple would have issued."""
    now = datetime.now(UTC)
    return issue_identity(
        create_authority(now),
        pass_type_identifier="pass.org.example.cli",
        team_identifier="TEAM123456",
        now=now,
        serial_number=7,
    )


def test_help_names_every_command_and_a_wrong_one_is_told() -> None:
    ran, wrong = guerdon("--help"), guerdon("upp")

    names = [
        "up",
        "api",
        "worker",
        "migrate",
        "doctor",
        "ledger",
        "tenant",
        "key",
        "secret",
        "config",
        "apple",
        "passes",
        "balances",
    ]
    assert [name for name in names if f" {name} " not in ran.out] == []
    assert (ran.code, wrong.code) == (0, 2)
    assert "Traceback" not in wrong.err


def test_an_unknown_setting_is_refused_by_name(owner_url: str) -> None:
    ran = guerdon("tenant", "list", env={"DATABASE_URL": owner_url, "GUERDON_PORTT": "80"})

    assert (ran.code, ran.out) == (2, "")
    assert ran.err == "GUERDON_PORTT: no such setting; docs/settings.md lists them all\n"


def test_a_core_that_the_process_does_not_have_is_refused_before_anything_starts() -> None:
    ran = guerdon("api", "--core", "4095")

    assert ran.code == 2
    assert "--core 4095: this process has " in ran.err


def test_a_database_that_cannot_be_reached_is_one_sentence_without_its_password() -> None:
    ran = guerdon("tenant", "list", env={"DATABASE_URL": "postgresql://me:hunter2@127.0.0.1:1/x"})

    assert ran.code == 1
    assert ran.err.startswith("The database cannot be reached: ")
    assert ran.err.count("\n") == 1
    assert "hunter2" not in ran.err


def test_a_tenant_is_created_listed_disabled_enabled_and_limited(owner_url: str) -> None:
    name = f"t-{uuid.uuid4().hex[:12]}"
    ran = [
        command(owner_url, "tenant", "create", name, "--name", "Ember"),
        command(owner_url, "tenant", "disable", name),
        command(owner_url, "tenant", "limit", name, "--requests-per-minute", 120),
    ]
    row = next(one for one in command(owner_url, "tenant", "list", "--json").json() if one["tenantId"] == name)
    twice = command(owner_url, "tenant", "create", name)

    assert [one.code for one in ran] == [0, 0, 0]
    assert (row["name"], row["status"], row["requestsPerMinute"]) == ("Ember", "disabled", 120)
    assert (twice.code, twice.err) == (1, f"There is a tenant '{name}' already; choose another id.\n")
    assert command(owner_url, "tenant", "enable", name).code == 0
    assert command(owner_url, "tenant", "limit", name, "--default").code == 0


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("tenant", "create", "NO"), "tenantId: Use 2 to 40 of a-z and 0-9, with hyphens only between them.\n"),
        (("tenant", "disable", "nobody"), "There is no tenant 'nobody'.\n"),
        (("key", "list", "--tenant", "nobody"), "There is no tenant 'nobody'.\n"),
        (
            ("secret", "list", "--tenant", "N;O"),
            "tenantId: Use 2 to 40 of a-z and 0-9, with hyphens only between them.\n",
        ),
        (("ledger", "verify", "--tenant", "nobody"), "There is no tenant 'nobody'.\n"),
    ],
)
def test_a_refusal_is_one_plain_sentence(owner_url: str, words: tuple[str, ...], sentence: str) -> None:
    ran = command(owner_url, *words)

    assert (ran.code, ran.out, ran.err) == (1, "", sentence)


def test_a_key_is_printed_once_and_never_listed(owner_url: str, tenant_id: str) -> None:
    made = command(owner_url, "key", "create", "--tenant", tenant_id, "--name", "till", "--scope", "Pass.Read")
    listed = command(owner_url, "key", "list", "--tenant", tenant_id, "--json")
    revoked = command(owner_url, "key", "revoke", "--tenant", tenant_id, "--name", "till")
    after = command(owner_url, "key", "list", "--tenant", tenant_id, "--json")

    token = made.out.strip()
    assert token.startswith(f"gk.{tenant_id}.")
    assert token not in listed.out
    assert [(one["name"], one["permissions"], one["enabled"]) for one in listed.json()] == [
        ("till", ["Pass.Read"], True)
    ]
    assert revoked.code == 0
    assert [one["enabled"] for one in after.json()] == [False]


def test_keys_are_not_made_with_a_master_key_that_the_server_does_not_have(
    owner_url: str, tenant_id: str, tmp_path: Path
) -> None:
    words = ("key", "create", "--tenant", tenant_id, "--name", "till", "--scope", "*", "--home", tmp_path)
    ran = guerdon(*words, env={"DATABASE_URL": owner_url})

    assert ran.code == 1
    assert ran.err.startswith(f"There is no {tmp_path.resolve() / 'secret.key'}, and GUERDON_SECRET_KEY is not set.")
    assert list(tmp_path.iterdir()) == []


async def test_a_secret_is_sealed_from_standard_input_and_told_by_name_only(
    owner_url: str, tenant_id: str, database: Database, master_key: MasterKey
) -> None:
    name = "identifiers/customerId.hmac"
    saved = command(owner_url, "secret", "set", name, "--tenant", tenant_id, "--hex", stdin="00ff10\n")
    listed = command(owner_url, "secret", "list", "--tenant", tenant_id, "--json")
    async with database.tenant(tenant_id) as tx:
        plain = await find_secret(tx, master_key, name)
    removed = [command(owner_url, "secret", "remove", name, "--tenant", tenant_id).code for _ in range(2)]

    assert (saved.code, plain) == (0, b"\x00\xff\x10")
    assert [one["name"] for one in listed.json()] == [name]
    assert removed == [0, 1]


async def test_an_apple_certificate_is_taken_in_from_a_p12(
    owner_url: str,
    tenant_id: str,
    identity: SigningIdentity,
    database: Database,
    master_key: MasterKey,
    tmp_path: Path,
) -> None:
    (tmp_path / "pass.p12").write_bytes(p12_of(identity))
    words = (
        "apple",
        "certificate",
        "--tenant",
        tenant_id,
        "--p12",
        tmp_path / "pass.p12",
        "--password-stdin",
        "--json",
    )

    wrong = command(owner_url, *words, stdin="wrong\n")
    taken = command(owner_url, *words, stdin=f"{PASSWORD}\n")
    async with database.tenant(tenant_id) as tx:
        found = await find_identity(tx, master_key)

    assert wrong.code == 1
    assert "does not open with this password" in wrong.err
    assert (taken.code, taken.json()["passTypeIdentifier"]) == (0, "pass.org.example.cli")
    assert found is not None
    assert (found.team_identifier, found.expires_at) == (identity.team_identifier, identity.expires_at)


def test_a_pem_certificate_without_its_intermediate_is_refused_with_the_reason(
    owner_url: str, tenant_id: str, identity: SigningIdentity, tmp_path: Path
) -> None:
    files = {"c.pem": identity.certificate_pem, "k.pem": identity.key_pem, "i.pem": identity.chain_pem}
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)
    words = ("apple", "certificate", "--tenant", tenant_id, "--certificate", tmp_path / "c.pem")
    pair = (*words, "--key", tmp_path / "k.pem")

    refused, taken = command(owner_url, *pair), command(owner_url, *pair, "--intermediate", tmp_path / "i.pem")
    misused = command(owner_url, *words)

    assert (refused.code, taken.code, misused.code) == (1, 0, 2)
    assert refused.err.startswith("intermediate: ")


def test_migrate_may_be_run_again_and_a_bare_database_is_told_apart(owner_url: str, server_url: str) -> None:
    again = command(owner_url, "migrate", "--json")
    bare = command(server_url, "tenant", "list")

    assert again.json() == {"applied": []}
    assert bare.code == 1
    assert bare.err.endswith("run `guerdon migrate` first.\n")


async def test_verify_tells_an_altered_ledger_by_its_exit_code(
    owner_url: str, owner: "asyncpg.Connection[Any]", tenant_id: str, database: Database
) -> None:
    await a_moved_account(database, tenant_id)
    sound = command(owner_url, "ledger", "verify", "--tenant", tenant_id)
    await owner.execute("UPDATE ledger_entry SET amount = amount + 1 WHERE tenant_id = $1", tenant_id)
    altered = command(owner_url, "ledger", "verify", "--tenant", tenant_id, "--json")

    assert (sound.code, altered.code) == (0, 1)
    assert "sound" in sound.out
    assert altered.json()[0]["findingsCount"] > 0


async def a_moved_account(database: Database, tenant_id: str) -> None:
    now = datetime.now(UTC)
    key = AccountKey("privilege", uuid.uuid4().hex)
    async with database.tenant(tenant_id) as tx:
        await open_account(tx, uuid.uuid4(), key, "pass", now, has_lots=False, bounds=(None, None))
        await post(tx, [Command(key, Move(5_000_000), uuid.uuid4().hex, "test", None)], now)


def p12_of(identity: SigningIdentity) -> bytes:
    key = load_pem_private_key(identity.key_pem, None)
    return pkcs12.serialize_key_and_certificates(
        b"pass",
        key,  # pyright: ignore[reportArgumentType]  # it is RSA
        load_pem_x509_certificate(identity.certificate_pem),
        [load_pem_x509_certificate(identity.chain_pem)],
        BestAvailableEncryption(PASSWORD.encode()),
    )
