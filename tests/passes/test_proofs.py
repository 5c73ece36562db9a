import hashlib
import hmac

import pytest

from guerdon.passes.pass_type_reading import read_pass_type
from guerdon.passes.proofs import Claim, ProofKeys, hmac_of, read_claims, unproven

CARD = read_pass_type(
    "card",
    b"""
kind: customerCard
organization: Shop
description: Card
fields: {primary: [{key: a, label: A, value: b}]}
identifiers:
  table: {proof: allowList, allowList: ["7"]}
""",
)
KEYS = {"customerId": ProofKeys(hmac_key=b"key", secret=b"word")}
GOOD = hmac.new(b"key", "Zoë".encode(), hashlib.sha256).hexdigest()


@pytest.mark.parametrize(
    ("claim", "is_proven"),
    [
        (Claim("customerId", "Zoë", hmac=GOOD), True),
        (Claim("customerId", "Zoë", hmac=GOOD.upper()), False),
        (Claim("customerId", "Zoe", hmac=GOOD), False),
        (Claim("customerId", "Zoë", hmac="é"), False),
        (Claim("customerId", "Zoë", secret="word"), True),
        (Claim("customerId", "Zoë", secret="words"), False),
        (Claim("customerId", "Zoë", hmac="00", secret="word"), False),
        (Claim("customerId", "Zoë"), False),
        (Claim("table", "7"), True),
        (Claim("table", "8"), False),
        (Claim("other", "Zoë", hmac=GOOD), False),
    ],
)
def test_a_claim_proves_itself_or_does_not(claim: Claim, is_proven: bool) -> None:
    assert unproven([claim], CARD, KEYS) == ([] if is_proven else [claim.name])


def test_the_proof_is_plain_hmac_sha256_of_the_value_in_lower_case_hex() -> None:
    assert hmac_of(b"key", "Zoë") == GOOD


def test_proofs_and_the_type_are_told_from_identifiers() -> None:
    sent = {"customerId": "1", "customerId.hmac": "h", "customerId.secret": "s", "passType": "card", "table": "7"}

    assert read_claims(sent) == (Claim("customerId", "1", "h", "s"), Claim("table", "7"))
