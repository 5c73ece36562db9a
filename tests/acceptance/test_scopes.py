"""Every operation asks for the scope that its description names, and for no other (WIRE.md section 0)."""

import re
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import httpx2
import pytest

from tests.acceptance.houses import House, new_house
from tests.acceptance.running import Running

BY_THE_PROMISE = {
    ("GET", "/passes"): "Pass.Read",
    ("PATCH", "/passes/{passId}"): "Pass.Write",
    ("DELETE", "/passes/{passId}"): "Pass.Write",
    ("GET", "/passes/{passId}/document"): "Pass.Read",
    ("GET", "/passes/{passId}/privileges"): "Pass.Read",
    ("POST", "/passes/{passId}/privileges"): "Pass.Write",
    ("PUT", "/passes/{passId}/privileges/{privilegeId}"): "Pass.Write",
    ("POST", "/passes/privileges/{privilegeId}/movements"): "Pass.Write",
    ("POST", "/passes/bulk-update"): "Pass.Write",
    ("POST", "/passes/import"): "Pass.Write",
    ("GET", "/passes/push-updates"): "Pass.Read",
    ("POST", "/scans"): "PassScan.Scan",
    ("GET", "/webhooks"): "Webhook.Read",
    ("POST", "/webhooks"): "Webhook.Write",
    ("GET", "/config/files"): "Config.Read",
    ("PUT", "/config/files/{path}"): "Config.Write",
    ("POST", "/admin/apiKeys"): "Access.Write",
}

# They look at the media type before anything else, since what comes is a stream.
FILES_TAKEN = {"/passes/import", "/passes/bulk-update/file"}
# Scopes of the source's that a wider one of ours includes.
IMPLIED = {
    "tenant.access:read": "Access.Write",
    "tenant.access.role:write": "Access.Write",
    "tenant.apiKey:read": "Access.Write",
    "tenant.core:read": "Config.Read",
}


@pytest.fixture(scope="module")
def house(running: Running) -> House:
    return new_house(running)


@pytest.fixture(scope="module")
def operations(running: Running) -> list[tuple[str, str, str]]:
    """Verb, path below the tenant and scope of every operation that asks for one."""
    document: dict[str, Any] = httpx2.get(f"{running.sandbox.base_url}/openapi.json").json()
    return [
        (verb.upper(), path.removeprefix("/api/{tenantId}"), operation["x-guerdon-scope"])
        for path, item in document["paths"].items()
        if path.startswith("/api/{tenantId}")
        for verb, operation in item.items()
        if operation["x-guerdon-scope"] != "public"
    ]


@pytest.fixture(scope="module")
def keys(house: House, operations: list[tuple[str, str, str]]) -> Iterator[dict[str, httpx2.Client]]:
    """A client for each scope that any operation asks for, which has that one alone."""
    scopes = sorted({scope for _, _, scope in operations})
    with ExitStack() as stack, house.client() as owner:
        texts = {scope: owner.create_api_key(f"only {scope}", [scope]).text for scope in scopes}
        yield {scope: stack.enter_context(house.raw(text)) for scope, text in texts.items()}


def ask(client: httpx2.Client, verb: str, path: str) -> int:
    """Send an operation nothing that makes sense, to nothing that is there."""
    headers = {"content-type": "text/csv"} if path in FILES_TAKEN else {}
    return client.request(verb, re.sub(r"\{\w+\}", "nobody-here", path), headers=headers).status_code


def test_the_operations_of_the_promise_ask_for_its_scopes(operations: list[tuple[str, str, str]]) -> None:
    asked = {(verb, path): scope for verb, path, scope in operations}

    assert {place: asked[place] for place in BY_THE_PROMISE} == BY_THE_PROMISE


def test_each_scope_opens_its_operations_and_no_others(
    operations: list[tuple[str, str, str]], keys: dict[str, httpx2.Client]
) -> None:
    wrong = [
        (verb, path, scope, held)
        for verb, path, scope in operations
        for held, client in keys.items()
        if (ask(client, verb, path) == 403) != (held not in {scope, IMPLIED.get(scope)})
    ]

    assert wrong == []


def test_a_key_that_may_do_everything_may(operations: list[tuple[str, str, str]], house: House) -> None:
    with house.raw() as owner:
        assert [one for one in operations if ask(owner, one[0], one[1]) in {401, 403}] == []


def test_nobody_may_do_anything(operations: list[tuple[str, str, str]], house: House) -> None:
    with httpx2.Client(base_url=f"{house.running.sandbox.base_url}/api/{house.tenant_id}") as nobody:
        assert [one for one in operations if ask(nobody, one[0], one[1]) != 401] == []
