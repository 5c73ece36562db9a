"""Proofs by which identifiers may be used without a credential, made where the key is: in the shop's own server."""

import hashlib
import hmac
from collections.abc import Mapping


def hmac_proof(key_hex: str, value: str) -> str:
    """Prove an identifier's value with the tenant's key of its name; the server takes it as `<name>.hmac`.

    Raises ValueError when the key is not hexadecimal.
    """
    return hmac.new(bytes.fromhex(key_hex), value.encode(), hashlib.sha256).hexdigest()


def with_proofs(identifiers: Mapping[str, str], proofs: Mapping[str, str]) -> dict[str, str]:
    """Put the proofs beside the identifiers that they prove. Raises ValueError for a proof of nothing."""
    strange = sorted(set(proofs) - set(identifiers))
    if strange:
        raise ValueError(f"There is no identifier {', '.join(strange)} to prove.")
    return {**identifiers, **{f"{name}.hmac": proof for name, proof in proofs.items()}}
