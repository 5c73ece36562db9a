"""One API process: the rooms' routes in one application, served until told to stop."""

import asyncio
import gc
import socket
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache, partial

import uvicorn
from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.routing import APIRoute
from starlette.middleware.cors import CORSMiddleware

from guerdon.access.guard import AllowanceHeaders
from guerdon.access.role_routes import RoleRoutes
from guerdon.access.routes import ApiKeyRoutes
from guerdon.campaigns.notification_routes import NotificationRoutes
from guerdon.campaigns.routes import CampaignRoutes
from guerdon.campaigns.upload_routes import UploadRoutes
from guerdon.configuration.certificate_routes import CertificateRoutes
from guerdon.configuration.clock_routes import ClockRoutes
from guerdon.configuration.file_routes import FileRoutes
from guerdon.configuration.pass_type_routes import PassTypeRoutes
from guerdon.configuration.secret_routes import SecretRoutes
from guerdon.configuration.set_routes import FileSetRoutes
from guerdon.configuration.tenant_routes import TenantRoutes
from guerdon.coupons.keeping import Wallets
from guerdon.coupons.routes import CouponRoutes
from guerdon.delivery.apple.routes import AppleRoutes
from guerdon.delivery.lookup_routes import LookupRoutes
from guerdon.delivery.page.routes import PageRoutes
from guerdon.delivery.routes import DeliveryRoutes
from guerdon.entrypoints.house import House, open_house
from guerdon.entrypoints.openapi import document_text
from guerdon.entrypoints.quick_protocol import quick_protocol
from guerdon.entrypoints.server import Server
from guerdon.entrypoints.socket_protocol import MESSAGE_BYTES_MAX, PING_S, PONG_S, SocketProtocol
from guerdon.entrypoints.wiring import ROLLBACK_HOOKS, delete_pass
from guerdon.imports.balance_routes import BalanceImportRoutes
from guerdon.imports.receiving import FILES_AT_ONCE
from guerdon.imports.routes import ImportRoutes
from guerdon.live.endpoint import LiveSockets
from guerdon.live.routes import LiveRoutes
from guerdon.live.tokens import LiveTokens
from guerdon.passes.deletion_routes import DeletionRoutes
from guerdon.passes.listing_routes import PassListRoutes
from guerdon.passes.lookup import Providers
from guerdon.passes.routes import PassRoutes
from guerdon.passes.scan_routes import ScanRoutes
from guerdon.passes.sources import SourceNotes
from guerdon.passes.usage_routes import UsageRoutes
from guerdon.persons.routes import PersonRoutes
from guerdon.platform import metrics
from guerdon.platform.addressing import AddressedRoutes, Addresses, HotRoutes, address_book, api_routes
from guerdon.platform.bodies import body_rules
from guerdon.platform.boundary import App, Boundary
from guerdon.platform.cores import SharedCore, run_anywhere
from guerdon.platform.hot import HotRoute
from guerdon.platform.http import PUBLIC, asks, install_problems, router
from guerdon.platform.quick import QuickRoute
from guerdon.platform.settings import Settings
from guerdon.points.balances import WalletBalances
from guerdon.points.batch_routes import BatchRoutes
from guerdon.points.earning_rule import EarningRules
from guerdon.points.hold_routes import HoldRoutes
from guerdon.points.operation_routes import OperationRoutes
from guerdon.points.order_routes import OrderRoutes
from guerdon.points.quick_routes import QuickBalances, QuickSpending
from guerdon.points.report_routes import ReportRoutes
from guerdon.points.wallet_routes import WalletRoutes, own_wallet_id
from guerdon.points.wallets import get_wallet
from guerdon.privileges.hot_routes import HotPrivilegeRoutes, QuickMovements
from guerdon.privileges.routes import PrivilegeRoutes
from guerdon.rewards.claim_routes import ClaimRoutes
from guerdon.rewards.routes import RewardRoutes
from guerdon.stores.routes import StoreRoutes
from guerdon.vouchers.report_routes import VoucherReportRoutes
from guerdon.vouchers.routes import VoucherRoutes
from guerdon.webhooks.addresses import AddressRules, read_networks
from guerdon.webhooks.feed_routes import FeedRoutes
from guerdon.webhooks.routes import WebhookRoutes

BACKLOG = 2048
CALLED_METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
PREFLIGHT_S = 7_200  # what browsers remember at most
# Every request makes a few hundred objects and leaves no rings of them behind. At Python's 700 the collector ran
# several times a batch and took a third of the processor time of a movement.
OBJECTS_BETWEEN_COLLECTIONS = 20_000


async def serve(settings: Settings, listening: socket.socket, core: int | None = None) -> None:
    """Answer requests on a listening socket until SIGTERM or SIGINT; those under way are answered first.

    With a `core`, postings keep to it: see `SharedCore`.

    Raises as `open_house`.
    """
    # What is done in threads is work for a core by itself.
    asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(initializer=run_anywhere))
    async with open_house(settings, core=None if core is None else SharedCore(core)) as house:
        app = build_app(house)
        _spare_the_collector()
        config = server_config(app, settings, quick_routes(house))
        server = Server(config, house.streams.close, house.watcher.sockets.close)
        await server.serve(sockets=[listening])


def server_config(app: App, settings: Settings, quick: Sequence[QuickRoute] = ()) -> uvicorn.Config:
    """Say how an application is served, and which routes are quick."""
    return uvicorn.Config(
        app,
        loop="uvloop",
        http=quick_protocol(quick),
        ws=SocketProtocol,
        ws_max_size=MESSAGE_BYTES_MAX,
        ws_ping_interval=PING_S,
        ws_ping_timeout=PONG_S,
        ws_per_message_deflate=False,
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        backlog=BACKLOG,
        timeout_graceful_shutdown=settings.stop_grace_s,
    )


def build_app(house: House) -> App:
    """Put the rooms' routes together: the boundary around the sockets around the hot routes around the framework."""
    parts, hot = routers(house), hot_routes(house)
    parts.append(operator_router(house, cache(partial(document_text, api_routes(parts), hot))))
    addresses = address_book(parts, hot)
    requests = AllowanceHeaders(HotRoutes(framework(house, addresses), addresses))
    inner = LiveSockets(requests, house.watcher, house.guard, LiveTokens(house.master_key), house.real_clock)
    rules = [*body_rules(parts), *(rule for route in hot if (rule := route.body_rule()) is not None)]
    whole = Boundary(inner, body_bytes_max=house.settings.body_bytes_max, rules=rules)
    # Pages of any origin may call: no cookie ever says who asks, so they can do nothing that their server could not.
    return CORSMiddleware(
        whole,
        allow_origins="*",
        allow_methods=CALLED_METHODS,
        allow_headers="*",
        expose_headers="*",
        max_age=PREFLIGHT_S,
    )


def framework(house: House, addresses: Addresses[APIRoute | HotRoute]) -> FastAPI:
    """Give the framework with the routes at `addresses`; nothing in the house is used yet."""
    app = FastAPI(title="Guerdon", openapi_url=None, docs_url=None, redoc_url=None)
    app.state.admit = house.guard.admit
    install_problems(app)
    app.router.routes.append(AddressedRoutes(addresses))
    return app


def routers(house: House) -> list[APIRouter]:
    """Give the rooms' routers, literal paths before those with a pass id."""
    database, types, clock, real_clock = house.database, house.pass_types, house.clock, house.real_clock
    rules = AddressRules(read_networks(house.settings.webhook_allowed_networks))
    files = asyncio.Semaphore(FILES_AT_ONCE)
    return [
        ApiKeyRoutes(database, house.master_key, real_clock, house.announce_access).router(),
        RoleRoutes(database, real_clock, house.announce_access).router(),
        FileRoutes(database, clock).router(),
        FileSetRoutes(database, clock).router(),
        PassTypeRoutes(database, types, clock).router(),
        TenantRoutes(database, types, clock).router(),
        ClockRoutes(database, clock, real_clock).router(),
        SecretRoutes(database, house.master_key, real_clock).router(),
        CertificateRoutes(database, house.master_key, real_clock).router(),
        PrivilegeRoutes(database, types, clock).router(),
        WebhookRoutes(database, house.master_key, real_clock, rules).router(),
        FeedRoutes(database, house.streams, house.guard.readmit).router(),
        CampaignRoutes(database, types, clock, house.settings.campaign_passes_per_s).router(),
        LiveRoutes(database, LiveTokens(house.master_key), house.settings.public_url, real_clock).router(),
        UploadRoutes(database, types, clock, house.settings.campaign_passes_per_s).router(),
        NotificationRoutes(database, clock).router(),
        ImportRoutes(database, house.master_key, types, clock, files).router(),
        BalanceImportRoutes(database, house.master_key, clock, files).router(),
        ScanRoutes(database, types, clock).router(),
        StoreRoutes(database, clock).router(),
        PersonRoutes(database, clock).router(),
        LookupRoutes(database, types, Providers(types), clock).router(),
        UsageRoutes(database, types, clock).router(),
        PassListRoutes(database, house.master_key).router(),
        PassRoutes(database, house.master_key, types, clock).router(),
        DeletionRoutes(database, delete_pass, clock).router(),
        AppleRoutes(database, house.master_key, house.issuer, clock, real_clock).router(),
        DeliveryRoutes(database, types, house.issuer, SourceNotes(database, real_clock), clock).router(),
        PageRoutes(database, types, house.settings.public_url, clock).router(),
        *points_routers(house),
    ]


def points_routers(house: House) -> list[APIRouter]:
    """Give the routers of face B, and of what earns points."""
    database, clock = house.database, house.clock
    return [
        WalletRoutes(database, clock).router(),
        BatchRoutes(database, house.poster, clock).router(),
        OperationRoutes(database, house.poster, ROLLBACK_HOOKS, clock).router(),
        HoldRoutes(database, clock).router(),
        ReportRoutes(database, clock).router(),
        OrderRoutes(database, house.master_key, EarningRules(), clock, house.real_clock).router(),
        CouponRoutes(database, Wallets(get_wallet, own_wallet_id), clock).router(),
        VoucherRoutes(database, own_wallet_id, clock).router(),
        VoucherReportRoutes(database, clock).router(),
        RewardRoutes(database, clock).router(),
        ClaimRoutes(database, own_wallet_id, clock).router(),
    ]


def hot_routes(house: House) -> list[HotRoute]:
    """Give the routes that are answered beside the framework."""
    return HotPrivilegeRoutes(house.database, house.guard, house.poster, house.lists, house.clock).routes()


def quick_routes(house: House) -> list[QuickRoute]:
    """Give the routes whose plain requests are answered before they are ASGI messages."""
    balances = WalletBalances(house.database, house.clock, queue_max=house.settings.queue_max)
    return [
        QuickMovements(house.guard, house.poster),
        QuickSpending(house.guard, house.poster),
        QuickBalances(house.guard, balances),
    ]


def operator_router(house: House, document: Callable[[], bytes]) -> APIRouter:
    """Give the routes for whoever runs this process: is it alive and ready, what has it counted, what does it speak.

    `document` gives the OpenAPI document; it may take its time, and is asked in a thread.
    """
    made = router("", "Operation")

    async def healthz() -> dict[str, str]:
        """Tell that the process lives."""
        return {"status": "alive"}

    async def readyz(response: Response) -> dict[str, str]:
        """Tell whether the process can serve: its database answers."""
        if await house.database.is_reachable():
            return {"status": "ready"}
        response.status_code = 503
        return {"status": "the database does not answer"}

    async def openapi(_request: Request) -> Response:
        """Give the OpenAPI document of all faces."""
        return Response(await asyncio.to_thread(document), media_type="application/json")

    async def prometheus() -> Response:
        """Give the metrics of this process."""
        return Response(metrics.render(), media_type="text/plain; version=0.0.4")

    made.add_api_route("/healthz", healthz, openapi_extra=asks(PUBLIC))
    made.add_api_route("/readyz", readyz, openapi_extra=asks(PUBLIC))
    made.add_api_route("/openapi.json", openapi, openapi_extra=asks(PUBLIC))
    made.add_api_route("/metrics", prometheus, openapi_extra=asks("*"))
    return made


def _spare_the_collector() -> None:
    """Let the garbage collector pass over what stays for as long as the process lives, and run less often."""
    gc.collect()
    gc.freeze()
    _, *older = gc.get_threshold()
    gc.set_threshold(OBJECTS_BETWEEN_COLLECTIONS, *older)
