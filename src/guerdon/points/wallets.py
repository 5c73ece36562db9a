"""Opening wallets, and changing what is said of them."""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

import msgspec

from guerdon.ledger.accounts import open_accounts
from guerdon.passes.updating import touch_bound
from guerdon.platform.db import Tx
from guerdon.platform.events import Event, emit
from guerdon.platform.ids import new_id
from guerdon.points import queries
from guerdon.points.errors import WalletNotFound
from guerdon.points.model import EVENT_WALLET_CHANGED, EVENT_WALLET_CREATED, Texts, Wallet, merged, wallet_key


async def get_wallet(tx: Tx, wallet_id: UUID) -> Wallet:
    """Read a wallet. Raises WalletNotFound."""
    found = await find_wallet(tx, wallet_id)
    if found is None:
        raise WalletNotFound(wallet_id)
    return found


async def find_wallet(tx: Tx, wallet_id: UUID) -> Wallet | None:
    """Read a wallet, if there is one."""
    return (await queries.find_wallets(tx, [wallet_id])).get(wallet_id)


async def open_wallet(tx: Tx, wallet_id: UUID, attributes: Texts, actor: str, now: datetime) -> None:
    """Open a wallet with nothing in it.

    Raises asyncpg.UniqueViolationError when there is one of this id.
    """
    await open_wallets(tx, {wallet_id: attributes}, actor, now)
    await touch_bound(tx, {str(wallet_id): actor}, now)


async def open_wallets(tx: Tx, attributes: Mapping[UUID, Texts], actor: str, now: datetime) -> None:
    """Open several wallets with nothing in them; whoever calls it also refreshes the passes that name them.

    Raises asyncpg.UniqueViolationError when there is one of these ids.
    """
    wallets = [Wallet(wallet_id, new_id(), said, now, now) for wallet_id, said in attributes.items()]
    opened = [(wallet.account_id, wallet_key(wallet.wallet_id)) for wallet in wallets]
    await open_accounts(tx, opened, now, has_lots=True)
    await queries.insert_wallets(tx, wallets)
    await emit(tx, [_event(EVENT_WALLET_CREATED, wallet, actor) for wallet in wallets], now)


async def put_wallet(tx: Tx, wallet_id: UUID, attributes: Texts, actor: str, now: datetime) -> bool:
    """Replace a wallet's attributes as a whole, or open the wallet with them; tell whether it is new.

    Raises asyncpg.UniqueViolationError when another opens it at the same moment.
    """
    if not await queries.lock_wallet(tx, wallet_id):
        await open_wallet(tx, wallet_id, attributes, actor, now)
        return True
    await _change(tx, wallet_id, attributes, actor, now)
    return False


async def merge_wallet(tx: Tx, wallet_id: UUID, given: Texts, actor: str, now: datetime) -> bool:
    """Set the attributes that are given and not empty, or open the wallet with them; tell whether it is new.

    Raises asyncpg.UniqueViolationError when another opens it at the same moment.
    """
    if not await queries.lock_wallet(tx, wallet_id):
        await open_wallet(tx, wallet_id, merged({}, given), actor, now)
        return True
    wallet = await get_wallet(tx, wallet_id)
    await _change(tx, wallet_id, merged(wallet.attributes, given), actor, now)
    return False


async def replace_attributes(tx: Tx, wallet_id: UUID, attributes: Texts, actor: str, now: datetime) -> None:
    """Replace the attributes of a wallet that exists. Raises WalletNotFound."""
    if not await queries.lock_wallet(tx, wallet_id):
        raise WalletNotFound(wallet_id)
    await _change(tx, wallet_id, attributes, actor, now)


async def _change(tx: Tx, wallet_id: UUID, attributes: Texts, actor: str, now: datetime) -> None:
    wallet = await get_wallet(tx, wallet_id)
    if wallet.attributes == attributes:
        return
    await queries.update_attributes(tx, wallet_id, attributes, now)
    await emit(tx, [_event(EVENT_WALLET_CHANGED, wallet, actor)], now)


def _event(kind: str, wallet: Wallet, actor: str) -> Event:
    payload = {"walletId": str(wallet.wallet_id)}
    return Event(kind, str(wallet.wallet_id), msgspec.json.encode(payload).decode(), actor)
