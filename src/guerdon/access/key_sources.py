"""Where an issuer's keys come from: a file, or its JWKS address (RFC 7517)."""

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Final, Protocol, TypedDict, cast

import httpx2
import msgspec
import structlog
from joserfc.errors import JoseError
from joserfc.jwk import JWKRegistry, Key, import_key

from guerdon.access.errors import IssuerUnreachable

KEY_TYPES: Final = {
    **dict.fromkeys(("RS256", "RS384", "RS512", "PS256", "PS384", "PS512"), "RSA"),
    **dict.fromkeys(("ES256", "ES384", "ES512"), "EC"),
    **dict.fromkeys(("EdDSA", "Ed25519"), "OKP"),
    **dict.fromkeys(("HS256", "HS384", "HS512"), "oct"),
}
# The library checks a key's members one by one, and what it trips over it raises as it is.
UNREADABLE_KEY = (JoseError, ValueError, TypeError, LookupError, AttributeError)
KEYS_MAX = 100
DOCUMENT_BYTES_MAX = 262_144
FETCH_TIMEOUT_S = 5.0
FRESH_FOR = timedelta(minutes=10)
USABLE_FOR = timedelta(hours=24)
REFRESHED_AT_MOST_EVERY = timedelta(minutes=1)
RETRIED_EVERY = timedelta(seconds=10)

_log = structlog.stdlib.get_logger("guerdon.access")


class KeysUnreadable(Exception):
    """A text holds no keys that we read."""


class KeySource(Protocol):
    """Gives the key that a token's header asks for."""

    async def find_key(self, kid: str | None, algorithm: str, now: datetime) -> Key | None:
        """Give the one key that fits, or None. Raises IssuerUnreachable."""
        ...


class FixedKeys:
    """Keys that the operator put into a file."""

    def __init__(self, keys: Sequence[Key]) -> None:
        """Keep the keys."""
        self._keys = keys

    async def find_key(self, kid: str | None, algorithm: str, now: datetime) -> Key | None:  # noqa: ARG002  # KeySource
        """Give the one key that fits, or None."""
        return fitting_key(self._keys, kid, algorithm)


class FetchedKeys:
    """Keys behind an address: fetched when needed, kept for ten minutes, used a day if it stops answering."""

    def __init__(self, issuer_name: str, url: str) -> None:
        """Begin with no keys; the first token fetches them."""
        self._issuer_name = issuer_name
        self._url = url
        self._keys: Sequence[Key] = ()
        self._fetched_at: datetime | None = None
        self._tried_at: datetime | None = None
        self._lock = asyncio.Lock()

    async def find_key(self, kid: str | None, algorithm: str, now: datetime) -> Key | None:
        """Give the one key that fits, or None; an unknown key id has the keys fetched again, once a minute at most.

        Raises IssuerUnreachable when there are no keys younger than a day.
        """
        if self._fetched_at is None or now - self._fetched_at >= FRESH_FOR:
            await self._refresh(now)
        key = self._find(kid, algorithm, now)
        if key is None:
            await self._refresh(now)
            key = self._find(kid, algorithm, now)
        return key

    def _find(self, kid: str | None, algorithm: str, now: datetime) -> Key | None:
        if self._fetched_at is None or now - self._fetched_at >= USABLE_FOR:
            raise IssuerUnreachable(self._issuer_name)
        return fitting_key(self._keys, kid, algorithm)

    async def _refresh(self, now: datetime) -> None:
        async with self._lock:
            pause = RETRIED_EVERY if self._fetched_at is None else REFRESHED_AT_MOST_EVERY
            if self._tried_at is not None and now - self._tried_at < pause:
                return
            self._tried_at = now
            try:
                self._keys = read_key_set(await _fetch(self._url))
                self._fetched_at = now
            except (httpx2.HTTPError, TimeoutError, KeysUnreadable) as trouble:
                _log.warning("keys were not fetched", issuer=self._issuer_name, trouble=str(trouble))


def fitting_key(keys: Sequence[Key], kid: str | None, algorithm: str) -> Key | None:
    """Give the key of the wanted id and of the algorithm's own type, or None.

    Without an id in the token, or without one on the key, the key must be the only one that fits.
    """
    usable = [
        key
        for key in keys
        if key.key_type == KEY_TYPES[algorithm]
        and key.get("use") in {None, "sig"}
        and key.get("alg") in {None, algorithm}
        and (kid is None or key.kid in {None, kid})
    ]
    named = [key for key in usable if kid is not None and key.kid == kid]
    chosen = named or usable
    return chosen[0] if len(chosen) == 1 else None


class _KeySet(TypedDict):
    keys: list[dict[str, object]]


def read_key_set(document: bytes) -> list[Key]:
    """Read a JWKS document, leaving out keys of kinds that we do not know. Raises KeysUnreadable."""
    try:
        key_set = msgspec.json.decode(document, type=_KeySet)
    except (msgspec.DecodeError, UnicodeDecodeError) as broken:
        raise KeysUnreadable("The document is no JWKS.") from broken
    keys: list[Key] = []
    for member in key_set["keys"][:KEYS_MAX]:
        try:
            keys.append(import_key(cast("dict[str, str | list[str]]", member)))
        except UNREADABLE_KEY:
            continue
    if not keys:
        raise KeysUnreadable("The document holds no key of a kind that is read here.")
    return keys


def read_key_file(content: bytes, algorithms: Sequence[str]) -> list[Key]:
    """Read a public key or certificate in PEM, or a JWKS document. Raises KeysUnreadable."""
    if content.lstrip().startswith(b"{"):
        return read_key_set(content)
    for kind in sorted({KEY_TYPES[algorithm] for algorithm in algorithms}):
        try:
            return [JWKRegistry.import_key(content, kind)]
        except UNREADABLE_KEY:
            continue
    raise KeysUnreadable(f"The file holds no public key for {', '.join(algorithms)}.")


async def _fetch(url: str) -> bytes:
    document = b""
    async with (
        asyncio.timeout(FETCH_TIMEOUT_S),
        httpx2.AsyncClient(timeout=FETCH_TIMEOUT_S, follow_redirects=False) as client,
        client.stream("GET", url, headers={"Accept": "application/json"}) as answer,
    ):
        if answer.status_code != HTTPStatus.OK:
            raise KeysUnreadable(f"The address answered {answer.status_code}.")
        async for part in answer.aiter_bytes():
            document += part
            if len(document) > DOCUMENT_BYTES_MAX:
                raise KeysUnreadable(f"The document has more than {DOCUMENT_BYTES_MAX} bytes.")
    return document
