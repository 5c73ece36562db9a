"""Why this room refuses.

TenantIdInvalid      400  the id is not 2 to 40 of a-z, 0-9 and inner hyphens
TenantIdReserved     400  the id is the beginning of an address of our own
FilePathInvalid      400  the path is not relative, plain and at most 200 characters
SecretNameInvalid    400  the name is not 1 to 200 plain characters
TimeZoneUnknown      400  there is no time zone of this name
ClockTooFar          400  no clock may be advanced to an instant so late
TenantNotFound       404  no such tenant
FileMissing          404  no such file, or not in this version
TenantExists         409  the id is taken
TooManyFiles         409  the tenant has as many files as it may have
TooManySecrets       409  the tenant has as many secrets as it may have
NotASandbox          409  the tenant was not made as a sandbox, so that its clock is the world's
ClockNotFrozen       409  the clock goes with the world and has to be frozen first
ClockFrozen          409  the clock is frozen already
ClockMoving          409  the clock is being advanced
ClockBackwards       409  the clock has passed that instant, and never goes back
FileTooLarge         413  the file is over the limit of its kind
SecretTooLarge       413  the secret is over the limit
"""

from datetime import datetime

from guerdon.platform.clock import rfc3339
from guerdon.platform.problems import Conflict, InvalidRequest, NotFound, TooLarge


class TenantIdInvalid(InvalidRequest):
    """The id is not 2 to 40 of a-z, 0-9 and inner hyphens."""

    code = "tenant_id_invalid"

    def __init__(self) -> None:
        super().__init__({"tenantId": ["Use 2 to 40 of a-z and 0-9, with hyphens only between them."]})


class TenantIdReserved(InvalidRequest):
    """The id is the beginning of an address of our own."""

    code = "tenant_id_reserved"

    def __init__(self, tenant_id: str) -> None:
        super().__init__({"tenantId": [f"{tenant_id!r} begins addresses of Guerdon itself; choose another."]})


class FilePathInvalid(InvalidRequest):
    """The path is not relative, plain and at most 200 characters."""

    code = "file_path_invalid"

    def __init__(self) -> None:
        super().__init__(
            {
                "path": [
                    "Use at most 200 of A-Z, a-z, 0-9, '.', '_', '-', in parts joined by '/', none of them dots only."
                ]
            }
        )


class SecretNameInvalid(InvalidRequest):
    """The name is not 1 to 200 plain characters."""

    code = "secret_name_invalid"

    def __init__(self) -> None:
        super().__init__({"name": ["Use 1 to 200 of A-Z, a-z, 0-9, '.', '_', '-' and '/'."]})


class TimeZoneUnknown(InvalidRequest):
    """There is no time zone of this name."""

    code = "time_zone_unknown"

    def __init__(self) -> None:
        super().__init__({"timeZone": ["Give a name of the IANA time zone database, such as Europe/Warsaw."]})


class ClockTooFar(InvalidRequest):
    """No clock may be advanced to an instant so late."""

    code = "clock_too_far"

    def __init__(self, member: str, latest: datetime) -> None:
        super().__init__({member: [f"Give an instant before {rfc3339(latest)}."]})


class TenantNotFound(NotFound):
    """No such tenant."""

    code = "tenant_not_found"

    def __init__(self, tenant_id: str) -> None:
        super().__init__(f"There is no tenant {tenant_id!r}.")


class FileMissing(NotFound):
    """No such file, or not in this version."""

    code = "file_not_found"

    def __init__(self, path: str, version: int | None) -> None:
        place = "" if version is None else f" in version {version}"
        super().__init__(f"There is no file {path!r}{place}.")


class TenantExists(Conflict):
    """The id is taken."""

    code = "tenant_exists"

    def __init__(self, tenant_id: str) -> None:
        super().__init__(f"There is a tenant {tenant_id!r} already; choose another id.")


class TooManyFiles(Conflict):
    """The tenant has as many files as it may have."""

    code = "too_many_files"

    def __init__(self, files_max: int) -> None:
        super().__init__(f"A tenant may have {files_max} files; remove one first.")


class TooManySecrets(Conflict):
    """The tenant has as many secrets as it may have."""

    code = "too_many_secrets"

    def __init__(self, secrets_max: int) -> None:
        super().__init__(f"A tenant may have {secrets_max} secrets; delete one first.")


class NotASandbox(Conflict):
    """The tenant was not made as a sandbox, so that its clock is the world's."""

    code = "not_a_sandbox"

    def __init__(self) -> None:
        super().__init__("Only a tenant that was made with `guerdon tenant create --sandbox` may have a clock.")


class ClockNotFrozen(Conflict):
    """The clock goes with the world and has to be frozen first."""

    code = "clock_not_frozen"

    def __init__(self) -> None:
        super().__init__("The clock of this tenant goes with the world; freeze it first.")


class ClockFrozen(Conflict):
    """The clock is frozen already."""

    code = "clock_frozen"

    def __init__(self) -> None:
        super().__init__("The clock of this tenant is frozen already; advance it.")


class ClockMoving(Conflict):
    """The clock is being advanced."""

    code = "clock_moving"

    def __init__(self) -> None:
        super().__init__("The clock is being advanced; wait until it has arrived, or stop it.")


class ClockBackwards(Conflict):
    """The clock has passed that instant, and never goes back."""

    code = "clock_backwards"

    def __init__(self, now_at: datetime) -> None:
        super().__init__(f"The clock stands at {rfc3339(now_at)} and never goes back.", extra={"now": rfc3339(now_at)})


class FileTooLarge(TooLarge):
    """The file is over the limit of its kind."""

    code = "file_too_large"


class SecretTooLarge(TooLarge):
    """The secret is over the limit."""

    code = "secret_too_large"
