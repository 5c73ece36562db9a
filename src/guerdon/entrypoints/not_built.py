"""Operations of the wire contract that a later release brings: they are there, ask for their scope, and answer 501."""

from fastapi import APIRouter, Request

from guerdon.platform.http import asks, router
from guerdon.platform.problems import NotBuilt

OPERATIONS: tuple[tuple[str, str, str], ...] = (
)


def not_built_router() -> APIRouter:
    """Give one route for each operation that is not built."""
    made = router("/api/{tenantId}", "Later releases")
    for method, path, scope in OPERATIONS:
        made.add_api_route(
            path,
            _not_built,
            methods=[method],
            openapi_extra=asks(scope),
            # The document describes what works; schemas for the rest come with the operations.
            include_in_schema=False,
            response_model=None,
        )
    return made


async def _not_built(request: Request) -> None:
    raise NotBuilt(f"{request.method} {request.scope['path']} is not part of this release; see docs/status.md.")
