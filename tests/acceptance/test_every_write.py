"""What is promised of every write (WIRE.md section 0): dry runs change nothing, keys repeat, events name an actor."""

import inspect
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import partial
from typing import Any

import httpx2
import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, load_pem_private_key
from cryptography.hazmat.primitives.serialization.pkcs12 import serialize_key_and_certificates
from cryptography.x509 import load_pem_x509_certificate

from guerdon.delivery.apple.development_authority import create_authority, issue_identity
from guerdon_client import (
    CampaignOptions,
    Guerdon,
    IdempotencyMismatch,
    NewMovement,
    NewPrivilege,
    Notification,
    PassChange,
    PassFilter,
    PrivilegeChange,
    Receipt,
    StoreDetails,
    WebhookChange,
)
from guerdon_client.operations import Operation, Operations
from tests.acceptance.builders import a_card
from tests.acceptance.houses import House, new_house
from tests.acceptance.running import Running

TYPE = b"kind: customerCard\norganization: Ember\ndescription: A card\nimages: {icon: loyalty-icon.png}\n"
NOBODY_LISTENS = "http://127.0.0.1:9/hook"
PASSWORD = "from the keychain"
IDENTITY = issue_identity(
    create_authority(datetime.now(UTC)),
    pass_type_identifier="pass.org.example.writes",
    team_identifier="TEAM123456",
    now=datetime.now(UTC),
    serial_number=7,
)
CERTIFICATE, KEY = IDENTITY.certificate_pem.decode(), IDENTITY.key_pem.decode()
INTERMEDIATE = IDENTITY.chain_pem.decode()


@dataclass
class World:
    """Who writes: the owner makes what is needed, the till does the write under a key of its own."""

    owner: Guerdon
    till: Guerdon
    till_id: str
    answers: list[httpx2.Response]
    name: str = field(default_factory=lambda: f"w{uuid.uuid4().hex[:16]}")

    def a_pass(self, **metadata: str) -> str:
        identifiers = {"customerId": f"{self.name}-{uuid.uuid4().hex}"}
        return self.owner.create_pass("loyalty", identifiers, metadata).pass_id

    def a_card(self) -> str:
        return a_card(self.owner, self.a_pass(), 5)

    def a_season(self) -> list[PassFilter]:
        for _ in range(3):
            self.a_pass(season=self.name)
        return [PassFilter("metadata.season", "equals", self.name)]

    def a_slow_campaign(self) -> str:
        slowly, change = CampaignOptions(passes_per_second=1), PassChange(metadata={"a": 1})
        return self.owner.start_campaign(self.a_season(), change=change, options=slowly).correlation_id

    def rows(self, count: int) -> bytes:
        rows = "".join(f"{self.name}-{number},ticket\n" for number in range(count))
        return f"serial,passType\n{rows}".encode()

    def a_long_import(self) -> str:
        return self.owner.import_passes(self.rows(20_000)).progress.import_id

    def an_api_key(self) -> str:
        return self.owner.create_api_key(self.name, ["Pass.Read"]).key.name

    def a_role(self) -> str:
        return self.owner.create_role(self.name, ["Pass.Read"]).name

    def a_file(self) -> str:
        path = f"server/texts/{self.name}.txt"
        self.owner.put_file(path, b"one")
        return self.owner.put_file(path, b"two").path

    def a_secret(self) -> str:
        self.owner.put_secret(f"identifiers/{self.name}.secret", b"hush")
        return f"identifiers/{self.name}.secret"

    def a_store(self) -> str:
        return self.owner.put_store(self.name, StoreDetails("Here")).store_id

    def a_webhook(self) -> str:
        return self.owner.create_webhook(NOBODY_LISTENS, ["Nothing:Ever"]).webhook.webhook_id

    def an_attempt(self) -> tuple[str, uuid.UUID]:
        webhook_id = self.a_webhook()
        self.owner.test_webhook(webhook_id)
        ends_at = time.monotonic() + 30
        while not (attempts := self.owner.list_webhook_attempts(webhook_id)) and time.monotonic() < ends_at:
            time.sleep(0.1)
        return webhook_id, attempts[0].attempt_id


Write = Callable[..., Any]
# Each makes what it needs, once, and gives the write, which takes `idempotency_key` and `dry_run`.
WRITES: dict[str, Callable[[World], Write]] = {
    "create_pass": lambda w: partial(w.till.create_pass, "loyalty", {"customerId": w.name}),
    "update_pass": lambda w: partial(w.till.update_pass, w.a_pass(), metadata={"a": 1}),
    "delete_pass": lambda w: partial(w.till.delete_pass, w.a_pass()),
    "create_privilege": lambda w: partial(w.till.create_privilege, w.a_pass(), NewPrivilege("OneTime")),
    "put_privilege": lambda w: partial(w.till.put_privilege, w.a_pass(), w.name, PrivilegeChange("OneTime")),
    "delete_privilege": lambda w: partial(w.till.delete_privilege, w.a_card()),
    "apply_movement": lambda w: partial(w.till.apply_movement, w.a_card(), 1, 5, movement_id=w.name),
    "apply_movements": lambda w: partial(w.till.apply_movements, [NewMovement(w.a_card(), 1, 5, None, w.name)]),
    "start_campaign": lambda w: partial(w.till.start_campaign, w.a_season(), change=PassChange(metadata={"a": 1})),
    "upload_campaign": lambda w: partial(w.till.upload_campaign, f"id,metadata.a\n{w.a_pass()},1\n".encode()),
    "cancel_campaign": lambda w: partial(w.till.cancel_campaign, w.a_slow_campaign()),
    "notify": lambda w: partial(w.till.notify, w.a_pass(), Notification("Hello")),
    "import_passes": lambda w: partial(w.till.import_passes, w.rows(1)),
    "cancel_import": lambda w: partial(w.till.cancel_import, w.a_long_import()),
    "create_api_key": lambda w: partial(w.till.create_api_key, w.name, ["Pass.Read"]),
    "enable_api_key": lambda w: partial(w.till.enable_api_key, w.an_api_key(), is_enabled=False),
    "rotate_api_key": lambda w: partial(w.till.rotate_api_key, w.an_api_key()),
    "revoke_api_key": lambda w: partial(w.till.revoke_api_key, w.an_api_key()),
    "create_role": lambda w: partial(w.till.create_role, w.name, ["Pass.Read"]),
    "change_role": lambda w: partial(w.till.change_role, w.a_role(), ["Webhook.Read"]),
    "delete_role": lambda w: partial(w.till.delete_role, w.a_role()),
    "put_file": lambda w: partial(w.till.put_file, f"server/texts/{w.name}.txt", b"hello"),
    "remove_file": lambda w: partial(w.till.remove_file, w.a_file()),
    "roll_back_file": lambda w: partial(w.till.roll_back_file, w.a_file(), 1),
    "push_files": lambda w: partial(w.till.push_files, {f"server/passes/{w.name}.yaml": TYPE}),
    "change_tenant": lambda w: partial(w.till.change_tenant, name=f"Ember {w.name}"),
    "put_secret": lambda w: partial(w.till.put_secret, f"identifiers/{w.name}.secret", b"hush"),
    "delete_secret": lambda w: partial(w.till.delete_secret, w.a_secret()),
    "put_apple_pem": lambda w: partial(w.till.put_apple_pem, CERTIFICATE, KEY, intermediates=INTERMEDIATE),
    "put_apple_p12": lambda w: partial(w.till.put_apple_p12, packed(), PASSWORD),
    "scan": lambda w: partial(w.till.scan, w.a_pass()),
    "create_store": lambda w: partial(w.till.create_store, StoreDetails("Here"), w.name),
    "put_store": lambda w: partial(w.till.put_store, w.a_store(), StoreDetails("There")),
    "delete_store": lambda w: partial(w.till.delete_store, w.a_store()),
    "erase_person": lambda w: partial(w.till.erase_person, {"id": w.a_pass()}),
    "create_webhook": lambda w: partial(w.till.create_webhook, NOBODY_LISTENS, ["Nothing:Ever"]),
    "update_webhook": lambda w: partial(w.till.update_webhook, w.a_webhook(), WebhookChange(description="other")),
    "delete_webhook": lambda w: partial(w.till.delete_webhook, w.a_webhook()),
    "rotate_webhook_secret": lambda w: partial(w.till.rotate_webhook_secret, w.a_webhook()),
    "test_webhook": lambda w: partial(w.till.test_webhook, w.a_webhook()),
    "resend_webhook_attempt": lambda w: partial(w.till.resend_webhook_attempt, *w.an_attempt()),
}


def packed() -> bytes:
    """The certificate as it comes from a keychain."""
    key = load_pem_private_key(KEY.encode(), None)
    assert isinstance(key, RSAPrivateKey)
    certificate, above = (load_pem_x509_certificate(pem.encode()) for pem in (CERTIFICATE, INTERMEDIATE))
    encryption = BestAvailableEncryption(PASSWORD.encode())
    return serialize_key_and_certificates(b"pass", key, certificate, [above], encryption)


def said(answer: Any) -> object:
    """What an answer says, without how it came."""
    if isinstance(answer, Receipt):
        return None
    if hasattr(answer, "campaign"):
        return replace(answer, campaign=said(answer.campaign))
    return replace(answer, receipt=None) if hasattr(answer, "receipt") else answer


@pytest.fixture(scope="module")
def house(running: Running) -> House:
    """A tenant whose events nobody else writes."""
    return new_house(running)


@pytest.fixture
def world(house: House) -> Iterator[World]:
    answers: list[httpx2.Response] = []
    http = httpx2.Client(event_hooks={"response": [answers.append]})
    with house.client() as owner:
        key = owner.create_api_key(f"till {uuid.uuid4().hex}", ["*"])
        with http, house.client(key.text, http=http) as till:
            yield World(owner, till, key.key.key_id, answers)


@pytest.mark.parametrize("name", WRITES)
def test_a_dry_run_of_a_write_answers_as_the_write_does_and_leaves_no_event(
    world: World, house: House, name: str
) -> None:
    write = WRITES[name](world)

    write(dry_run=True)
    tried = world.answers[-1]
    before = house.count_events(world.till_id)
    write()

    assert before == 0
    assert (world.answers[-1].status_code, "Idempotency-Replayed" in tried.headers) == (tried.status_code, False)
    assert house.count_events(world.till_id) > 0


@pytest.mark.parametrize("name", WRITES)
def test_a_write_sent_again_under_its_key_is_answered_again_and_done_once(
    world: World, house: House, name: str
) -> None:
    write = WRITES[name](world)

    # A job goes on with what these began, in the same name.
    but = ("Pass:%", "%:Finished") if name in {"start_campaign", "upload_campaign", "import_passes"} else ()

    first, told = write(idempotency_key=world.name), house.count_events(world.till_id, but=but)
    again = write(idempotency_key=world.name)

    assert said(again) == said(first)
    one, other = world.answers
    assert other.status_code == one.status_code
    assert [answer.headers.get("Idempotency-Replayed") for answer in (one, other)] == [None, "true"]
    assert house.count_events(world.till_id, but=but) == told
    with pytest.raises(IdempotencyMismatch):
        world.till.create_store(StoreDetails("Another request"), idempotency_key=world.name)


def test_every_write_of_the_client_is_tried() -> None:
    with Guerdon("http://nowhere.example", "nobody") as client:
        operations = [name for name, operation in vars(Operations).items() if isinstance(operation, Operation)]
        repeatable = {
            name for name in operations if "idempotency_key" in inspect.signature(getattr(client, name)).parameters
        }

    assert repeatable == set(WRITES)
