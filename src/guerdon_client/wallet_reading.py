"""Reading what the API says of points wallets."""

from guerdon_client.calls import Answer
from guerdon_client.exact import read_json
from guerdon_client.pages import Page, read_page
from guerdon_client.reading import Members, read_items, read_object
from guerdon_client.wallet_model import (
    Allocation,
    Batch,
    BatchAccepted,
    Command,
    Expiring,
    Hold,
    Operation,
    Rollback,
    StatementLine,
    Wallet,
)


def read_wallet(answer: Answer) -> Wallet:
    """Read a wallet. Raises BrokenAnswer."""
    members = read_object(answer.body)
    expiring = (Members(item) for item in members.items("expiring"))
    return Wallet(
        members.text("id"),
        members.number("balance"),
        members.number("available"),
        members.number("held"),
        tuple(Expiring(one.instant("expires"), one.number("amount")) for one in expiring),
        members.texts("attributes"),
        members.whole("version"),
        members.find_day("inactiveOn"),
    )


def read_batch(answer: Answer) -> Batch:
    """Read a batch. Raises BrokenAnswer."""
    return _batch(read_object(answer.body))


def read_batches(answer: Answer) -> Page[Batch]:
    """Read a page of batches. Raises BrokenAnswer."""
    return read_page(answer, tuple(_batch(Members(item)) for item in read_items(read_json(answer.body))))


def read_accepted(answer: Answer) -> BatchAccepted:
    """Read what an asynchronous batch answers. Raises BrokenAnswer."""
    members = read_object(answer.body)
    return BatchAccepted(members.text("id"), members.text("correlationId"), answer.receipt)


def read_command(answer: Answer) -> Command:
    """Read a command. Raises BrokenAnswer."""
    members = read_object(answer.body)
    return Command(
        members.text("correlationId"),
        members.text("kind"),
        members.text("id"),
        members.text("state"),
        members.whole("done"),
        members.find_whole("total"),
        members.find("problem", lambda problem: problem.whole_mapping()),
    )


def read_operation(answer: Answer) -> Operation:
    """Read an operation. Raises BrokenAnswer."""
    return _operation(read_object(answer.body))


def read_operations(answer: Answer) -> Page[Operation]:
    """Read a page of operations. Raises BrokenAnswer."""
    return read_page(answer, tuple(_operation(Members(item)) for item in read_items(read_json(answer.body))))


def read_rollback(answer: Answer) -> Rollback:
    """Read a rollback. Raises BrokenAnswer."""
    members = read_object(answer.body)
    return Rollback(
        _operation(Members(members.mapping("operation"))),
        members.number("restored"),
        members.number("restoredExpired"),
        _allocations(members),
        members.number("balance"),
    )


def read_hold(answer: Answer) -> Hold:
    """Read a hold. Raises BrokenAnswer."""
    return _hold(read_object(answer.body))


def read_holds(answer: Answer) -> Page[Hold]:
    """Read a page of holds. Raises BrokenAnswer."""
    return read_page(answer, tuple(_hold(Members(item)) for item in read_items(read_json(answer.body))))


def read_statement(answer: Answer) -> Page[StatementLine]:
    """Read a page of a statement. Raises BrokenAnswer."""
    return read_page(answer, tuple(_line(Members(item)) for item in read_items(read_json(answer.body))))


def _batch(members: Members) -> Batch:
    return Batch(
        members.text("id"),
        members.number("amount"),
        members.number("remaining"),
        members.find_number("price"),
        members.find_instant("expires"),
        members.flag("expired"),
        members.find_text("order"),
        members.find_text("description"),
        members.find_text("venue"),
        members.texts("extra"),
        members.instant("createdAt"),
        members.find_text("externalId"),
        members.find_instant("earnedAt"),
    )


def _operation(members: Members) -> Operation:
    return Operation(
        members.text("id"),
        members.text("kind"),
        members.text("status"),
        members.number("amount"),
        members.number("rolledBack"),
        members.find_text("order"),
        members.find_text("venue"),
        members.texts("extra"),
        _allocations(members),
        members.instant("createdAt"),
    )


def _hold(members: Members) -> Hold:
    return Hold(
        members.text("id"),
        members.text("status"),
        members.number("amount"),
        members.number("captured"),
        members.find_instant("expires"),
        members.find_text("order"),
    )


def _line(members: Members) -> StatementLine:
    return StatementLine(
        members.whole("seq"),
        members.text("id"),
        members.text("kind"),
        members.number("amount"),
        members.number("heldChange"),
        members.number("balance"),
        members.instant("at"),
        members.find_text("reference"),
        members.find_text("description"),
        members.text("actor"),
        _allocations(members),
    )


def _allocations(members: Members) -> tuple[Allocation, ...]:
    items = (Members(item) for item in members.items("allocations"))
    return tuple(Allocation(one.text("batch"), one.number("amount")) for one in items)
