"""What may name a tenant."""

import re

TENANT_ID = re.compile(r"[a-z0-9][a-z0-9-]{0,38}[a-z0-9]")


def is_tenant_id(text: str) -> bool:
    """Tell whether a text may name a tenant: 2 to 40 of a-z, 0-9 and inner hyphens."""
    return TENANT_ID.fullmatch(text) is not None
