"""HTTP for orders of another system that earn points."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Final

from fastapi import APIRouter, Path, Request, Response

from guerdon.access.guard import OptionalCallerDep
from guerdon.access.model import Caller
from guerdon.ledger.amounts import to_millionths
from guerdon.platform.boundary import BODY, HEADERS
from guerdon.platform.clock import TenantClock
from guerdon.platform.db import Database, Tx
from guerdon.platform.http import PUBLIC, asks, router
from guerdon.platform.keys import MasterKey
from guerdon.platform.parameters import Write, respond
from guerdon.platform.writes import Answer, write_once
from guerdon.points.documents import Document, encoder, order_document
from guerdon.points.earning import Receipt, take_order
from guerdon.points.earning_rule import EarningRule, EarningRules
from guerdon.points.order_model import EarnedOrder, Ignored, Order, Payment
from guerdon.points.order_schemas import OrderBody, OrderNotice, OrderOut
from guerdon.points.order_signatures import SECRET, check_signature, read_tokens
from guerdon.tenants.secrets import find_secret

BATCH_WRITE: Final = "Wallet.Write.Batch"
CUSTOMER: Final = "CUSTOMER"
SYSTEM: Final = "system:orders"  # who told of an order, when it is the signature that vouches for it

TenantId = Annotated[str, Path(alias="tenantId")]


@dataclass(frozen=True, slots=True)
class OrderRoutes:
    """The operation on orders over one database."""

    database: Database
    master_key: MasterKey
    rules: EarningRules
    clock: TenantClock
    real_clock: Callable[[], datetime]

    def router(self) -> APIRouter:
        """Give the route."""
        made = router("/api/{tenantId}/points", "Order")
        made.add_api_route("/orders", self.take, methods=["POST"], openapi_extra=asks(PUBLIC), response_model=OrderOut)
        return made

    async def take(
        self, tenant_id: TenantId, request: Request, body: OrderNotice, caller: OptionalCallerDep, write: Write
    ) -> Response:
        """Let an order earn points by the tenant's rule, once, or take back what of it was returned.

        Without a credential the body must be signed.
        """
        now = self.clock(tenant_id)
        async with self.database.tenant(tenant_id) as tx:
            rule, version = await self.rules.get(tx)
            await self._admit(tx, rule, caller, request)
        actor = SYSTEM if caller is None else caller.actor
        order = read_order(body.order)

        async def work(tx: Tx) -> Answer:
            taken = await take_order(tx, order, Receipt(self.rules, rule, version, actor, now))
            return Answer(200, encoder.encode(_document(order, taken)))

        return respond(await write_once(self.database, tenant_id, write, now, work, kept_for=None))

    async def _admit(self, tx: Tx, rule: EarningRule, caller: Caller | None, request: Request) -> None:
        if caller is not None:
            caller.require(BATCH_WRITE)
            return
        tokens = read_tokens(await find_secret(tx, self.master_key, SECRET))
        scope = request.scope
        # Whoever signs does so by the world's time, also where the tenant's stands.
        now = self.real_clock()
        check_signature(scope[HEADERS], scope[BODY], tokens, now, is_plain_allowed=rule.plain_signature)


def read_order(body: OrderBody) -> Order:
    """Read an order and whose it is: its customer's, or else that of the first user that it names."""
    users = body.users or ()
    customers = [user.user_id for user in users if CUSTOMER in (user.roles or ())] or [user.user_id for user in users]
    venue = next((bucket.venue for bucket in body.buckets or () if bucket.venue), None)
    payments = tuple(Payment(paid.type, to_millionths(paid.amount)) for paid in body.payments or ())
    return Order(body.id, body.status, next(iter(customers), None), to_millionths(body.total), venue, payments)


def _document(order: Order, taken: EarnedOrder | Ignored) -> Document:
    if isinstance(taken, Ignored):
        return {"order": order.order_id, "status": "IGNORED", "reason": taken.reason}
    return {"order": order.order_id, **order_document(taken)}
