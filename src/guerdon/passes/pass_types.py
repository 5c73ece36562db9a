"""The pass types of a tenant, read from its files and kept ready by their digest."""

from contextlib import suppress

from guerdon.passes.errors import UnknownPassType
from guerdon.passes.pass_type import PassType, PassTypeInvalid
from guerdon.passes.pass_type_reading import read_pass_type
from guerdon.platform.db import Tx
from guerdon.platform.newest import Newest
from guerdon.tenants.files import get_file, list_files
from guerdon.tenants.model import FileVersion

FOLDER = "server/passes/"
ENDINGS = ("yaml", "yml", "json")
KEPT_MAX = 1_000


class PassTypes:
    """Reads pass types; each version of a file is read once per process."""

    def __init__(self) -> None:
        """Begin with none."""
        self._kept = Newest[tuple[str, bytes], PassType](KEPT_MAX)

    async def get(self, tx: Tx, name: str) -> PassType:
        """Give the pass type of a name, as its file stands now. Raises UnknownPassType, PassTypeInvalid."""
        return (await self.get_versioned(tx, name))[0]

    async def get_versioned(self, tx: Tx, name: str) -> tuple[PassType, bytes]:
        """Give a pass type with the digest of its file. Raises UnknownPassType, PassTypeInvalid."""
        file = await _find_file(tx, name)
        return await self._read(tx, name, file), file.digest

    async def list_readable(self, tx: Tx) -> list[PassType]:
        """Give the tenant's pass types, 1000 at most, but for those whose file has mistakes."""
        found: dict[str, PassType] = {}
        files = [(file.path.removeprefix(FOLDER).rpartition("."), file) for file in await list_files(tx, prefix=FOLDER)]
        for ending in ENDINGS:
            for (name, _, ends_in), file in files:
                if ends_in == ending and name not in found:
                    with suppress(PassTypeInvalid):
                        found[name] = await self._read(tx, name, file)
        return list(found.values())

    async def list_names(self, tx: Tx) -> list[str]:
        """Name the tenant's pass types."""
        files = await list_files(tx, prefix=FOLDER)
        return sorted(file.path.removeprefix(FOLDER).rpartition(".")[0] for file in files)

    async def _read(self, tx: Tx, name: str, file: FileVersion) -> PassType:
        known = self._kept.find((name, file.digest))
        if known is not None:
            return known
        stored = await get_file(tx, file.path, file.version)
        return self._kept.keep((name, file.digest), read_pass_type(name, stored.content))


async def _find_file(tx: Tx, name: str) -> FileVersion:
    if name.replace("-", "").isalnum() and name.isascii():
        files = {file.path: file for file in await list_files(tx, prefix=f"{FOLDER}{name}.")}
        for ending in ENDINGS:
            found = files.get(f"{FOLDER}{name}.{ending}")
            if found is not None:
                return found
    raise UnknownPassType(name)
