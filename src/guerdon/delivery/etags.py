"""Telling whether a caller has a copy already."""

from fastapi import Request


def is_known(request: Request, etag: str) -> bool:
    """Tell whether the caller has this very copy (RFC 9110 section 13.1.2, weak comparison)."""
    sent = request.headers.get("if-none-match", "")
    return sent.strip() == "*" or etag in {tag.strip().removeprefix("W/") for tag in sent.split(",")}
