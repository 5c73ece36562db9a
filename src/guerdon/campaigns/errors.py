"""Why this room refuses.

CampaignNotFound  404  no campaign has this correlation id
"""

from guerdon.platform.problems import NotFound


class CampaignNotFound(NotFound):
    """No campaign has this correlation id."""

    code = "campaign_not_found"

    def __init__(self, correlation_id: str) -> None:
        super().__init__(f"No campaign has the correlation id {correlation_id!r}.")
