"""HTTP for the certificate that signs a tenant's Apple passes: checked and sealed as `guerdon apple` does, and told."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Final

from cryptography import x509
from fastapi import APIRouter, Path, Response

from guerdon.access.guard import CallerDep
from guerdon.configuration.errors import CertificateNotFound
from guerdon.configuration.schemas import CertificateIn, CertificateOut
from guerdon.delivery.apple.certificates import Expected, read_p12, read_pem
from guerdon.delivery.apple.credentials import find_identity, save_identity
from guerdon.delivery.apple.identity import SigningIdentity
from guerdon.platform.clock import rfc3339
from guerdon.platform.db import Database, Tx
from guerdon.platform.http import asks, router
from guerdon.platform.keys import MasterKey
from guerdon.platform.parameters import Write, respond
from guerdon.platform.writes import Answer, write_once

WARNED_BEFORE: Final = timedelta(days=60)

TenantId = Annotated[str, Path(alias="tenantId")]


@dataclass(frozen=True, slots=True)
class CertificateRoutes:
    """The operations on the Apple certificate; the private key is never answered."""

    database: Database
    master_key: MasterKey
    clock: Callable[[], datetime]

    def router(self) -> APIRouter:
        """Give the routes."""
        made = router("/api/{tenantId}/config/apple", "Configuration")
        add, reads, writes = made.add_api_route, asks("Config.Read"), asks("Secret.Write")
        add("/certificate", self.read, openapi_extra=reads, response_model=CertificateOut)
        add("/certificate", self.write, methods=["POST"], openapi_extra=writes, response_model=CertificateOut)
        return made

    async def read(self, tenant_id: TenantId) -> Response:
        """Tell what the certificate is for, until when, and what to do about it."""
        async with self.database.tenant(tenant_id) as tx:
            identity = await find_identity(tx, self.master_key)
        if identity is None:
            raise CertificateNotFound
        return Response(certificate_out(identity, None, self.clock()).text(), media_type="application/json")

    async def write(self, tenant_id: TenantId, body: CertificateIn, caller: CallerDep, write: Write) -> Response:
        """Check a certificate, tell everything that is wrong with it, and seal it if nothing is."""
        now = self.clock()
        # Opening a container derives keys for a while, which must hold up neither other requests nor a transaction.
        identity = await asyncio.to_thread(_identity, body, now)

        async def work(tx: Tx) -> Answer:
            before = await find_identity(tx, self.master_key)
            await save_identity(tx, self.master_key, identity, now, caller.actor)
            return Answer(200, certificate_out(identity, before, now).text())

        return respond(await write_once(self.database, tenant_id, write, now, work))


def certificate_out(identity: SigningIdentity, before: SigningIdentity | None, now: datetime) -> CertificateOut:
    """Say what may be known of a certificate; `before` is the one that it takes the place of."""
    certificate = x509.load_pem_x509_certificate(identity.certificate_pem)
    return CertificateOut(
        pass_type_identifier=identity.pass_type_identifier,
        team_identifier=identity.team_identifier,
        subject=certificate.subject.rfc4514_string(),
        issuer=certificate.issuer.rfc4514_string(),
        serial_number=f"{certificate.serial_number:x}",
        not_before=rfc3339(certificate.not_valid_before_utc),
        expires_at=rfc3339(identity.expires_at),
        warnings=_warnings(identity, before, now),
    )


def _identity(body: CertificateIn, now: datetime) -> SigningIdentity:
    chain = (body.intermediates or "").encode()
    expected = Expected(body.pass_type_identifier, body.team_identifier)
    password = body.password or ""
    if body.p12_base64 is not None:
        return read_p12(body.read_p12(), password, now=now, intermediates=chain, expected=expected)
    certificate, key = (body.certificate or "").encode(), (body.key or "").encode()
    return read_pem(certificate, key, now=now, key_password=password, intermediates=chain, expected=expected)


def _warnings(identity: SigningIdentity, before: SigningIdentity | None, now: datetime) -> list[str]:
    warnings: list[str] = []
    if identity.expires_at <= now:
        warnings.append("It has expired: no pass can be issued or updated until a new one is here.")
    elif identity.expires_at <= now + WARNED_BEFORE:
        warnings.append(f"It expires in {(identity.expires_at - now).days} days; renew it at Apple and send it here.")
    if before is not None and before.pass_type_identifier != identity.pass_type_identifier:
        warnings.append(
            f"The one before was for {before.pass_type_identifier}: passes that phones installed with it are not "
            f"updated by one for {identity.pass_type_identifier}."
        )
    return warnings
