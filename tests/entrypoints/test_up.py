"""One home through starts, stops and kills; real processes throughout."""

import contextlib
import json
import os
import signal
import socket
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from tests.entrypoints.programs import Up, family, guerdon, is_gone, running, starting

from guerdon.entrypoints.up_bytecode import bytecode_environment, use_bytecode


@pytest.fixture(scope="module")
def home() -> Iterator[Path]:
    """A home that every account of the machine can reach; its one sandbox serves all tests here."""
    with tempfile.TemporaryDirectory(prefix="guerdon-test-") as folder:
        Path(folder).chmod(0o755)
        yield Path(folder) / "home"


def sandbox_of(home: Path) -> Any:
    """Read what the last start wrote; begin with one."""
    if not (home / "sandbox.json").exists():
        with running(home, "--sandbox") as up:
            assert up.stop() == 0
    return json.loads((home / "sandbox.json").read_text())


def loyalty_pass(up: Up) -> str:
    """Issue a pass and give its id."""
    told = up.sandbox()
    answer = httpx2.post(
        f"{told['baseUrl']}/api/demo/passes",
        params={"passType": "loyalty"},
        json={"identifiers": {"customerId": "kill-9"}},
        headers={"X-API-KEY": told["apiKey"]},
        timeout=20,
    )
    assert answer.status_code == 200, answer.text
    return answer.text


def until_gone(pids: list[int]) -> None:
    while not all(is_gone(pid) for pid in pids):
        time.sleep(0.02)


def test_a_start_answers_and_a_term_stops_every_process_with_code_zero(home: Path) -> None:
    with running(home, "--sandbox") as up:
        pids = family(up.process.pid)
        alive = httpx2.get(f"{up.base_url}/healthz")

        code = up.stop()

    assert (alive.status_code, code) == (200, 0)
    assert len(pids) > 5
    assert all(is_gone(pid) for pid in pids)
    assert not (home / "postgres/dsn").exists()


def test_every_process_logs_as_it_is_told_and_says_no_secret(home: Path) -> None:
    with running(home, "--sandbox", env={"GUERDON_LOG_JSON": "true"}) as up:
        told = up.sandbox()
        complaint = {"logs": [f"refused with X-API-KEY: {told['apiKey']}"]}
        heard = httpx2.post(f"{told['baseUrl']}/api/demo/passes/apple/v1/log", json=complaint, timeout=20)
        up.stop()
    lines = [json.loads(line) for line in up.lines if line.startswith("{")]
    complained = [line for line in lines if line["event"] == "a device complains"]

    assert (heard.status_code, len(complained), complained[0]["level"]) == (200, 1, "warning")
    assert told["apiKey"].rpartition(".")[2] not in "".join(up.lines)


def test_the_next_start_keeps_tenants_keys_and_authority_and_refreshes_the_tokens(home: Path) -> None:
    before = sandbox_of(home)
    root = Path(before["apple"]["rootCertificate"]).read_bytes()

    with running(home, "--sandbox") as up:
        told = up.sandbox()
        address = f"{told['baseUrl']}/api/demo/passes/nobody/document"
        answer = httpx2.get(address, headers={"X-API-KEY": told["apiKey"]}, timeout=20)
        code = up.stop(signal.SIGINT)

    kept = ("apiKey", "readOnlyApiKey", "otherTenant", "identifierKeys")
    assert {name: told[name] for name in kept} == {name: before[name] for name in kept}
    assert told["tokens"]["customer"]["jwt"] != before["tokens"]["customer"]["jwt"]
    assert Path(told["apple"]["rootCertificate"]).read_bytes() == root
    assert (answer.status_code, code) == (404, 0)


def test_killed_without_a_warning_it_starts_again_with_all_that_was_acknowledged(home: Path) -> None:
    with running(home, "--sandbox") as up:
        pass_id = loyalty_pass(up)
        pids = family(up.process.pid)
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        up.ends()
        until_gone(pids)

    with running(home, "--sandbox") as again:
        assert loyalty_pass(again) == pass_id
        assert again.stop() == 0


def test_killed_alone_it_takes_its_children_with_it(home: Path) -> None:
    with running(home) as up:
        pids = family(up.process.pid)
        up.process.kill()
        up.ends()

        until_gone(pids)


def test_a_stop_while_it_starts_leaves_nothing_behind(home: Path) -> None:
    # The one that was killed in the last test could not remove it.
    (home / "postgres/dsn").unlink(missing_ok=True)
    with starting(home) as up:
        while not (home / "postgres/dsn").exists():
            time.sleep(0.01)
        pids = family(up.process.pid)

        assert up.stop() == 0

    assert all(is_gone(pid) for pid in pids)


def test_a_taken_port_is_one_sentence_and_starts_nothing(home: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]

        ran = guerdon("up", "--port", port, "--home", home)

    assert (ran.code, ran.out) == (1, "")
    assert ran.err.startswith(f"Cannot listen on 127.0.0.1 port {port}: another program listens there.")


def test_an_own_database_is_used_and_its_address_stands_on_no_command_line(tmp_path: Path, owner_url: str) -> None:
    with running(tmp_path, env={"DATABASE_URL": owner_url}) as up:
        lines = [Path(f"/proc/{pid}/cmdline").read_text() for pid in family(up.process.pid)]

        assert httpx2.get(f"{up.base_url}/readyz", timeout=20).status_code == 200
        assert up.stop() == 0

    assert not [line for line in lines if owner_url in line or "postgresql://" in line]
    assert not (tmp_path / "postgres").exists()


def test_an_issuers_file_of_ones_own_does_not_go_with_the_sandbox(tmp_path: Path) -> None:
    ran = guerdon("up", "--sandbox", "--home", tmp_path, env={"GUERDON_JWT_ISSUERS_FILE": "issuers.yaml"})

    assert (ran.code, ran.err) == (
        2,
        "GUERDON_JWT_ISSUERS_FILE: --sandbox brings an issuer of its own; leave this unset.\n",
    )


def test_compiled_code_is_kept_in_the_home_only_where_python_may_not_write_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.pycache_prefix", None)
    monkeypatch.setattr("sys.dont_write_bytecode", False)
    assert bytecode_environment(tmp_path) == {}

    monkeypatch.setattr("sys.dont_write_bytecode", True)
    assert bytecode_environment(tmp_path)["PYTHONPYCACHEPREFIX"] == str(tmp_path.resolve() / "bytecode")


def test_compiled_code_that_somebody_else_could_have_put_there_is_not_loaded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.pycache_prefix", None)
    monkeypatch.setattr("sys.dont_write_bytecode", True)
    (tmp_path / "bytecode").mkdir()
    (tmp_path / "bytecode").chmod(0o777)

    use_bytecode(["up", "--home", str(tmp_path)])
    refused = sys.pycache_prefix
    (tmp_path / "bytecode").chmod(0o700)
    use_bytecode(["up", f"--home={tmp_path}"])

    assert (refused, sys.pycache_prefix) == (None, str((tmp_path / "bytecode").resolve()))
