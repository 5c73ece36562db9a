"""Why this room refuses.

StoreNotFound   404  there is no store of that id
StoreExists     409  another store has this id already
TooManyStores   409  the tenant has 10 000 stores already
"""

from guerdon.platform.problems import Conflict, NotFound


class StoreNotFound(NotFound):
    """There is no store of that id."""

    code = "store_not_found"

    def __init__(self, store_id: str) -> None:
        super().__init__(f"There is no store {store_id!r}.")


class StoreExists(Conflict):
    """Another store has this id already."""

    code = "store_exists"

    def __init__(self, store_id: str) -> None:
        super().__init__(f"There is a store {store_id!r} already; PUT replaces it.")


class TooManyStores(Conflict):
    """The tenant has 10 000 stores already."""

    code = "too_many_stores"

    def __init__(self, stores_max: int) -> None:
        super().__init__(f"A tenant has at most {stores_max} stores; delete one first.")
