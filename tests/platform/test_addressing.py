import pytest
from tests.shops import Shop, problem

from guerdon.platform.addressing import Addresses

TEMPLATES = (
    "/",
    "/api/{tenantId}/passes",
    "/api/{tenantId}/passes/{passId}",
    "/api/{tenantId}/passes/search",
    "/api/{tenantId}/passes/{passId}/privileges",
    "/api/{tenantId}/passes/privileges/{privilegeId}",
    "/api/{tenantId}/files/{path:path}",
    "/api/{tenantId}/files/{name}/history",
    "/api/{tenantId}/notes/{path:path}",
    "/api/{tenantId}/notes/{name}",
    "/a/b/c/{x}",
    "/a/{x}/c/d",
    "/{tenantId}/{layout}",
)


@pytest.fixture(scope="module")
def addresses() -> Addresses[str]:
    """Templates, each with itself as what a GET finds there."""
    book = Addresses[str]()
    for template in TEMPLATES:
        book.add(template, "GET", template)
    return book


@pytest.mark.parametrize(
    ("path", "template"),
    [
        ("/", "/"),
        ("/api/museum/passes", "/api/{tenantId}/passes"),
        ("/api/museum/passes/AbC", "/api/{tenantId}/passes/{passId}"),
        ("/api/museum/passes/search", "/api/{tenantId}/passes/search"),
        ("/api/museum/passes/AbC/privileges", "/api/{tenantId}/passes/{passId}/privileges"),
        ("/api/museum/passes/privileges/tours", "/api/{tenantId}/passes/privileges/{privilegeId}"),
        # As many literal segments either way: the first one counts.
        ("/api/museum/passes/privileges/privileges", "/api/{tenantId}/passes/privileges/{privilegeId}"),
        ("/api/museum/files/a", "/api/{tenantId}/files/{path:path}"),
        ("/api/museum/files/a/b/c", "/api/{tenantId}/files/{path:path}"),
        ("/api/museum/files/", "/api/{tenantId}/files/{path:path}"),
        ("/api/museum/files/a/history", "/api/{tenantId}/files/{name}/history"),
        # By segments before whatever follows.
        ("/api/museum/notes/a", "/api/{tenantId}/notes/{name}"),
        ("/api/museum/notes/a/b", "/api/{tenantId}/notes/{path:path}"),
        ("/a/b/c/d", "/a/b/c/{x}"),
        ("/museum/card", "/{tenantId}/{layout}"),
        # A literal that leads nowhere keeps nobody from the parameter beside it.
        ("/api/card", "/{tenantId}/{layout}"),
    ],
)
def test_an_address_leads_to_the_template_that_says_most_of_it(
    addresses: Addresses[str], path: str, template: str
) -> None:
    assert addresses.find(path) == {"GET": template}


@pytest.mark.parametrize(
    "path",
    [
        "",
        "api/museum/passes",
        "/api",
        "/api//passes",
        "/api/museum/passes/",
        "/api/museum/passes/AbC/",
        "/api/museum/files",
        "//",
        "/museum/",
        "/API/museum/passes",
        "*",
    ],
)
def test_where_no_template_fits_there_is_nothing(addresses: Addresses[str], path: str) -> None:
    assert addresses.find(path) == {}


def test_verbs_of_one_address_stand_together_whatever_their_parameters_are_called() -> None:
    book = Addresses[int]()
    book.add("/passes/{passId}", "GET", 1)
    book.add("/passes/{id}", "DELETE", 2)
    book.add("/files/{path:path}", "GET", 3)
    book.add("/files/{name:path}", "PUT", 4)

    assert book.find("/passes/AbC") == {"GET": 1, "DELETE": 2}
    assert book.find("/files/a/b") == {"GET": 3, "PUT": 4}


def test_where_a_name_may_be_what_an_address_says_the_verbs_of_both_are_answered() -> None:
    book = Addresses[str]()
    for verb in ("GET", "POST"):
        book.add("/gifts/{giftId}", verb, "one gift")
    book.add("/gifts/all", "POST", "all gifts")
    assert book.find("/gifts/all") == {"POST": "all gifts"}

    book.share("/gifts/all", "/gifts/{giftId}")

    verbs = book.find("/gifts/all")
    assert (verbs.find("POST"), verbs.find("GET"), verbs.find("PUT")) == ("all gifts", "one gift", None)
    assert verbs == {"POST": "all gifts"}


def test_of_a_long_address_no_more_is_read_than_any_template_has(addresses: Addresses[str]) -> None:
    assert addresses.find("/api/museum/passes" + "/x" * 1_000) == {}
    assert addresses.find("/api/museum/notes" + "/x" * 1_000) == {"GET": "/api/{tenantId}/notes/{path:path}"}


@pytest.mark.parametrize("template", ["/files/{path:path}/history", "/passes/{id}.pkpass", "/passes/pre-{id}"])
def test_a_parameter_is_a_whole_segment_and_only_the_last_one_holds_slashes(template: str) -> None:
    with pytest.raises(AssertionError):
        Addresses[str]().add(template, "GET", template)


def test_nothing_is_put_where_something_stands(addresses: Addresses[str]) -> None:
    with pytest.raises(AssertionError, match="stands there already"):
        addresses.add("/api/{tenant}/passes", "GET", "another")


async def test_whoever_adds_or_leaves_out_a_slash_is_led_to_the_address(shop: Shop) -> None:
    pass_id = await shop.issue(customerId="1")

    for verb, path, meant in (
        ("GET", f"/passes/{pass_id}/document/", f"/passes/{pass_id}/document"),
        ("GET", f"/passes/{pass_id}/privileges/", f"/passes/{pass_id}/privileges"),
        ("POST", f"/passes/{pass_id}/privileges/", f"/passes/{pass_id}/privileges"),
        ("GET", "/config/history", "/config/history/"),
        ("PATCH", "/passes/search/", "/passes/search"),
    ):
        answer = await shop.ask(verb, path)
        assert (answer.status_code, answer.headers.get("location", "").endswith(meant)) == (307, True), path


async def test_a_line_s_end_belongs_to_the_name_before_it(shop: Shop) -> None:
    for path in ("/config/files/a%0A", "/config/files%0A", "/passes/findPass%0A"):
        assert (await shop.ask("GET", path)).status_code == 404


async def test_a_name_that_no_pass_can_have_is_a_pass_that_is_not_there(shop: Shop) -> None:
    answer = await shop.ask("GET", "/passes/google/privileges")

    assert problem(answer)["code"] == "pass_not_found"
