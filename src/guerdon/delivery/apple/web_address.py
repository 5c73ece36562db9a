"""Where phones ask for changes of the passes that they hold."""

from typing import Final
from urllib.parse import urlsplit

LOCAL: Final = frozenset({"127.0.0.1", "::1", "localhost"})


def web_service_url(public_url: str | None, tenant_id: str) -> str | None:
    """Give the `webServiceURL` of a tenant's passes; None when phones could not use it.

    Phones ask https addresses only; those set up for development ask http ones too, and for them a local address is
    given. A pass keeps the address for ever, so the public one must stay.
    """
    if public_url is None:
        return None
    parts = urlsplit(public_url)
    if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in LOCAL):
        return None
    return f"{public_url.rstrip('/')}/api/{tenant_id}/passes/apple"
