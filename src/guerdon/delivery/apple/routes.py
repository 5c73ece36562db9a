"""HTTP for the devices that hold passes: Apple's PassKit web service (WIRE.md, face D)."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime
from typing import Annotated, Any

import msgspec
import structlog
from fastapi import APIRouter, Header, Path, Query, Request, Response

from guerdon.delivery.apple import copy_queries
from guerdon.delivery.apple.device_access import admit_device, is_our_pass_type
from guerdon.delivery.apple.errors import PassTokenRefused
from guerdon.delivery.apple.issuing import PassIssuer
from guerdon.delivery.apple.schemas import SHOWN_MAX, ChangedPasses, DeviceLog, DeviceRegistration
from guerdon.delivery.apple.update_tags import TAG_PATTERN, changed_since, read_tag, write_tag
from guerdon.delivery.etags import is_known
from guerdon.passes.errors import PassNotFound
from guerdon.passes.installation import Registration
from guerdon.passes.installing import list_held_passes, record_installed, record_removed
from guerdon.platform.clock import TenantClock
from guerdon.platform.db import Database, Tx
from guerdon.platform.http import PUBLIC, asks, router
from guerdon.platform.keys import MasterKey
from guerdon.platform.parameters import Write, respond
from guerdon.platform.problems import InvalidRequest
from guerdon.platform.writes import Answer, write_once
from guerdon.tenants.administration import get_tenant

MEDIA_TYPE = "application/vnd.apple.pkpass"
ACTOR = "device:apple"
LINE_MAX = 500
PRINTABLE = r"^[!-~]+$"
TenantId = Annotated[str, Path(alias="tenantId")]
DeviceId = Annotated[str, Path(alias="deviceId", pattern=PRINTABLE, max_length=200)]
PassTypeId = Annotated[str, Path(alias="passTypeIdentifier", pattern=PRINTABLE, max_length=200)]
Serial = Annotated[str, Path(alias="serialNumber", pattern=PRINTABLE, max_length=200)]
Authorization = Annotated[str, Header(description="ApplePass, then the token of the pass.")]
Tag = Annotated[
    str | None,
    Query(
        alias="passesUpdatedSince",
        description="The lastUpdated of an earlier answer.",
        json_schema_extra={"pattern": f"^({TAG_PATTERN})?$"},
    ),
]
Answers = dict[int | str, dict[str, Any]]
REGISTERED: Answers = {201: {"description": "Registered"}, 200: {"description": "Registered already"}}
LISTED: Answers = {
    200: {"description": "Passes that have changed", "model": ChangedPasses},
    204: {"description": "None has"},
}
LATEST: Answers = {
    200: {
        "description": "The signed pass, voided if it was deleted",
        "content": {MEDIA_TYPE: {"schema": {"type": "string", "format": "binary"}}},
    },
    304: {"description": "It has not changed"},
}
DEVICE = "/devices/{deviceId}/registrations/{passTypeIdentifier}"

log = structlog.get_logger("guerdon.apple")


@dataclass(frozen=True, slots=True)
class AppleRoutes:
    """Apple's web service; a device proves itself by the token in its pass."""

    database: Database
    master_key: MasterKey
    issuer: PassIssuer
    clock: TenantClock
    real_clock: Callable[[], datetime]

    def router(self) -> APIRouter:
        """Give the routes."""
        made = router("/api/{tenantId}/passes/apple/v1", "Apple Wallet")
        add, anyone = made.add_api_route, asks(PUBLIC)
        one = DEVICE + "/{serialNumber}"
        add(one, self.register, methods=["POST"], openapi_extra=anyone, responses=REGISTERED, response_class=Response)
        add(one, self.unregister, methods=["DELETE"], openapi_extra=anyone, response_class=Response)
        add(DEVICE, self.list_changed, openapi_extra=anyone, responses=LISTED, response_class=Response)
        add("/passes/{passTypeIdentifier}/{serialNumber}", self.latest, openapi_extra=anyone, responses=LATEST)
        heard = asks(PUBLIC, is_repeatable=False)
        add("/log", self.hear, methods=["POST"], openapi_extra=heard, response_class=Response)
        return made

    async def register(
        self,
        tenant_id: TenantId,
        device_id: DeviceId,
        pass_type_id: PassTypeId,
        serial: Serial,
        body: DeviceRegistration,
        write: Write,
        authorization: Authorization = "",
    ) -> Response:
        """Register a device for changes of a pass that it holds; again, it brings a new push token."""
        now = self.clock(tenant_id)

        async def work(tx: Tx) -> Answer:
            pass_id = (await admit_device(tx, self.master_key, pass_type_id, serial, authorization)).pass_id
            context = push_token_context(tenant_id, device_id, pass_id)
            sealed = self.master_key.encrypt(body.push_token.encode(), context)
            try:
                is_new = await record_installed(tx, Registration("apple", device_id, pass_id, sealed), ACTOR, now)
            except PassNotFound as gone:
                raise PassTokenRefused from gone
            return Answer(201 if is_new else 200)

        return respond(await write_once(self.database, tenant_id, write, now, work))

    async def unregister(
        self,
        tenant_id: TenantId,
        device_id: DeviceId,
        pass_type_id: PassTypeId,
        serial: Serial,
        write: Write,
        authorization: Authorization = "",
    ) -> Response:
        """Register no more: the device has given the pass up."""
        now = self.clock(tenant_id)

        async def work(tx: Tx) -> Answer:
            found = await admit_device(tx, self.master_key, pass_type_id, serial, authorization)
            await record_removed(tx, "apple", device_id, found.pass_id, ACTOR, now)
            return Answer(200)

        return respond(await write_once(self.database, tenant_id, write, now, work))

    async def list_changed(
        self, tenant_id: TenantId, device_id: DeviceId, pass_type_id: PassTypeId, since: Tag = None
    ) -> Response:
        """List the passes of a device that have changed since a tag, all of them without one."""
        tag = None if not since else read_tag(since)
        if since and tag is None:
            raise InvalidRequest({"passesUpdatedSince": ["Send what lastUpdated said, or epoch milliseconds."]})
        async with self.database.tenant(tenant_id) as tx:
            await get_tenant(tx)
            is_ours = await is_our_pass_type(tx, self.master_key, pass_type_id)
            held = await list_held_passes(tx, "apple", device_id)
        changed = changed_since(held, tag) if is_ours else ()
        if not changed:
            return Response(status_code=204)
        answer = {"serialNumbers": [one.serial_number for one in changed], "lastUpdated": write_tag(held)}
        return Response(msgspec.json.encode(answer), media_type="application/json")

    async def latest(
        self,
        tenant_id: TenantId,
        pass_type_id: PassTypeId,
        serial: Serial,
        request: Request,
        authorization: Authorization = "",
    ) -> Response:
        """Give the pass as it is now, voided if it was deleted; 304 when the device has it already."""
        async with self.database.tenant(tenant_id) as tx:
            pass_id = (await admit_device(tx, self.master_key, pass_type_id, serial, authorization)).pass_id
        package = await self.issuer.reissue(tenant_id, pass_id)
        now = self.real_clock().replace(microsecond=0)
        async with self.database.tenant(tenant_id) as tx:
            since = await copy_queries.find_copy(tx, pass_id, package.content_hash)
            is_new = since is None
            modified_at = since or await copy_queries.save_copy(tx, pass_id, package.content_hash, now)
        headers = {
            "ETag": f'"{package.content_hash[:32]}"',
            "Last-Modified": format_datetime(modified_at.astimezone(UTC), usegmt=True),
            "Cache-Control": "no-cache",
        }
        if is_known(request, headers["ETag"]) or (not is_new and _has_seen(request, modified_at)):
            return Response(status_code=304, headers=headers)
        return Response(package.content, headers=headers, media_type=MEDIA_TYPE)

    async def hear(self, tenant_id: TenantId, body: DeviceLog) -> Response:
        """Hear what a device has to say of our answers: the first lines of it go to our log."""
        async with self.database.tenant(tenant_id) as tx:
            await get_tenant(tx)
        for line in body.logs[:SHOWN_MAX]:
            log.warning("a device complains", tenant_id=tenant_id, line=line[:LINE_MAX])
        return Response()


def push_token_context(tenant_id: str, device_id: str, pass_id: str) -> str:
    """Name what a push token is encrypted for, so that it opens nowhere else."""
    return f"{tenant_id}/apple/{device_id}/{pass_id}"


def _has_seen(request: Request, modified_at: datetime) -> bool:
    """Tell whether If-Modified-Since is no earlier; it does not count beside If-None-Match (RFC 9110 13.1.3)."""
    sent = request.headers.get("if-modified-since")
    if sent is None or "if-none-match" in request.headers:
        return False
    try:
        asked = parsedate_to_datetime(sent)
    except ValueError:
        return False
    return (asked if asked.tzinfo else asked.replace(tzinfo=UTC)) >= modified_at
