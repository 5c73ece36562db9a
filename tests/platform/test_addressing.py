import pytest

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


def test_an_address_of_a_thousand_segments_is_looked_up_at_once(addresses: Addresses[str]) -> None:
    assert addresses.find("/api/museum" + "/passes" * 1_000) == {}
