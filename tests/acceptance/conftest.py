"""One running product for all stories, and the people who speak to it."""

import uuid
from collections.abc import Iterator

import httpx2
import pytest

from guerdon_client import Guerdon
from tests.acceptance.running import Running, running_product


@pytest.fixture(scope="package")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A sandbox of this run, stopped at its end with code 0."""
    with running_product(tmp_path_factory.mktemp("product") / "home") as product:
        yield product


@pytest.fixture(scope="package")
def shop(running: Running) -> Iterator[Guerdon]:
    """The shop, which may do everything in its tenant."""
    with running.client() as client:
        yield client


@pytest.fixture(scope="package")
def reader(running: Running) -> Iterator[Guerdon]:
    """A colleague with a read-only key."""
    with running.client(running.sandbox.read_only_api_key) as client:
        yield client


@pytest.fixture(scope="package")
def browser(running: Running) -> Iterator[Guerdon]:
    """A customer's browser, without a credential."""
    with running.anonymous() as client:
        yield client


@pytest.fixture(scope="package")
def raw(running: Running) -> Iterator[httpx2.Client]:
    """A client that sends whatever it is told to."""
    with running.raw() as client:
        yield client


@pytest.fixture
def customer() -> str:
    """A customer id that nobody has had."""
    return f"c-{uuid.uuid4().hex}"


@pytest.fixture
def pass_id(shop: Guerdon, customer: str) -> str:
    """A new loyalty pass of a new customer."""
    return shop.create_pass("loyalty", {"customerId": customer}).pass_id
