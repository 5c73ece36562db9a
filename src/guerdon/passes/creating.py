"""Creating a pass, once per type and identifiers."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from guerdon.passes import queries
from guerdon.passes.binding import hold_wallets
from guerdon.passes.metadata_queries import refresh_metadata
from guerdon.passes.model import EVENT_CREATED, Changes, JsonObject, Pass, identity_of, merge, write_json
from guerdon.passes.sizes import check_bytes
from guerdon.passes.usage import Use, count_usage
from guerdon.platform.db import Tx
from guerdon.platform.events import Event, emit
from guerdon.platform.keys import MasterKey


@dataclass(frozen=True, slots=True)
class NewPass:
    """What a pass is created from; `pass_id` and `secret` are used only when it is really new."""

    pass_id: str
    secret: str
    pass_type: str
    identifiers: Mapping[str, str]
    metadata: JsonObject
    additional_data: JsonObject


async def create_pass(tx: Tx, master_key: MasterKey, new: NewPass, actor: str, now: datetime) -> str:
    """Create a pass and give its id; the same type and the same identifiers give the existing one, unchanged.

    Raises PassTooLarge.
    """
    await hold_wallets(tx, new.identifiers.values())
    identity = identity_of(new.pass_type, new.identifiers)
    document = Pass(
        new.pass_id,
        new.pass_type,
        master_key.encrypt(new.secret.encode(), secret_context(tx.tenant_id, new.pass_id)),
        write_json(new.identifiers),
        write_json(merge(new.metadata, None)),
        write_json(merge(new.additional_data, None)),
        1,
        now,
        now,
    )
    bytes_count = await queries.insert_pass(tx, document, identity)
    if bytes_count is None:
        assert identity is not None
        existing = await queries.find_by_identity(tx, identity)
        assert existing is not None
        return existing
    check_bytes(Changes(new.identifiers, new.metadata, new.additional_data), bytes_count)
    if new.identifiers:
        await queries.insert_identifiers(tx, new.pass_id, new.identifiers)
    if new.metadata:
        await refresh_metadata(tx, [new.pass_id])
    payload = write_json({"passId": new.pass_id, "passType": new.pass_type, "identifiers": new.identifiers})
    await emit(tx, [Event(EVENT_CREATED, new.pass_id, payload, actor)], now)
    await count_usage(tx, [Use("created", new.pass_id, new.pass_type)], now)
    return new.pass_id


def secret_context(tenant_id: str, pass_id: str) -> str:
    """Name what a pass's secret is encrypted for, so that it opens nowhere else."""
    return f"{tenant_id}/pass/{pass_id}"
