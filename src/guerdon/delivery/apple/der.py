"""The few DER elements that a signature is made of (X.690)."""

from datetime import UTC, datetime

INTEGER = 0x02
OCTET_STRING = 0x04
OBJECT = 0x06
UTC_TIME = 0x17
GENERALIZED_TIME = 0x18
SEQUENCE = 0x30
SET = 0x31
CONTEXT_0 = 0xA0

NULL = b"\x05\x00"

_SHORT_LENGTH_MAX = 0x7F
_UTC_TIME_YEAR_END = 2050  # RFC 5652, 11.3: signing times before 2050 are written as UTCTime


def element(tag: int, *parts: bytes) -> bytes:
    """Put a tag and a definite length before the parts."""
    content = b"".join(parts)
    length = len(content)
    if length <= _SHORT_LENGTH_MAX:
        return bytes((tag, length)) + content
    octets = length.to_bytes((length.bit_length() + 7) // 8, "big")
    return bytes((tag, 0x80 | len(octets))) + octets + content


def integer(value: int) -> bytes:
    """Write a non-negative integer in the fewest octets."""
    return element(INTEGER, value.to_bytes(value.bit_length() // 8 + 1, "big"))


def object_identifier(dotted: str) -> bytes:
    """Write an object identifier given in dotted form."""
    first, second, *rest = (int(arc) for arc in dotted.split("."))
    return element(OBJECT, bytes((first * 40 + second,)), *(_base_128(arc) for arc in rest))


def time(instant: datetime) -> bytes:
    """Write an aware instant to the second, in UTC."""
    moment = instant.astimezone(UTC)
    if moment.year < _UTC_TIME_YEAR_END:
        return element(UTC_TIME, moment.strftime("%y%m%d%H%M%SZ").encode())
    return element(GENERALIZED_TIME, moment.strftime("%Y%m%d%H%M%SZ").encode())


def _base_128(arc: int) -> bytes:
    septets = [arc & 0x7F]
    while arc := arc >> 7:
        septets.append(0x80 | arc & 0x7F)
    return bytes(reversed(septets))
