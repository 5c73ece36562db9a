"""Attacks on tokens, and the rules by which claims are read."""

import hmac
import json
from base64 import urlsafe_b64encode
from dataclasses import replace
from typing import Any

import jwt as pyjwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa
from hypothesis import given, settings
from hypothesis import strategies as st
from joserfc import jws
from joserfc.jwk import ECKey, OctKey

from guerdon.access.bearer import BearerTokens, Issuer
from guerdon.access.claims import ClaimRules, caller_of
from guerdon.access.errors import TenantNotChosen
from guerdon.access.key_sources import FixedKeys, read_key_file
from guerdon.access.tokens import make_signing_key
from guerdon.platform.problems import Forbidden, Unauthenticated
from tests.access.builders import NOW

ISSUER, AUDIENCE = "https://login.example", "guerdon"
KEY = make_signing_key()
OTHER_KEY = make_signing_key()
RSA_KEY = rsa.generate_private_key(65537, 2048)
RSA_PUBLIC = RSA_KEY.public_key().public_bytes(
    serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
)
SECONDS = int(NOW.timestamp())
CLAIMS = {"iss": ISSUER, "aud": AUDIENCE, "exp": SECONDS + 600, "TENANT": "demo", "sub": "anna", "scope": "Pass.Read"}


def public(key: ECKey, **members: str) -> ECKey:
    return ECKey.import_key({**key.as_dict(private=False), **members})


def an_issuer(*keys: Any, algorithms: frozenset[str] = frozenset({"ES256"}), rules: ClaimRules | None = None) -> Issuer:
    return Issuer("login", ISSUER, AUDIENCE, algorithms, FixedKeys(keys or (public(KEY),)), rules or ClaimRules())


def sign(claims: dict[str, Any], header: dict[str, Any] | None = None, key: Any = KEY) -> str:
    header = {"alg": "ES256", **(header or {})}
    registry = jws.JWSRegistry(algorithms=[header["alg"]], strict_check_header=False)
    return jws.serialize_compact(header, json.dumps(claims), key, registry=registry)


async def refused(token: str, issuer: Issuer | None = None) -> str:
    with pytest.raises(Unauthenticated) as refusal:
        await BearerTokens([issuer or an_issuer()]).check(token, NOW)
    return refusal.value.detail


def encoded(value: object) -> str:
    text = value if isinstance(value, bytes) else json.dumps(value).encode()
    return urlsafe_b64encode(text).rstrip(b"=").decode()


async def test_a_good_token_is_accepted() -> None:
    caller = await BearerTokens([an_issuer()]).check(sign(CLAIMS), NOW)

    assert (caller.tenant_id, caller.actor, caller.scopes) == ("demo", "jwt:login:anna", frozenset({"Pass.Read"}))
    assert caller.is_service


@pytest.mark.parametrize("alg", ["none", "None", "NONE", "nOnE"])
@pytest.mark.parametrize("signature", ["", "AAAA"])
async def test_an_unsigned_token_is_refused(alg: str, signature: str) -> None:
    await refused(f"{encoded({'alg': alg})}.{encoded(CLAIMS)}.{signature}")


async def test_a_token_signed_with_the_public_key_as_a_shared_secret_is_refused() -> None:
    # By hand, because honest libraries refuse to sign so.
    signed = f"{encoded({'alg': 'HS256'})}.{encoded(CLAIMS)}"
    token = f"{signed}.{encoded(hmac.digest(RSA_PUBLIC, signed.encode(), 'sha256'))}"
    keys = read_key_file(RSA_PUBLIC, ["RS256"])

    await refused(token, an_issuer(*keys, algorithms=frozenset({"RS256"})))
    # Even an issuer with the wrong algorithm set has no key of that type.
    await refused(token, an_issuer(*keys, algorithms=frozenset({"RS256", "HS256"})))


async def test_a_header_with_two_algorithms_is_refused() -> None:
    good = sign(CLAIMS).split(".")
    header = encoded(b'{"alg":"none","alg":"ES256","alg":"none"}')

    await refused(f"{header}.{good[1]}.")
    await refused(f"{header}.{good[1]}.{good[2]}")


async def test_a_key_in_the_token_itself_is_not_believed() -> None:
    header = {"jwk": OTHER_KEY.as_dict(private=False), "jku": "http://127.0.0.1:9/keys", "x5u": "http://127.0.0.1:9/"}

    assert await refused(sign(CLAIMS, header, OTHER_KEY)) == "The token's signature is not good."


async def test_a_token_of_another_key_is_refused() -> None:
    assert await refused(sign(CLAIMS, key=OTHER_KEY)) == "The token's signature is not good."


async def test_a_changed_token_is_refused() -> None:
    header, _, signature = sign(CLAIMS).split(".")

    await refused(f"{header}.{encoded({**CLAIMS, 'TENANT': 'other'})}.{signature}")
    await refused(f"{encoded({'alg': 'ES256', 'kid': 'x'})}.{encoded(CLAIMS)}.{signature}")


@pytest.mark.parametrize(
    "changes",
    [
        {"iss": "https://evil.example"},
        {"iss": None},
        {"iss": [ISSUER]},
        {"iss": ""},
        {"aud": "someone-else"},
        {"aud": []},
        {"aud": ["a", "b"]},
        {"aud": None},
        {"aud": {"guerdon": 1}},
        {"exp": SECONDS - 61},
        {"exp": SECONDS - 60},
        {"exp": None},
        {"exp": str(SECONDS + 600)},
        {"exp": True},
        {"exp": float("nan")},
        {"exp": float("inf")},
        {"exp": [SECONDS + 600]},
        {"nbf": SECONDS + 61},
        {"nbf": "soon"},
        {"iat": SECONDS + 61},
    ],
)
async def test_wrong_claims_are_refused(changes: dict[str, Any]) -> None:
    await refused(sign({**CLAIMS, **changes}))


@pytest.mark.parametrize("missing", ["iss", "aud", "exp", "TENANT"])
async def test_claims_that_are_needed_and_missing_are_refused(missing: str) -> None:
    await refused(sign({name: value for name, value in CLAIMS.items() if name != missing}))


@pytest.mark.parametrize(
    "changes",
    [
        {"exp": SECONDS - 59},
        {"nbf": SECONDS + 60},
        {"aud": ["someone", AUDIENCE]},
        {"exp": SECONDS + 0.5},
    ],
)
async def test_clocks_may_differ_by_a_minute_and_audiences_may_be_many(changes: dict[str, Any]) -> None:
    caller = await BearerTokens([an_issuer()]).check(sign({**CLAIMS, **changes}), NOW)

    assert caller.tenant_id == "demo"


@pytest.mark.parametrize("kid", ["../../etc/passwd", "' OR 1=1 --", "\x00", "x" * 200, "http://127.0.0.1:9/k", ""])
async def test_a_key_id_is_only_ever_compared(kid: str) -> None:
    issuer = an_issuer(public(KEY, kid="k1"), public(OTHER_KEY, kid="k2"))

    assert await refused(sign(CLAIMS, {"kid": kid}), issuer) == (
        "The token is signed with a key that its issuer does not publish."
    )


@pytest.mark.parametrize("kid", [1, ["k1"], {"k": 1}, True, "x" * 201])
async def test_a_key_id_that_is_no_text_is_refused(kid: object) -> None:
    await refused(f"{encoded({'alg': 'ES256', 'kid': kid})}.{encoded(CLAIMS)}.AAAA")


async def test_the_key_id_chooses_among_keys_and_is_needed_when_there_are_several() -> None:
    issuer = an_issuer(public(OTHER_KEY, kid="k2"), public(KEY, kid="k1"))

    await BearerTokens([issuer]).check(sign(CLAIMS, {"kid": "k1"}), NOW)
    await refused(sign(CLAIMS, {"kid": "k2"}), issuer)
    await refused(sign(CLAIMS), issuer)
    await refused(sign(CLAIMS), an_issuer(public(KEY, kid="k1"), public(OTHER_KEY, kid="k2")))


async def test_a_key_for_encryption_beside_the_one_for_signatures_is_no_choice() -> None:
    issuer = an_issuer(public(OTHER_KEY, use="enc"), public(KEY, use="sig"))

    assert (await BearerTokens([issuer]).check(sign(CLAIMS), NOW)).tenant_id == "demo"


async def test_a_key_for_encryption_or_another_algorithm_checks_no_signature() -> None:
    await refused(sign(CLAIMS), an_issuer(public(KEY, use="enc")))
    await refused(sign(CLAIMS), an_issuer(public(KEY, alg="ES384")))


async def test_a_header_that_must_be_understood_and_is_not_is_refused() -> None:
    header = encoded({"alg": "ES256", "crit": ["invented"], "invented": 1})

    await refused(f"{header}.{encoded(CLAIMS)}.AAAA")


async def test_headers_that_are_not_understood_and_need_not_be_are_ignored() -> None:
    token = sign(CLAIMS, {"typ": "at+jwt", "x-invented": 1, "x5c": ["A" * 2000]})

    assert (await BearerTokens([an_issuer()]).check(token, NOW)).tenant_id == "demo"


@pytest.mark.parametrize(
    "token",
    [
        "",
        ".",
        "..",
        "...",
        "a.b",
        "a.b.c",
        "a.b.c.d.e",
        "x" * 16_385,
        f"{encoded([])}.{encoded(CLAIMS)}.AAAA",
        f"{encoded({'alg': 'ES256'})}.{encoded([])}.AAAA",
        "e30.\xff.AAAA",
        "e30.gICA.AAAA",
        f"{encoded({'alg': ['ES256']})}.{encoded(CLAIMS)}.AAAA",
        f"{encoded({'alg': 'ES256'})}.{encoded(CLAIMS)}.",
        f"{encoded({'alg': 'ES256'})}.{encoded(CLAIMS)}.!!!",
        f"{encoded({'alg': 'ES256'})}.{encoded(b'[' * 5000)}.AAAA",
    ],
)
async def test_what_is_no_token_is_refused(token: str) -> None:
    await refused(token)


@settings(deadline=None)
@given(st.text(max_size=60), st.text(max_size=60), st.text(max_size=60))
async def test_no_text_is_ever_a_failure_of_ours(header: str, claims: str, signature: str) -> None:
    await refused(f"{header}.{claims}.{signature}")


# A star that an issuer signs is a scope, and means all.
starless = st.text().filter(lambda text: "*" not in text)


@settings(deadline=None)
@given(st.recursive(st.none() | st.booleans() | st.integers() | st.floats() | starless, st.lists, max_leaves=5))
async def test_no_signed_claim_is_ever_a_failure_of_ours(value: object) -> None:
    for name in ("exp", "nbf", "iat", "aud", "iss", "sub", "TENANT", "scope", "authorities", "UUID"):
        token = sign({**CLAIMS, name: value})
        try:
            caller = await BearerTokens([an_issuer()]).check(token, NOW)
        except Unauthenticated:
            continue
        assert caller.scopes <= {"Pass.Read"}


@pytest.mark.parametrize("algorithm", ["RS256", "PS256", "EdDSA"])
async def test_tokens_of_another_library_are_accepted(algorithm: str) -> None:
    key = ed25519.Ed25519PrivateKey.generate() if algorithm == "EdDSA" else RSA_KEY
    pem = key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    issuer = an_issuer(*read_key_file(pem, [algorithm]), algorithms=frozenset({algorithm}))

    token = pyjwt.encode(CLAIMS, key, algorithm=algorithm)

    assert (await BearerTokens([issuer]).check(token, NOW)).tenant_id == "demo"


async def test_a_shared_secret_is_accepted_where_it_was_configured() -> None:
    secret = b"a shared secret of at least 32 bytes"
    issuer = an_issuer(OctKey.import_key(secret), algorithms=frozenset({"HS256"}))

    token = pyjwt.encode(CLAIMS, secret, algorithm="HS256")

    assert (await BearerTokens([issuer]).check(token, NOW)).tenant_id == "demo"


async def test_an_issuer_does_not_vouch_with_the_key_of_another() -> None:
    theirs = replace(an_issuer(public(OTHER_KEY)), name="other", issuer="https://other.example")

    with pytest.raises(Unauthenticated):
        await BearerTokens([an_issuer(), theirs]).check(sign(CLAIMS, key=OTHER_KEY), NOW)


RULES = ClaimRules()


@pytest.mark.parametrize(
    ("rules", "claims", "tenant_id"),
    [
        (RULES, {"TENANT": "demo"}, "demo"),
        (RULES, {"TENANT": "Demo"}, None),
        (RULES, {"TENANT": "a'b"}, None),
        (RULES, {"TENANT": ["demo"]}, None),
        (RULES, {}, None),
        (replace(RULES, tenants=frozenset({"demo"})), {"TENANT": "demo"}, "demo"),
        (replace(RULES, tenants=frozenset({"demo"})), {"TENANT": "other"}, None),
        (replace(RULES, tenant_claim="org"), {"org": "demo", "TENANT": "other"}, "demo"),
        (replace(RULES, tenant_value="demo"), {"TENANT": "other"}, "demo"),
    ],
)
def test_whose_tenant_a_token_is_for(rules: ClaimRules, claims: dict[str, Any], tenant_id: str | None) -> None:
    if tenant_id is None:
        with pytest.raises(Unauthenticated):
            caller_of("login", rules, claims)
    else:
        assert caller_of("login", rules, claims).tenant_id == tenant_id


@pytest.mark.parametrize(
    ("claims", "subject", "actor"),
    [
        ({"UUID": "u-1", "sub": "anna"}, "u-1", "jwt:login:anna"),
        ({"customerId": 17}, "17", "jwt:login:17"),
        ({"UUID": "u-1", "customerId": 17}, "u-1", "jwt:login:u-1"),
        ({"sub": "anna"}, None, "jwt:login:anna"),
        ({"client_id": "till"}, None, "jwt:login:till"),
        ({}, None, "jwt:login:-"),
    ],
)
def test_whom_a_token_speaks_for(claims: dict[str, Any], subject: str | None, actor: str) -> None:
    caller = caller_of("login", RULES, {"TENANT": "demo", **claims})

    assert (caller.subject, caller.actor, caller.is_service) == (subject, actor, subject is None)


@pytest.mark.parametrize("value", ["", "a\nb", "x" * 201, True, 1.5, ["u"], {"u": 1}])
def test_a_person_that_cannot_be_named_is_refused(value: object) -> None:
    with pytest.raises(Unauthenticated):
        caller_of("login", RULES, {"TENANT": "demo", "UUID": value})


@pytest.mark.parametrize(
    ("rules", "claims", "scopes"),
    [
        (RULES, {"scope": "Pass.Read  Pass.Write openid"}, {"Pass.Read", "Pass.Write"}),
        (RULES, {"scp": ["Pass.Read", 1, None]}, {"Pass.Read"}),
        (RULES, {"permissions": ["Config.Read"], "authorities": ["ROLE_WALLET_RO"]}, {"Config.Read", "Wallet.Read"}),
        (RULES, {"scope": 7, "scp": {"Pass.Read": 1}}, set[str]()),
        (RULES, {"roles": ["Pass.Read"]}, set[str]()),
        (replace(RULES, scope_claims=("roles",)), {"roles": ["Pass.Read"], "scope": "*"}, {"Pass.Read"}),
        (replace(RULES, scopes_among=frozenset({"Pass.Read"})), {"scope": "*"}, {"Pass.Read"}),
        (replace(RULES, scopes_among=frozenset[str]()), {"scope": "*"}, set[str]()),
    ],
)
def test_what_a_token_may_do(rules: ClaimRules, claims: dict[str, Any], scopes: set[str]) -> None:
    assert caller_of("login", rules, {"TENANT": "demo", **claims}).scopes == scopes


CHOOSING = ClaimRules(may_choose=True, tenants=frozenset({"demo", "cafe"}))


@pytest.mark.parametrize(
    ("rules", "claims", "chosen", "tenant_id"),
    [
        (CHOOSING, {"client_id": "sync"}, "cafe", "cafe"),
        (CHOOSING, {"client_id": "sync", "TENANT": "demo"}, None, "demo"),
        (CHOOSING, {"UUID": "ada", "authorities": ["ROLE_SU"], "TENANT": "demo"}, "cafe", "cafe"),
        (CHOOSING, {"UUID": "ada", "authorities": ["ROLE_WALLET"], "TENANT": "demo"}, "cafe", "demo"),
        (ClaimRules(), {"client_id": "sync", "TENANT": "demo"}, "cafe", "demo"),
    ],
)
def test_a_service_or_whoever_may_do_everything_chooses_the_tenant_if_its_issuer_lets_it(
    rules: ClaimRules, claims: dict[str, object], chosen: str | None, tenant_id: str
) -> None:
    assert caller_of("login", rules, claims, chosen).tenant_id == tenant_id


def test_a_choice_is_needed_and_stays_among_the_tenants_of_the_issuer() -> None:
    with pytest.raises(TenantNotChosen):
        caller_of("login", CHOOSING, {"client_id": "sync"})
    with pytest.raises(Forbidden):
        caller_of("login", CHOOSING, {"client_id": "sync"}, "other")
