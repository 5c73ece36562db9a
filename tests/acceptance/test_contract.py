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

from tests.acceptance.contract_documents import (
    CONFIGURATION,
    SEED_001,
    in_one_spelling,
    operations,
    pinned,
    seed_document,
)
from tests.acceptance.contract_tenant import furnish
from tests.acceptance.running import Running, running_product

SCHEMATHESIS = Path(sys.executable).with_name("schemathesis")
EXAMPLES_MAX = os.environ.get("GUERDON_CONTRACT_EXAMPLES", "10")


@pytest.fixture(scope="module")
def fuzzed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A sandbox of its own: what schemathesis does to it is nobody else's business."""
    home = tmp_path_factory.mktemp("fuzzed") / "home"
    with running_product(home, GUERDON_ANONYMOUS_REQUESTS_PER_MINUTE="10000000") as product:
        yield product


def fuzz(
    fuzzed: Running, document: dict[str, Any], folder: Path, name: str, phases: str, credential: str = ""
) -> subprocess.CompletedProcess[str]:
    """Run schemathesis with a key and things of its own, so that one run takes nothing away from the other.

    A `credential` takes the place of the key.
    """
    with fuzzed.client() as shop:
        key = f"X-API-KEY: {shop.create_api_key(f'contract {name}', ['*']).text}"
    sandbox = fuzzed.sandbox
    ready = pinned(document, sandbox.tenant_id, sandbox.pass_types, furnish(fuzzed, name))
    (folder / "document.json").write_text(json.dumps(ready))
    (folder / "schemathesis.toml").write_text(CONFIGURATION)
    return subprocess.run(
        [
            SCHEMATHESIS,
            "run",
            str(folder / "document.json"),
            f"--url={sandbox.base_url}",
            "--header",
            credential or key,
            f"--max-examples={EXAMPLES_MAX}",
            "--request-timeout=20",
            f"--phases={phases}",
            "--generation-deterministic",
            "--no-color",
            "--report=json",
            "--report-json-path=report.json",
        ],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        timeout=900,
    )


def never_done(document: dict[str, Any], folder: Path) -> list[str]:
    """Name the operations that refused whatever the run asked of them."""
    rates = json.loads((folder / "report.json").read_text())["valid_rates"]
    done = {label for label, phases in rates.items() if any(phase["accepted"] for phase in phases.values())}
    return sorted({f"{method.upper()} {path}" for path, item in document["paths"].items() for method in item} - done)


def of_persons(document: dict[str, Any], *, is_wanted: bool) -> dict[str, Any]:
    """Give a copy with only, or without, the operations that ask for the token of a person."""
    paths = {path: item for path, item in document["paths"].items() if ("/my/" in path) is is_wanted}
    return {**document, "paths": paths}


@pytest.mark.timeout(960)
def test_the_product_keeps_its_own_document(fuzzed: Running, tmp_path: Path) -> None:
    document = httpx2.get(f"{fuzzed.sandbox.base_url}/openapi.json").json()
    document = in_one_spelling(document, elsewhere=seed_document())

    own = of_persons(document, is_wanted=False)

    run = fuzz(fuzzed, own, tmp_path, "own", "coverage,fuzzing")

    assert run.returncode == 0, run.stdout[-12_000:]
    # Once is all that a clock is ever frozen, and that was done before.
    assert never_done(own, tmp_path) == ["POST /api/{tenantId}/config/clock/freeze"]


@pytest.mark.timeout(960)
def test_the_product_keeps_its_document_to_persons_too(fuzzed: Running, tmp_path: Path) -> None:
    document = of_persons(httpx2.get(f"{fuzzed.sandbox.base_url}/openapi.json").json(), is_wanted=True)
    token = f"Authorization: Bearer {fuzzed.sandbox.user_token}"

    run = fuzz(fuzzed, document, tmp_path, "person", "coverage,fuzzing", token)

    assert run.returncode == 0, run.stdout[-12_000:]
    assert never_done(document, tmp_path) == []


@pytest.mark.timeout(960)
def test_the_product_keeps_the_document_of_seed_001(fuzzed: Running, tmp_path: Path) -> None:
    run = fuzz(fuzzed, seed_document(), tmp_path, "seed", "coverage,fuzzing,stateful")

    assert run.returncode == 0, run.stdout[-12_000:]
    assert never_done(seed_document(), tmp_path) == []


def test_every_operation_of_seed_001_is_in_our_document_with_its_answers_and_media_types(fuzzed: Running) -> None:
    ours = httpx2.get(f"{fuzzed.sandbox.base_url}/openapi.json").json()
    seed = json.loads(SEED_001.read_text())

    for path, item in seed["paths"].items():
        for method, operation in item.items():
            mine = ours["paths"][path][method]
            assert operation["responses"].keys() <= mine["responses"].keys(), (path, method)
            bodies = operation.get("requestBody", {"content": {}})["content"].keys()
            assert bodies <= mine.get("requestBody", {"content": {}})["content"].keys()
            named = {parameter["name"] for parameter in operation["parameters"]}
            assert named <= {parameter["name"] for parameter in mine["parameters"]}
    assert len(list(operations(seed))) == 11
