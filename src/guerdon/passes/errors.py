"""Why this room refuses.

NoIdentifier        400  the request names no pass
UnknownPassType     400  no pass type of that name is configured
PassTooLarge        400  the pass would have too many members or bytes
CursorInvalid       400  the cursor is none of ours, or of a list in another order
PageTooDeep         400  the page lies too far from the beginning; a cursor goes on from where a list has come to
SearchTooSlow       400  the search did not end in its time: something uses no index, or finds much but little together
PassNotFound        404  no pass of that id, or none that all identifiers match
PassesNotFound      404  some of several passes are not there; `passIds` names them
SeveralPasses       409  the identifiers match more than one pass
PassExists          409  another pass has this type and these identifiers already
ScanUnknown          404  no pass belongs to the scanned value
ScanAmbiguous        409  the scanned value belongs to more than one pass
UnknownProvider      400  no provider of that name finds passes by a key
TooManyIds           400  more than 50 ids are looked up at once
UsageWindowInvalid   400  the days asked for end before they begin, or are more than 366
IdentifiersNotProven 401 the caller has no credential and the identifiers do not prove themselves
"""

from collections.abc import Sequence

from guerdon.platform.problems import Conflict, InvalidRequest, NotFound, Unauthenticated


class NoIdentifier(InvalidRequest):
    """The request names no pass."""

    code = "no_identifier"

    def __init__(self) -> None:
        super().__init__({"identifiers": ["Name the pass: id=, identifiers[name]=, id.name= or name=."]})


class UnknownPassType(InvalidRequest):
    """No pass type of that name is configured."""

    code = "unknown_pass_type"

    def __init__(self, name: str) -> None:
        super().__init__({"passType": [f"No pass type {name!r}: there is no file server/passes/{name}."]})


class PassTooLarge(InvalidRequest):
    """The pass would have too many members or bytes."""

    code = "pass_too_large"


class CursorInvalid(InvalidRequest):
    """The cursor is none of ours, or of a list in another order."""

    code = "cursor_invalid"

    def __init__(self) -> None:
        super().__init__({"cursor": ["Take it from the answer before, and sort as that one was sorted."]})


class PageTooDeep(InvalidRequest):
    """The page lies too far from the beginning."""

    code = "page_too_deep"

    def __init__(self, passes_max: int) -> None:
        super().__init__({"pageIndex": [f"A page begins within {passes_max} passes; go on with cursor and limit."]})


class SearchTooSlow(InvalidRequest):
    """The search did not end in its time: something uses no index, or finds much but little together."""

    code = "search_too_slow"

    def __init__(self, unindexed: Sequence[str], others: Sequence[str] = ()) -> None:
        rare = "Little of what this finds comes early in the list: add a filter that finds less, or go on with cursor."
        none = "This uses no index; add a filter that does, or leave it out."
        super().__init__({place: [none] for place in unindexed} | {place: [rare] for place in others})


class PassNotFound(NotFound):
    """No pass of that id, or none that all identifiers match."""

    code = "pass_not_found"

    def __init__(self, pass_id: str | None = None) -> None:
        what = "that all given identifiers match" if pass_id is None else repr(pass_id)
        super().__init__(f"There is no pass {what}.")


class PassesNotFound(NotFound):
    """Some of several passes are not there."""

    code = "passes_not_found"

    def __init__(self, pass_ids: Sequence[str]) -> None:
        super().__init__(f"There is no pass {', '.join(map(repr, pass_ids))}.", extra={"passIds": list(pass_ids)})


class SeveralPasses(Conflict):
    """The identifiers match more than one pass."""

    code = "several_passes"

    def __init__(self) -> None:
        super().__init__("The identifiers match more than one pass; add one that tells them apart, or the id.")


class PassExists(Conflict):
    """Another pass has this type and these identifiers already."""

    code = "pass_exists"

    def __init__(self) -> None:
        super().__init__("Another pass has this type and these identifiers already.")


class ScanUnknown(NotFound):
    """No pass belongs to the scanned value."""

    code = "scan_unknown"

    def __init__(self) -> None:
        super().__init__("No pass belongs to this value.")


class ScanAmbiguous(Conflict):
    """The scanned value belongs to more than one pass."""

    code = "scan_ambiguous"

    def __init__(self) -> None:
        super().__init__("More than one pass belongs to this value; scan a code that one pass alone shows.")


class UnknownProvider(InvalidRequest):
    """No provider of that name finds passes by a key."""

    code = "unknown_provider"

    def __init__(self, name: str) -> None:
        super().__init__({"provider": [f"There is no provider {name!r}; each identifier name of the tenant is one."]})


class TooManyIds(InvalidRequest):
    """More than 50 ids are looked up at once."""

    code = "too_many_ids"

    def __init__(self, ids_max: int) -> None:
        super().__init__({"value": [f"Look up at most {ids_max} ids at once."]})


class UsageWindowInvalid(InvalidRequest):
    """The days asked for end before they begin, or are more than 366."""

    code = "usage_window_invalid"

    def __init__(self, days_max: int) -> None:
        super().__init__({"from": [f"Ask for 1 to {days_max} days: `from` no later than `to`."]})


class IdentifiersNotProven(Unauthenticated):
    """The caller has no credential and the identifiers do not prove themselves."""

    code = "identifiers_not_proven"

    def __init__(self, names: Sequence[str]) -> None:
        which = ", ".join(names) if names else "no identifier was given"
        super().__init__(
            f"Without a credential each identifier must prove itself by .hmac, .secret or an allow-list: {which}."
        )
