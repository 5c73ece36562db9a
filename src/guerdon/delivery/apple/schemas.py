"""The bodies of Apple's web service."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from guerdon.platform.wire import NO_NUL

PushToken = Annotated[str, StringConstraints(min_length=1, max_length=500, pattern=NO_NUL)]
SHOWN_MAX = 20


class DeviceRegistration(BaseModel):
    """What a device gives when it registers; what later systems add is ignored."""

    model_config = ConfigDict(strict=True, frozen=True)

    push_token: Annotated[PushToken, Field(alias="pushToken")]


class DeviceLog(BaseModel):
    """What a device has to say of our answers; only the first twenty lines are kept."""

    model_config = ConfigDict(strict=True, frozen=True)

    logs: Annotated[list[Annotated[str, StringConstraints(pattern=NO_NUL)]], Field(max_length=10_000)]


class ChangedPasses(BaseModel):
    """Serial numbers of passes that have changed, and the tag to ask with the next time; it is a text."""

    model_config = ConfigDict(frozen=True)

    serial_numbers: Annotated[list[str], Field(alias="serialNumbers")]
    last_updated: Annotated[str, Field(alias="lastUpdated")]
