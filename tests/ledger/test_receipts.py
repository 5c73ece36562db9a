"""A receipt proves one movement to whoever has the public key, and nothing else passes for one."""

from dataclasses import replace
from datetime import timedelta
from hashlib import sha256

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from guerdon.ledger.checkpoints import NO_PREVIOUS, Statement, sign, signing_key, take_checkpoint
from guerdon.ledger.merkle import EMPTY_ROOT, Root, climb, path_to
from guerdon.ledger.model import Capture, Earn, Hold, Move, Spend
from guerdon.ledger.receipts import MovementNotFound, NotSealedYet, Receipt, ReceiptInvalid, check_receipt, make_receipt
from guerdon.platform.db import Database
from guerdon.platform.ids import new_id
from guerdon.platform.keys import MasterKey
from tests.ledger.builders import NOON, command, day, opened, post, posted


async def sealed(database: Database, tenant_id: str, master_key: MasterKey, days: int = 0) -> None:
    async with database.tenant(tenant_id) as tx:
        await take_checkpoint(tx, master_key, NOON + timedelta(days=days))


async def receipt_of(database: Database, tenant_id: str, movement_id: str) -> Receipt:
    async with database.tenant(tenant_id) as tx:
        return await make_receipt(tx, movement_id)


async def a_receipt(database: Database, tenant_id: str, master_key: MasterKey) -> Receipt:
    """The second of four movements, among five accounts."""
    keys = [await opened(database, tenant_id) for _ in range(5)]
    await post(database, tenant_id, *(command(key, Move(1)) for key in keys))
    for name in ("wanted", "later", "last"):
        await posted(database, tenant_id, command(keys[2], Move(7), name))
    await sealed(database, tenant_id, master_key)
    return await receipt_of(database, tenant_id, "wanted")


async def test_a_receipt_proves_its_movement(database: Database, tenant_id: str, master_key: MasterKey) -> None:
    receipt = await a_receipt(database, tenant_id, master_key)

    proven = check_receipt(receipt, signing_key(master_key).public_key())

    assert (proven.kind, proven.movement_id, proven.seq, proven.amount, proven.value_after) == (
        "move",
        "wanted",
        2,
        7,
        8,
    )
    assert len(receipt.entries) == 3


async def test_every_kind_of_entry_has_its_receipt_under_the_first_checkpoint_that_covers_it(
    database: Database, tenant_id: str, master_key: MasterKey
) -> None:
    wallet = await opened(database, tenant_id, "wallet")
    life = [
        command(wallet, Earn(9, new_id(), day(5, 1), 3), "earn"),
        command(wallet, Spend(2), "spend"),
        command(wallet, Hold(4, day(4, 1)), "hold"),
        command(wallet, Capture("hold", 1), "capture"),
    ]
    for number, one in enumerate(life):
        await posted(database, tenant_id, one)
        await sealed(database, tenant_id, master_key, number)
    await sealed(database, tenant_id, master_key, 9)

    receipts = [await receipt_of(database, tenant_id, one.movement_id) for one in life]

    assert [receipt.checkpoint.statement.checkpoint_id for receipt in receipts] == [1, 2, 3, 4]
    public_key = signing_key(master_key).public_key()
    assert [check_receipt(receipt, public_key).kind for receipt in receipts] == ["earn", "spend", "hold", "capture"]


async def test_what_is_not_there_or_not_sealed_has_no_receipt(
    database: Database, tenant_id: str, other_tenant_id: str, master_key: MasterKey
) -> None:
    key = await opened(database, tenant_id)
    await posted(database, tenant_id, command(key, Move(1), "fresh"))

    with pytest.raises(NotSealedYet):
        await receipt_of(database, tenant_id, "fresh")
    with pytest.raises(MovementNotFound):
        await receipt_of(database, tenant_id, "none")
    await sealed(database, tenant_id, master_key)
    with pytest.raises(MovementNotFound):
        await receipt_of(database, other_tenant_id, "fresh")


async def test_no_altered_receipt_passes(database: Database, tenant_id: str, master_key: MasterKey) -> None:
    receipt = await a_receipt(database, tenant_id, master_key)
    public_key = signing_key(master_key).public_key()
    statement = receipt.checkpoint.statement
    first = receipt.entries[0]
    forger = Ed25519PrivateKey.generate()
    forged = [
        replace(receipt, kind="wallet"),
        replace(receipt, owner_id="thief"),
        replace(receipt, account_id=new_id()),
        replace(receipt, seq=3),
        replace(receipt, previous_head=bytes(32)),
        replace(receipt, entries=()),
        replace(receipt, entries=receipt.entries[:-1]),
        replace(receipt, entries=receipt.entries[1:]),
        replace(receipt, entries=(b"", *receipt.entries[1:])),
        *(
            replace(receipt, entries=(first[:at] + bytes([first[at] ^ 1]) + first[at + 1 :], *receipt.entries[1:]))
            for at in range(len(first))
        ),
        replace(receipt, path=receipt.path[1:]),
        replace(receipt, path=receipt.path[::-1]),
        replace(receipt, path=tuple(replace(step, is_left=not step.is_left) for step in receipt.path)),
        replace(receipt, checkpoint=replace(receipt.checkpoint, statement=replace(statement, root=bytes(32)))),
        replace(receipt, checkpoint=replace(receipt.checkpoint, statement=replace(statement, tenant_id="other"))),
        replace(receipt, checkpoint=replace(receipt.checkpoint, signature=bytes(64))),
        replace(receipt, checkpoint=sign(statement, forger)),
    ]

    for one in forged:
        with pytest.raises(ReceiptInvalid):
            check_receipt(one, public_key)


async def test_checkpoints_follow_each_other_and_count_everything(
    database: Database, tenant_id: str, master_key: MasterKey
) -> None:
    keys = [await opened(database, tenant_id) for _ in range(3)]
    taken: list[Statement] = []
    for moved in (keys, keys[:1], []):
        await post(database, tenant_id, *(command(key, Move(1)) for key in moved))
        async with database.tenant(tenant_id) as tx:
            taken.append((await take_checkpoint(tx, master_key, NOON)).statement)

    assert [(one.checkpoint_id, one.accounts, one.entries, one.leaves) for one in taken] == [
        (1, 3, 3, 3),
        (2, 3, 4, 1),
        (3, 3, 4, 0),
    ]
    assert [one.previous for one in taken] == [NO_PREVIOUS, taken[0].digest(), taken[1].digest()]
    assert taken[2].root == EMPTY_ROOT


def test_a_statement_has_these_bytes(master_key: MasterKey) -> None:
    statement = Statement("demo", 2, NOON, 3, 4, 1, b"r" * 32, b"p" * 32)

    checkpoint = sign(statement, signing_key(master_key))

    expected = (
        b"guerdon checkpoint 1\x00\x00\x00\x04demo"
        + bytes.fromhex("0000000000000002 00064a76feb2f000 0000000000000003 0000000000000004 0000000000000001")
        + b"r" * 32
        + b"p" * 32
    )
    assert statement.canonical_bytes() == expected
    signing_key(master_key).public_key().verify(checkpoint.signature, expected)


@given(st.integers(1, 70).flatmap(lambda size: st.tuples(st.just(size), st.integers(0, size - 1))))
def test_every_leaf_climbs_to_the_root_and_no_other_does(place: tuple[int, int]) -> None:
    size, index = place
    leaves = [sha256(b"\x00" + bytes([number])).digest() for number in range(size)]
    root = Root()
    for leaf in leaves:
        root.add(leaf)

    path = path_to(leaves, index)

    assert climb(leaves[index], path) == root.digest()
    assert size == 1 or climb(leaves[index - 1], path) != root.digest()


def test_roots_are_those_of_rfc_6962() -> None:
    # The test tree of certificate transparency: leaves "", 00, 10, 2021, 3031, 40414243, 5051525354555657, 60…6f.
    raw = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"]
    root = Root()
    roots: list[str] = []
    for leaf in raw:
        root.add(sha256(b"\x00" + bytes.fromhex(leaf)).digest())
        roots.append(root.digest().hex())

    assert roots[0] == "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"
    assert roots[6] == "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c"
    assert roots[7] == "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"
