"""The one posting path: lock, look for a repeat, decide, append."""

from collections.abc import Sequence
from datetime import datetime

from guerdon.ledger import queries
from guerdon.ledger.errors import AccountNotFound, MovementMismatch
from guerdon.ledger.lots import load_lots, store_lots, with_allocations
from guerdon.ledger.model import (
    AccountKey,
    Action,
    Capture,
    Command,
    Earn,
    Entry,
    Expire,
    Hold,
    Move,
    Posted,
    Release,
    Return,
    Spend,
)
from guerdon.ledger.page import Page
from guerdon.platform.db import Tx
from guerdon.platform.problems import Problem
from guerdon.platform.writes import Answer, IdempotencyMismatch, KeptAnswer, find_kept_answers, keep_for_ever

Outcome = Posted | Problem
KINDS = {
    Move: "move",
    Earn: "earn",
    Spend: "spend",
    Return: "return",
    Expire: "expire",
    Hold: "hold",
    Capture: "capture",
    Release: "release",
}


async def post(tx: Tx, commands: Sequence[Command], now: datetime) -> list[Outcome]:
    """Post commands in their order; each gets its own outcome, and a refused one changes nothing.

    All commands of a call share the transaction.
    Raises asyncpg.UniqueViolationError when another transaction took one of the movement ids or keys meanwhile, for
    plain moves not before the transaction's next statement or its commit (see platform.pending); the caller rolls back
    and posts again, and then the repeat is found.
    """
    # The lock comes first: commands on one account queue here instead of racing, and a repeat that arrives while the
    # first still runs finds its entry below.
    locked = await queries.lock_accounts(tx, list(dict.fromkeys(command.account for command in commands)))
    batch = _Batch({one.account.key: Page(tx.tenant_id, one.account) for one in locked})
    await batch.look_for_repeats(tx, commands)
    await load_lots(tx, batch.pages, commands, now)
    outcomes = [batch.decide(command, now) for command in commands]
    await _append(tx, list(zip(batch.pages.values(), (one.place for one in locked), strict=True)))
    if batch.kept:
        await keep_for_ever(tx, batch.kept, now)
    return outcomes


async def _append(tx: Tx, pages: Sequence[tuple[Page, queries.Place]]) -> None:
    changed = [(page, place) for page, place in pages if page.entries]
    if not changed:
        return
    entries = [entry for page, _ in changed for entry in page.entries]
    if _are_plain_moves(entries):
        await queries.append_moves(
            tx, entries, [page.entries[-1] for page, _ in changed], [place for _, place in changed]
        )
    else:
        await queries.append(tx, [queries.LockedAccount(page.account, place) for page, place in changed], entries)
        await store_lots(tx, [page for page, _ in changed])


def _are_plain_moves(entries: Sequence[Entry]) -> bool:
    """Tell whether entries are moves of one instant: most batches are nothing else."""
    recorded_at = entries[0].recorded_at
    return all(
        entry.kind == "move" and entry.occurred_at is None and entry.recorded_at == recorded_at for entry in entries
    )


class _Batch:
    """The pages of one call, and what was posted before under the same names."""

    def __init__(self, pages: dict[AccountKey, Page]) -> None:
        self.pages = pages
        self.kept: list[tuple[str, bytes, Answer]] = []
        self._answers: dict[str, KeptAnswer] = {}
        self._earlier: dict[str, queries.PostedEntry] = {}

    async def look_for_repeats(self, tx: Tx, commands: Sequence[Command]) -> None:
        keys = [command.repeat.key for command in commands if command.repeat is not None]
        if keys:
            self._answers = await find_kept_answers(tx, keys)
        movement_ids = [command.movement_id for command in commands if command.is_chosen]
        movement_ids += [_movement_id(kept.answer) for kept in self._answers.values()]
        if movement_ids:
            self._earlier = await with_allocations(tx, await queries.find_entries(tx, movement_ids))

    def decide(self, command: Command, now: datetime) -> Outcome:
        try:
            earlier = self._find_earlier(command, now)
            if earlier is not None:
                self._keep_key(command, earlier.entry.movement_id)
                return Posted(
                    earlier.account, earlier.subject_id, earlier.entry, is_repeat=True, details=command.details
                )
            return self._post(command, now)
        except Problem as refusal:
            return refusal

    def _find_earlier(self, command: Command, now: datetime) -> queries.PostedEntry | None:
        if command.repeat is not None and command.repeat.key in self._answers:
            answer = self._answers[command.repeat.key].matching(command.repeat.key, command.repeat.fingerprint)
            earlier = self._earlier.get(_movement_id(answer))
            if earlier is None:
                raise IdempotencyMismatch(command.repeat.key)
            return earlier
        if not command.is_chosen or command.movement_id not in self._earlier:
            return None
        earlier = self._earlier[command.movement_id]
        if earlier.account != command.account or not _is_same(command.action, command.remarks, earlier.entry):
            self._get_page(command.account).check_open(now)
            raise MovementMismatch(command.movement_id)
        return earlier

    def _post(self, command: Command, now: datetime) -> Posted:
        page = self._get_page(command.account)
        posted_before = len(page.entries)
        entry = page.post(command, now)
        posted = queries.PostedEntry(command.account, page.account.subject_id, entry)
        # Twins inside one call find each other here, as those of different calls do in the database.
        self._earlier[command.movement_id] = posted
        self._keep_key(command, command.movement_id)
        before = tuple(page.entries[posted_before:-1])
        return Posted(command.account, page.account.subject_id, entry, details=command.details, before=before)

    def _get_page(self, account: AccountKey) -> Page:
        if account not in self.pages:
            raise AccountNotFound(account.kind, account.owner_id)
        return self.pages[account]

    def _keep_key(self, command: Command, movement_id: str) -> None:
        if command.repeat is not None and command.repeat.key not in self._answers:
            answer = Answer(200, movement_id.encode())
            self.kept.append((command.repeat.key, command.repeat.fingerprint, answer))
            self._answers[command.repeat.key] = KeptAnswer(command.repeat.fingerprint, answer)


def _movement_id(answer: Answer) -> str:
    # The key may have been used for another kind of write, whose answer is whatever it is.
    return answer.body.decode(errors="replace")


def _is_same(action: Action, remarks: str | None, entry: Entry) -> bool:
    """Compare what a repeat asks with what was posted; what it believed beforehand does not matter."""
    if KINDS[type(action)] != entry.kind or remarks != entry.remarks:
        return False
    match action:
        case Move(amount) | Earn(amount):
            return entry.amount == amount
        case Spend(amount):
            return entry.amount == -amount
        case Hold(amount):
            return entry.held_change == amount
        case Return(reference, amount) | Capture(reference, amount):
            return entry.reference_id == reference and (amount is None or abs(entry.amount) == amount)
        case Release(reference):
            return entry.reference_id == reference
        case Expire():
            return True
