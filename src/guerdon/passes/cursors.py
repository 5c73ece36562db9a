"""Cursors of a list of passes: where it goes on, as text that fits into a URL and belongs to one order."""

import base64
import binascii

import msgspec

from guerdon.passes.errors import CursorInvalid
from guerdon.passes.filters import is_text
from guerdon.passes.order_queries import Mark, Order


def write_cursor(order: Order, mark: Mark) -> str:
    """Write where a list goes on."""
    document = msgspec.json.encode([order.by, order.name, order.is_descending, mark.phase, mark.keys, mark.pass_id])
    return base64.urlsafe_b64encode(document).rstrip(b"=").decode()


def read_cursor(order: Order, cursor: str) -> Mark:
    """Read where a list in this order goes on. Raises CursorInvalid."""
    try:
        document = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        by, name, is_descending, phase, keys, pass_id = msgspec.json.decode(
            document, type=tuple[str, str, bool, int, tuple[str, ...], str]
        )
    except (binascii.Error, ValueError) as broken:
        raise CursorInvalid from broken
    if Order(by, name, is_descending) != order or not 0 <= phase < len(order.phases):
        raise CursorInvalid
    if len(keys) != len(order.phases[phase].keys) or not all(map(is_text, (*keys, pass_id))):
        raise CursorInvalid
    return Mark(phase, keys, pass_id)
