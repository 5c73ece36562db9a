"""One spending of points, and the reading of a balance, as our code does them, written down for pgbench."""

from collections.abc import Sequence
from datetime import UTC, datetime
from uuid import UUID

from benchmarks.recorded import Recorder, Script, written
from benchmarks.seeding import TENANT
from benchmarks.wallets import LOTS_EACH, Wallets
from guerdon.entrypoints.wiring import on_posted
from guerdon.ledger.posting import post
from guerdon.platform.db import open_database
from guerdon.platform.ids import new_id
from guerdon.points.model import OperationWish
from guerdon.points.reading import read_balance
from guerdon.points.spending import spend_command
from guerdon.points.wallets import get_wallet

VALUE, SEQ = 4_000_000_000_003, 987_654_321


async def spending_script(wallets: Wallets, head: str, amount: int) -> Script:
    """Write one spending as the code does it: a transaction with each of its statements, arrays of one.

    `head` sets `:key`, the number of a wallet. Which lots are taken from is known beforehand; they are read all the
    same, since the code cannot know.
    """
    operation_id = new_id()
    statements = await _record_spending(wallets, amount, operation_id)
    words: dict[object, str] = {
        VALUE - amount: ":value_after",
        SEQ + 1: ":seq_after",
        operation_id: "gen_random_uuid()",
        str(operation_id): "gen_random_uuid()::text",
        _wallet_id(wallets): wallets.id_expression(":key"),
        str(_wallet_id(wallets)): f"{wallets.id_expression(':key')}::text",
    }
    for lot in range(1, LOTS_EACH + 1):
        words[_lot_id(wallets, lot)] = wallets.id_expression(":key", lot)
    variables: dict[str, str] = {}
    lock, *others = (written(sql, arguments, words, variables) for sql, arguments in statements)
    lines = [
        *(head, "BEGIN;", f"{lock} \\gset", f"\\set value_after :value - {amount}", "\\set seq_after :seq + 1"),
        *("\\if :value_after >= 0", *(f"{other};" for other in others), "\\endif", "COMMIT;", ""),
    ]
    return Script("\n".join(lines), variables)


async def balance_script(wallets: Wallets, head: str) -> Script:
    """Write the reading of one wallet with its balance as the code does it; `head` sets `:key`."""
    database = await open_database(wallets.place.url, 2)
    async with database.tenant(TENANT) as tx:
        recorder = Recorder(tx.connection)
        wallet = await get_wallet(recorder.tx(), _wallet_id(wallets))
        await read_balance(recorder.tx(), wallet, datetime.now(UTC))
    await database.close()
    variables: dict[str, str] = {}
    words: dict[object, str] = {_wallet_id(wallets): wallets.id_expression(":key")}
    lines = [f"{written(sql, arguments, words, variables)};" for sql, arguments in recorder.statements]
    return Script("\n".join([head, *lines, ""]), variables)


async def _record_spending(wallets: Wallets, amount: int, operation_id: UUID) -> list[tuple[str, Sequence[object]]]:
    database = await open_database(wallets.place.url, 2)
    now = datetime.now(UTC)
    async with database.tenant(TENANT, dry_run=True) as tx:
        await tx.execute(
            "UPDATE ledger_account SET value = $3, seq = $4 WHERE tenant_id = $1 AND account_id = $2",
            *(TENANT, _wallet_id(wallets), VALUE, SEQ),
        )
        recorder = Recorder(tx.connection)
        recording = recorder.tx()
        wish = OperationWish(amount, "order-4711", "counter 4")
        command = spend_command(_wallet_id(wallets), wish, operation_id, "key:bench")
        outcomes = await post(recording, [command], now)
        await on_posted(recording, [one for one in outcomes if not isinstance(one, Exception)], now)
        await recording.flush()
    await database.close()
    return recorder.statements


def _wallet_id(wallets: Wallets) -> UUID:
    return UUID(f"{wallets.family:08}-0000-4000-8000-000000000000")


def _lot_id(wallets: Wallets, lot: int) -> UUID:
    return UUID(f"{lot}{wallets.family:07}-0000-4000-8000-000000000000")
