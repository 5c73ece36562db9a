from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guerdon.access.errors import KeyDefinitionInvalid, ScopeNotHeld
from guerdon.access.model import (
    ROLES,
    SCOPES,
    WALLET_WRITES,
    Caller,
    KeyName,
    KeyStanding,
    check_grant,
    check_name,
    holds,
    narrowed,
    read_key_name,
    scopes_of,
)
from guerdon.platform.problems import Forbidden

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
LATER = NOW + timedelta(seconds=1)
some_scopes = st.frozensets(st.sampled_from(sorted(SCOPES | WALLET_WRITES)))
any_scope = st.sampled_from(sorted(SCOPES | WALLET_WRITES))


def a_caller(*scopes: str) -> Caller:
    return Caller("demo", "key:abc", frozenset(scopes))


@pytest.mark.parametrize(
    ("held", "wanted", "reaches"),
    [
        ({"Pass.Read"}, "Pass.Read", True),
        ({"Pass.Read"}, "Pass.Write", False),
        ({"Pass.Write"}, "Pass.Read", False),
        ({"*"}, "Access.Write", True),
        ({"*"}, "Wallet.Write.Batch", True),
        ({"Pass.*"}, "Pass.Read", False),  # There is no wildcard but the one.
        ({"Wallet.Write"}, "Wallet.Write.Batch", True),
        ({"Wallet.Write.Batch"}, "Wallet.Write", False),
        ({"Wallet.Write.Batch"}, "Wallet.Write.Voucher", False),
        ({"Wallet.Write"}, "Wallet.Write.Other", False),
        (set[str](), "Pass.Read", False),
    ],
)
def test_how_far_scopes_reach(held: set[str], wanted: str, reaches: bool) -> None:
    assert holds(frozenset(held), wanted) is reaches


@pytest.mark.parametrize(
    ("grants", "scopes"),
    [
        (["ROLE_SU"], {"*"}),
        (["ROLE_WALLET"], {"Wallet.Read", "Wallet.Write", "Wallet.Report", "Reward.Write"}),
        (["ROLE_WALLET_RO"], {"Wallet.Read"}),
        (["ROLE_VIEWWALLET"], {"Wallet.Read"}),
        (["ROLE_WALLET_BATCH"], {"Wallet.Write.Batch"}),
        (["ROLE_WALLET_VOUCHER"], {"Wallet.Write.Voucher"}),
        (["ROLE_WALLET_COUPONS"], {"Wallet.Write.Coupon"}),
        (["ROLE_WALLET_OPERATION"], {"Wallet.Write.Operation"}),
        (["ROLE_WALLET_REPORT"], {"Wallet.Report"}),
        (["ROLE_WALLET_REWARDS"], {"Reward.Write"}),
        (["ROLE_VENUE", "read", "Pass.*", "wallet.read", "Wallet.*", "Wallet.Write.Batch", ""], set[str]()),
        (["Pass.Read", "ROLE_WALLET_RO"], {"Pass.Read", "Wallet.Read"}),
    ],
)
def test_what_roles_and_scopes_of_a_token_grant(grants: list[str], scopes: set[str]) -> None:
    assert scopes_of(grants) == scopes


def test_roles_grant_nothing_that_does_not_exist() -> None:
    assert frozenset[str]().union(*ROLES.values()) <= SCOPES | WALLET_WRITES


@given(some_scopes, some_scopes, any_scope)
def test_narrowing_leaves_what_both_reach(first: frozenset[str], second: frozenset[str], scope: str) -> None:
    assert holds(narrowed(first, second), scope) == (holds(first, scope) and holds(second, scope))


def test_a_caller_is_refused_with_the_scope_that_is_wanting() -> None:
    a_caller("Pass.Read").require("Pass.Read")
    with pytest.raises(Forbidden, match=r"Pass\.Write"):
        a_caller("Pass.Read").require("Pass.Write")


@given(some_scopes.filter(bool), some_scopes)
def test_a_key_never_reaches_further_than_its_maker(wanted: frozenset[str], held: frozenset[str]) -> None:
    try:
        check_grant(wanted, a_caller(*held))
    except (ScopeNotHeld, KeyDefinitionInvalid):
        return

    assert all(holds(held, scope) for scope in (SCOPES | WALLET_WRITES) if holds(wanted, scope))


@pytest.mark.parametrize("scopes", [set[str](), {"Pass.*"}, {"pass.read"}, {"Wallet.Write.Batch"}, {"Pass.Read", "No"}])
def test_only_scopes_of_the_list_are_granted(scopes: set[str]) -> None:
    with pytest.raises(KeyDefinitionInvalid):
        check_grant(frozenset(scopes), a_caller("*"))


@pytest.mark.parametrize("name", ["till", "Kasse Süd 3", "a.b", "x" * 100])
def test_names_of_keys(name: str) -> None:
    check_name(name)


@pytest.mark.parametrize("name", ["", " ", " a", "a ", ".", "..", "a/b", "a\nb", "a\x00", "x" * 101])
def test_other_names_are_refused(name: str) -> None:
    with pytest.raises(KeyDefinitionInvalid):
        check_name(name)


SECRET = "s" * 43


@pytest.mark.parametrize(
    "text",
    [
        "",
        "gk",
        f"gk.demo.0123456789abcdef.{SECRET}x",
        f"gk.demo.0123456789abcdef.{SECRET[1:]}",
        f"gk.demo.0123456789abcde.{SECRET}",
        f"gk.-demo.0123456789abcdef.{SECRET}",
        f"gk.d'mo.0123456789abcdef.{SECRET}",
        f"GK.demo.0123456789abcdef.{SECRET}",
        f"gk.demo.0123456789abcdef.{SECRET}\n",
        f"gk.{'d' * 41}.0123456789abcdef.{SECRET}",
    ],
)
def test_what_is_no_key_names_no_key(text: str) -> None:
    assert read_key_name(text) is None


def test_a_key_names_its_tenant_and_itself() -> None:
    name = read_key_name(f"gk.demo-1.0123456789abcdef.{SECRET}")

    assert name == KeyName("demo-1", "0123456789abcdef")


@pytest.mark.parametrize(
    ("digest", "expires_at", "revoked_at", "disabled", "reason"),
    [
        (b"good", None, None, False, None),
        (b"good", LATER, None, False, None),
        (b"good", NOW, None, False, "The API key has expired."),  # The instant of expiry is already expired.
        (b"good", None, NOW, False, "The API key was revoked."),
        (b"good", None, None, True, "The tenant is disabled."),
        (b"bad", NOW, NOW, True, "The API key is not known."),  # A wrong secret learns nothing.
    ],
)
def test_why_a_key_is_refused(
    digest: bytes, expires_at: datetime | None, revoked_at: datetime | None, disabled: bool, reason: str | None
) -> None:
    standing = KeyStanding(b"good", a_caller("*"), expires_at, revoked_at, disabled)

    assert standing.reason_against(digest, NOW) == reason


def test_neither_keys_nor_digests_show_themselves() -> None:
    assert "good" not in repr(KeyStanding(b"good", a_caller("*"), None, None, is_tenant_disabled=False))
