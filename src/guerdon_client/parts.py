"""The parts of a client that stand under a name of their own: `client.wallets`."""

from typing import TypeVar

from guerdon_client import wallets
from guerdon_client.calls import Call
from guerdon_client.operations import Asynchronous, Blocking, Iteration, Operation, Story

T = TypeVar("T")


class BlockingPart(Blocking):
    """A part of a blocking client."""

    def __init__(self, client: Blocking) -> None:
        """Speak through `client`."""
        self._client = client

    def send(self, call: Call[T]) -> T:
        """Send one call and give its answer. Raises GuerdonError."""
        return self._client.send(call)

    def tell(self, story: Story[T]) -> T:
        """Send the calls of a story one after the other. Raises GuerdonError."""
        return self._client.tell(story)


class AsynchronousPart(Asynchronous):
    """A part of a client whose answers are awaited."""

    def __init__(self, client: Asynchronous) -> None:
        """Speak through `client`."""
        self._client = client

    async def send(self, call: Call[T]) -> T:
        """Send one call and give its answer. Raises GuerdonError."""
        return await self._client.send(call)

    async def tell(self, story: Story[T]) -> T:
        """Send the calls of a story one after the other. Raises GuerdonError."""
        return await self._client.tell(story)


class WalletOperations:
    """What a client can do with points wallets."""

    put = Operation(wallets.put_wallet)
    merge = Operation(wallets.merge_wallet)
    get = Operation(wallets.get_wallet)
    get_mine = Operation(wallets.get_my_wallet)
    create_mine = Operation(wallets.create_my_wallet)
    add_batch = Operation(wallets.add_batch)
    request_batch = Operation(wallets.request_batch)
    get_command = Operation(wallets.get_command)
    list_batches = Operation(wallets.list_batches)
    iter_batches = Iteration(wallets.iter_batches)
    spend = Operation(wallets.spend)
    get_operation = Operation(wallets.get_operation)
    list_operations = Operation(wallets.list_operations)
    iter_operations = Iteration(wallets.iter_operations)
    change_operation = Operation(wallets.change_operation)
    roll_back = Operation(wallets.roll_back)
    hold = Operation(wallets.hold)
    capture = Operation(wallets.capture)
    release = Operation(wallets.release)
    get_hold = Operation(wallets.get_hold)
    list_holds = Operation(wallets.list_holds)
    list_statement = Operation(wallets.list_statement)
    iter_statement = Iteration(wallets.iter_statement)


class Wallets(WalletOperations, BlockingPart):
    """The points wallets of a tenant, for a client that waits for its answers."""


class AsyncWallets(WalletOperations, AsynchronousPart):
    """The points wallets of a tenant, for a client whose answers are awaited."""
