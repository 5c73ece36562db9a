"""Signatures of what is sent: Standard Webhooks, and the source API's `X-NEOSTORE-SIGNATURE`."""

import base64
import hashlib
import hmac
from collections.abc import Sequence
from datetime import datetime
from typing import Final

from guerdon.platform.signatures import signature

SECRET_BYTES: Final = 48
USER_AGENT: Final = "Guerdon-Webhooks/1"


def secret_text(random: bytes) -> str:
    """Write a secret of 48 random bytes as its 64 characters."""
    assert len(random) == SECRET_BYTES, len(random)
    return base64.b64encode(random).decode()


def plain_signature(secret: str, body: bytes) -> str:
    """Sign as the source API does: hexadecimal HMAC-SHA256 over the body alone, with the secret's text."""
    return hmac.digest(secret.encode(), body, hashlib.sha256).hex()


def signed_headers(secrets: Sequence[str], message_id: str, body: bytes, now: datetime) -> dict[str, str]:
    """Give all headers of a delivery. `secrets` are the present one and, while it still signs, the one before."""
    seconds = int(now.timestamp())
    headers = {
        "content-type": "application/json",
        "user-agent": USER_AGENT,
        "webhook-id": message_id,
        "webhook-timestamp": str(seconds),
        "webhook-signature": " ".join(signature(secret, message_id, seconds, body) for secret in secrets),
        "x-neostore-signature": plain_signature(secrets[0], body),
    }
    if len(secrets) > 1:
        headers["x-neostore-signature-previous"] = plain_signature(secrets[1], body)
    return headers
