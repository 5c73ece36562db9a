"""Spending, and reading a wallet, once more for plain requests; all that they do not take is the usual routes'."""

import asyncio
import re
from typing import Annotated, Final
from uuid import UUID

import msgspec
from msgspec import Meta, Struct

from guerdon.access.guard import Guard
from guerdon.ledger.amounts import read_millionths
from guerdon.ledger.errors import AccountNotFound
from guerdon.ledger.group_commit import Poster
from guerdon.ledger.model import Posted, Repeat
from guerdon.platform.faces import FACE_B
from guerdon.platform.hot import HotAnswer
from guerdon.platform.ids import new_id
from guerdon.platform.problems import InvalidRequest, Problem
from guerdon.platform.quick import QuickRequest
from guerdon.platform.writes import read_write_options
from guerdon.points.balances import WalletBalances
from guerdon.points.documents import encoder, operation_document, wallet_document
from guerdon.points.errors import WalletNotFound
from guerdon.points.model import Balance, OperationWish, Wallet
from guerdon.points.operation_routes import OPERATION_WRITE, OPERATIONS
from guerdon.points.schemas import ORDER_MAX, TEXT_NAME_MAX, TEXT_VALUE_MAX, TEXTS_MAX, VENUE_MAX
from guerdon.points.spending import spend_command, spent_operation
from guerdon.points.together import repeat_of
from guerdon.points.wallet_routes import WALLET, WALLET_READ

JSON_HEADER: Final = (b"content-type", b"application/json")
REPLAYED: Final = (b"idempotency-replayed", b"true")
PLAIN_UUID: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
NUL: Final = b"\\u0000"  # as JSON has to write it


_Name = Annotated[str, Meta(min_length=1, max_length=TEXT_NAME_MAX)]
_Value = Annotated[str, Meta(max_length=TEXT_VALUE_MAX)]


class _Body(Struct, forbid_unknown_fields=True):
    """`OperationBody`, and nothing beside it: what is ignored has limits too, and they are looked at elsewhere."""

    amount: msgspec.Raw
    order: Annotated[str, Meta(max_length=ORDER_MAX)] | None = None
    venue: Annotated[str, Meta(max_length=VENUE_MAX)] | None = None
    extra: Annotated[dict[_Name, _Value], Meta(max_length=TEXTS_MAX)] | None = None


_decoder = msgspec.json.Decoder(_Body)


class QuickSpending:
    """A spending with nothing wrong in it, with or without an idempotency key."""

    method = b"POST"
    template = f"{FACE_B}{OPERATIONS}"
    takes_keys = True

    def __init__(self, guard: Guard, poster: Poster) -> None:
        """Post with the poster of this process."""
        self._guard = guard
        self._poster = poster

    def begin(self, request: QuickRequest) -> "asyncio.Future[Posted] | None":
        """Post a spending for a caller who is known. Raises TooManyRequests, Overloaded."""
        wallet_id, wish = _read_wallet_id(request.parameters[0]), _read_wish(request.body)
        if wallet_id is None or wish is None:
            return None
        try:
            repeat = _read_repeat(request)
        except InvalidRequest:
            return None
        admission = self._guard.admit_at_once(request.headers, None, OPERATION_WRITE)
        if admission is None:
            return None
        request.told = admission.allowance.wire_headers()
        caller = admission.caller
        return self._poster.begin(caller.tenant_id, spend_command(wallet_id, wish, new_id(), caller.actor, repeat))

    def answer(self, outcome: Posted) -> HotAnswer:
        """Tell the operation."""
        headers = (JSON_HEADER, REPLAYED) if outcome.is_repeat else (JSON_HEADER,)
        return HotAnswer(201, encoder.encode(operation_document(spent_operation(outcome))), headers)

    def refusal(self, request: QuickRequest, problem: Problem) -> Problem:
        """Name the wallet that is not there."""
        return WalletNotFound(request.parameters[0]) if isinstance(problem, AccountNotFound) else problem


class QuickBalances:
    """A wallet with its balance as it is now."""

    method = b"GET"
    template = f"{FACE_B}{WALLET}"
    takes_keys = False

    def __init__(self, guard: Guard, balances: WalletBalances) -> None:
        """Read with the gathered reads of this process."""
        self._guard = guard
        self._balances = balances

    def begin(self, request: QuickRequest) -> "asyncio.Future[tuple[Wallet, Balance]] | None":
        """Read a wallet for a caller who is known. Raises TooManyRequests, Overloaded."""
        wallet_id = _read_wallet_id(request.parameters[0])
        admission = None if wallet_id is None else self._guard.admit_at_once(request.headers, None, WALLET_READ)
        if wallet_id is None or admission is None:
            return None
        request.told = admission.allowance.wire_headers()
        return self._balances.begin(admission.caller.tenant_id, wallet_id)

    def answer(self, outcome: tuple[Wallet, Balance]) -> HotAnswer:
        """Tell what the wallet holds."""
        wallet, balance = outcome
        headers = (JSON_HEADER, (b"etag", b'"%d"' % balance.version))
        return HotAnswer(200, encoder.encode(wallet_document(wallet, balance)), headers)

    def refusal(self, request: QuickRequest, problem: Problem) -> Problem:  # noqa: ARG002  # it says all itself
        """Say it as it is."""
        return problem


def _read_wallet_id(text: str) -> UUID | None:
    return UUID(text) if PLAIN_UUID.fullmatch(text) else None


def _read_wish(body: bytes) -> OperationWish | None:
    if NUL in body:
        return None
    try:
        read = _decoder.decode(body)
        amount = read_millionths(bytes(read.amount))
    except (ValueError, ArithmeticError, msgspec.DecodeError):
        return None
    return OperationWish(amount, read.order, read.venue, read.extra or {}) if amount > 0 else None


def _read_repeat(request: QuickRequest) -> Repeat | None:
    if b"idempotency-key" not in request.headers:
        return None
    # The usual way has the query behind the mark: here it is empty.
    return repeat_of(read_write_options("POST", request.address + b"?", request.headers, request.body))
