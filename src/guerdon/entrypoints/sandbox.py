"""What `guerdon up --sandbox` prepares: two tenants with files, keys, certificates and a few passes; repeatable."""

from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from secrets import token_bytes
from typing import Final

from cryptography import x509

from guerdon.access.keys import KeyPepper, create_key, list_keys, revoke_key
from guerdon.access.model import operator, read_key_name
from guerdon.configuration.pushing import list_all_files, push_files
from guerdon.delivery.apple.credentials import find_identity, save_identity
from guerdon.delivery.apple.development_authority import DevelopmentAuthority, issue_identity
from guerdon.entrypoints.configuration import read_folder
from guerdon.entrypoints.home import Place
from guerdon.entrypoints.sandbox_folder import (
    SandboxFolder,
    ensure_authority,
    ensure_google_keys,
    ensure_push_certificate,
    write_private,
)
from guerdon.entrypoints.sandbox_json import (
    Apple,
    Google,
    KeptKeys,
    OtherTenant,
    SandboxJson,
    read_kept_keys,
    write_sandbox_json,
)
from guerdon.entrypoints.sandbox_passes import ACTOR, create_demo_passes
from guerdon.entrypoints.sandbox_tokens import issue_tokens
from guerdon.entrypoints.sandbox_wallets import create_demo_wallet
from guerdon.passes.pass_types import PassTypes
from guerdon.platform.db import Tx
from guerdon.platform.keys import MasterKey
from guerdon.tenants.administration import create_tenant
from guerdon.tenants.errors import TenantExists
from guerdon.tenants.files import list_history
from guerdon.tenants.secrets import find_secret, save_secret

FILES: Final = Path(__file__).parent / "sandbox_files"
TENANTS: Final = {"demo": "Demo", "other": "The other one"}
DEMO, OTHER = TENANTS
PASS_TYPES: Final = ["loyalty", "ticket", "giftcard", "offer", "generic"]
EVERYTHING: Final = frozenset({"*"})
READING: Final = frozenset({"Pass.Read", "Wallet.Read", "Customer.Read"})
KEY_NAME, READ_ONLY_NAME = "sandbox", "sandbox-read-only"
HMAC_SECRET: Final = "identifiers/customerId.hmac"  # noqa: S105  # the name of a secret
HMAC_BYTES: Final = 32
PASS_TYPE_IDENTIFIER: Final = "pass.org.example.demo"  # noqa: S105  # a name
TEAM_IDENTIFIER: Final = "SANDBOX001"
GOOGLE_ISSUER_ID: Final = "3388000000012345678"
RENEWED_BEFORE: Final = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where the API and the two stand-ins are reached."""

    base_url: str
    push_url: str
    google_url: str


@dataclass(frozen=True, slots=True)
class Sandbox:
    """A prepared sandbox: where its file lies, and the pass that a first request may ask for."""

    path: Path
    folder: SandboxFolder
    pass_id: str


async def prepare_sandbox(place: Place, addresses: Addresses, now: datetime) -> Sandbox:
    """Make what is missing, refresh the tokens, and write sandbox.json; keys that are good stay as they are."""
    home = place.settings.home
    folder, kept = SandboxFolder.of(home), read_kept_keys(home)
    authority = ensure_authority(folder, now)
    ensure_push_certificate(folder, authority, now)
    ensure_google_keys(folder, addresses.google_url)
    await _ensure_tenants(place, now)
    async with place.tenant(OTHER) as tx:
        other_key = await _furnish(tx, place.master_key, authority, kept.other_tenant.api_key, now)
    async with place.tenant(DEMO) as tx:
        api_key = await _furnish(tx, place.master_key, authority, kept.api_key, now)
        reading = await _ensure_key(
            tx, place.master_key, kept.read_only_api_key, name=READ_ONLY_NAME, scopes=READING, now=now
        )
        hmac_key = await _ensure_hmac_key(tx, place.master_key, now)
        names = await PassTypes().list_names(tx)
        passes = await create_demo_passes(tx, place.master_key, now)
        await create_demo_wallet(tx, now)
    keys = KeptKeys(api_key, reading, OtherTenant(OTHER, other_key))
    document = _document(folder, addresses, keys, hmac_key, now)
    assert set(document.pass_types) <= set(names)
    write_private(folder.curl_headers, f"X-API-KEY: {api_key}\n".encode())
    return Sandbox(write_sandbox_json(home, document), folder, passes["loyalty"])


async def _ensure_tenants(place: Place, now: datetime) -> None:
    async with place.owner() as owner:
        for tenant_id, name in TENANTS.items():
            with suppress(TenantExists):
                await create_tenant(owner, tenant_id=tenant_id, name=name, now=now, is_sandbox=True)


async def _furnish(tx: Tx, master_key: MasterKey, authority: DevelopmentAuthority, kept_key: str, now: datetime) -> str:
    await _ensure_files(tx, now)
    await _ensure_identity(tx, master_key, authority, now)
    return await _ensure_key(tx, master_key, kept_key, name=KEY_NAME, scopes=EVERYTHING, now=now)


async def _ensure_files(tx: Tx, now: datetime) -> None:
    # A file that somebody changed or removed is theirs; the demo never takes it back.
    stored = await list_all_files(tx)
    ours: dict[str, bytes] = {}
    for path, content in read_folder(FILES).files.items():
        latest = stored.get(path) or next(iter(await list_history(tx, path, limit=1)), None)
        if latest is None or latest.actor == ACTOR:
            ours[path] = content
    await push_files(tx, ours, is_pruning=False, now=now, actor=ACTOR)


async def _ensure_identity(tx: Tx, master_key: MasterKey, authority: DevelopmentAuthority, now: datetime) -> None:
    found = await find_identity(tx, master_key)
    if found is not None and found.expires_at - now > RENEWED_BEFORE and _is_issued_by(authority, found.chain_pem):
        return
    identity = issue_identity(
        authority,
        pass_type_identifier=PASS_TYPE_IDENTIFIER,
        team_identifier=TEAM_IDENTIFIER,
        now=now,
        serial_number=x509.random_serial_number(),
    )
    await save_identity(tx, master_key, identity, now, ACTOR)


def _is_issued_by(authority: DevelopmentAuthority, chain_pem: bytes) -> bool:
    return chain_pem.strip() == authority.intermediate_pem.strip()


async def _ensure_key(
    tx: Tx, master_key: MasterKey, kept: str, *, name: str, scopes: frozenset[str], now: datetime
) -> str:
    pepper, maker = KeyPepper(master_key), operator(tx.tenant_id)
    good = next((key for key in await list_keys(tx) if key.name == name and key.is_good(now)), None)
    kept_name = read_key_name(kept)
    if good is not None and kept_name is not None and kept.startswith(good.prefix) and pepper.has_made(kept_name):
        return kept
    if good is not None:
        # Its text is lost, or was mixed with another master key, so that nobody can use it any more.
        await revoke_key(tx, name=name, caller=maker, now=now)
    return (await create_key(tx, pepper, name=name, scopes=scopes, caller=maker, now=now)).text


async def _ensure_hmac_key(tx: Tx, master_key: MasterKey, now: datetime) -> bytes:
    found = await find_secret(tx, master_key, HMAC_SECRET)
    if found is not None:
        return found
    made = token_bytes(HMAC_BYTES)
    await save_secret(tx, master_key, name=HMAC_SECRET, plain=made, now=now, actor=ACTOR)
    return made


def _document(
    folder: SandboxFolder, addresses: Addresses, keys: KeptKeys, hmac_key: bytes, now: datetime
) -> SandboxJson:
    return SandboxJson(
        base_url=addresses.base_url,
        tenant_id=DEMO,
        api_key=keys.api_key,
        read_only_api_key=keys.read_only_api_key,
        other_tenant=keys.other_tenant,
        pass_types=PASS_TYPES,
        identifier_keys={"customerId": hmac_key.hex()},
        tokens=issue_tokens(folder, DEMO, list(TENANTS), now),
        apple=Apple(str(folder.apple_root), addresses.push_url, PASS_TYPE_IDENTIFIER),
        google=Google(addresses.google_url, str(folder.google_public), GOOGLE_ISSUER_ID, str(folder.callback_key)),
    )
