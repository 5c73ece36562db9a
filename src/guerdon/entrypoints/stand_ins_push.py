"""A stand-in for Apple's push service: HTTP/2 over TLS, the real answers, and a list of what it received.

The client proves itself with a certificate of the sandbox's authority, whose UID must be the topic. What a device
token gets is written in its first eight digits:

```text
00000400  400 BadDeviceToken        00000429  429 TooManyRequests
00000403  403 InvalidProviderToken  00000500  500 InternalServerError
00000410  410 Unregistered          00000503  503 ServiceUnavailable
```

Every other token of 16 to 200 hexadecimal digits is answered 200. `GET /received` needs no certificate and is answered
over HTTP/1.1 too.
"""

import asyncio
import re
import ssl
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final, cast
from uuid import uuid4

import msgspec

from guerdon.entrypoints.stand_ins_http import Answer, Conversation, Request
from guerdon.platform.clock import rfc3339

KEPT_MAX: Final = 10_000
PAYLOAD_BYTES_MAX: Final = 4096
DEVICE: Final = re.compile(r"/3/device/([^/?]*)")
TOKEN: Final = re.compile(r"[0-9a-fA-F]{16,200}")
UNREGISTERED_SINCE: Final = timedelta(hours=1)
REFUSALS: Final[Mapping[str, tuple[int, str]]] = {
    "00000400": (400, "BadDeviceToken"),
    "00000403": (403, "InvalidProviderToken"),
    "00000410": (410, "Unregistered"),
    "00000429": (429, "TooManyRequests"),
    "00000500": (500, "InternalServerError"),
    "00000503": (503, "ServiceUnavailable"),
}
PREFIX: Final = 8
JSON: Final = "application/json"


@dataclass(frozen=True, slots=True)
class Refusal:
    """What Apple says instead of 200."""

    status: int
    reason: str


class PushStandIn:
    """Answers pushes and remembers the newest 10 000."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        """Begin with nothing received."""
        self._clock = clock
        self._received: deque[dict[str, object]] = deque(maxlen=KEPT_MAX)

    def connection(self) -> asyncio.Protocol:
        """Make the protocol of one connection."""
        return Conversation(self.answer)

    def answer(self, request: Request) -> Answer:
        """Answer one request, of whichever HTTP it is."""
        path = request.path.partition("?")[0]
        if request.method == "GET" and path == "/received":
            return Answer(200, msgspec.json.encode(list(self._received)), {"content-type": JSON})
        device = DEVICE.fullmatch(path)
        if not request.is_http2:
            return Answer(505, b"Pushes are spoken over HTTP/2.\n", {"content-type": "text/plain"})
        apns_id = request.headers.get("apns-id") or str(uuid4()).upper()
        token = device[1] if device else ""
        refusal = _refusal(request, token) if device else Refusal(404, "BadPath")
        self._keep(request, token, apns_id, refusal)
        if refusal is None:
            return Answer(200, b"", {"apns-id": apns_id})
        document: dict[str, object] = {"reason": refusal.reason}
        if refusal.reason == "Unregistered":
            document["timestamp"] = int((self._clock() - UNREGISTERED_SINCE).timestamp() * 1000)
        return Answer(refusal.status, msgspec.json.encode(document), {"apns-id": apns_id, "content-type": JSON})

    def _keep(self, request: Request, token: str, apns_id: str, refusal: Refusal | None) -> None:
        headers = {name: value for name, value in request.headers.items() if name.startswith("apns-")}
        self._received.append(
            {
                "receivedAt": rfc3339(self._clock()),
                "method": request.method,
                "path": request.path,
                "token": token,
                "topic": request.headers.get("apns-topic"),
                "certificate": certified_name(request.peer),
                "headers": headers,
                "body": request.body.decode(errors="replace"),
                "apnsId": apns_id,
                "status": 200 if refusal is None else refusal.status,
                "reason": None if refusal is None else refusal.reason,
            }
        )


def tls_context(certificate: Path, key: Path, root: Path) -> ssl.SSLContext:
    """Speak TLS 1.2 or newer with HTTP/2 preferred; a client's certificate is asked for, and checked if it comes."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=str(root))
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(certificate, key)
    context.verify_mode = ssl.CERT_OPTIONAL
    context.set_alpn_protocols(["h2", "http/1.1"])
    return context


def certified_name(peer: Mapping[str, object] | None) -> str | None:
    """Give the UID of a client's certificate, which is the topic that it may push to."""
    subject = cast("tuple[tuple[tuple[str, str], ...], ...]", (peer or {}).get("subject", ()))
    names = {name: value for part in subject for name, value in part}
    return names.get("userId") or names.get("UID")


def _refusal(request: Request, token: str) -> Refusal | None:
    """Tell why a push is refused, in this order: who asks, what for, what, to whom."""
    topic, certified = request.headers.get("apns-topic"), certified_name(request.peer)
    if request.method != "POST":
        return Refusal(405, "MethodNotAllowed")
    if certified is None:
        return Refusal(403, "MissingProviderToken")
    if topic != certified:
        return Refusal(400, "MissingTopic" if topic is None else "TopicDisallowed")
    if not 0 < len(request.body) <= PAYLOAD_BYTES_MAX:
        return Refusal(413, "PayloadTooLarge") if request.body else Refusal(400, "PayloadEmpty")
    return _refusal_of_token(token)


def _refusal_of_token(token: str) -> Refusal | None:
    if not TOKEN.fullmatch(token):
        return Refusal(400, "BadDeviceToken" if token else "MissingDeviceToken")
    written = REFUSALS.get(token[:PREFIX])
    return None if written is None else Refusal(*written)
