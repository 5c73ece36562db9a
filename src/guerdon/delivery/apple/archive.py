"""ZIP files of stored entries whose constant part is made once.

Pictures do not shrink by deflating and are most of a pass, so nothing is deflated: making the archive is then
a matter of copying. Time stamps are the format's zero (1 January 1980): equal content gives equal bytes.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from struct import Struct
from zlib import crc32

_LOCAL = Struct("<4s5H3I2H")
_CENTRAL = Struct("<4s6H3I5H2I")
_END = Struct("<4s4H2IH")
_VERSION_NEEDED = 10  # plain stored files
_MADE_BY_UNIX = 3 << 8 | 20
_MIDNIGHT, _FIRST_DAY = 0, 0x21
_PLAIN_FILE_MODE = 0o100644 << 16


@dataclass(frozen=True, slots=True)
class Entries:
    """Files in archive form: their bytes, their directory records and how many they are."""

    body: bytes
    directory: bytes
    count: int


NO_ENTRIES = Entries(b"", b"", 0)


def entries_of(files: Iterable[tuple[str, bytes]], after: Entries = NO_ENTRIES) -> Entries:
    """Lay the files behind those that `after` holds; names are ASCII."""
    bodies, records, count = [after.body], [after.directory], after.count
    offset = len(after.body)
    for name, content in files:
        encoded = name.encode("ascii")
        checksum, size = crc32(content), len(content)
        head = _LOCAL.pack(
            b"PK\x03\x04", _VERSION_NEEDED, 0, 0, _MIDNIGHT, _FIRST_DAY, checksum, size, size, len(encoded), 0
        )
        record = _CENTRAL.pack(
            b"PK\x01\x02",
            _MADE_BY_UNIX,
            *(_VERSION_NEEDED, 0, 0, _MIDNIGHT, _FIRST_DAY),
            *(checksum, size, size),
            *(len(encoded), 0, 0, 0, 0),
            *(_PLAIN_FILE_MODE, offset),
        )
        bodies += (head, encoded, content)
        records += (record, encoded)
        offset += len(head) + len(encoded) + size
        count += 1
    return Entries(b"".join(bodies), b"".join(records), count)


def archive(entries: Entries) -> bytes:
    """Close the archive behind its last entry."""
    end = _END.pack(b"PK\x05\x06", 0, 0, entries.count, entries.count, len(entries.directory), len(entries.body), 0)
    return b"".join((entries.body, entries.directory, end))
