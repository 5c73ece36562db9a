import base64
import hashlib
import hmac
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guerdon.platform.signatures import signature
from guerdon.webhooks.signing import secret_text, signed_headers
from guerdon_client import NotGenuine, verify_webhook

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
BODY = (
    b'{"id":"01930000-0000-7000-8000-000000000000","type":"Pass:Created","timestamp":"2026-11-23T12:00:00Z",'
    b'"tenantId":"demo","subject":"p1","data":{"passId":"p1"}}'
)
SECRET = secret_text(bytes(range(48)))


def test_the_signature_is_the_one_that_standard_webhooks_publishes() -> None:
    # The example of the specification's reference libraries; another implementation gave the same.
    made = signature(
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        "msg_p5jXN8AQM9LWM0D4loKWxJek",
        1_614_265_330,
        b'{"test": 2432232314}',
    )

    assert made == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_a_genuine_delivery_is_read() -> None:
    event = verify_webhook(BODY, signed_headers([SECRET], "id", BODY, NOW), SECRET, now=NOW)

    assert (event.type, event.subject, event.data) == ("Pass:Created", "p1", {"passId": "p1"})


def test_any_of_the_known_secrets_is_enough_during_a_rotation() -> None:
    old = secret_text(bytes(48))
    headers = signed_headers([SECRET, old], "id", BODY, NOW)

    for known in (SECRET, old, [old], ["whsec_" + SECRET]):
        assert verify_webhook(BODY, headers, known, now=NOW).subject == "p1"


@pytest.mark.parametrize("name", ["webhook-id", "webhook-timestamp", "webhook-signature"])
def test_a_missing_or_changed_header_is_refused(name: str) -> None:
    headers = signed_headers([SECRET], "id", BODY, NOW)

    for value in (None, "", "7", "v1,", "v1," + base64.b64encode(b"x" * 32).decode(), "é"):
        changed = {key: given for key, given in {**headers, name: value}.items() if given is not None}
        with pytest.raises(NotGenuine):
            verify_webhook(BODY, changed, SECRET, now=NOW)


def test_the_names_of_headers_may_be_in_any_case() -> None:
    headers = {name.title(): value for name, value in signed_headers([SECRET], "id", BODY, NOW).items()}

    assert verify_webhook(BODY, headers, SECRET, now=NOW).subject == "p1"


@pytest.mark.parametrize("age", [timedelta(minutes=6), timedelta(minutes=-6)])
def test_an_old_or_early_delivery_is_refused(age: timedelta) -> None:
    with pytest.raises(NotGenuine):
        verify_webhook(BODY, signed_headers([SECRET], "id", BODY, NOW), SECRET, now=NOW + age)


@given(st.integers(0, len(BODY) - 1), st.integers(1, 255))
def test_one_changed_byte_is_refused(place: int, change: int) -> None:
    changed = bytearray(BODY)
    changed[place] ^= change

    with pytest.raises(NotGenuine):
        verify_webhook(bytes(changed), signed_headers([SECRET], "id", BODY, NOW), SECRET, now=NOW)


def test_the_source_form_is_the_plain_hmac_of_the_body_with_the_secrets_text() -> None:
    headers = signed_headers([SECRET], "id", BODY, NOW)

    assert headers["x-neostore-signature"] == hmac.digest(SECRET.encode(), BODY, hashlib.sha256).hex()
