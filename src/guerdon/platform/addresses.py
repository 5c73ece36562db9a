"""Addresses under which browsers and phones reach this installation."""

from fastapi import Request


def base_url(request: Request, public_url: str | None) -> str:
    """Give the address of this installation without a slash at its end: the configured one, or the one just used."""
    return (public_url or str(request.base_url)).rstrip("/")


def socket_base_url(request: Request, public_url: str | None) -> str:
    """Give the same address for WebSockets: `ws:` for `http:`, `wss:` for `https:`."""
    scheme, separator, rest = base_url(request, public_url).partition("://")
    return f"{'wss' if scheme == 'https' else 'ws'}{separator}{rest}"
