"""How identifiers prove themselves, so that a browser without a credential may use them (WIRE.md section 1).

A proof travels beside its identifier: `<name>.hmac`, the lower-case hex HMAC-SHA256 of the UTF-8 value under the
tenant's key of that name, or `<name>.secret`, the tenant's secret of that name. A pass type may instead list the
values that anyone may use.
"""

import hashlib
import hmac
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from guerdon.passes.identifiers import PROOF_SUFFIXES, can_be_named, check_names
from guerdon.passes.pass_type import PassType

HMAC_SUFFIX, SECRET_SUFFIX = PROOF_SUFFIXES
SDK_TYPE_NAME = "passType"  # the vendor's browser library repeats the type among the identifiers


@dataclass(frozen=True, slots=True)
class Claim:
    """One identifier with the proofs that came beside it."""

    name: str
    value: str
    hmac: str | None = None
    secret: str | None = None


@dataclass(frozen=True, slots=True)
class ProofKeys:
    """The tenant's key and secret for one identifier name."""

    hmac_key: bytes | None = None
    secret: bytes | None = None


def read_claims(identifiers: Mapping[str, str]) -> tuple[Claim, ...]:
    """Part a map of identifiers and suffixed proofs into claims."""
    names = [name for name in identifiers if not is_proof_name(name) and name != SDK_TYPE_NAME]
    return tuple(
        Claim(name, identifiers[name], identifiers.get(name + HMAC_SUFFIX), identifiers.get(name + SECRET_SUFFIX))
        for name in names
    )


def is_proof_name(name: str) -> bool:
    """Tell whether a key carries a proof and not an identifier."""
    return name.endswith(PROOF_SUFFIXES)


def check_claims(names: Iterable[str]) -> None:
    """Refuse what names neither an identifier nor the proof of one. Raises ValueError, which tells all such names."""
    check_names(name for name in names if name != SDK_TYPE_NAME and not _proves_a_name(name))


def unproven(claims: Sequence[Claim], pass_type: PassType | None, keys: Mapping[str, ProofKeys]) -> list[str]:
    """Name the claims that do not prove themselves; allow-lists count only where the pass type is known."""
    return [claim.name for claim in claims if not _is_proven(claim, pass_type, keys.get(claim.name, ProofKeys()))]


def hmac_of(key: bytes, value: str) -> str:
    """Compute the proof of a value."""
    return hmac.new(key, value.encode(), hashlib.sha256).hexdigest()


def _proves_a_name(name: str) -> bool:
    return is_proof_name(name) and can_be_named(name.rpartition(".")[0])


def _is_proven(claim: Claim, pass_type: PassType | None, keys: ProofKeys) -> bool:
    spec = None if pass_type is None else pass_type.identifiers.get(claim.name)
    if spec is not None and spec.proof == "allowList" and claim.value in spec.allow_list:
        return True
    if claim.hmac is not None and keys.hmac_key is not None:
        return hmac.compare_digest(claim.hmac.encode(), hmac_of(keys.hmac_key, claim.value).encode())
    if claim.secret is not None and keys.secret is not None:
        return hmac.compare_digest(claim.secret.encode(), keys.secret)
    return False
