"""HTTP for the list of passes (WIRE.md section 1)."""

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import parse_qsl, quote, urlencode

import msgspec
from fastapi import APIRouter, Request, Response

from guerdon.access.guard import CallerDep
from guerdon.passes.creating import secret_context
from guerdon.passes.model import ListedPass, write_json
from guerdon.passes.routes import PASS_READ, PASS_WRITE
from guerdon.passes.schemas import ListedPass as ListedPassBody
from guerdon.passes.search_openapi import LISTED, SEARCH_PARAMETERS
from guerdon.passes.search_parameters import parse_search
from guerdon.passes.searching import Listing, search_passes, unindexed
from guerdon.platform.clock import rfc3339
from guerdon.platform.db import Database
from guerdon.platform.http import asks, router
from guerdon.platform.keys import MasterKey

TOTAL, ESTIMATED, UNINDEXED = "x-pagination-total", "Guerdon-Total-Estimated", "Guerdon-Unindexed"
NEXT_CURSOR = "Guerdon-Next-Cursor"


@dataclass(frozen=True, slots=True)
class PassListRoutes:
    """The list of passes over one database."""

    database: Database
    master_key: MasterKey

    def router(self) -> APIRouter:
        """Give the route."""
        made = router("/api/{tenantId}/passes", "Pass")
        made.add_api_route(
            "",
            self.list,
            response_model=list[ListedPassBody],
            responses=LISTED,
            openapi_extra={"parameters": SEARCH_PARAMETERS} | asks(PASS_READ),
        )
        return made

    async def list(
        self,
        tenantId: str,  # noqa: N803  # the wire's name
        request: Request,
        caller: CallerDep,
    ) -> Response:
        """List passes that all filters match, by pages or by cursor."""
        query: bytes = request.scope["query_string"]
        search = parse_search(query)
        listing = await search_passes(self.database, tenantId, search)
        shows_secret = caller.allows(PASS_WRITE)
        documents = [self._document(tenantId, one, shows_secret) for one in listing.passes]
        headers = _headers(request.scope["path"], query, listing, unindexed(search))
        return Response(write_json(documents), headers=headers, media_type="application/json")

    def _document(self, tenant_id: str, listed: ListedPass, shows_secret: bool) -> dict[str, object]:
        installed = {"apple": listed.apple_installed_at, "google": listed.google_installed_at}
        document: dict[str, object] = {"id": listed.pass_id}
        if shows_secret:
            secret = self.master_key.decrypt(listed.sealed_secret, secret_context(tenant_id, listed.pass_id))
            document["secret"] = secret.decode()
        return document | {
            "creationDate": rfc3339(listed.created_at),
            "lastUpdateDate": rfc3339(listed.updated_at),
            "passType": listed.pass_type,
            "identifiers": msgspec.Raw(listed.identifiers_text.encode()),
            "metadata": msgspec.Raw(listed.metadata_text.encode()),
            "additionalData": msgspec.Raw(listed.additional_data_text.encode()),
            "providers": {wallet: rfc3339(date) for wallet, date in installed.items() if date is not None},
        }


def _headers(path: str, query: bytes, listing: Listing, places: Sequence[str]) -> dict[str, str]:
    headers: dict[str, str] = {}
    if listing.total is not None:
        headers[TOTAL] = str(listing.total.count)
        if not listing.total.is_exact:
            headers[ESTIMATED] = "true"
    if places:
        headers[UNINDEXED] = ", ".join(places)
    if listing.next_cursor is not None:
        kept = [pair for pair in parse_qsl(query.decode("latin-1"), keep_blank_values=True) if pair[0] != "cursor"]
        address = f"{quote(path)}?{urlencode([*kept, ('cursor', listing.next_cursor)])}"
        headers |= {NEXT_CURSOR: listing.next_cursor, "Link": f'<{address}>; rel="next"'}
    return headers
