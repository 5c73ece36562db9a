"""Which route a request goes to: looked up segment by segment, so that it costs the same however many routes there are.

The framework would try all of them in turn, a third of a millisecond for each request.
"""

from collections.abc import Mapping, Sequence
from typing import Final, Generic, TypeVar, cast

from fastapi import APIRouter
from fastapi.routing import APIRoute
from starlette.routing import BaseRoute, Match

from guerdon.platform.boundary import BODY, HEADERS, ROUTE, App, Receive, Scope, Send, send_answer
from guerdon.platform.hot import HotRequest, HotRoute
from guerdon.platform.problems import MethodNotAllowed

Route = TypeVar("Route")
REST: Final = ":path}"  # ends a template whose last parameter may hold slashes


class Verbs(dict[str, Route]):
    """The routes of an address by verb, and those that a name which stands there may mean instead (`beside`)."""

    def __init__(self) -> None:
        """Begin with none."""
        self.beside: Mapping[str, Route] = {}

    def find(self, verb: str) -> Route | None:
        """Give the route for a verb. What the address is known for is told by its own verbs alone."""
        return self.get(verb) or self.beside.get(verb)


class _Place(Generic[Route]):
    """A place that templates lead to; `routes` are those that end here, `rest` those that take whatever follows."""

    __slots__ = ("literals", "parameter", "rest", "routes")

    def __init__(self) -> None:
        self.literals: dict[str, _Place[Route]] = {}
        self.parameter: _Place[Route] | None = None
        self.routes = Verbs[Route]()
        self.rest = Verbs[Route]()


class Addresses(Generic[Route]):
    """Routes by the template of their address and by verb."""

    def __init__(self) -> None:
        """Begin with none."""
        self._root = _Place[Route]()
        self._segments_max = 0

    def add(self, template: str, verb: str, route: Route) -> None:
        """Put a route at a template such as `/passes/{passId}`; the names of parameters make no difference.

        A parameter is a whole segment; only the last one may hold slashes, as `{path:path}`.
        """
        routes = self._routes_at(template)
        assert verb not in routes, f"{verb} {template} stands there already"
        routes[verb] = route

    def share(self, template: str, beside: str) -> None:
        """Have the verbs that an address has no route for go where another template would lead, which it fits too."""
        self._routes_at(template).beside = self._routes_at(beside)

    def _routes_at(self, template: str) -> Verbs[Route]:
        segments = template.split("/")
        takes_rest = segments[-1].endswith(REST)
        place = self._root
        for segment in segments[:-1] if takes_rest else segments:
            assert "{" not in segment or (segment[0] == "{" and segment[-1] == "}" and ":" not in segment), template
            if segment.startswith("{"):
                place.parameter = place.parameter or _Place[Route]()
                place = place.parameter
            else:
                place = place.literals.setdefault(segment, _Place[Route]())
        self._segments_max = max(self._segments_max, len(segments))
        return place.rest if takes_rest else place.routes

    def find(self, path: str) -> Verbs[Route]:
        """Give the routes at an address by verb, none where nothing is.

        Where several templates fit, it is the one with most literal segments; among those, one that takes the path by
        segments before one that takes whatever follows, and then the one that is literal where they first differ.
        """
        # One more than any template has are too many, however many they are.
        segments = path.split("/", self._segments_max)
        best: Verbs[Route] | None = None
        best_rank = 0
        places = [(self._root, 0, 0)]
        while places:
            place, depth, literals = places.pop()
            if depth == len(segments):
                if place.routes and 2 * literals > best_rank:
                    best, best_rank = place.routes, 2 * literals
                continue
            if place.rest and 2 * literals - 1 > best_rank:
                best, best_rank = place.rest, 2 * literals - 1
            segment = segments[depth]
            if place.parameter is not None and segment:
                places.append((place.parameter, depth + 1, literals))
            literal = place.literals.get(segment)
            if literal is not None:
                places.append((literal, depth + 1, literals + 1))
        return Verbs[Route]() if best is None else best


class AddressedRoutes(BaseRoute):
    """All routes of all rooms as the one route of the framework."""

    def __init__(self, addresses: Addresses[APIRoute | HotRoute]) -> None:
        """Look them up in `addresses`; hot routes are answered before."""
        self._addresses = addresses

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Find the route of a request and let it read its parameters.

        For an address with or without a slash at its end, the framework asks once more: whatever is at the other one,
        the caller is led there.
        """
        if scope["type"] != "http":
            return Match.NONE, {}
        verbs = self._addresses.find(scope["path"])
        route = verbs.find(scope["method"])
        if not isinstance(route, APIRoute):
            return (Match.PARTIAL if verbs else Match.NONE), {}
        # What the framework would take with a line's end behind it, `a\n` for `a`, is no address.
        return route.matches(scope) if route.path_regex.fullmatch(scope["path"]) else (Match.NONE, {})

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand a request to the route that was found for it."""
        await scope["route"].handle(scope, receive, send)


class HotRoutes:
    """Answers hot routes itself and hands everything else to the framework."""

    def __init__(self, otherwise: App, addresses: Addresses[APIRoute | HotRoute]) -> None:
        """Look for hot routes in `addresses`."""
        self._otherwise = otherwise
        self._addresses = addresses

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] == "http":
            path, verbs = scope["path"], self._addresses.find(scope["path"])
            route = verbs.find(scope["method"])
            if isinstance(route, HotRoute):
                scope[ROUTE] = route.template
                request = HotRequest(scope, scope[HEADERS], route.parameters(path), scope[BODY])
                answer = await route.handler(request)
                await send_answer(send, answer.status, answer.body, answer.headers)
                return
            if verbs and route is None:
                allowed = ", ".join(sorted(verbs))
                raise MethodNotAllowed(f"This address speaks {allowed}.", headers={"Allow": allowed})
        await self._otherwise(scope, receive, send)


def address_book(routers: Sequence[APIRouter], hot: Sequence[HotRoute]) -> Addresses[APIRoute | HotRoute]:
    """Give the addresses of all routes."""
    addresses = Addresses[APIRoute | HotRoute]()
    for route in api_routes(routers):
        for verb in route.methods or ():
            addresses.add(route.path, verb, route)
    for route in hot:
        addresses.add(route.template, route.method, route)
    for route in hot:
        if route.beside is not None:
            addresses.share(route.template, route.beside)
    return addresses


def api_routes(routers: Sequence[APIRouter]) -> list[APIRoute]:
    """List the routes of routers in their order; rooms have no mounts, and sockets are not looked up here."""
    routes = [route for part in routers for route in part.routes]
    assert all(isinstance(route, APIRoute) for route in routes)
    return cast("list[APIRoute]", routes)
