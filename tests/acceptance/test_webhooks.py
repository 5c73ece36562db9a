import hmac
import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from queue import Queue
from threading import Thread
from time import monotonic, sleep

import pytest

from guerdon_client import Event, Guerdon, InvalidRequest, NotFound, WebhookAttempt, WebhookChange, verify_webhook

Delivery = tuple[bytes, dict[str, str]]


@pytest.fixture
def deliveries() -> Iterator[tuple[str, "Queue[Delivery]"]]:
    """A receiver on this machine: its address, and what came."""
    came: Queue[Delivery] = Queue()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            came.put((body, dict(self.headers.items())))
            self.send_response(204)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the library's name
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}/hook", came
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_webhook_is_told_of_a_change_and_knows_it_as_genuine(
    shop: Guerdon, pass_id: str, deliveries: tuple[str, "Queue[Delivery]"]
) -> None:
    url, came = deliveries
    made = shop.create_webhook(url, ["Pass:Updated"], description="the CRM")
    shop.update_pass(pass_id, metadata={"tier": "gold"})

    event = _take(came, made.secret, pass_id)

    assert (event.type, event.data["passId"]) == ("Pass:Updated", pass_id)
    attempts = _until_logged(shop, made.webhook.webhook_id)
    assert (attempts[0].outcome, attempts[0].status, attempts[0].event_id) == ("delivered", 204, event.event_id)
    shop.resend_webhook_attempt(made.webhook.webhook_id, attempts[0].attempt_id)
    assert _take(came, made.secret, pass_id) == event
    shop.delete_webhook(made.webhook.webhook_id)


def test_a_webhook_is_read_changed_tested_rotated_and_deleted(
    shop: Guerdon, deliveries: tuple[str, "Queue[Delivery]"]
) -> None:
    url, came = deliveries
    made = shop.create_webhook(url, ["Pass:Created"])
    webhook_id = made.webhook.webhook_id

    rotated = shop.rotate_webhook_secret(webhook_id)
    changed = shop.update_webhook(webhook_id, WebhookChange(events=["Nothing:Ever"], description="renamed"))
    shop.test_webhook(webhook_id)
    event = _take(came, [rotated.secret], webhook_id)

    assert event.type == "Webhook:Test"
    assert (changed.events, changed.description, changed.is_enabled) == (("Nothing:Ever",), "renamed", True)
    assert shop.get_webhook(webhook_id).previous_secret_expires_at is not None
    assert webhook_id in {one.webhook_id for one in shop.list_webhooks()}
    assert shop.update_webhook(webhook_id, WebhookChange(enabled=False)).state == "disabled"
    shop.delete_webhook(webhook_id)
    with pytest.raises(NotFound):
        shop.get_webhook(webhook_id)


@pytest.mark.parametrize("pattern", ["Pass:Updated", "pass.updated", "PASS:*", "pass.*", "*"])
def test_a_pattern_in_either_spelling_brings_the_event_signed_in_the_source_s_way(
    shop: Guerdon, pass_id: str, deliveries: tuple[str, "Queue[Delivery]"], pattern: str
) -> None:
    url, came = deliveries
    made = shop.create_webhook(url, [pattern])
    shop.update_pass(pass_id, metadata={"tier": "gold"})

    body, headers = _take_of(came, "Pass:Updated", pass_id)

    signed = {name.lower(): value for name, value in headers.items()}["x-neostore-signature"]
    assert signed == hmac.digest(made.secret.encode(), body, "sha256").hex()
    shop.delete_webhook(made.webhook.webhook_id)


def _take_of(came: "Queue[Delivery]", kind: str, subject: str) -> Delivery:
    """Give the next delivery of a kind about a subject, as it came."""
    while True:
        body, headers = came.get(timeout=30)
        told = json.loads(body)
        if (told["type"], told["subject"]) == (kind, subject):
            return body, headers


def test_an_endpoint_inside_a_network_is_refused(shop: Guerdon) -> None:
    with pytest.raises(InvalidRequest):
        shop.create_webhook("https://169.254.169.254/latest", ["*"])


def test_the_feed_tells_what_happened_in_order(shop: Guerdon, pass_id: str) -> None:
    begin = shop.list_events("latest").next
    for tier in ("silver", "gold"):
        shop.update_pass(pass_id, metadata={"tier": tier})

    told: list[Event] = []
    deadline = monotonic() + 20
    while len(told) < 2 and monotonic() < deadline:
        page = shop.list_events(begin, types=["Pass:Updated"], subject=pass_id)
        told += page.events
        begin = page.next

    revisions = [event.data["revision"] for event in told]
    assert revisions == [2, 3]


def _take(came: "Queue[Delivery]", secrets: str | list[str], subject: str) -> Event:
    """Give the next delivery about a subject; other tests change passes too."""
    deadline = monotonic() + 30
    while monotonic() < deadline:
        body, headers = came.get(timeout=30)
        event = verify_webhook(body, headers, secrets)
        if event.subject == subject:
            return event
    raise AssertionError("nothing came")


def _until_logged(shop: Guerdon, webhook_id: str) -> list[WebhookAttempt]:
    deadline = monotonic() + 20
    while not (attempts := shop.list_webhook_attempts(webhook_id)) and monotonic() < deadline:
        sleep(0.1)
    return list(attempts)
