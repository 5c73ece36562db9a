"""The API: every route asks its caller for a scope, but for the few that are public on purpose."""

import re
from collections.abc import AsyncIterator, Iterator
from typing import cast

import pytest
from docs.generate import closed_house, list_problems
from fastapi._compat import ModelField
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from starlette.routing import Match

from guerdon.access.model import SCOPES, WALLET_WRITES
from guerdon.entrypoints.api import hot_routes, operator_router, routers
from guerdon.entrypoints.house import House
from guerdon.entrypoints.openapi import compose
from guerdon.platform.addressing import address_book, api_routes
from guerdon.platform.hot import HotRoute
from guerdon.platform.http import KNOWN, PERSON, PUBLIC, SCOPE_MEMBER, StrictRoute
from guerdon.platform.tenant_ids import OWN_ADDRESSES, is_tenant_id

REGISTRATIONS = "/devices/{deviceId}/registrations/{passTypeIdentifier}"
ONE_REGISTRATION = REGISTRATIONS + "/{serialNumber}"
# What needs no credential: what protects each instead.
PUBLIC_ROUTES: dict[tuple[str, str], str] = {
    ("GET", "/healthz"): "tells nothing of anybody",
    ("GET", "/readyz"): "tells nothing of anybody",
    ("GET", "/openapi.json"): "is the same for everybody",
    ("POST", "/api/{tenantId}/passes"): "without a credential every identifier must prove itself (passes/proofs.py)",
    ("GET", "/api/{tenantId}/passes/findPass"): "the same",
    ("GET", "/api/{tenantId}/passes/{passId}"): "wallets send no credential; the random pass id is the capability",
    ("GET", "/api/{tenantId}/passes/{passId}/view"): "leads to the page, by the pass id",
    ("GET", "/api/{tenantId}/passes/{passId}/connect"): "tells what who knows the pass id may see, and no more",
    ("POST", "/api/{tenantId}/passes/apple/v1" + ONE_REGISTRATION): "the device shows the token of its pass",
    ("DELETE", "/api/{tenantId}/passes/apple/v1" + ONE_REGISTRATION): "the same",
    ("GET", "/api/{tenantId}/passes/apple/v1/passes/{passTypeIdentifier}/{serialNumber}"): "the same",
    ("GET", "/api/{tenantId}/passes/apple/v1" + REGISTRATIONS): "the device id is the secret (Apple's contract)",
    ("POST", "/api/{tenantId}/passes/apple/v1/log"): "adds a few bounded lines to the log",
    ("POST", "/api/{tenantId}/points/orders"): "without a credential the body is signed (points/order_signatures.py)",
    ("GET", "/{tenantId}/{layout}"): "the page of a pass, by its id",
    ("GET", "/{tenantId}/{layout}/live"): "the page's living part, by the pass id",
    ("GET", "/{tenantId}/images/{name}"): "pictures of pass types, which every holder has",
    ("GET", "/static/{name}"): "the page's own files",
}

# What any good credential may ask, since the route looks at what it may see.
KNOWN_ROUTES: dict[tuple[str, str], str] = {
    ("GET", "/wallet2-api/api/command/{correlationId}"): "whoever gave the command, or may read wallets",
}

# Statuses that few operations answer: which ones do. All others are answered everywhere, or to all that write.
FEW = {
    "410": {
        "POST /wallet2-api/api/my/voucher",
        "POST /wallet2-api/api/wallet/{wallet}/voucher",
        "POST /wallet2-api/api/wallet/{wallet}/coupon/use",
    },
    "412": {
        "POST /api/{tenantId}/passes/privileges/{privilegeId}/movements",
        "PUT /api/{tenantId}/config/files/{path}",
        "DELETE /api/{tenantId}/config/files/{path}",
        "POST /api/{tenantId}/config/rollback/{path}",
    },
    "501": {"GET /api/{tenantId}/passes/{passId}"},
}
# What answers where there is no operation: the address is there, and does not speak the verb.
OF_NO_OPERATION = {"405"}

# What pydantic writes of a bound that it cannot say in the words of JSON Schema; nobody reads it.
PYDANTICS_OWN = {"ge", "gt", "le", "lt", "multiple_of", "min_length", "max_length"}


@pytest.fixture(scope="module")
async def house() -> AsyncIterator[House]:
    """The rooms of a process that never opens its database."""
    closed = closed_house()
    yield closed
    closed.issuer.close()


async def test_every_route_asks_for_a_scope_or_is_public_on_purpose(house: House) -> None:
    asked = _scopes(house)

    assert {route for route, scope in asked.items() if scope == PUBLIC} == set(PUBLIC_ROUTES)
    named = SCOPES | WALLET_WRITES | {PUBLIC, PERSON}
    assert {route for route, scope in asked.items() if scope not in named} == set(KNOWN_ROUTES)
    assert {scope for route, scope in asked.items() if route in KNOWN_ROUTES} == {KNOWN}


async def test_every_route_of_the_framework_admits_its_caller_before_it_reads(house: House) -> None:
    routes = [route for part in [*routers(house), operator_router(house, bytes)] for route in part.routes]

    assert [route for route in routes if type(route) is not StrictRoute] == []


async def test_a_hot_route_documents_the_scope_that_it_asks_for(house: House) -> None:
    assert [one.template for one in hot_routes(house) if one.operation[SCOPE_MEMBER] != one.scope] == []


async def test_whole_numbers_of_a_query_are_plain_digits(house: House) -> None:
    routes = [one for part in routers(house) for one in part.routes if isinstance(one, APIRoute)]
    fields = [(one.path, field) for one in routes for field in _query_fields(one.dependant)]
    whole = [
        (path, field)
        for path, field in fields
        if str(field.field_info.annotation).startswith(("<class 'int'>", "int |"))
    ]

    assert len({path for path, _ in whole}) > 20
    for text in ("1_0", " 1", "1.0"):
        assert [f"{path}?{field.alias}" for path, field in whole if not field.validate(text)[1]] == [], text


async def test_no_two_routes_stand_at_one_address_with_one_verb(house: House) -> None:
    parts = [*routers(house), operator_router(house, bytes)]
    stood = [
        (m, _shape(r.path)) for part in parts for r in part.routes if isinstance(r, APIRoute) for m in r.methods or ()
    ]
    stood += [(one.method, _shape(one.template)) for one in hot_routes(house)]

    assert sorted(one for one in set(stood) if stood.count(one) > 1) == []


async def test_every_address_leads_where_the_framework_would_go_if_it_tried_all_routes_in_turn(house: House) -> None:
    parts = [*routers(house), operator_router(house, bytes)]
    addresses, routes = address_book(parts, hot_routes(house)), api_routes(parts)
    asked = {(verb, re.sub(r"\{[^}]*\}", "x", route.path)) for route in routes for verb in route.methods or ()}

    for verb, path in asked:
        request = {"type": "http", "path": path, "method": verb}
        tried = next(route for route in routes if route.matches(dict(request))[0] == Match.FULL)
        assert addresses.find(path)[verb] is tried, f"{verb} {path}"


@pytest.mark.parametrize(
    ("verb", "path", "template"),
    [
        ("GET", "/api/demo/passes/privileges/notify", "/api/{tenantId}/passes/privileges/{privilegeId}"),
        ("DELETE", "/api/demo/passes/privileges/connect", "/api/{tenantId}/passes/privileges/{privilegeId}"),
        ("GET", "/api/demo/passes/privileges/privileges", "/api/{tenantId}/passes/privileges/{privilegeId}"),
        ("GET", "/api/demo/passes/privileges/bulk-movements", "/api/{tenantId}/passes/privileges/{privilegeId}"),
        ("PUT", "/api/demo/passes/privileges/bulk-movements", "/api/{tenantId}/passes/privileges/{privilegeId}"),
        ("DELETE", "/api/demo/passes/privileges/bulk-movements", "/api/{tenantId}/passes/privileges/{privilegeId}"),
        ("POST", "/api/demo/passes/privileges/bulk-movements", "/api/{tenantId}/passes/privileges/bulk-movements"),
        ("POST", "/api/demo/passes/google/privileges", "/api/{tenantId}/passes/{passId}/privileges"),
        ("GET", "/api/demo/passes/import/privileges", "/api/{tenantId}/passes/import/{importId}"),
        ("GET", "/api/demo/passes/import/errors/errors", "/api/{tenantId}/passes/import/{importId}/errors"),
    ],
)
async def test_where_addresses_overlap_the_same_route_answers_always(
    house: House, verb: str, path: str, template: str
) -> None:
    found = address_book(routers(house), hot_routes(house)).find(path).find(verb)

    assert found is not None
    assert (found.template if isinstance(found, HotRoute) else found.path) == template


async def test_no_tenant_may_be_named_as_our_own_addresses_begin(house: House) -> None:
    begun = {path.split("/")[1] for _, path in _scopes(house)} - {"{tenantId}"}

    assert {name for name in begun if is_tenant_id(name)} - OWN_ADDRESSES == set()


async def test_every_operation_in_the_document_has_its_scope(house: House) -> None:
    document = compose(api_routes(routers(house)), hot_routes(house))

    operations = [
        operation for item in document["paths"].values() for operation in item.values() if "responses" in operation
    ]
    assert len(operations) > 10
    assert [operation["operationId"] for operation in operations if SCOPE_MEMBER not in operation] == []


async def test_the_document_knows_every_status_that_a_refusal_has(house: House) -> None:
    answered = _answered(house)
    of_refusals = {str(problem.status) for problem in list_problems()} - OF_NO_OPERATION

    assert {status for status in answered if status >= "400"} == of_refusals
    assert {status: answered[status] for status in FEW} == FEW


async def test_the_document_says_bounds_in_the_words_of_json_schema(house: House) -> None:
    document = compose(api_routes(routers(house)), hot_routes(house))

    assert [word for word in _words(document) if word in PYDANTICS_OWN] == []


async def test_no_text_in_an_address_may_hold_a_nul(house: House) -> None:
    document = compose(api_routes(routers(house)), hot_routes(house))

    free = [
        (path, parameter["name"])
        for path, item in document["paths"].items()
        for operation in item.values()
        for parameter in operation.get("parameters", ())
        for schema in (parameter["schema"], *parameter["schema"].get("anyOf", ()))
        if parameter["in"] in {"path", "query"} and schema.get("type") == "string"
        if not {"pattern", "enum", "format"} & schema.keys()
    ]
    assert free == []


@pytest.mark.parametrize(
    ("method", "path", "headers"),
    [
        ("post", "/passes/privileges", {"Location"}),
        ("post", "/passes/{passId}/privileges", {"Location"}),
        ("get", "/passes/privileges/{privilegeId}", {"ETag", "Link"}),
        ("get", "/passes/{passId}/privileges/{privilegeId}", {"ETag", "Link"}),
        ("post", "/passes/privileges/{privilegeId}/movements", {"ETag"}),
        ("get", "/passes/privileges", {"Link", "Guerdon-Next-Cursor"}),
        ("get", "/passes/{passId}/privileges", {"Link", "Guerdon-Next-Cursor"}),
        ("get", "/passes/{passId}", {"ETag"}),
    ],
)
async def test_the_headers_of_answers_are_in_the_document(
    house: House, method: str, path: str, headers: set[str]
) -> None:
    document = compose(api_routes(routers(house)), hot_routes(house))

    assert document["paths"][f"/api/{{tenantId}}{path}"][method]["responses"]["200"]["headers"].keys() == headers


async def test_a_pass_that_one_has_already_may_be_asked_for_with_if_none_match(house: House) -> None:
    document = compose(api_routes(routers(house)), hot_routes(house))

    operation = document["paths"]["/api/{tenantId}/passes/{passId}"]["get"]
    assert ("If-None-Match", "header") in {(one["name"], one["in"]) for one in operation["parameters"]}


async def test_the_id_of_a_pass_that_was_found_is_text_alone(house: House) -> None:
    document = compose(api_routes(routers(house)), hot_routes(house))

    found = document["paths"]["/api/{tenantId}/passes/findPass"]["get"]["responses"]["200"]
    assert found["content"].keys() == {"text/plain"}


def _answered(house: House) -> dict[str, set[str]]:
    document = compose(api_routes(routers(house)), hot_routes(house))
    answered: dict[str, set[str]] = {}
    for path, item in document["paths"].items():
        for method, operation in item.items():
            for status in operation["responses"]:
                answered.setdefault(status, set()).add(f"{method.upper()} {path}")
    return answered


def _words(part: object) -> Iterator[str]:
    if isinstance(part, dict):
        for word, inner in cast("dict[str, object]", part).items():
            yield word
            yield from _words(inner)
    elif isinstance(part, list):
        for inner in cast("list[object]", part):
            yield from _words(inner)


def _scopes(house: House) -> dict[tuple[str, str], str]:
    asked = {
        (method, route.path): (route.openapi_extra or {})[SCOPE_MEMBER]
        for part in [*routers(house), operator_router(house, bytes)]
        for route in part.routes
        if isinstance(route, APIRoute)
        for method in route.methods or ()
    }
    return asked | {(one.method, one.template): one.scope for one in hot_routes(house)}


def _shape(path: str) -> str:
    return re.sub(r"\{[^}]*\}", "{}", path)


def _query_fields(dependant: Dependant) -> Iterator[ModelField]:
    yield from dependant.query_params
    for part in dependant.dependencies:
        yield from _query_fields(part)
