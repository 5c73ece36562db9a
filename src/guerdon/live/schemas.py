"""The document of the room live."""

from pydantic import BaseModel, ConfigDict, Field


class PassConnection(BaseModel):
    """Where the changes of a pass are told."""

    model_config = ConfigDict(extra="forbid")

    url: str = Field(description="Address of a WebSocket with a token that opens it for a minute.")
