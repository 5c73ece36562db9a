"""What the boundary lets in, on an application that only counts."""

from collections.abc import AsyncIterator

import httpx2
import pytest
from fastapi import FastAPI, Request

from guerdon.platform.bodies import body_rules, takes, up_to
from guerdon.platform.boundary import BODY, Boundary
from guerdon.platform.http import install_problems, router


@pytest.fixture
async def client() -> AsyncIterator[httpx2.AsyncClient]:
    app, made = FastAPI(), router("", "Test")
    app.state.admit = _admit
    install_problems(app)

    async def read(request: Request) -> int:
        return len(request.scope[BODY])

    async def stream(request: Request) -> int:
        return sum([len(part) async for part in request.stream()])

    scope = {"x-guerdon-scope": "public"}
    small, streamed = takes(["text/csv", "image/*"], 20), takes(["text/csv"], 50, is_streamed=True)
    made.add_api_route("/usual", read, methods=["POST"], openapi_extra=scope)
    made.add_api_route("/csv", read, methods=["POST"], openapi_extra={**scope, **small})
    made.add_api_route("/large", read, methods=["POST"], openapi_extra={**scope, **up_to(30)})
    made.add_api_route("/stream/{name:path}", stream, methods=["POST"], openapi_extra={**scope, **streamed})
    app.include_router(made)
    whole = Boundary(app, body_bytes_max=10, rules=body_rules([made]))
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(whole), base_url="http://x.example") as opened:
        yield opened


async def _admit(_request: Request, _scope: str) -> None:
    return


@pytest.mark.parametrize(
    ("path", "media_type", "size", "status"),
    [
        ("/usual", "application/json", 10, 200),
        ("/usual", "application/json", 11, 413),
        ("/usual", "text/csv", 5, 415),
        ("/csv", "text/csv", 20, 200),
        ("/csv", "text/csv", 21, 413),
        ("/csv", "TEXT/CSV; charset=utf-8", 20, 200),
        ("/csv", "image/png", 20, 200),
        ("/csv", "image/", 20, 415),
        ("/csv", "text/plain", 20, 415),
        ("/csv", "application/json", 20, 200),
        ("/large", "application/json", 30, 200),
        ("/large", "text/json", 31, 413),
        ("/large", "text/csv", 5, 415),
        ("/stream/a/b", "text/csv", 50, 200),
        ("/stream/a/b", "text/csv", 51, 413),
        ("/stream/a/b", "image/png", 5, 415),
    ],
)
@pytest.mark.parametrize("is_chunked", [False, True])
async def test_each_route_takes_what_it_says(
    client: httpx2.AsyncClient, path: str, media_type: str, size: int, status: int, *, is_chunked: bool
) -> None:
    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(size):
            yield b"1"

    content = chunks() if is_chunked else b"1" * size
    answer = await client.post(path, content=content, headers={"content-type": media_type})

    assert answer.status_code == status, answer.text
    if status == 200:
        assert answer.json() == size


async def test_a_refusal_names_what_is_read(client: httpx2.AsyncClient) -> None:
    answer = await client.post("/csv", content=b"x", headers={"content-type": "text/plain"})

    assert "text/csv, image/*" in answer.json()["detail"]
