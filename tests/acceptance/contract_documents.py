"""The two documents that schemathesis holds the running product to: our own, and the one of seed 001."""

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, cast

from tests.acceptance.contract_things import BODY, Thing

Document = dict[str, Any]

BASE = "/api/{tenantId}"
SEED_001 = Path(__file__).with_name("seed_001.json")
AMOUNT_MAX = 10**12
TEXT = "^[^\\u0000]*$"
PRINTABLE = "^[!-~]+$"
PRINTABLE_WITHOUT_PERCENT = "^[!-$&-~]+$"
TO_COME = ("2099-12-31T23:59:59Z", "2100-02-28T00:00:00.123456+11:31")
NOT_ZERO = [{"minimum": 0.000001}, {"maximum": -0.000001}]
JSON = "application/json"
TYPES: dict[type, str] = {str: "string", int: "integer", dict: "object"}
PROBLEM = "application/problem+json"
# WIRE.md section 0: what every operation of every face may answer beyond what the seed names.
EVERYWHERE = ("400", "401", "403", "404", "405", "409", "412", "413", "415", "422", "429", "503")


# Rules that no schema can say, whose 400 is therefore expected beside success: a PUT on a new id needs a type, a new
# privilege's value is the sum of its movements, a provider is one that the tenant has, a cursor is one that a list
# gave, a window ends after it begins, the name of a key is printable, a time zone is one that IANA knows, a list of
# face B goes by range or by cursor, and no member of its bodies, or of an order, holds a NUL, also one that is ignored.
# Of the conditions of an entry, any one is enough.
# Without the first line, requests would carry made-up tokens beside the key, and be refused for those.
CONFIGURATION = """
[generation]
with-security-parameters = false

[[operations]]
include-method = "PUT"
checks.positive_data_acceptance.expected-statuses = ["2xx", "400", "401", "403", "404", "409", "429"]

[[operations]]
include-method = "POST"
include-path-regex = "(privileges|apiKeys)$"
checks.positive_data_acceptance.expected-statuses = ["2xx", "400", "401", "403", "404", "409", "429"]

[[operations]]
include-path-regex = "^/wallet2-api/|/points/orders$"
checks.positive_data_acceptance.expected-statuses = ["2xx", "400", "401", "403", "404", "409", "429"]

[[operations]]
include-path-regex = "/config/tenant$"
checks.positive_data_acceptance.expected-statuses = ["2xx", "400", "401", "403", "404", "409", "429"]

[[operations]]
include-path-regex = "/(lookup|events|passes|usage)$"
checks.positive_data_acceptance.expected-statuses = ["2xx", "3xx", "400", "401", "403", "404", "409", "429"]
"""


def pinned(document: Document, tenant_id: str, pass_types: Sequence[str], things: Sequence[Thing]) -> Document:
    """Give a copy of a document that names this tenant's things, beside arbitrary ones where those make sense."""
    copy: Document = json.loads(json.dumps(document))
    known = {"tenantId": [tenant_id], "passType": list(pass_types)}
    for label, operation in labelled_operations(copy):
        here = {thing.parameter: thing for thing in reversed(things) if thing.where in label}
        parameters = operation.get("parameters", [])
        # A made-up version is rightly refused, and so is a made-up key that serves thousands of requests.
        operation["parameters"] = [
            one for one in parameters if one["name"].lower() not in {"idempotency-key", "if-match"}
        ]
        for parameter in operation["parameters"]:
            name = parameter["name"]
            _forbid_percent(parameter["schema"])
            # The list takes any name for a type, and finds nothing of one that is not there.
            if name in known and label != "GET /passes":
                parameter["schema"] = {"type": "string", "enum": known[name]}
            elif name in here:
                parameter["schema"] = _with(here[name], parameter["schema"])
        if BODY in here and "requestBody" in operation:
            for content in operation["requestBody"]["content"].values():
                content["schema"] = _with(here[BODY], content["schema"])
    for name in ("WebhookDefinition", "WebhookPatch"):
        if name in copy["components"]["schemas"]:
            # Whether a name may be called is for its name server to say.
            properties = copy["components"]["schemas"][name]["properties"]
            properties["endpoint"] = {"type": "string", "enum": ["http://127.0.0.1:9/"]}
    return copy


def in_one_spelling(document: Document, elsewhere: Document) -> Document:
    """Give a copy that sends JSON by its first name only to operations that another document sends it to by all."""
    copy: Document = json.loads(json.dumps(document))
    others = {label for label, _ in labelled_operations(elsewhere)}
    for label, operation in labelled_operations(copy):
        if label in others and "requestBody" in operation:
            content = operation["requestBody"]["content"]
            operation["requestBody"]["content"] = {JSON: content[JSON]}
    return copy


def seed_document() -> Document:
    """Give seed 001's document as WIRE.md reads it: its error answers, its bounds on numbers, no NUL in texts."""
    document: Document = json.loads(SEED_001.read_text())
    _add_history(document)
    for operation in operations(document):
        _widen_answers(operation)
        for parameter in operation["parameters"]:
            _narrow_parameter(parameter)
        if "requestBody" in operation:
            operation["requestBody"]["required"] = True
    schemas = document["components"]["schemas"]
    for schema in schemas.values():
        _narrow(schema)
    _decide(schemas)
    return document


def operations(document: Mapping[str, Any]) -> Iterator[Document]:
    """Give every operation of a document."""
    for item in document["paths"].values():
        yield from item.values()


def labelled_operations(document: Mapping[str, Any]) -> Iterator[tuple[str, Document]]:
    """Give every operation with its method and its path below the tenant: `GET /stores/{storeId}`."""
    for path, item in document["paths"].items():
        for method, operation in item.items():
            yield f"{method.upper()} {path.removeprefix(BASE)}", operation


def _forbid_percent(schema: Document) -> None:
    """Keep schemathesis from making up what it would decode before it sends it."""
    if schema.get("pattern") == PRINTABLE:
        schema["pattern"] = PRINTABLE_WITHOUT_PERCENT


def _add_history(document: Document) -> None:
    """Say that our movements can be read where the seed has them applied: it is told by the verbs of the address."""
    at_movements = document["paths"][f"{BASE}/passes/privileges/{{privilegeId}}/movements"]
    history = {"type": "array", "items": {"$ref": "#/components/schemas/PrivilegeMovement"}}
    at_movements["get"] = {
        "parameters": json.loads(json.dumps(at_movements["post"]["parameters"])),
        "responses": {"200": {"description": "", "content": {JSON: {"schema": history}}}},
    }


def _with(thing: Thing, schema: Document) -> Document:
    known = {"type": TYPES[type(thing.value)], "enum": [thing.value]}
    if thing.others is None:
        return known
    return {"anyOf": [known, {**schema, "pattern": thing.others} if thing.others else schema]}


def _widen_answers(operation: Document) -> None:
    for status in EVERYWHERE:
        refusal = operation["responses"].setdefault(status, {"description": ""})
        refusal["content"] = {PROBLEM: {"schema": {"$ref": "#/components/schemas/ProblemDetails"}}}


def _narrow_parameter(parameter: Document) -> None:
    if parameter["name"] == "identifiers":
        parameter["required"] = True
        parameter["schema"] |= {
            "minProperties": 1,
            "maxProperties": 20,
            "propertyNames": {"pattern": "^[A-Za-z0-9_-]{1,100}$"},
            "additionalProperties": {"type": "string", "pattern": "^[^\\u0000]{1,500}$"},
        }
    elif parameter["in"] == "path":
        parameter["schema"] = {"type": "string", "pattern": "^[^\\u0000-\\u001f\\u007f/]{1,200}$"}


def _decide(schemas: Document) -> None:
    """Say what WIRE.md section 1 decides: the form of movement ids, no movement of zero, null clears a member.

    And that a privilege past its deletion date is gone, by letting none be: schemathesis would miss what it has made.
    """
    movement_id = {"type": ["string", "null"], "pattern": "^[A-Za-z0-9_-]{1,64}$"}
    schemas["PrivilegeMovement"]["properties"]["movementId"]["pattern"] = movement_id["pattern"]
    schemas["ApplyMovementRequest"]["properties"]["movementId"] = movement_id
    for name, member in (("PrivilegeMovement", "value"), ("ApplyMovementRequest", "movementValue")):
        schemas[name]["properties"][member]["anyOf"] = NOT_ZERO
    for name in ("InsertPrivilegeRequest", "PatchPrivilegeRequest"):
        schemas[name]["properties"]["deletionDate"] = {"enum": [*TO_COME, None]}
    schemas["NotifyRequest"]["anyOf"] = [
        {"required": ["content"], "properties": {"content": {"type": "string", "minLength": 1}}},
        {"required": ["localizedContent"], "properties": {"localizedContent": {"type": "object", "minProperties": 1}}},
    ]
    links = ("legalInformation", "callToAction")
    clearable = ("origin", "categories", "content", "appearance", "links", "notification", *links)
    bodies = ("InsertPrivilegeRequest", "PatchPrivilegeRequest", "InsertOptions", "PatchOptions", "PrivilegeLinks")
    for name in bodies:
        properties = schemas[name]["properties"]
        for member in properties.keys() & clearable:
            properties[member] = {"anyOf": [properties[member], {"type": "null"}]}


def _narrow(schema: object) -> None:
    if isinstance(schema, list):
        for part in cast("list[object]", schema):
            _narrow(part)
    if not isinstance(schema, dict):
        return
    members = cast("Document", schema)
    kinds: object = members.get("type")
    named: list[object] = cast("list[object]", kinds) if isinstance(kinds, list) else [kinds]
    if "number" in named:
        members |= {"minimum": -AMOUNT_MAX, "maximum": AMOUNT_MAX}
    if "string" in named and not {"enum", "format", "pattern"} & members.keys():
        members["pattern"] = TEXT
    for part in list(members.values()):
        _narrow(part)
