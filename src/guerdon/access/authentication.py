"""Who asks: API keys and bearer tokens become callers, and what was found is remembered for a moment."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial

from guerdon.access import queries
from guerdon.access.bearer import BearerTokens, Issuer
from guerdon.access.cache import RecentAnswers
from guerdon.access.key_uses import KeyUses
from guerdon.access.keys import KeyPepper
from guerdon.access.model import Caller, KeyName, KeyStanding, read_key_name
from guerdon.platform.db import Database
from guerdon.platform.keys import MasterKey
from guerdon.platform.problems import Unauthenticated
from guerdon.platform.settings import Settings
from guerdon.tenants.administration import get_tenant
from guerdon.tenants.errors import TenantNotFound
from guerdon.tenants.model import Tenant

REMEMBERED_MAX = 10_000
ABSENT_FOR = timedelta(seconds=5)
KEY_UNKNOWN = "The API key is not known."


class Authenticator:
    """Turns credentials into callers; one for each process."""

    def __init__(
        self,
        database: Database,
        master_key: MasterKey,
        issuers: Sequence[Issuer],
        settings: Settings,
        clock: Callable[[], datetime],
    ) -> None:
        """Remember found keys and tenants for `settings.key_cache_s`, absent ones for five seconds at most."""
        remembered_for = timedelta(seconds=settings.key_cache_s)
        self._database = database
        self._pepper = KeyPepper(master_key)
        self._tokens = BearerTokens(issuers)
        self._clock = clock
        self._standings = RecentAnswers[KeyName, KeyStanding](remembered_for, REMEMBERED_MAX)
        self._absent = RecentAnswers[KeyName, bool](min(remembered_for, ABSENT_FOR), REMEMBERED_MAX)
        self._tenants = RecentAnswers[str, Tenant](remembered_for, REMEMBERED_MAX)
        self._absent_tenants = RecentAnswers[str, bool](min(remembered_for, ABSENT_FOR), REMEMBERED_MAX)
        self._lookups: dict[KeyName, asyncio.Task[KeyStanding | None]] = {}
        self._generation = 0
        self.uses = KeyUses(database)

    def find_cached(self, key_text: str) -> Caller | None:
        """Give the caller of a key that was found good a moment ago; microseconds, and no database.

        None means only that `authenticate` has to look.
        """
        name = read_key_name(key_text)
        if name is None:
            return None
        now = self._clock()
        standing = self._standings.find(name, now)
        if standing is None or standing.reason_against(self._pepper.digest_quickly(key_text), now) is not None:
            return None
        self.uses.note(name, now)
        return standing.caller

    async def authenticate(self, authorization: str | None, api_key: str | None, chosen: str | None = None) -> Caller:
        """Give the caller of the `Authorization` and `X-API-KEY` headers.

        With both, each must be good and both must be of one tenant; then the token tells who asks. `chosen` is the
        tenant that the request names, for tokens that may choose.
        Raises Unauthenticated, TenantNotChosen, Forbidden, IssuerUnreachable.
        """
        if authorization is None and api_key is None:
            raise Unauthenticated("Send an API key in X-API-KEY, or a token in Authorization: Bearer.")
        by_key = None if api_key is None else await self._caller_of_key(api_key)
        caller = by_key if authorization is None else await self._caller_of_header(authorization, chosen)
        assert caller is not None
        if by_key is not None and by_key.tenant_id != caller.tenant_id:
            raise Unauthenticated("The API key and the token are of different tenants; send one of them.")
        return caller

    def forget(self, tenant_id: str, key_id: str) -> None:
        """Look again at one key when it is next used; called when it was made or revoked."""
        self._generation += 1
        name = KeyName(tenant_id, key_id)
        self._lookups.pop(name, None)
        self._standings.forget(name)
        self._absent.forget(name)

    def forget_all(self) -> None:
        """Look again at everything; called when another process says that keys or tenants have changed."""
        self._generation += 1
        self._lookups.clear()
        self._standings.forget_all()
        self._absent.forget_all()
        self._tenants.forget_all()
        self._absent_tenants.forget_all()

    async def _caller_of_header(self, authorization: str, chosen: str | None) -> Caller:
        scheme, _, credential = authorization.strip().partition(" ")
        match scheme.lower():
            case "bearer":
                return await self._caller_of_token(credential.strip(), chosen)
            case "apikey":
                return await self._caller_of_key(credential.strip())
            case _:
                raise Unauthenticated("The Authorization header must begin with Bearer or ApiKey.")

    async def _caller_of_key(self, text: str) -> Caller:
        name = read_key_name(text)
        # Invented key ids stop here, before they cost a look into the database.
        if name is None or not self._pepper.has_made(name):
            raise Unauthenticated(KEY_UNKNOWN)
        standing = await self._standing(name)
        now = self._clock()
        reason = KEY_UNKNOWN if standing is None else standing.reason_against(self._pepper.digest(text), now)
        if standing is None or reason is not None:
            raise Unauthenticated(reason or KEY_UNKNOWN)
        self.uses.note(name, now)
        return standing.caller

    async def _caller_of_token(self, token: str, chosen: str | None) -> Caller:
        # The issuer's keys may have to be fetched, so that no transaction is open here.
        caller = await self._tokens.check(token, self._clock(), chosen)
        tenant = await self.find_tenant(caller.tenant_id)
        if tenant is None:
            raise Unauthenticated("The token's tenant is not known here.")
        if tenant.is_disabled:
            raise Unauthenticated("The tenant is disabled.")
        return replace(caller, requests_per_minute=tenant.requests_per_minute)

    async def _standing(self, name: KeyName) -> KeyStanding | None:
        now = self._clock()
        standing = self._standings.find(name, now)
        if standing is not None or self._absent.find(name, now):
            return standing
        # All who present one key at one moment wait for one look, which goes on if any of them gives up.
        lookup = self._lookups.get(name)
        if lookup is None:
            lookup = asyncio.create_task(self._look_up(name))
            self._lookups[name] = lookup
            lookup.add_done_callback(partial(self._end_lookup, name))
        return await asyncio.shield(lookup)

    def _end_lookup(self, name: KeyName, lookup: "asyncio.Task[KeyStanding | None]") -> None:
        if self._lookups.get(name) is lookup:
            del self._lookups[name]

    async def _look_up(self, name: KeyName) -> KeyStanding | None:
        generation = self._generation
        async with self._database.tenant(name.tenant_id) as tx:
            stored = await queries.find_stored_key(tx, name.key_id)
            standing = None if stored is None else _standing_of(name, stored, await get_tenant(tx))
        # What was read before somebody said that things have changed must not be remembered.
        if generation == self._generation:
            now = self._clock()
            if standing is None:
                self._absent.keep(name, True, now)  # noqa: FBT003  # all there is to know
            else:
                self._standings.keep(name, standing, now)
        return standing

    async def serves(self, tenant_id: str) -> bool:
        """Tell whether strangers may ask something of a tenant: it exists and is not disabled."""
        tenant = await self.find_tenant(tenant_id)
        return tenant is not None and not tenant.is_disabled

    async def find_tenant(self, tenant_id: str) -> Tenant | None:
        """Give a tenant, or None when there is none, from memory when it was asked for a moment ago."""
        now = self._clock()
        tenant = self._tenants.find(tenant_id, now)
        if tenant is not None or self._absent_tenants.find(tenant_id, now):
            return tenant
        generation = self._generation
        try:
            async with self._database.tenant(tenant_id) as tx:
                tenant = await get_tenant(tx)
        except TenantNotFound:
            if generation == self._generation:
                self._absent_tenants.keep(tenant_id, True, self._clock())  # noqa: FBT003  # all there is to know
            return None
        if generation == self._generation:
            self._tenants.keep(tenant_id, tenant, self._clock())
        return tenant


def _standing_of(name: KeyName, stored: queries.StoredKey, tenant: Tenant) -> KeyStanding:
    caller = Caller(
        tenant_id=name.tenant_id,
        actor=f"key:{name.key_id}",
        scopes=frozenset(stored.scopes),
        requests_per_minute=tenant.requests_per_minute,
    )
    is_off = stored.disabled_at is not None
    return KeyStanding(stored.digest, caller, stored.expires_at, stored.revoked_at, tenant.is_disabled, is_off)
