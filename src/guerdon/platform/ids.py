"""Names that nobody else has: sortable ones for rows, unguessable ones for the public."""

import secrets
from uuid import UUID

import uuid_utils

PASS_ID_CHARACTERS = "0123456789ABCDEFGHJKMNPQRSTVWXYZabcdefghjkmnpqrstvwxyz"  # no I, L, O, U: read aloud safely  # noqa: S105 - a pass is no password
PASS_ID_LENGTH = 20
COUPON_ID_CHARACTERS = "23456789ABCDEFGHJKMNPQRSTVWXYZ"  # none that could be taken for another, said or written by hand
COUPON_ID_LENGTH = 10


def new_id() -> UUID:
    """Make a UUIDv7: later ones sort after earlier ones, so that indexes grow at one end."""
    return UUID(bytes=uuid_utils.uuid7().bytes)


def new_ids(count: int) -> list[uuid_utils.UUID]:
    """Make many UUIDv7s, rising: what `new_id` gives, without the detour over another object for each."""
    return [uuid_utils.uuid7() for _ in range(count)]


def new_movement_id() -> str:
    """Make a UUIDv7 as 32 hexadecimal digits: what `new_id` gives, without the detour over an object."""
    return uuid_utils.uuid7().hex


def new_pass_id() -> str:
    """Make a pass id of 20 random characters (114 bits): whoever knows it may install the pass."""
    return "".join(secrets.choice(PASS_ID_CHARACTERS) for _ in range(PASS_ID_LENGTH))


def new_short_id(length: int = 10) -> str:
    """Make a short name of random characters; whoever gives it out looks whether it is taken."""
    return "".join(secrets.choice(PASS_ID_CHARACTERS) for _ in range(length))


def new_coupon_id() -> str:
    """Make a coupon id of 10 random characters; whoever gives it out looks whether it is taken."""
    return "".join(secrets.choice(COUPON_ID_CHARACTERS) for _ in range(COUPON_ID_LENGTH))


def new_code() -> UUID:
    """Make a UUID of which nothing can be guessed (122 random bits): whoever knows it may use what it stands for."""
    return UUID(bytes=uuid_utils.uuid4().bytes)


def new_secret(bytes_count: int = 32) -> str:
    """Make an unguessable text, URL-safe, of `bytes_count` random bytes."""
    return secrets.token_urlsafe(bytes_count)
