"""Every operation once, for both clients: the blocking one gives its answer, the asynchronous one is awaited."""

import functools
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Awaitable, Callable, Generator, Iterator
from typing import Any, Generic, ParamSpec, Self, TypeVar, overload

from guerdon_client import (
    api_keys,
    bulk_movements,
    campaigns,
    configuration,
    health,
    imports,
    installing,
    pass_lists,
    passes,
    persons,
    privileges,
    roles,
    scans,
    stores,
    tenant_secrets,
    usage,
    webhooks,
)
from guerdon_client.calls import Call
from guerdon_client.pages import Page

P = ParamSpec("P")
T = TypeVar("T")
Story = Generator[Call[Any], Any, T]


class Blocking(ABC):
    """A client that waits for its answers."""

    @abstractmethod
    def send(self, call: Call[T]) -> T:
        """Send one call and give its answer. Raises GuerdonError."""

    @abstractmethod
    def tell(self, story: Story[T]) -> T:
        """Send the calls of a story one after the other. Raises GuerdonError."""


class Asynchronous(ABC):
    """A client whose answers are awaited."""

    @abstractmethod
    async def send(self, call: Call[T]) -> T:
        """Send one call and give its answer. Raises GuerdonError."""

    @abstractmethod
    async def tell(self, story: Story[T]) -> T:
        """Send the calls of a story one after the other. Raises GuerdonError."""


ClientT_co = TypeVar("ClientT_co", bound=Blocking | Asynchronous, covariant=True)


class Part(Generic[ClientT_co]):
    """A part of what a client can do, under a name of its own: `client.vouchers.create(…)`."""

    __slots__ = ("client",)

    def __init__(self, client: ClientT_co) -> None:
        """Do it with a client."""
        self.client = client


class Operation(Generic[P, T]):
    """A call, or a story of several, with a name on a client."""

    def __init__(self, build: Callable[P, Call[T] | Story[T]]) -> None:
        """Bind what builds the call or tells the story."""
        self._build = build
        self.__doc__ = build.__doc__

    @overload
    def __get__(self, client: Blocking | Part[Blocking], kind: type) -> Callable[P, T]: ...
    @overload
    def __get__(self, client: Asynchronous | Part[Asynchronous], kind: type) -> Callable[P, Awaitable[T]]: ...
    @overload
    def __get__(self, client: None, kind: type) -> Self: ...
    def __get__(
        self, client: Blocking | Asynchronous | Part[Blocking | Asynchronous] | None, kind: type
    ) -> Callable[P, T | Awaitable[T]] | Self:
        """Give the operation of one client."""
        if client is None:
            return self
        build, by = self._build, client.client if isinstance(client, Part) else client

        @functools.wraps(build)
        def operate(*args: P.args, **kwargs: P.kwargs) -> T | Awaitable[T]:
            asked = build(*args, **kwargs)
            return by.send(asked) if isinstance(asked, Call) else by.tell(asked)

        return operate


class Iteration(Generic[P, T]):
    """A walk through all pages of a list, with a name on a client: `for` the blocking one, `async for` the other."""

    def __init__(self, build: Callable[P, Callable[[str | None], Call[Page[T]]]]) -> None:
        """Bind what makes the call for the page at a cursor, or for the first."""
        self._build = build
        self.__doc__ = build.__doc__

    @overload
    def __get__(self, client: Blocking | Part[Blocking], kind: type) -> Callable[P, Iterator[T]]: ...
    @overload
    def __get__(self, client: Asynchronous | Part[Asynchronous], kind: type) -> Callable[P, AsyncIterator[T]]: ...
    @overload
    def __get__(self, client: None, kind: type) -> Self: ...
    def __get__(
        self, client: Blocking | Asynchronous | Part[Blocking | Asynchronous] | None, kind: type
    ) -> Callable[P, Iterator[T] | AsyncIterator[T]] | Self:
        """Give the walk of one client."""
        if client is None:
            return self
        build, by = self._build, client.client if isinstance(client, Part) else client

        @functools.wraps(build)
        def walk(*args: P.args, **kwargs: P.kwargs) -> Iterator[T] | AsyncIterator[T]:
            page_at = build(*args, **kwargs)
            return _walk(by, page_at) if isinstance(by, Blocking) else _walk_awaiting(by, page_at)

        return walk


class Operations:
    """What a client can do; `docs/client.md` shows it in use."""

    create_pass = Operation(passes.create_pass)
    find_pass = Operation(passes.find_pass)
    update_pass = Operation(passes.update_pass)
    get_pass_document = Operation(passes.get_pass_document)
    get_apple_pass = Operation(passes.get_apple_pass)
    find_newer_apple_pass = Operation(passes.find_newer_apple_pass)
    preview_pass = Operation(passes.preview_pass)
    get_view_url = Operation(passes.get_view_url)
    install_passes = Operation(installing.install_passes)
    delete_pass = Operation(installing.delete_pass)
    list_passes = Operation(pass_lists.list_passes)
    list_passes_on = Operation(pass_lists.list_passes_on)
    iter_passes = Iteration(pass_lists.iter_passes)
    connect_pass = Operation(passes.connect_pass)

    list_privileges = Operation(privileges.list_privileges)
    list_privileges_on = Operation(privileges.list_privileges_on)
    iter_privileges = Iteration(privileges.iter_privileges)
    get_privilege = Operation(privileges.get_privilege)
    list_movements = Operation(privileges.list_movements)
    iter_movements = Iteration(privileges.iter_movements)
    create_privilege = Operation(privileges.create_privilege)
    put_privilege = Operation(privileges.put_privilege)
    delete_privilege = Operation(privileges.delete_privilege)
    apply_movement = Operation(privileges.apply_movement)
    apply_movements = Operation(bulk_movements.apply_movements)
    move = Operation(privileges.move)

    start_campaign = Operation(campaigns.start_campaign)
    upload_campaign = Operation(campaigns.upload_campaign)
    list_campaigns = Operation(campaigns.list_campaigns)
    list_campaign_passes = Operation(campaigns.list_campaign_passes)
    cancel_campaign = Operation(campaigns.cancel_campaign)
    notify = Operation(campaigns.notify)
    list_notifications = Operation(campaigns.list_notifications)

    import_passes = Operation(imports.import_passes)
    list_imports = Operation(imports.list_imports)
    get_import = Operation(imports.get_import)
    list_import_errors = Operation(imports.list_import_errors)
    cancel_import = Operation(imports.cancel_import)

    list_api_keys = Operation(api_keys.list_api_keys)
    create_api_key = Operation(api_keys.create_api_key)
    revoke_api_key = Operation(api_keys.revoke_api_key)

    get_api_key = Operation(api_keys.get_api_key)
    enable_api_key = Operation(api_keys.enable_api_key)
    rotate_api_key = Operation(api_keys.rotate_api_key)
    list_roles = Operation(roles.list_roles)
    create_role = Operation(roles.create_role)
    change_role = Operation(roles.change_role)
    delete_role = Operation(roles.delete_role)

    list_files = Operation(configuration.list_files)
    get_file = Operation(configuration.get_file)
    put_file = Operation(configuration.put_file)
    remove_file = Operation(configuration.remove_file)
    list_file_versions = Operation(configuration.list_file_versions)
    diff_file = Operation(configuration.diff_file)
    roll_back_file = Operation(configuration.roll_back_file)
    validate_files = Operation(configuration.validate_files)
    push_files = Operation(configuration.push_files)
    list_pass_types = Operation(configuration.list_pass_types)
    preview_pass_type = Operation(configuration.preview_pass_type)
    get_tenant = Operation(configuration.get_tenant)
    change_tenant = Operation(configuration.change_tenant)
    list_secrets = Operation(tenant_secrets.list_secrets)
    put_secret = Operation(tenant_secrets.put_secret)
    delete_secret = Operation(tenant_secrets.delete_secret)
    get_apple_certificate = Operation(tenant_secrets.get_apple_certificate)
    put_apple_p12 = Operation(tenant_secrets.put_apple_p12)
    put_apple_pem = Operation(tenant_secrets.put_apple_pem)
    scan = Operation(scans.scan)
    list_scans = Operation(scans.list_scans)
    iter_scans = Iteration(scans.iter_scans)

    create_store = Operation(stores.create_store)
    put_store = Operation(stores.put_store)
    get_store = Operation(stores.get_store)
    delete_store = Operation(stores.delete_store)
    list_stores = Operation(stores.list_stores)
    iter_stores = Iteration(stores.iter_stores)

    get_usage_by_type = Operation(usage.get_usage_by_type)
    get_usage = Operation(usage.get_usage)

    look_up_passes = Operation(persons.look_up_passes)
    iter_looked_up = Iteration(persons.iter_looked_up)
    export_person = Operation(persons.export_person)
    erase_person = Operation(persons.erase_person)

    list_webhooks = Operation(webhooks.list_webhooks)
    get_webhook = Operation(webhooks.get_webhook)
    create_webhook = Operation(webhooks.create_webhook)
    update_webhook = Operation(webhooks.update_webhook)
    delete_webhook = Operation(webhooks.delete_webhook)
    rotate_webhook_secret = Operation(webhooks.rotate_webhook_secret)
    test_webhook = Operation(webhooks.request_webhook_test)
    list_webhook_attempts = Operation(webhooks.list_webhook_attempts)
    resend_webhook_attempt = Operation(webhooks.resend_webhook_attempt)
    list_events = Operation(webhooks.list_events)

    is_healthy = Operation(health.is_healthy)
    is_ready = Operation(health.is_ready)


def _walk(client: Blocking, page_at: Callable[[str | None], Call[Page[T]]]) -> Iterator[T]:
    page = client.send(page_at(None))
    yield from page.items
    while page.next_cursor is not None:
        page = client.send(page_at(page.next_cursor))
        yield from page.items


async def _walk_awaiting(client: Asynchronous, page_at: Callable[[str | None], Call[Page[T]]]) -> AsyncIterator[T]:
    page = await client.send(page_at(None))
    for item in page.items:
        yield item
    while page.next_cursor is not None:
        page = await client.send(page_at(page.next_cursor))
        for item in page.items:
            yield item
