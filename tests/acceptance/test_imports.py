"""A business moves here with its passes, and a worker that is killed in the middle of it."""

import io
import json
import os
import signal
import time
import uuid
import zipfile

import pytest

from guerdon_client import Forbidden, Guerdon, InvalidRequest, NotFound, PassImport
from guerdon_client.imports import JSON_LINES
from tests.acceptance.builders import read_events
from tests.acceptance.running import Running
from tests.acceptance.test_campaigns import workers

MANY = 12_000
END_S = 90


def await_end(shop: Guerdon, import_id: str) -> PassImport:
    """Watch an import to its end; it adds up whenever it is looked at."""
    ends_at = time.monotonic() + END_S
    while time.monotonic() < ends_at:
        seen = shop.get_import(import_id)
        assert seen.imported + seen.existing + seen.rejected <= seen.total
        if seen.state != "running":
            return seen
        time.sleep(0.1)
    raise AssertionError(f"The import does not end: {shop.get_import(import_id)}")


def table(name: str, count: int) -> bytes:
    """A file of passes of nobody."""
    return ("serial,passType\n" + "".join(f"{name}-{number},ticket\n" for number in range(count))).encode()


def test_what_is_on_phones_goes_on_with_its_serial_and_its_token(shop: Guerdon, customer: str) -> None:
    serial, token = str(uuid.uuid4()), f"token-of-{customer}"
    header = "serial,passType,authenticationToken,identifiers.customerId,metadata.tier"
    file = f"{header}\n{serial},loyalty,{token},{customer},gold\n"

    tried = shop.import_passes(file.encode(), dry_run=True)
    started = shop.import_passes(file.encode(), idempotency_key=f"move {customer}")
    repeated = shop.import_passes(file.encode(), idempotency_key=f"move {customer}")
    ended = await_end(shop, started.progress.import_id)

    assert (tried.count, started.count, ended.imported) == (1, 1, 1)
    assert (repeated.progress.import_id, repeated.receipt.is_replayed) == (started.progress.import_id, True)
    assert shop.find_pass({"customerId": customer}, "loyalty") == serial
    assert shop.get_pass_document(serial).metadata == {"tier": "gold"}
    written = json.loads(zipfile.ZipFile(io.BytesIO(shop.get_apple_pass(serial).content)).read("pass.json"))
    assert (written["serialNumber"], written["authenticationToken"]) == (serial, token)
    assert shop.import_passes(file.encode()).progress.existing == 1
    created = read_events(shop, serial, "Pass:Created")
    assert [event.data["imported"] for event in created] == [True]


def test_bad_rows_are_named_by_their_lines(shop: Guerdon, reader: Guerdon, customer: str) -> None:
    file = table(customer, 2) + f"{customer}-3,nothing\n".encode()

    with pytest.raises(InvalidRequest) as refused:
        shop.import_passes(file)
    with pytest.raises(Forbidden):
        reader.import_passes(file)
    started = shop.import_passes(file, on_error="skip")
    ended = await_end(shop, started.progress.import_id)

    assert list(refused.value.errors or {}) == ["line 4"]
    assert [(row.line, row.serial, list(row.mistakes)) for row in started.left_out] == [
        (4, f"{customer}-3", ["passType"])
    ]
    assert (ended.state, ended.imported, ended.rejected) == ("finished", 2, 1)
    assert shop.list_import_errors(ended.import_id).items == started.left_out
    assert ended.import_id in {one.import_id for one in reader.list_imports().items}


def test_json_lines_bring_passes_too(shop: Guerdon, customer: str) -> None:
    line = json.dumps({"serial": str(uuid.uuid4()), "passType": "ticket", "identifiers": {"customerId": customer}})

    await_end(shop, shop.import_passes(line.encode(), media_type=JSON_LINES).progress.import_id)

    assert shop.find_pass({"customerId": customer}) == json.loads(line)["serial"]


def test_a_killed_worker_leaves_no_row_out_and_takes_none_in_twice(
    running: Running, shop: Guerdon, customer: str
) -> None:
    before = shop.get_usage_by_type("ticket")["ticket"].passes
    import_id = shop.import_passes(table(customer, MANY)).progress.import_id
    while shop.get_import(import_id).imported == 0:
        time.sleep(0.02)
    for pid in workers(running):
        os.kill(pid, signal.SIGKILL)
    assert shop.get_import(import_id).state == "running"

    ended = await_end(shop, import_id)

    assert (ended.imported, ended.existing, ended.rejected) == (MANY, 0, 0)
    assert shop.get_usage_by_type("ticket")["ticket"].passes == before + MANY


def test_a_cancelled_import_stops_and_keeps_what_it_has_taken_in(shop: Guerdon, customer: str) -> None:
    import_id = shop.import_passes(table(customer, MANY)).progress.import_id

    shop.cancel_import(import_id)
    time.sleep(1)
    seen = shop.get_import(import_id)
    time.sleep(1)

    assert (seen.state, shop.get_import(import_id).imported) == ("cancelled", seen.imported)
    assert seen.imported < MANY
    with pytest.raises(NotFound):
        shop.cancel_import("0" * 32)
