"""Why this room refuses.

RowsInvalid          400  rows of the table have mistakes, and the caller wants all or none
CampaignNotFound     404  no campaign has this correlation id
"""

from collections.abc import Mapping, Sequence

from guerdon.platform.problems import InvalidRequest, NotFound


class RowsInvalid(InvalidRequest):
    """Rows of the table have mistakes, and the caller wants all or none."""

    code = "rows_invalid"

    def __init__(self, rejected: int, mistaken: Mapping[int, Mapping[str, Sequence[str]]]) -> None:
        super().__init__(
            {
                f"line {line}": [f"{heading}: {message}" for heading, messages in row.items() for message in messages]
                for line, row in mistaken.items()
            }
        )
        self.detail = f"{rejected} rows have mistakes; see errors. Nothing was scheduled."
        self.extra = {"rejected": rejected}


class CampaignNotFound(NotFound):
    """No campaign has this correlation id."""

    code = "campaign_not_found"

    def __init__(self, correlation_id: str) -> None:
        super().__init__(f"No campaign has the correlation id {correlation_id!r}.")
