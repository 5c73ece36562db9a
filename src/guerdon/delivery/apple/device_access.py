"""Who a device is: the token of a pass, and the pass type that the tenant's certificate is for."""

import hmac

from guerdon.delivery.apple.credentials import find_identity
from guerdon.delivery.apple.errors import PassTokenRefused
from guerdon.passes.aliases import find_by_alias
from guerdon.passes.creating import secret_context
from guerdon.passes.finding import find_any_pass
from guerdon.passes.model import Pass
from guerdon.platform.db import Tx
from guerdon.platform.keys import MasterKey

SCHEME = "applepass"


async def admit_device(
    tx: Tx, master_key: MasterKey, pass_type_identifier: str, serial_number: str, authorization: str
) -> Pass:
    """Give the pass, a voided one too, that a device has the token of, compared in constant time.

    Raises PassTokenRefused, the same for a wrong token, an unknown pass and another pass type.
    """
    scheme, _, token = authorization.strip().partition(" ")
    # Passes that another provider issued keep the serial numbers that phones know.
    found = await find_any_pass(tx, await find_by_alias(tx, "apple", serial_number) or serial_number)
    is_meant = await is_our_pass_type(tx, master_key, pass_type_identifier)
    if found is None or not is_meant or scheme.lower() != SCHEME:
        raise PassTokenRefused
    secret = master_key.decrypt(found.sealed_secret, secret_context(tx.tenant_id, found.pass_id))
    if not hmac.compare_digest(secret, token.strip().encode()):
        raise PassTokenRefused
    return found


async def is_our_pass_type(tx: Tx, master_key: MasterKey, pass_type_identifier: str) -> bool:
    """Tell whether the tenant's certificate is for a pass type."""
    identity = await find_identity(tx, master_key)
    return identity is not None and identity.pass_type_identifier == pass_type_identifier
