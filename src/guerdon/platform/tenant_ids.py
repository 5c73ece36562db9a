"""What may name a tenant."""

import re

# First parts of addresses that are our own; the pages of a tenant stand at `/{tenantId}/...` beside them.
OWN_ADDRESSES = frozenset({"api", "console", "customer-api", "healthz", "metrics", "readyz", "static", "wallet2-api"})
TENANT_ID = re.compile(r"[a-z0-9][a-z0-9-]{0,38}[a-z0-9]")


def is_tenant_id(text: str) -> bool:
    """Tell whether a text may name a tenant: 2 to 40 of a-z, 0-9 and inner hyphens."""
    return TENANT_ID.fullmatch(text) is not None
