"""A tenant's files pushed and pulled by the command, on a database of this run."""

import subprocess
from pathlib import Path

import pytest
from tests.entrypoints.programs import Ran, guerdon

from guerdon.configuration.pushing import list_all_files, push_files
from guerdon.entrypoints.configuration_moving import PlaceOccupied, pull_files
from guerdon.entrypoints.sandbox import FILES
from guerdon.platform.clock import utc_now
from guerdon.platform.db import Database

SECRET_KEY = "a master key for tests that has enough characters"
GOOD = """kind: customerCard
organization: Ember
description: A card
images: {icon: icon.png}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with one pass type and its picture."""
    made = tmp_path / "files"
    for path, content in (("server/passes/card.yaml", GOOD.encode()), ("server/images/icon.png", icon())):
        (made / path).parent.mkdir(parents=True, exist_ok=True)
        (made / path).write_bytes(content)
    return made


def icon() -> bytes:
    return (FILES / "server/images/loyalty-icon.png").read_bytes()


def config(verb: str, folder: Path, tenant_id: str, owner_url: str, *words: str) -> Ran:
    env = {"DATABASE_URL": owner_url, "GUERDON_SECRET_KEY": SECRET_KEY}
    return guerdon("config", verb, folder, "--tenant", tenant_id, *words, env=env)


async def stored_paths(database: Database, tenant_id: str) -> dict[str, int]:
    async with database.tenant(tenant_id) as tx:
        return {path: file.version for path, file in (await list_all_files(tx)).items()}


async def test_a_push_saves_what_differs_and_says_so(
    folder: Path, tenant_id: str, owner_url: str, database: Database
) -> None:
    first = config("push", folder, tenant_id, owner_url)
    (folder / "server/passes/card.yaml").write_text(GOOD + "logoText: Ember\n")
    second = config("push", folder, tenant_id, owner_url, "--json")
    third = config("push", folder, tenant_id, owner_url)

    assert first.out == "added: server/images/icon.png (version 1)\nadded: server/passes/card.yaml (version 1)\n"
    assert second.json()["changes"] == [{"path": "server/passes/card.yaml", "change": "changed", "version": 2}]
    assert third.out == "Nothing differs.\n"
    assert await stored_paths(database, tenant_id) == {"server/images/icon.png": 1, "server/passes/card.yaml": 2}


async def test_all_mistakes_are_told_with_their_places_and_nothing_is_saved(
    folder: Path, tenant_id: str, owner_url: str, database: Database
) -> None:
    (folder / "server/passes/bad.yaml").write_text("kind: nonsense\norganization: Ember\ncolour: red\n")
    (folder / "server/passes/worse.json").write_text('{"kind": ')

    ran = config("push", folder, tenant_id, owner_url)

    told = ran.err.splitlines()
    assert ran.code == 1
    assert any(line.startswith("server/passes/bad.yaml:1:1: ") for line in told), told
    assert any(line.startswith("server/passes/bad.yaml:3:1: ") for line in told), told
    assert any(line.startswith("server/passes/worse.json:2:1: ") for line in told), told
    assert told[-1].endswith("mistakes; nothing was saved.")
    assert await stored_paths(database, tenant_id) == {}


def test_a_push_says_what_apple_would_refuse(folder: Path, tenant_id: str, owner_url: str) -> None:
    (folder / "server/passes/card.yaml").write_text(GOOD + "apple: {extra: {colour: red}}\n")

    ran = config("push", folder, tenant_id, owner_url, "--json")

    (found,) = ran.json()["findings"]
    assert (ran.code, found["rule"], found["line"], found["isWarning"]) == (1, "unknown-key", 5, False)


async def test_a_missing_picture_is_a_mistake_unless_the_tenant_has_it(
    folder: Path, tenant_id: str, owner_url: str, database: Database
) -> None:
    (folder / "server/images/icon.png").unlink()
    refused = config("push", folder, tenant_id, owner_url)
    async with database.tenant(tenant_id) as tx:
        picture = {"server/images/icon.png": icon()}
        await push_files(tx, picture, is_pruning=False, now=utc_now(), actor="test")
    accepted = config("push", folder, tenant_id, owner_url)
    pruned = config("push", folder, tenant_id, owner_url, "--prune")

    assert (refused.code, accepted.code, pruned.code) == (1, 0, 1)
    assert "There is no file server/images/icon.png." in refused.err
    assert "There is no file server/images/icon.png." in pruned.err


async def test_a_dry_run_says_the_same_and_saves_nothing(
    folder: Path, tenant_id: str, owner_url: str, database: Database
) -> None:
    ran = config("push", folder, tenant_id, owner_url, "--dry-run")

    assert ran.out.splitlines()[0] == "would be added: server/images/icon.png (version 1)"
    assert await stored_paths(database, tenant_id) == {}


async def test_pruning_removes_what_the_folder_does_not_have(
    folder: Path, tenant_id: str, owner_url: str, database: Database
) -> None:
    config("push", folder, tenant_id, owner_url)
    (folder / "server/passes/card.yaml").unlink()

    kept = config("push", folder, tenant_id, owner_url)
    pruned = config("push", folder, tenant_id, owner_url, "--prune")

    assert kept.out == "Nothing differs.\n"
    assert pruned.out == "removed: server/passes/card.yaml (version 2)\n"
    assert await stored_paths(database, tenant_id) == {"server/images/icon.png": 1}


def test_what_was_pushed_comes_back_byte_for_byte(folder: Path, tenant_id: str, owner_url: str, tmp_path: Path) -> None:
    config("push", folder, tenant_id, owner_url)
    target = tmp_path / "pulled"

    first = config("pull", target, tenant_id, owner_url, "--json")
    (target / "server/passes/card.yaml").write_text("edited")
    (target / "notes.txt").write_text("mine")
    second = config("pull", target, tenant_id, owner_url)
    (target / "notes.txt").unlink()

    assert [change["change"] for change in first.json()["changes"]] == ["added", "added"]
    assert second.out == "changed: server/passes/card.yaml (version 1)\n"
    assert subprocess.run(["diff", "-r", folder, target], check=False).returncode == 0


def test_hidden_files_stay_and_links_are_refused(folder: Path, tenant_id: str, owner_url: str) -> None:
    (folder / ".DS_Store").write_text("x")
    (folder / ".git").mkdir()
    (folder / ".git/config").write_text("x")
    hidden = config("push", folder, tenant_id, owner_url, "--json")
    (folder / "server/images/passwd.png").symlink_to("/etc/passwd")
    (folder / "etc").symlink_to("/etc")

    linked = config("push", folder, tenant_id, owner_url)

    assert (hidden.code, hidden.json()["skipped"]) == (0, [".DS_Store"])
    assert linked.code == 1
    assert linked.err.count("This is a link") == 2


@pytest.mark.parametrize("trap", ["server", "server/images", "server/images/icon.png"])
async def test_a_pull_never_writes_through_a_link(
    database: Database, tenant_id: str, tmp_path: Path, trap: str
) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (tmp_path / "into" / trap).parent.mkdir(parents=True)
    (tmp_path / "into" / trap).symlink_to(outside)
    async with database.tenant(tenant_id) as tx:
        await push_files(tx, {"server/images/icon.png": icon()}, is_pruning=False, now=utc_now(), actor="test")

        with pytest.raises(PlaceOccupied):
            await pull_files(tx, tmp_path / "into", is_dry_run=False)

    assert list(outside.iterdir()) == []


def test_two_files_for_one_pass_type_are_refused(folder: Path, tenant_id: str, owner_url: str) -> None:
    (folder / "server/passes/card.json").write_text("{}")

    ran = config("push", folder, tenant_id, owner_url)

    assert ran.code == 1
    assert ran.err.count("There is another file for this pass type") == 2


def test_a_folder_or_a_tenant_that_is_not_there_is_one_sentence(folder: Path, owner_url: str, tmp_path: Path) -> None:
    nowhere = config("push", tmp_path / "nowhere", "demo", owner_url)
    nobody = config("push", folder, "nobody", owner_url)

    assert (nowhere.code, nowhere.err) == (1, f"{tmp_path / 'nowhere'} is not a folder.\n")
    assert (nobody.code, nobody.err) == (1, "There is no tenant 'nobody'.\n")
