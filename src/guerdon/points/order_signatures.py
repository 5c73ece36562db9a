"""Whether an order was told of by whom it says: Standard Webhooks, or the source's plain digest where it is allowed.

OrderNotSigned  401  the request has neither a credential nor a good signature
"""

import hashlib
import hmac
import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

from guerdon.platform.problems import Unauthenticated
from guerdon.platform.signatures import signature

SECRET: Final = "points/orders"  # noqa: S105  # the name of a secret
TOLERANCE_S: Final = 300
STAMP: Final = re.compile(r"[0-9]{1,12}")  # seconds since 1970


class OrderNotSigned(Unauthenticated):
    """The request has neither a credential nor a good signature."""

    code = "order_not_signed"

    def __init__(self) -> None:
        super().__init__(
            f"Sign the body with the secret {SECRET}: webhook-id, webhook-timestamp (within {TOLERANCE_S} s) and "
            "webhook-signature as Standard Webhooks says, or x-signature where the rule allows it; or send an API key."
        )


def read_tokens(secret: bytes | None) -> Sequence[str]:
    """Read the tokens of a secret, one a line: while one takes the place of another, both are good."""
    lines = [] if secret is None else secret.decode(errors="replace").splitlines()
    return [line.strip() for line in lines if line.strip()]


def check_signature(
    headers: Mapping[bytes, bytes], body: bytes, tokens: Sequence[str], now: datetime, *, is_plain_allowed: bool
) -> None:
    """Accept a body that was signed with one of the tokens. Raises OrderNotSigned."""
    is_good = _is_standard(headers, body, tokens, now) or (is_plain_allowed and _is_plain(headers, body, tokens))
    if not is_good:
        raise OrderNotSigned


def _is_standard(headers: Mapping[bytes, bytes], body: bytes, tokens: Sequence[str], now: datetime) -> bool:
    message_id, stamp, given = (
        headers.get(name, b"").decode("latin-1") for name in (b"webhook-id", b"webhook-timestamp", b"webhook-signature")
    )
    seconds = int(stamp) if STAMP.fullmatch(stamp) else 0
    if not message_id or abs(now.timestamp() - seconds) > TOLERANCE_S:
        return False
    good = [signature(token, message_id, seconds, body).encode() for token in tokens]
    return any(hmac.compare_digest(one.encode(), other) for one in given.split(" ") for other in good)


def _is_plain(headers: Mapping[bytes, bytes], body: bytes, tokens: Sequence[str]) -> bool:
    """Compare with SHA-256 of the body followed by the token, in hexadecimal, as the source's own receivers do."""
    given = headers.get(b"x-signature", b"").lower()
    good = [hashlib.sha256(body + token.encode()).hexdigest().encode() for token in tokens]
    return any(hmac.compare_digest(given, one) for one in good)
