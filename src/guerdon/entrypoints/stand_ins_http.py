"""One connection of a small server: HTTP/2 where it was agreed on, else one request of HTTP/1.1."""

import asyncio
import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Final, cast

import h11
from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.events import (
    ConnectionTerminated,
    DataReceived,
    Event,
    RequestReceived,
    StreamEnded,
    StreamReset,
    WindowUpdated,
)
from h2.exceptions import ProtocolError
from h2.settings import SettingCodes

STREAMS_MAX: Final = 1_000
BODY_BYTES_MAX: Final = 1_048_576


@dataclass(frozen=True, slots=True)
class Request:
    """One request; `peer` is the client's certificate as `ssl` tells it, names of headers are in lower case."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes
    is_http2: bool
    peer: Mapping[str, object] | None


@dataclass(frozen=True, slots=True)
class Answer:
    """What is answered."""

    status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict[str, str])


Respond = Callable[[Request], Answer]


@dataclass(slots=True)
class _Stream:
    headers: dict[str, str]
    body: bytearray = field(default_factory=bytearray)


class Conversation(asyncio.Protocol):
    """Feeds requests to `respond` and sends what it answers."""

    def __init__(self, respond: Respond) -> None:
        """Wait for the connection."""
        self._respond = respond
        self._streams: dict[int, _Stream] = {}
        self._unsent: dict[int, bytes] = {}
        self._h2: H2Connection | None = None
        self._h1: h11.Connection | None = None
        self._h1_stream: _Stream | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin to speak what TLS agreed on."""
        self._transport = cast("asyncio.Transport", transport)
        tls = cast("ssl.SSLObject | None", transport.get_extra_info("ssl_object"))
        self._peer = cast("Mapping[str, object] | None", transport.get_extra_info("peercert")) or None
        if tls is None or tls.selected_alpn_protocol() != "h2":
            self._h1 = h11.Connection(h11.SERVER)
            return
        self._h2 = H2Connection(H2Configuration(client_side=False, header_encoding="utf-8"))
        self._h2.local_settings[SettingCodes.MAX_CONCURRENT_STREAMS] = STREAMS_MAX
        self._h2.initiate_connection()
        self._send()

    def data_received(self, data: bytes) -> None:
        """Take in what the client sends; whoever breaks the protocol is hung up on."""
        try:
            if self._h2 is not None:
                for event in self._h2.receive_data(data):
                    self._handle(self._h2, event)
                self._send()
            elif self._h1 is not None:
                self._handle_http1(self._h1, data)
        except (ProtocolError, h11.RemoteProtocolError):
            self._send()
            self._transport.close()

    def _handle(self, h2: H2Connection, event: Event) -> None:
        match event:
            case RequestReceived():
                self._streams[event.stream_id] = _Stream({str(name): str(value) for name, value in event.headers})
            case DataReceived():
                h2.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
                stream = self._streams.get(event.stream_id)
                if stream is not None and len(stream.body) <= BODY_BYTES_MAX:
                    stream.body += event.data
            case StreamEnded():
                self._answer(h2, event.stream_id, self._streams.pop(event.stream_id))
            case StreamReset():
                self._streams.pop(event.stream_id, None)
                self._unsent.pop(event.stream_id, None)
            case WindowUpdated():
                for stream_id in list(self._unsent):
                    self._send_body(h2, stream_id, self._unsent.pop(stream_id))
            case ConnectionTerminated():
                self._transport.close()
            case _:
                pass

    def _answer(self, h2: H2Connection, stream_id: int, stream: _Stream) -> None:
        headers = stream.headers
        answer = self._respond(
            Request(
                headers.get(":method", ""),
                headers.get(":path", ""),
                headers,
                bytes(stream.body),
                is_http2=True,
                peer=self._peer,
            )
        )
        lines = [(":status", str(answer.status)), *answer.headers.items()]
        h2.send_headers(stream_id, lines, end_stream=not answer.body)
        if answer.body:
            self._send_body(h2, stream_id, answer.body)

    def _send_body(self, h2: H2Connection, stream_id: int, body: bytes) -> None:
        # As much as the client has room for; the rest waits until it makes room.
        while body and (room := min(h2.local_flow_control_window(stream_id), h2.max_outbound_frame_size)) > 0:
            part, body = body[:room], body[room:]
            h2.send_data(stream_id, part, end_stream=not body)
        if body:
            self._unsent[stream_id] = body

    def _handle_http1(self, h1: h11.Connection, data: bytes) -> None:
        h1.receive_data(data)
        while (event := h1.next_event()) is not h11.NEED_DATA and event is not h11.PAUSED:
            match event:
                case h11.Request():
                    headers = {name.decode(): value.decode("latin-1") for name, value in event.headers}
                    path = event.target.decode("latin-1")
                    self._h1_stream = _Stream({**headers, ":method": event.method.decode(), ":path": path})
                case h11.Data():
                    assert self._h1_stream is not None
                    self._h1_stream.body += event.data
                case h11.EndOfMessage():
                    assert self._h1_stream is not None
                    self._answer_http1(h1, self._h1_stream)
                case _:
                    self._transport.close()
                    return

    def _answer_http1(self, h1: h11.Connection, stream: _Stream) -> None:
        headers = stream.headers
        request = Request(
            headers[":method"],
            headers[":path"],
            headers,
            bytes(stream.body),
            is_http2=False,
            peer=self._peer,
        )
        answer = self._respond(request)
        lines = {**answer.headers, "content-length": str(len(answer.body)), "connection": "close"}
        head = h11.Response(
            status_code=answer.status, reason=HTTPStatus(answer.status).phrase, headers=list(lines.items())
        )
        for part in (head, h11.Data(data=answer.body), h11.EndOfMessage()):
            self._transport.write(h1.send(part) or b"")
        self._transport.close()

    def _send(self) -> None:
        if self._h2 is not None and (ready := self._h2.data_to_send()):
            self._transport.write(ready)
