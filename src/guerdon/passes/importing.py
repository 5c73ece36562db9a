"""Taking in the passes of another provider, so that what is on people's phones stays alive.

The serial number becomes the pass id, or an alias that Apple's devices go on using; the authentication token becomes
the pass's secret. The same serial is the same pass: a file may be taken in again after a crash, or by mistake.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from guerdon.passes import import_queries
from guerdon.passes.binding import hold_wallets
from guerdon.passes.creating import secret_context
from guerdon.passes.import_queries import Alias, ImportedRow
from guerdon.passes.import_rows import BadRow, ImportedPass, Row
from guerdon.passes.metadata_queries import refresh_metadata
from guerdon.passes.model import EVENT_CREATED, Changes, identity_of, is_pass_id, merge, write_json
from guerdon.passes.sizes import find_excess
from guerdon.passes.usage import Use, count_usage
from guerdon.platform.db import Tx
from guerdon.platform.events import Event, emit
from guerdon.platform.ids import new_pass_id, new_secret
from guerdon.platform.keys import MasterKey
from guerdon.platform.tables import Mistakes

ROWS_IN_CHUNK: Final = 500
UNMEASURED_CHARACTERS_MAX: Final = 16_384  # printed by the database, they are at most 64 times as many
SERIAL_CHARACTERS_MIN: Final = 16  # of one that can be a pass id: whoever guesses the id may install the pass


@dataclass(frozen=True, slots=True)
class Judged:
    """What can become of rows: to be taken in, there already, or refused."""

    good: Sequence[Row]
    existing: int
    bad: Sequence[BadRow]


@dataclass(frozen=True, slots=True)
class Importer:
    """Takes in rows for one tenant, in the name of an actor; `type_names` are the tenant's pass types."""

    master_key: MasterKey
    type_names: frozenset[str]
    actor: str

    def complete(self, bad: BadRow) -> BadRow:
        """Add what else is wrong with a row that broke a rule already: so far as that can be told of it."""
        if bad.pass_type is None or "passType" in bad.mistakes or bad.pass_type in self.type_names:
            return bad
        return replace(bad, mistakes=bad.mistakes | _unknown_type(bad.pass_type))

    async def judge(self, tx: Tx, rows: Sequence[Row], now: datetime) -> Judged:
        """Tell what would become of at most 500 rows now; nothing is written."""
        assert len(rows) <= ROWS_IN_CHUNK, len(rows)
        taken = await _read_taken(tx, [row.given for row in rows])
        good: list[Row] = []
        bad: list[BadRow] = []
        for row in rows:
            mistakes = self._mistakes(row.given, taken, now) | await _find_excess(tx, row.given)
            if mistakes:
                bad.append(BadRow(row.line, row.given.serial, mistakes))
            elif row.given.serial not in taken.serials:
                good.append(row)
                taken.take(row.given)
        return Judged(good, len(rows) - len(good) - len(bad), bad)

    async def take_in(self, tx: Tx, rows: Sequence[Row], now: datetime) -> Judged:
        """Take in at most 500 rows; those that are there already, and bad ones, change nothing.

        Raises asyncpg.UniqueViolationError when another transaction takes in one of them at the same time: once that is
        over, another attempt finds it there.
        """
        judged = await self.judge(tx, rows, now)
        if judged.good:
            await self._insert(tx, [row.given for row in judged.good], now)
        return judged

    def _mistakes(self, given: ImportedPass, taken: "_Taken", now: datetime) -> Mistakes:
        if given.pass_type not in self.type_names:
            return _unknown_type(given.pass_type)
        if given.serial in taken.serials:
            other = taken.serials[given.serial]
            return {} if other == given.pass_type else {"serial": [f"A pass of type {other} has it already."]}
        found: Mistakes = {}
        if _identity(given) in taken.identities:
            found["identifiers"] = ["Another pass has this type and these identifiers already."]
        if given.google_object_id in taken.google_ids:
            found["googleObjectId"] = ["Another pass has it already."]
        dates = {
            "createdAt": given.created_at,
            "appleInstalledAt": given.apple_installed_at,
            "googleInstalledAt": given.google_installed_at,
        }
        late = [name for name, date in dates.items() if date is not None and date > now]
        return found | {name: ["This is in the future."] for name in late}

    async def _insert(self, tx: Tx, given: Sequence[ImportedPass], now: datetime) -> None:
        await hold_wallets(tx, [value for one in given for value in one.identifiers.values()])
        ids = [_pass_id(one) for one in given]
        named = list(zip(ids, given, strict=True))
        await import_queries.insert_passes(tx, [self._row(tx.tenant_id, pass_id, one, now) for pass_id, one in named])
        identifiers = [(pass_id, *pair) for pass_id, one in named for pair in one.identifiers.items()]
        await import_queries.insert_identifiers(tx, identifiers)
        await import_queries.insert_aliases(tx, [alias for pass_id, one in named for alias in _aliases(pass_id, one)])
        await refresh_metadata(tx, ids)
        await emit(tx, [_event(pass_id, one, self.actor) for pass_id, one in named], now)
        uses = (Use("created", pass_id, one.pass_type, at=one.created_at) for pass_id, one in named)
        await count_usage(tx, uses, now)

    def _row(self, tenant_id: str, pass_id: str, given: ImportedPass, now: datetime) -> ImportedRow:
        secret = given.authentication_token or new_secret()
        return ImportedRow(
            pass_id,
            given.pass_type,
            self.master_key.encrypt(secret.encode(), secret_context(tenant_id, pass_id)),
            write_json(given.identifiers),
            _identity(given),
            write_json(merge(given.metadata, None)),
            write_json(merge(given.additional_data, None)),
            given.created_at or now,
            given.apple_installed_at,
            given.google_installed_at,
        )


async def _find_excess(tx: Tx, given: ImportedPass) -> Mistakes:
    changes = Changes(given.identifiers, given.metadata, given.additional_data)
    documents = [write_json(one) for one in (given.identifiers, given.metadata, given.additional_data)]
    if sum(map(len, documents)) <= UNMEASURED_CHARACTERS_MAX:
        return {}
    return find_excess(changes, await import_queries.measure_documents(tx, documents))


def _unknown_type(name: str) -> Mistakes:
    return {"passType": [f"There is no pass type {name!r}."]}


@dataclass(frozen=True, slots=True)
class _Taken:
    serials: dict[str, str]
    identities: set[bytes | None]
    google_ids: set[str | None]

    def take(self, given: ImportedPass) -> None:
        self.serials[given.serial] = given.pass_type
        self.identities.update({_identity(given)} - {None})
        self.google_ids.update({given.google_object_id} - {None})


async def _read_taken(tx: Tx, given: Sequence[ImportedPass]) -> _Taken:
    identities = [identity for one in given if (identity := _identity(one)) is not None]
    google_ids = [one.google_object_id for one in given if one.google_object_id is not None]
    return _Taken(
        await import_queries.list_serials(tx, [one.serial for one in given]),
        {*await import_queries.list_identities(tx, identities)},
        {*await import_queries.list_google_ids(tx, google_ids)},
    )


def _identity(given: ImportedPass) -> bytes | None:
    return identity_of(given.pass_type, given.identifiers)


def _pass_id(given: ImportedPass) -> str:
    fits = len(given.serial) >= SERIAL_CHARACTERS_MIN and is_pass_id(given.serial)
    return given.serial if fits else new_pass_id()


def _aliases(pass_id: str, given: ImportedPass) -> list[Alias]:
    apple = [] if given.serial == pass_id else [Alias("apple", given.serial, pass_id)]
    google = [] if given.google_object_id is None else [Alias("google", given.google_object_id, pass_id)]
    return apple + google


def _event(pass_id: str, given: ImportedPass, actor: str) -> Event:
    members = {"passId": pass_id, "passType": given.pass_type, "identifiers": given.identifiers, "imported": True}
    return Event(EVENT_CREATED, pass_id, write_json(members), actor)
