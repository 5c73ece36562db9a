"""Verifying a tenant's ledger: every chain, value, lot, hold and checkpoint, replayed from the first entry."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from uuid import UUID

import asyncpg
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from guerdon.ledger import checkpoints, verify_queries
from guerdon.ledger.merkle import Root
from guerdon.ledger.model import Allocation, HoldState, Lot
from guerdon.ledger.replay import Line, Replay
from guerdon.ledger.verify_queries import FIRST, Leaf, Place, VerifiedAccount
from guerdon.platform.db import Database, Tx

ENTRIES_PER_PAGE = 5_000
FINDINGS_MAX = 1_000
HOLD_KINDS = frozenset({"hold", "capture", "release"})

Progress = Callable[[int], None]


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong: on which account, at which entry, and what; a checkpoint has no account."""

    account_id: UUID | None
    seq: int | None
    problem: str


@dataclass(slots=True)
class VerifyReport:
    """What a verification went through and found; at most FINDINGS_MAX findings are kept, all are counted."""

    tenant_id: str
    accounts: int = 0
    entries: int = 0
    lots: int = 0
    holds: int = 0
    holds_closed: int = 0
    allocations: int = 0
    checkpoints: int = 0
    entries_unsigned: int = 0
    findings: list[Finding] = field(default_factory=list[Finding])
    findings_count: int = 0

    @property
    def is_sound(self) -> bool:
        """Tell whether nothing was found."""
        return self.findings_count == 0

    def add(self, account_id: UUID | None, seq: int | None, problem: str) -> None:
        """Keep a finding."""
        self.findings_count += 1
        if len(self.findings) < FINDINGS_MAX:
            self.findings.append(Finding(account_id, seq, problem))


async def verify_tenant(
    database: Database,
    tenant_id: str,
    *,
    public_key: Ed25519PublicKey | None = None,
    progress: Progress = lambda _entries: None,
) -> VerifyReport:
    """Replay a tenant's ledger as it stands at one instant, while it goes on being written.

    Memory holds one page of entries and the lots of one account. Signatures are checked with `public_key`, when it is
    given. `progress` hears how many entries are done, once a page.
    """
    async with database.tenant(tenant_id) as tx:
        await tx.read_one_snapshot()
        verification = _Verification(tx, VerifyReport(tenant_id))
        await verification.replay_entries(progress)
        await verification.look_for_strays()
        await verification.check_checkpoints(public_key)
        return verification.report


@dataclass(slots=True)
class _Sealed:
    """What the leaves of one checkpoint come to."""

    root: Root = field(default_factory=Root)
    accounts: int = 0
    entries: int = 0


@dataclass(frozen=True, slots=True)
class _Page:
    """Entries, and what they did to lots and holds."""

    lines: Sequence[asyncpg.Record]
    allocations: dict[Place, tuple[Allocation, ...]]
    lots: dict[Place, Lot]
    holds: dict[str, tuple[UUID, HoldState]]


class _Verification:
    """One verification under way: three ordered readings that are merged account by account."""

    def __init__(self, tx: Tx, report: VerifyReport) -> None:
        self.report = report
        self._tx = tx
        # One connection: whoever reads waits for the one who does.
        self._turn = asyncio.Lock()
        self._accounts: deque[VerifiedAccount] = deque()
        # Where the next page begins; None once there is none.
        self._accounts_read: UUID | None = FIRST[0]
        self._leaves: deque[Leaf] = deque()
        self._leaves_read: Place | None = FIRST
        self._sealed: dict[int, _Sealed] = {}

    async def replay_entries(self, progress: Progress) -> None:
        """Replay all accounts in id order."""
        replay: Replay | None = None
        async for page in self._pages():
            for account_id, *line in page.lines:
                if replay is None or account_id != replay.account_id:
                    self._finish(replay)
                    replay = await self._begin(account_id)
                self._step(replay, page, Line(*line))
            self.report.entries += len(page.lines)
            self.report.allocations += sum(map(len, page.allocations.values()))
            progress(self.report.entries)
        self._finish(replay)
        await self._skip_accounts(None)

    async def _pages(self) -> AsyncIterator[_Page]:
        """Read page after page, each while the one before it is replayed."""
        coming = asyncio.ensure_future(self._read_page(FIRST))
        try:
            while (page := await coming).lines:
                place = (page.lines[-1]["account_id"], page.lines[-1]["seq"])
                coming = asyncio.ensure_future(self._read_page(place))
                await asyncio.sleep(0)  # the database hears of it before we are busy
                yield page
        finally:
            coming.cancel()

    def _step(self, replay: Replay, page: _Page, line: Line) -> None:
        place = (replay.account_id, line.seq)
        if line.kind == "move" and place not in page.allocations:
            replay.step_plain(line)
            return
        hold = page.holds.get(line.hold_id) if line.hold_id is not None else None
        replay.step(line, page.allocations.get(place, ()), page.lots.get(place), hold)

    async def _begin(self, account_id: UUID) -> Replay:
        await self._skip_accounts(account_id)
        row = None
        if self._accounts and self._accounts[0].account_id == account_id:
            row = self._accounts.popleft()
            self.report.accounts += 1
        replay = Replay(self._tx.tenant_id, account_id, row, self.report.add)
        replay.expect(await self._take_leaves(account_id))
        return replay

    def _finish(self, replay: Replay | None) -> None:
        if replay is not None:
            replay.finish()
            self.report.lots += replay.lots_opened
            self.report.holds += replay.holds_opened
            self.report.holds_closed += replay.holds_closed

    async def _skip_accounts(self, until: UUID | None) -> None:
        """Verify the accounts without an entry that come before `until`."""
        while True:
            if not self._accounts and not await self._read_accounts():
                break
            if until is not None and self._accounts[0].account_id >= until:
                break
            row = self._accounts.popleft()
            self.report.accounts += 1
            replay = Replay(self._tx.tenant_id, row.account_id, row, self.report.add)
            replay.expect(await self._take_leaves(row.account_id))
            replay.finish()
        if until is None:
            await self._take_leaves(None)

    async def _take_leaves(self, account_id: UUID | None) -> list[Leaf]:
        """Take the leaves of an account; those before it belong to none."""
        taken: list[Leaf] = []
        while self._leaves or await self._read_leaves():
            if account_id is not None and self._leaves[0].account_id > account_id:
                break
            leaf = self._leaves.popleft()
            self._seal(leaf, taken[-1].seq if taken and taken[-1].account_id == leaf.account_id else 0)
            if leaf.account_id == account_id:
                taken.append(leaf)
            else:
                self.report.add(leaf.account_id, leaf.seq, f"checkpoint {leaf.checkpoint_id} covers a lost account")
        return taken

    def _seal(self, leaf: Leaf, sealed_seq: int) -> None:
        sealed = self._sealed.setdefault(leaf.checkpoint_id, _Sealed())
        sealed.root.add(leaf.digest)
        sealed.accounts += sealed_seq == 0
        sealed.entries += leaf.seq - sealed_seq

    async def _read_accounts(self) -> bool:
        if self._accounts_read is None:
            return False
        async with self._turn:
            rows = await verify_queries.list_accounts(self._tx, self._accounts_read, ENTRIES_PER_PAGE)
        self._accounts.extend(rows)
        self._accounts_read = rows[-1].account_id if rows else None
        return bool(rows)

    async def _read_leaves(self) -> bool:
        if self._leaves_read is None:
            return False
        async with self._turn:
            rows = await verify_queries.list_leaves(self._tx, self._leaves_read, ENTRIES_PER_PAGE)
        self._leaves.extend(rows)
        self._leaves_read = (rows[-1].account_id, rows[-1].checkpoint_id) if rows else None
        return bool(rows)

    async def _read_page(self, after: Place) -> _Page:
        async with self._turn:
            return await self._read_page_in_turn(after)

    async def _read_page_in_turn(self, after: Place) -> _Page:
        lines = await verify_queries.list_lines(self._tx, after, None, ENTRIES_PER_PAGE)
        if not lines:
            return _Page((), {}, {}, {})
        until = (lines[-1]["account_id"], lines[-1]["seq"])
        allocations = await verify_queries.list_allocations(self._tx, after, until)
        opening = [(line["account_id"], line["seq"]) for line in lines if line["kind"] == "earn"]
        lots = await verify_queries.list_lots_opened(self._tx, opening) if opening else {}
        hold_ids = [line["hold_id"] for line in lines if line["kind"] in HOLD_KINDS]
        holds = await verify_queries.list_holds(self._tx, hold_ids) if hold_ids else {}
        return _Page(lines, allocations, lots, holds)

    async def look_for_strays(self) -> None:
        """Compare how many lots, holds and allocations there are with how many belong to entries."""
        totals = await verify_queries.count_all(self._tx)
        for what, there, met in (
            ("lots", totals.lots, self.report.lots),
            ("holds", totals.holds, self.report.holds),
            ("closed holds", totals.holds_closed, self.report.holds_closed),
            ("allocations", totals.allocations, self.report.allocations),
        ):
            if there != met:
                self.report.add(None, None, f"there are {there} {what}, and entries made {met}")
        for account_id, seq in await verify_queries.list_over_returned(self._tx, FINDINGS_MAX):
            self.report.add(account_id, seq, "more was returned than was spent")

    async def check_checkpoints(self, public_key: Ed25519PublicKey | None) -> None:
        """Check that checkpoints follow each other, and that each says what its leaves come to."""
        previous, number, accounts, entries = checkpoints.NO_PREVIOUS, 0, 0, 0
        while page := await checkpoints.list_checkpoints(self._tx, number, ENTRIES_PER_PAGE):
            for checkpoint in page:
                said = checkpoint.statement
                sealed = self._sealed.pop(said.checkpoint_id, _Sealed())
                accounts, entries = accounts + sealed.accounts, entries + sealed.entries
                if said.checkpoint_id != number + 1 or said.previous != previous:
                    self._unsound(said.checkpoint_id, "does not follow the one before it")
                if (said.accounts, said.entries, said.leaves) != (accounts, entries, sealed.root.leaves):
                    self._unsound(said.checkpoint_id, "counts other accounts or entries than its leaves")
                if said.root != sealed.root.digest():
                    self._unsound(said.checkpoint_id, "has another root than its leaves")
                if public_key is not None and not checkpoints.is_signed(checkpoint, public_key):
                    self._unsound(said.checkpoint_id, "is not signed by this installation's key")
                number, previous = said.checkpoint_id, said.digest()
                self.report.checkpoints += 1
        for left in self._sealed:
            self._unsound(left, "has leaves and is gone")
        self.report.entries_unsigned = self.report.entries - entries

    def _unsound(self, checkpoint_id: int, problem: str) -> None:
        self.report.add(None, None, f"checkpoint {checkpoint_id} {problem}")
