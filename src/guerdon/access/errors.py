"""Why this room refuses.

KeyDefinitionInvalid 400  the name or the scopes of a key or a role are not possible
KeyExpiryPast        409  the key would have expired already
ScopeNotHeld         403  a key or a role would be given more than its maker has
KeyNotFound          404  no key of this name that is still good
RoleNotFound         404  no role of this name
KeyExists            409  a key of this name is still good
RoleExists           409  a role of this name exists
RoleMissing          409  a key would name a role that there is not
RoleInUse            409  good keys name the role
TooManyRoles         409  the tenant has as many roles as it may have
TooManyKeys          409  the tenant has as many good keys as it may have
TenantNotChosen      400  the credential is of no tenant, and the request names none
IssuerUnreachable    503  the keys of a token issuer cannot be fetched now

IssuersInvalid is no refusal: it stops the start of a process whose issuers' file is wrong.
"""

from collections.abc import Iterable

from guerdon.platform.problems import Conflict, Forbidden, InvalidRequest, NotFound, Problem


class IssuersInvalid(Exception):
    """The file of token issuers cannot be used; the message names every mistake."""


class TenantNotChosen(InvalidRequest):
    """The credential is of no tenant, and the request names none."""

    code = "tenant_not_chosen"

    def __init__(self) -> None:
        super().__init__({"x-tenant": ["This token is of no tenant; name the tenant in this header."]})


class KeyDefinitionInvalid(InvalidRequest):
    """The name or the scopes of a key or a role are not possible."""


class KeyExpiryPast(Conflict):
    """The key would have expired already."""

    code = "key_expiry_past"

    def __init__(self) -> None:
        super().__init__("The expiry of the key has passed; give one in the future, or none.")


class ScopeNotHeld(Forbidden):
    """A key or a role would be given more than its maker has."""

    code = "scope_not_held"

    def __init__(self, scopes: Iterable[str]) -> None:
        super().__init__(f"Your credential does not hold {', '.join(sorted(scopes))}, so it cannot grant it.")


class KeyNotFound(NotFound):
    """No key of this name that is still good."""

    code = "api_key_not_found"

    def __init__(self, name: str) -> None:
        super().__init__(f"There is no key named {name!r} that is still good.")


class KeyExists(Conflict):
    """A key of this name is still good."""

    code = "api_key_exists"

    def __init__(self, name: str) -> None:
        super().__init__(f"A key named {name!r} is still good; revoke it first, or choose another name.")


class RoleNotFound(NotFound):
    """No role of this name."""

    code = "role_not_found"

    def __init__(self, name: str) -> None:
        super().__init__(f"There is no role named {name!r}.")


class RoleExists(Conflict):
    """A role of this name exists."""

    code = "role_exists"

    def __init__(self, name: str) -> None:
        super().__init__(f"There is a role named {name!r} already; change it, or choose another name.")


class RoleMissing(Conflict):
    """A key would name a role that there is not."""

    code = "role_missing"

    def __init__(self, names: Iterable[str]) -> None:
        super().__init__(f"There is no role {', '.join(repr(name) for name in sorted(names))}; make it first.")


class RoleInUse(Conflict):
    """Good keys name the role."""

    code = "role_in_use"

    def __init__(self, name: str) -> None:
        super().__init__(f"Good keys name the role {name!r}; revoke them first.")


class TooManyRoles(Conflict):
    """The tenant has as many roles as it may have."""

    code = "too_many_roles"

    def __init__(self, roles_max: int) -> None:
        super().__init__(f"A tenant may have {roles_max} roles; delete one first.")


class TooManyKeys(Conflict):
    """The tenant has as many good keys as it may have."""

    code = "too_many_api_keys"

    def __init__(self, keys_max: int) -> None:
        super().__init__(f"A tenant may have {keys_max} good keys; revoke one first.")


class IssuerUnreachable(Problem):
    """The keys of a token issuer cannot be fetched now."""

    status, code, title = 503, "issuer_unreachable", "The token cannot be checked now"

    def __init__(self, issuer_name: str) -> None:
        super().__init__(
            f"The keys of the token issuer {issuer_name!r} cannot be fetched; send the request again shortly.",
            headers={"Retry-After": "10"},
        )
