"""What stands in the tenant that is fuzzed, so that every operation finds something, and what may be taken away."""

import io
import json
import time
import zipfile
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from guerdon.delivery.apple.development_authority import create_authority, issue_identity
from guerdon_client import Conflict, Guerdon, PassChange, PassFilter, PrivilegeChange
from tests.acceptance.contract_points import wallet_things
from tests.acceptance.contract_things import BODY, Thing
from tests.acceptance.running import POLL_S, Running

ATTEMPTED_WITHIN_S = 30
WORD = "^[0-9A-Za-z]+$"
# Neither the key that is used nor the sandbox's own, which no operation may take away.
OTHER_KEYS = "^[^ %/s\\u0000][^ %/\\u0000]*$"
FILE = "server/texts/contract-{}.txt"


def furnish(product: Running, name: str) -> list[Thing]:
    """Put a name's things into the demo tenant, and tell where each of them is to be asked for; the first that fits."""
    with product.client() as shop:
        return [
            *_doomed(shop, name),
            *_access(shop, name),
            *_configuration(shop, name),
            *_webhooks(shop),
            *_imports(shop, name),
            *wallet_things(shop),
            *_passes(product, shop, name),
        ]


def _doomed(shop: Guerdon, name: str) -> list[Thing]:
    person = {"customerId": f"doomed-{name}"}
    pass_id = shop.create_pass("loyalty").pass_id
    other_pass_id = shop.create_pass("loyalty").pass_id
    shop.create_pass("loyalty", person)
    for privilege_id in (f"doomed-{name}", f"doomed-too-{name}"):
        shop.put_privilege(other_pass_id, privilege_id, PrivilegeChange(type="MultiUse"))
    shop.create_api_key(f"doomed-{name}", ["Pass.Read"])
    shop.create_role(f"doomed-{name}", ["Pass.Read"])
    shop.put_secret(f"doomed-{name}", b"x")
    shop.put_file(FILE.format(f"doomed-{name}"), b"x")
    # With others, schemathesis would take away what it has seen elsewhere.
    return [
        Thing("DELETE /admin/apiKeys/", "name", f"doomed-{name}", OTHER_KEYS),
        Thing("DELETE /admin/roles/", "name", f"doomed-{name}"),
        Thing("DELETE /secrets/", "name", f"doomed-{name}", WORD),
        Thing("DELETE /config/files/", "path", FILE.format(f"doomed-{name}"), WORD),
        Thing("DELETE /webhooks/", "id", _new_webhook(shop), None),
        Thing("DELETE /passes/privileges/", "privilegeId", f"doomed-{name}", None),
        Thing("DELETE /passes/{passId}/privileges/", "passId", other_pass_id, None),
        Thing("DELETE /passes/{passId}/privileges/", "privilegeId", f"doomed-too-{name}", None),
        Thing("DELETE /passes/{passId}", "passId", pass_id, None),
        Thing("/persons/erase", "identifiers", person, None),
    ]


def _access(shop: Guerdon, name: str) -> list[Thing]:
    for one in (f"spare-{name}", f"rotated-{name}"):
        shop.create_api_key(one, ["Pass.Read"])
    shop.create_role(f"clerk-{name}", ["Pass.Read"])
    return [
        Thing("/rotate", "name", f"rotated-{name}", OTHER_KEYS),
        Thing("/admin/apiKeys/", "name", f"spare-{name}", OTHER_KEYS),
        Thing("/admin/roles/", "name", f"clerk-{name}"),
    ]


def _configuration(shop: Guerdon, name: str) -> list[Thing]:
    with suppress(Conflict):
        shop.clock.freeze()
    path = FILE.format(name)
    for content in (b"one", b"two"):
        shop.put_file(path, content)
    return [
        Thing("/config/pass-types/", "name", "loyalty"),
        Thing("/config/diff/", "from", 1),
        Thing("/config/rollback/", BODY, {"version": 1}),
        Thing("POST /config/apple/certificate", BODY, _certificate(shop.get_apple_certificate().pass_type_identifier)),
        # The clock goes nowhere, lest what the others have made comes to its end.
        Thing("POST /config/clock/advance", BODY, {"to": _soon()}, None),
        Thing("/config/", "path", path),
        Thing("/secrets/", "name", f"secret-{name}", WORD),
    ]


def _soon() -> str:
    return (datetime.now(UTC) + timedelta(minutes=20)).isoformat()


def _certificate(pass_type_identifier: str) -> dict[str, str]:
    now = datetime.now(UTC)
    made = issue_identity(
        create_authority(now),
        pass_type_identifier=pass_type_identifier,
        team_identifier="SANDBOX001",
        now=now,
        serial_number=8,
    )
    pem = {"certificate": made.certificate_pem, "key": made.key_pem, "intermediates": made.chain_pem}
    return {member: text.decode() for member, text in pem.items()}


def _webhooks(shop: Guerdon) -> list[Thing]:
    webhook_id = _new_webhook(shop)
    shop.test_webhook(webhook_id)
    return [
        Thing("/webhooks/", "attemptId", str(_await_attempt(shop, webhook_id))),
        Thing("/webhooks/", "id", webhook_id),
    ]


def _new_webhook(shop: Guerdon) -> str:
    return shop.create_webhook("http://127.0.0.1:9/", ["Nothing:Ever"]).webhook.webhook_id


def _await_attempt(shop: Guerdon, webhook_id: str) -> UUID:
    ends_at = time.monotonic() + ATTEMPTED_WITHIN_S
    while time.monotonic() < ends_at:
        for attempt in shop.list_webhook_attempts(webhook_id):
            return attempt.attempt_id
        time.sleep(POLL_S)
    raise AssertionError("no attempt was made at the webhook")


def _imports(shop: Guerdon, name: str) -> list[Thing]:
    header = "serial,passType"
    started = shop.import_passes(f"{header}\ncontract-{name}-00000001,ticket\n".encode())
    return [
        Thing("/passes/import/", "importId", started.progress.import_id),
        Thing("POST /passes/import", BODY, f"{header}\ncontract-{name}-00000002,ticket\n"),
        *_balances(shop, name),
    ]


def _balances(shop: Guerdon, name: str) -> list[Thing]:
    header, wallet = "batch,wallet,amount", uuid4()
    started = shop.balances.import_file(f"{header}\ncontract-{name}-1,{wallet},5\n".encode())
    return [
        Thing("/balances/import/", "importId", started.progress.import_id),
        Thing("POST /wallet2-api/api/balances/import", BODY, f"{header}\ncontract-{name}-2,{wallet},5\n"),
    ]


def _passes(product: Running, shop: Guerdon, name: str) -> list[Thing]:
    identifiers = {"customerId": f"contract-{name}"}
    pass_id = shop.create_pass("loyalty", identifiers, {"season": name}).pass_id
    shop.put_privilege(pass_id, f"contract-{name}", PrivilegeChange(type="MultiUse"))
    season = PassFilter("metadata.season", "equals", name)
    started = shop.start_campaign([season], change=PassChange(metadata={"tier": "gold"}))
    document = _read_pass(product, pass_id)
    chosen = {"field": "metadata.season", "operator": "equals", "value": name}
    return [
        Thing("/passes/apple/v1/", "authorization", f"ApplePass {document['authenticationToken']}"),
        Thing("/passes/apple/v1/", "passTypeIdentifier", document["passTypeIdentifier"]),
        Thing("/passes/apple/v1/", "serialNumber", pass_id),
        Thing("/passes/apple/v1/", "deviceId", f"phone-{name}"),
        Thing("/passes/bulk-update/file", BODY, f"id,metadata.seat\n{pass_id},1\n"),
        Thing("/passes/bulk-update", BODY, {"filter": [chosen], "update": {"metadata": {"tier": "gold"}}}),
        Thing("/passes/push-updates/", "correlationId", started.correlation_id),
        Thing("POST /scans", BODY, {"data": pass_id, "type": "manual"}),
        Thing("/stores/", "storeId", f"store-{name}"),
        # A PUT may well say that its privilege is over.
        Thing("PUT ", "privilegeId", f"put-{name}"),
        Thing("", "passId", pass_id),
        Thing("", "privilegeId", f"contract-{name}"),
        Thing("", "identifiers", identifiers),
    ]


def _read_pass(product: Running, pass_id: str) -> dict[str, Any]:
    with product.anonymous() as phone, zipfile.ZipFile(io.BytesIO(phone.get_apple_pass(pass_id).content)) as package:
        document: dict[str, Any] = json.loads(package.read("pass.json"))
    return document
