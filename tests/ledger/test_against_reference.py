"""Random lives of a small ledger, step by step against the reference: values, lots, holds, refusals, repeats."""

import asyncio
import os
import uuid
from collections.abc import Iterator, Sequence
from copy import deepcopy
from dataclasses import dataclass
from datetime import datetime, timedelta

import asyncpg
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

from guerdon.ledger import accounts
from guerdon.ledger.model import (
    AccountKey,
    Action,
    Capture,
    Command,
    Earn,
    Expire,
    Hold,
    Move,
    Posted,
    Release,
    Return,
    Spend,
)
from guerdon.ledger.posting import Outcome
from guerdon.ledger.verifying import verify_tenant
from guerdon.platform.db import Database, open_database
from guerdon.platform.ids import new_id
from tests.ledger.builders import NOON, code, command, post
from tests.ledger.invariants import broken
from tests.ledger.reference import Batch, Book, Done, Kind, Reference, Wish


@dataclass(frozen=True)
class Draft:
    """A wish before it knows what it can refer to: numbers choose among what has been said."""

    account: str
    kind: Kind
    amount: int | None = None
    which: int = 0
    ends_in_h: int | None = None
    value_off: int | None = None
    version_off: int | None = None
    name: int = 0
    key: int = 0
    ends_all: bool = False


some = st.integers(1, 12)
wallets = st.sampled_from(["w0", "w0", "w0", "w1"])
ends = st.sampled_from([None, 2, 40, 40, 200])
number = st.integers(0, 30)
named = {"name": number, "key": number, "which": number}
moves = st.builds(
    Draft,
    st.sampled_from(["p0", "p1", "p1", "none"]),
    st.just("move"),
    st.sampled_from([-60, -1, 1, 7, 60, 500]),
    value_off=st.sampled_from([None, None, 0, 100, -100, 101]),
    version_off=st.sampled_from([None, None, 0, 1]),
    **named,
)
earns = st.builds(Draft, wallets, st.just("earn"), some, ends_in_h=ends, **named)
spends = st.builds(Draft, wallets, st.just("spend"), some, **named)
holds = st.builds(Draft, wallets, st.just("hold"), some, ends_in_h=ends, **named)
returns = st.builds(Draft, wallets, st.just("return"), st.none() | st.integers(1, 5), **named)
captures = st.builds(Draft, wallets, st.just("capture"), st.none() | st.integers(1, 5), **named)
releases = st.builds(Draft, wallets, st.just("release"), st.none(), **named)
expires = st.builds(Draft, wallets, st.just("expire"), ends_all=st.sampled_from([False, False, True]), **named)
drafts = st.one_of(moves, earns, earns, earns, spends, spends, holds, returns, returns, captures, releases, expires)
hours = st.sampled_from([-30, -1, 1, 5, 30, 50])


class Ledger(RuleBasedStateMachine):
    """One tenant a life; the database is lent by the test."""

    runner: asyncio.Runner
    database: Database
    owner: "asyncpg.Connection[asyncpg.Record]"

    @initialize()
    def open(self) -> None:
        self.now = NOON
        self.said: list[Wish] = []
        self.tenant_id = f"r-{uuid.uuid4().hex[:16]}"
        self.reference = Reference(
            {
                "p0": Book(is_wallet=False, last=NOON),
                "p1": Book(is_wallet=False, floor=-100, ceiling=100, last=NOON),
                "w0": Book(is_wallet=True, last=NOON),
                "w1": Book(is_wallet=True, last=NOON),
            }
        )
        self.runner.run(self._open())

    @rule(batch=st.lists(drafts, min_size=4, max_size=12), dry_run=st.sampled_from([False, False, False, False, True]))
    def post(self, batch: list[Draft], dry_run: bool) -> None:
        wishes: list[Wish] = []
        for draft in batch:
            wishes.append(self._wish(draft, self.said + wishes))
        self._post(wishes, dry_run)

    @rule(which=st.integers(0, 200))
    def repeat(self, which: int) -> None:
        if self.said:
            self._post([self.said[which % len(self.said)]], dry_run=False)

    @rule(step=hours)
    def let_time_pass(self, step: int) -> None:
        self.now += timedelta(hours=step)

    @rule(step=st.sampled_from([None, -1, 0, 5]))
    def close(self, step: int | None) -> None:
        closes = None if step is None else self.now + timedelta(hours=step)
        self.reference.books["p0"].closes = closes
        self.runner.run(self._close("p0", closes))

    def teardown(self) -> None:
        if hasattr(self, "tenant_id"):
            report = self.runner.run(verify_tenant(self.database, self.tenant_id))
            assert report.findings == []

    def _wish(self, draft: Draft, said: Sequence[Wish]) -> Wish:
        book = self.reference.books.get(draft.account)
        wanted = {"return": {"spend", "capture"}, "capture": {"hold"}, "release": {"hold"}}.get(draft.kind, set())
        there = [one.chosen for one in said if one.kind in wanted and one.account == draft.account and one.chosen]
        believed = None if book is None or draft.value_off is None else book.value + draft.value_off
        version = None if book is None or draft.version_off is None else book.version + draft.version_off
        return Wish(
            draft.account,
            draft.kind,
            draft.amount,
            None if not wanted else (there[draft.which % len(there)] if there and draft.which else "none"),
            None if draft.ends_in_h is None else self.now + timedelta(hours=draft.ends_in_h),
            believed,
            version,
            # Mostly a new name and no key; now and then one that was used before.
            _again(draft.name, [one.chosen for one in said], f"m{len(said)}", of_new=28),
            _again(draft.key, [one.key for one in said], f"k{len(said)}", of_new=8),
            draft.ends_all,
        )

    def _post(self, batch: list[Wish], dry_run: bool) -> None:
        self.said += batch
        reference = deepcopy(self.reference) if dry_run else self.reference
        expected = [reference.post(wish, self.now) for wish in batch]
        outcomes, lots, standings, problems = self.runner.run(self._post_and_look(batch, dry_run))
        assert [code(outcome) for outcome in outcomes] == [word for word, _ in expected], batch
        for outcome, (_, done) in zip(outcomes, expected, strict=True):
            if isinstance(outcome, Posted):
                self._compare(outcome, done, lots, dry_run)
        assert standings == {name: _standing(book) for name, book in self.reference.books.items()}
        assert problems == []

    def _compare(self, outcome: Posted, done: Done | None, lots: dict[uuid.UUID, int], dry_run: bool) -> None:
        assert done is not None
        entry = outcome.entry
        assert (entry.amount, entry.value_after, entry.seq) == (done.amount, done.value_after, done.version)
        assert entry.held_change == done.held
        moved = {lots[one.lot_id]: one.amount for one in entry.allocations if one.lot_id in lots}
        # Lots that a dry run opened itself are gone again and cannot be numbered.
        assert moved.items() <= done.moved.items() if dry_run else moved == done.moved

    async def _open(self) -> None:
        await self.owner.execute(
            "INSERT INTO tenant (tenant_id, name, created_at) VALUES ($1, $1, $2)", self.tenant_id, NOON
        )
        async with self.database.tenant(self.tenant_id) as tx:
            for name, book in self.reference.books.items():
                bounds = (book.floor, book.ceiling)
                await accounts.open_account(tx, new_id(), _key(name), "s", NOON, has_lots=book.is_wallet, bounds=bounds)

    async def _close(self, name: str, closes: datetime | None) -> None:
        async with self.database.tenant(self.tenant_id) as tx:
            account = await accounts.lock_account(tx, _key(name))
            assert account is not None
            await accounts.close_account_at(tx, account.account_id, closes)

    async def _post_and_look(
        self, batch: Sequence[Wish], dry_run: bool
    ) -> tuple[list[Outcome], dict[uuid.UUID, int], dict[str, object], list[str]]:
        commands = [_command(wish) for wish in batch]
        outcomes = await post(self.database, self.tenant_id, *commands, now=self.now, dry_run=dry_run)
        async with self.database.tenant(self.tenant_id) as tx:
            found = await tx.records(
                """
                SELECT a.owner_id, a.value, a.held, a.seq,
                       array(SELECT lot_id FROM ledger_lot l WHERE l.tenant_id = $1 AND l.account_id = a.account_id
                              ORDER BY opened_seq) AS lots,
                       array(SELECT remaining FROM ledger_lot l WHERE l.tenant_id = $1
                                AND l.account_id = a.account_id ORDER BY opened_seq) AS remaining,
                       array(SELECT amount FROM ledger_hold h WHERE h.tenant_id = $1
                                AND h.account_id = a.account_id AND closed_seq IS NULL ORDER BY opened_seq) AS holds
                  FROM ledger_account a WHERE a.tenant_id = $1
                """,
                self.tenant_id,
            )
        lots = {lot_id: number for row in found for number, lot_id in enumerate(row["lots"])}
        standings: dict[str, object] = {
            row["owner_id"]: (row["value"], row["held"], row["seq"], row["remaining"], row["holds"]) for row in found
        }
        return outcomes, lots, standings, await broken(self.database, self.tenant_id)


def _standing(book: Book) -> object:
    open_holds = [hold.amount for hold in book.holds.values() if hold.is_open]
    return (book.value, sum(open_holds), book.version, [_left(lot) for lot in book.lots], open_holds)


def _left(lot: Batch) -> int:
    assert 0 <= lot.left <= lot.amount
    return lot.left


def _again(number: int, used: Sequence[str | None], new: str, *, of_new: int) -> str | None:
    if number < of_new:
        return new
    return used[number % len(used)] if used and number > 28 else None


def _key(name: str) -> AccountKey:
    return AccountKey("wallet" if name.startswith("w") else "privilege", name)


def _command(wish: Wish) -> Command:
    return command(_key(wish.account), _action(wish), wish.chosen, repeat=wish.key, fingerprint=wish.fingerprint)


def _action(wish: Wish) -> Action:
    amount, reference = wish.amount or 0, wish.reference or ""
    made: dict[str, Action] = {
        "move": Move(amount, wish.expected_value, wish.expected_version),
        "earn": Earn(amount, new_id(), wish.until),
        "spend": Spend(amount),
        "return": Return(reference, wish.amount),
        "expire": Expire(wish.ends_all),
        "hold": Hold(amount, wish.until),
        "capture": Capture(reference, wish.amount),
        "release": Release(reference),
    }
    return made[wish.kind]


@pytest.fixture
def ledger(owner_url: str) -> Iterator[type[Ledger]]:
    """The machine with a database of its own event loop, since Hypothesis drives it from outside of ours."""
    with asyncio.Runner() as runner:
        Ledger.runner = runner
        Ledger.database = runner.run(open_database(owner_url, 2))
        Ledger.owner = runner.run(asyncpg.connect(owner_url))
        yield Ledger
        runner.run(Ledger.database.close())
        runner.run(Ledger.owner.close())


def lives(count: int, steps: int) -> settings:
    return settings(
        max_examples=count,
        stateful_step_count=steps,
        deadline=None,
        report_multiple_bugs=False,
        database=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
    )


@pytest.mark.timeout(600)
def test_short_lives_agree_with_the_reference(ledger: type[Ledger]) -> None:
    run_state_machine_as_test(ledger, settings=lives(30, 40))


@pytest.mark.prove
@pytest.mark.timeout(0)
def test_long_lives_agree_with_the_reference(ledger: type[Ledger]) -> None:
    run_state_machine_as_test(ledger, settings=lives(int(os.environ.get("GUERDON_PROVE_ROUNDS", "1000")), 80))
