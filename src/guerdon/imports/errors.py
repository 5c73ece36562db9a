"""Why this room refuses.

ImportNotFound  404  no import has this id
"""

from uuid import UUID

from guerdon.platform.problems import NotFound


class ImportNotFound(NotFound):
    """No import has this id."""

    code = "import_not_found"

    def __init__(self, import_id: UUID) -> None:
        super().__init__(f"No import has the id {import_id.hex!r}.")
