"""schemathesis against the running product: by our own document, and by the one merged from seed 001."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from guerdon_client import PrivilegeChange
from tests.acceptance.contract_documents import CONFIGURATION, SEED_001, operations, pinned, seed_document
from tests.acceptance.running import Running, running_product

SCHEMATHESIS = Path(sys.executable).with_name("schemathesis")
EXAMPLES_MAX = os.environ.get("GUERDON_CONTRACT_EXAMPLES", "10")
PRIVILEGE_ID = "contract-privilege"


@pytest.fixture(scope="module")
def fuzzed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A sandbox of its own: what schemathesis does to it is nobody else's business."""
    home = tmp_path_factory.mktemp("fuzzed") / "home"
    with running_product(home, GUERDON_ANONYMOUS_REQUESTS_PER_MINUTE="10000000") as product:
        yield product


def fuzz(fuzzed: Running, document: dict[str, Any], folder: Path, phases: str) -> subprocess.CompletedProcess[str]:
    """Run schemathesis with a key of its own, so that revoking it in one run does not blind the other."""
    with fuzzed.client() as shop:
        pass_id = shop.create_pass("loyalty", {"customerId": f"contract-{folder.name}"}).pass_id
        shop.put_privilege(pass_id, PRIVILEGE_ID + folder.name, PrivilegeChange(type="MultiUse"))
        key = shop.create_api_key(f"contract {folder.name}", ["*"]).text
    sandbox = fuzzed.sandbox
    types = list(sandbox.pass_types)
    ready = pinned(document, sandbox.tenant_id, types, pass_id, PRIVILEGE_ID + folder.name)
    (folder / "document.json").write_text(json.dumps(ready))
    (folder / "schemathesis.toml").write_text(CONFIGURATION)
    return subprocess.run(
        [
            SCHEMATHESIS,
            "run",
            str(folder / "document.json"),
            f"--url={sandbox.base_url}",
            "--header",
            f"X-API-KEY: {key}",
            f"--max-examples={EXAMPLES_MAX}",
            "--request-timeout=20",
            f"--phases={phases}",
            "--generation-deterministic",
            "--no-color",
        ],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        timeout=900,
    )


@pytest.mark.timeout(960)
def test_the_product_keeps_its_own_document(fuzzed: Running, tmp_path: Path) -> None:
    document = httpx2.get(f"{fuzzed.sandbox.base_url}/openapi.json").json()

    run = fuzz(fuzzed, document, tmp_path, "coverage,fuzzing")

    assert run.returncode == 0, run.stdout[-12_000:]


@pytest.mark.timeout(960)
def test_the_product_keeps_the_document_of_seed_001(fuzzed: Running, tmp_path: Path) -> None:
    run = fuzz(fuzzed, seed_document(), tmp_path, "coverage,fuzzing,stateful")

    assert run.returncode == 0, run.stdout[-12_000:]


def test_every_operation_of_seed_001_is_in_our_document_with_its_answers_and_media_types(fuzzed: Running) -> None:
    ours = httpx2.get(f"{fuzzed.sandbox.base_url}/openapi.json").json()

    for path, item in json.loads(SEED_001.read_text())["paths"].items():
        for method, operation in item.items():
            mine = ours["paths"][path][method]
            assert operation["responses"].keys() <= mine["responses"].keys(), (path, method)
            bodies = operation.get("requestBody", {"content": {}})["content"].keys()
            assert bodies <= mine.get("requestBody", {"content": {}})["content"].keys()
            named = {parameter["name"] for parameter in operation["parameters"]}
            assert named <= {parameter["name"] for parameter in mine["parameters"]}
    assert len(list(operations(seed_document()))) == 11
