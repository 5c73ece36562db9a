"""The very statements that our code sends, taken from a run of it and written down for pgbench.

They are recorded, not copied, so that the limit changes whenever the code does.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, cast
from uuid import UUID

import asyncpg
import uuid_utils

from benchmarks.seeding import TENANT
from benchmarks.stage import Place
from guerdon.entrypoints.wiring import on_posted
from guerdon.ledger.model import AccountKey, Command, Move
from guerdon.ledger.posting import post
from guerdon.platform.db import Tx, open_database
from guerdon.privileges.queries import list_documents

if TYPE_CHECKING:
    from guerdon.platform.db import Connection

OWNER = "p7"
VALUE, SEQ, AMOUNT = 4_000_000_003, 987_654_321, 7
MOVEMENT = "m" * 32
NEW_MOVEMENT = "to_char(clock_timestamp(), 'YYYYMMDDHH24MISSUS') || lpad((:drawn)::text, 12, '0')"
COMPARE = "\\if abs(:value - :expected) <= 100"


@dataclass(frozen=True, slots=True)
class Script:
    """A pgbench script, with the constants that it gets by name because they hold a colon."""

    text: str
    variables: Mapping[str, str]

    def save(self, path: Path) -> Path:
        """Write it down."""
        path.write_text(self.text)
        return path


@dataclass(slots=True)
class Recorder:
    """Stands before a connection, passes statements on, and remembers them."""

    connection: "Connection"
    statements: list[tuple[str, Sequence[object]]] = field(default_factory=list[tuple[str, Sequence[object]]])

    def tx(self) -> Tx:
        """Give a transaction that is heard."""
        return Tx(cast("Connection", self), TENANT)

    async def fetch(self, sql: str, *arguments: object) -> list[asyncpg.Record]:
        """Pass a reading statement on."""
        self.statements.append((sql, arguments))
        return await self.connection.fetch(sql, *arguments)

    async def execute(self, sql: str, *arguments: object) -> str:
        """Pass a statement on."""
        self.statements.append((sql, arguments))
        return await self.connection.execute(sql, *arguments)


async def movement_script(place: Place, head: str, owner: str) -> Script:
    """Write one movement as the code does it: a transaction with each of its statements, arrays of one.

    `head` sets `:expected` and `:change`, `owner` is the SQL expression of a privilege's name; `:known` is what the
    value was under the lock.
    """
    statements, account_id, pass_id = await _record_movement(place)
    words: dict[object, str] = {
        OWNER: owner,
        MOVEMENT: NEW_MOVEMENT,
        account_id: ":account_id",
        pass_id: ":subject_id",
        VALUE + AMOUNT: ":value_after",
        SEQ + 1: ":seq_after",
        AMOUNT: ":change",
    }
    variables: dict[str, str] = {}
    lock, *others = (written(sql, arguments, words, variables) for sql, arguments in statements)
    lines = [
        *(head, "\\set drawn random(0, 999999999999)", "BEGIN;", f"{lock} \\gset", "\\set known :value", COMPARE),
        *("\\set value_after :value + :change", "\\set seq_after :seq + 1", *(f"{other};" for other in others)),
        "\\set known :value_after",
        *("\\endif", "COMMIT;", ""),
    ]
    return Script("\n".join(lines), variables)


async def list_script(place: Place, head: str) -> Script:
    """Write the reading of one pass's privileges as the code does it; `head` sets `:pass`."""
    database = await open_database(place.url, 2)
    async with database.tenant(TENANT) as tx:
        recorder = Recorder(tx.connection)
        await list_documents(recorder.tx(), ["listpass7"], datetime.now(UTC))
    await database.close()
    variables: dict[str, str] = {}
    words: dict[object, str] = {"listpass7": "'listpass' || :pass"}
    sql, arguments = recorder.statements[0]
    return Script(f"{head}\n{written(sql, arguments, words, variables)};\n", variables)


async def _record_movement(place: Place) -> tuple[list[tuple[str, Sequence[object]]], UUID, str]:
    database = await open_database(place.url, 2)
    now = datetime.now(UTC)
    async with database.tenant(TENANT, dry_run=True) as tx:
        record = await tx.connection.fetchrow(
            "UPDATE ledger_account SET value = $3, seq = $4 WHERE tenant_id = $1 AND owner_id = $2"
            " RETURNING account_id, subject_id",
            *(TENANT, OWNER, VALUE, SEQ),
        )
        assert record is not None
        recorder = Recorder(tx.connection)
        recording = recorder.tx()
        move = Move(AMOUNT, VALUE, None)
        command = Command(AccountKey("privilege", OWNER), move, MOVEMENT, "key:bench", "scan at counter 4")
        outcomes = await post(recording, [command], now)
        await on_posted(recording, [outcome for outcome in outcomes if not isinstance(outcome, Exception)], now)
        await recording.flush()
    await database.close()
    return recorder.statements, record["account_id"], record["subject_id"]


def written(sql: str, arguments: Sequence[object], words: Mapping[object, str], variables: dict[str, str]) -> str:
    """Put expressions of pgbench in the places of a statement's parameters, the highest number first."""
    for number in range(len(arguments), 0, -1):
        argument = arguments[number - 1]
        if isinstance(argument, list):
            values = ", ".join(_expression(value, words, variables) for value in cast("list[object]", argument))
            expression = f"ARRAY[{values}]"
        else:
            expression = _expression(argument, words, variables)
        sql = sql.replace(f"${number}", expression)
    return " ".join(_without_colons(sql, variables).split())


def _expression(value: object, words: Mapping[object, str], variables: dict[str, str]) -> str:
    if isinstance(value, bool | int | str | UUID) and value in words:
        return f"({words[value]})"
    match value:
        case None:
            return "NULL"
        case int():
            return str(value)
        case UUID() | uuid_utils.UUID():
            return "gen_random_uuid()"
        case datetime():
            return "now()"
        case (int(), int()):
            # Where the account was locked: pgbench has it from the columns of that statement.
            return ":ctid"
        case bytes():
            return f"'\\x{value.hex()}'::bytea"
        case str():
            return _variable(value, variables) if ":" in value else f"'{value}'"
        case _:
            raise AssertionError(value)


def _without_colons(sql: str, variables: dict[str, str]) -> str:
    # pgbench takes a colon for one of its variables inside of quotes, too.
    parts = sql.split("'")
    for index in range(1, len(parts), 2):
        if ":" in parts[index] and not parts[index].startswith("\0"):
            parts[index] = f"\0{_variable(parts[index], variables)}"
    joined = "'".join(parts)
    for name in variables:
        joined = joined.replace(f"'\0:{name}'", f":{name}")
    return joined


def _variable(value: str, variables: dict[str, str]) -> str:
    for name, known in variables.items():
        if known == value:
            return f":{name}"
    name = f"text{len(variables)}"
    variables[name] = value
    return f":{name}"
