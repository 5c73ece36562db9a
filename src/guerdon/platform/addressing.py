"""Which route a request goes to: looked up segment by segment, so that it costs the same however many routes there are.

The framework would try all of them in turn, a third of a millisecond for each request.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Final, Generic, TypeVar

from fastapi import APIRouter
from fastapi.routing import APIRoute
from starlette.routing import BaseRoute, Match

from guerdon.platform.boundary import BODY, HEADERS, ROUTE, App, Receive, Scope, Send, send_answer
from guerdon.platform.hot import HotRequest, HotRoute
from guerdon.platform.problems import MethodNotAllowed

Route = TypeVar("Route")
REST: Final = ":path}"  # ends a template whose last parameter may hold slashes


class _Place(Generic[Route]):
    """A place that templates lead to; `routes` are those that end here, `rest` those that take whatever follows."""

    __slots__ = ("literals", "parameter", "rest", "routes")

    def __init__(self) -> None:
        self.literals: dict[str, _Place[Route]] = {}
        self.parameter: _Place[Route] | None = None
        self.routes: dict[str, Route] = {}
        self.rest: dict[str, Route] = {}


class Addresses(Generic[Route]):
    """Routes by the template of their address and by verb."""

    def __init__(self) -> None:
        """Begin with none."""
        self._root = _Place[Route]()

    def add(self, template: str, verb: str, route: Route) -> None:
        """Put a route at a template such as `/passes/{passId}`; the names of parameters make no difference."""
        place = self._root
        for segment in template.split("/"):
            if segment.endswith(REST):
                place.rest[verb] = route
                return
            if segment.startswith("{"):
                place.parameter = place.parameter or _Place[Route]()
                place = place.parameter
            else:
                place = place.literals.setdefault(segment, _Place[Route]())
        place.routes[verb] = route

    def find(self, path: str) -> Mapping[str, Route]:
        """Give the routes at an address by verb, none where nothing is.

        Where several templates fit, it is the one with most literal segments, among those the one with the first of
        them furthest to the left; a template that takes whatever follows comes after those that take it by segments.
        """
        segments = path.split("/")
        best: Mapping[str, Route] = {}
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
        return best


class AddressedRoutes(BaseRoute):
    """All routes of all rooms as the one route of the framework."""

    def __init__(self, addresses: Addresses[APIRoute | HotRoute]) -> None:
        """Look them up in `addresses`; hot routes are answered before."""
        self._addresses = addresses

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Find the route of a request and let it read its parameters."""
        if scope["type"] != "http":
            return Match.NONE, {}
        route = self._addresses.find(scope["path"]).get(scope["method"])
        return route.matches(scope) if isinstance(route, APIRoute) else (Match.NONE, {})

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand a request to the route that was found for it."""
        await scope["route"].handle(scope, receive, send)


class HotRoutes:
    """Answers hot routes itself and hands everything else to the framework."""

    def __init__(self, routes: Sequence[HotRoute], otherwise: App, addresses: Addresses[APIRoute | HotRoute]) -> None:
        """Sort the routes by method and length, so that a request looks at one or two at most."""
        self._otherwise = otherwise
        self._addresses = addresses
        self._routes: dict[tuple[str, int], list[tuple[re.Pattern[str], HotRoute]]] = {}
        for route in routes:
            alike = self._routes.setdefault((route.method, route.template.count("/")), [])
            alike.append((route.pattern(), route))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] == "http":
            path = scope["path"]
            for pattern, route in self._routes.get((scope["method"], path.count("/")), ()):
                found = pattern.fullmatch(path)
                if found is not None and route.reserved.isdisjoint(found.groups()):
                    scope[ROUTE] = route.template
                    request = HotRequest(scope, scope[HEADERS], found.groupdict(), scope[BODY])
                    answer = await route.handler(request)
                    await send_answer(send, answer.status, answer.body, answer.headers)
                    return
            verbs = self._addresses.find(path)
            if verbs and scope["method"] not in verbs:
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
    return addresses


def api_routes(routers: Sequence[APIRouter]) -> list[APIRoute]:
    """List the routes of routers in their order."""
    return [route for part in routers for route in part.routes if isinstance(route, APIRoute)]
