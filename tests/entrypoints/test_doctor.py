"""The doctor on a database of this run: what it finds is really so."""

import uuid
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from tests.entrypoints.programs import guerdon

from guerdon.entrypoints.sandbox_folder import SandboxFolder
from guerdon.entrypoints.sandbox_tokens import issue_tokens

SECRET_KEY = "a master key for tests that has enough characters"


def examined(tmp_path: Path, owner_url: str | None = None, **env: str) -> dict[str, tuple[str, str]]:
    said = {"GUERDON_SECRET_KEY": SECRET_KEY, "GUERDON_HOME": str(tmp_path), "GUERDON_PORT": "0", **env}
    database = {} if owner_url is None else {"DATABASE_URL": owner_url}
    ran = guerdon("doctor", "--json", env={**said, **database})
    assert ran.code in {0, 1}, ran.err
    found = {one["name"]: (one["outcome"], one["detail"]) for one in ran.json()}
    assert ran.code == int("failed" in {outcome for outcome, _ in found.values()})
    return found


def test_a_place_without_a_database_is_fine_and_stays_untouched(tmp_path: Path) -> None:
    found = examined(tmp_path)

    assert found["database"] == ("fine", "There is none yet; `guerdon up` makes one in the home.")
    assert list(tmp_path.iterdir()) == []


def test_a_database_at_this_release_is_fine_in_schema_and_roles(tmp_path: Path, owner_url: str, tenant_id: str) -> None:
    found = examined(tmp_path, owner_url, GUERDON_PUBLIC_URL="https://cards.example")

    assert {name: found[name][0] for name in ("schema", "roles", "connections", "public address")} == {
        "schema": "fine",
        "roles": "fine",
        "connections": "fine",
        "public address": "fine",
    }
    assert found[f"tenant {tenant_id}"][0] == "warning"


async def test_a_table_that_is_open_to_other_tenants_is_found(
    tmp_path: Path, owner_url: str, owner: "asyncpg.Connection[Any]"
) -> None:
    await owner.execute("ALTER TABLE pass_notification DISABLE ROW LEVEL SECURITY")
    try:
        found = examined(tmp_path, owner_url)
    finally:
        await owner.execute("ALTER TABLE pass_notification ENABLE ROW LEVEL SECURITY")

    assert found["roles"] == ("failed", "Row-level security is off for pass_notification.")


def test_a_bare_database_lacks_the_schema(tmp_path: Path, server_url: str) -> None:
    found = examined(tmp_path, server_url)

    assert found["schema"][0] == "failed"
    assert found["schema"][1].endswith("run `guerdon migrate`.")


def test_secrets_of_another_master_key_are_found(tmp_path: Path, owner_url: str, tenant_id: str) -> None:
    env = {"DATABASE_URL": owner_url, "GUERDON_SECRET_KEY": SECRET_KEY}
    guerdon("secret", "set", "anything", "--tenant", tenant_id, env=env, stdin="x")

    found = examined(tmp_path, owner_url, GUERDON_SECRET_KEY=f"another one, {uuid.uuid4().hex}")

    assert found[f"tenant {tenant_id}"][0] == "failed"


@pytest.mark.parametrize(
    ("env", "name", "outcome"),
    [
        ({"GUERDON_PUBLIC_URL": "http://cards.example"}, "public address", "warning"),
        ({"GUERDON_JWT_ISSUERS_FILE": "/nowhere/issuers.yaml"}, "token issuers", "failed"),
        ({"GUERDON_SECRET_KEY": "too short"}, "master key", "failed"),
        ({"DATABASE_URL": "postgresql://127.0.0.1:1/x"}, "database", "failed"),
        ({"GUERDON_POOL_SIZE": "100", "GUERDON_API_PROCESSES": "64"}, "connections", "failed"),
        ({"GUERDON_POOL_SIZE": "45", "GUERDON_GROUP_COMMIT_IN_FLIGHT": "8"}, "connections", "failed"),
    ],
)
def test_what_cannot_work_is_found(
    tmp_path: Path, owner_url: str, env: dict[str, str], name: str, outcome: str
) -> None:
    found = examined(tmp_path, **{"DATABASE_URL": owner_url, **env})

    assert found[name][0] == outcome


def test_a_home_without_issuers_trusts_none(tmp_path: Path) -> None:
    assert examined(tmp_path)["token issuers"] == ("fine", "None are trusted: only API keys are accepted.")


def test_the_issuer_of_a_sandbox_is_told(tmp_path: Path) -> None:
    issue_tokens(SandboxFolder.of(tmp_path), "demo", ["demo"], datetime.now(UTC))

    assert examined(tmp_path)["token issuers"] == (
        "fine",
        "sandbox, by `guerdon up --sandbox` in this home; without it none are trusted and only API keys are accepted.",
    )


def test_issuers_that_are_set_are_told_whatever_sandbox_there_was(tmp_path: Path) -> None:
    folder = SandboxFolder.of(tmp_path)
    issue_tokens(folder, "demo", ["demo"], datetime.now(UTC))

    found = examined(tmp_path, GUERDON_JWT_ISSUERS_FILE=str(folder.issuers))

    assert found["token issuers"] == ("fine", "sandbox.")


def test_a_home_that_is_no_folder_is_found(tmp_path: Path) -> None:
    (tmp_path / "home").write_text("a file")

    assert examined(tmp_path / "home")["home"][0] == "failed"


def test_a_home_that_cannot_be_written_is_found() -> None:
    # Root may write nearly everywhere, but nobody may make a file among the processes.
    assert examined(Path("/proc/self"))["home"][0] == "failed"
