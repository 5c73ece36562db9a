"""The folder of one embedded cluster: its layout, its lock, the account it belongs to, and how that account reaches it.

```text
<home>/postgres/           ours: password, dsn, lock, postgresql.conf, start.log, as root perhaps the wheel's programs
<home>/postgres/server/    the server's: data/, log/, run/ (the socket)
```

PostgreSQL refuses to run as root, so root hands the inner folder to an unprivileged account, and no permission
of any folder that was there before is touched. Where that account cannot walk the path (a clone below /root, 0700), the
server gets an open descriptor of our folder and works through /proc/self/fd: the kernel then asks only for the
rights of the folder itself. So the data always lies in the home that was asked for, on Linux; elsewhere we refuse.
Files that root writes lie outside the inner folder, because the account could put symbolic links there.
"""

import fcntl
import os
import pwd
import subprocess
from dataclasses import dataclass
from pathlib import Path

from guerdon.platform.embedded_errors import AccountMissing, FolderInUse, FolderOfAnotherUser, FolderUnreachable
from guerdon.platform.process import Account

ACCOUNTS = ("guerdon", "nobody")
_DESCRIPTORS = Path("/proc/self/fd")
_PROBE_S = 30
_WALK = 'cd -- "$1"'
# Asked by the account itself: in a container root may lack the right to look at another user's process.
_WORKS_HERE = """
if [ -d /proc/self ]; then [ "/proc/$1/cwd" -ef "$2" ]; else ps -p "$1" -o comm= | grep -q postgres; fi
"""


@dataclass(frozen=True, slots=True)
class ClusterFolder:
    """Where everything of one cluster lies; `root` is absolute."""

    root: Path

    @classmethod
    def of(cls, home: Path) -> "ClusterFolder":
        """Tell the folder of the cluster that belongs to one Guerdon home."""
        return cls(home.resolve() / "postgres")

    @property
    def server(self) -> Path:
        """The part that belongs to the server's account."""
        return self.root / "server"

    @property
    def data(self) -> Path:
        """PGDATA."""
        return self.server / "data"

    @property
    def unfinished(self) -> Path:
        """PGDATA while it is being made."""
        return self.server / "data.unfinished"

    @property
    def run(self) -> Path:
        """The folder of the socket."""
        return self.server / "run"

    @property
    def configuration(self) -> Path:
        """postgresql.conf."""
        return self.root / "postgresql.conf"

    @property
    def start_log(self) -> Path:
        """What the last start said before the log proper was open."""
        return self.root / "start.log"

    @property
    def dsn(self) -> Path:
        """The address of the server while it runs, password included; mode 0600."""
        return self.root / "dsn"


def choose_account(folder: ClusterFolder, run_as: str | None) -> Account | None:
    """Tell under which account the server runs; None is our own.

    Only root chooses: the owner of the cluster if there is one, else `run_as`, else the first of `ACCOUNTS`.
    Raises FolderOfAnotherUser, AccountMissing.
    """
    owner = _owner(folder.server)
    if os.geteuid() != 0:
        if owner not in (None, os.geteuid()):
            raise FolderOfAnotherUser(folder.root, owner or 0)
        return None
    # An inner folder that is still root's was left by a start that was cut off before it was handed over.
    if owner:
        return _account_of(owner)
    names = ACCOUNTS if run_as is None else (run_as,)
    for name in names:
        try:
            user = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(name, user.pw_uid, user.pw_gid)
    raise AccountMissing(names)


def prepare(folder: ClusterFolder, account: Account | None) -> None:
    """Make the folders that are missing and hand the inner one to the account; repeatable.

    Raises FolderOfAnotherUser.
    """
    try:
        # Others may walk through to the server's folder, and list nothing.
        ours = 0o700 if account is None else 0o711
        folder.root.parent.mkdir(mode=ours, parents=True, exist_ok=True)
        folder.root.mkdir(exist_ok=True)
        folder.root.chmod(ours)
        for path in (folder.server, folder.server / "log", folder.run):
            path.mkdir(mode=0o700, exist_ok=True)
            if account is not None:
                os.chown(path, account.uid, account.gid, follow_symlinks=False)
    except PermissionError as error:
        place = Path(error.filename or folder.root)
        raise FolderOfAnotherUser(place, _owner(place) or 0) from error


def lock(folder: ClusterFolder) -> int:
    """Take the lock that one launcher holds, and give its descriptor: closing it, or dying, lets go.

    Raises FolderInUse.
    """
    descriptor = os.open(folder.root / "lock", os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        said = os.read(descriptor, 32).strip()
        os.close(descriptor)
        raise FolderInUse(folder.root, int(said) if said.isdigit() else None) from None
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
    return descriptor


@dataclass(frozen=True, slots=True)
class Reach:
    """How the server's account comes to our folder: by its path, or through an open descriptor of it."""

    folder: ClusterFolder
    account: Account | None
    descriptor: int | None

    @property
    def descriptors(self) -> tuple[int, ...]:
        """What every program of the server must inherit."""
        return () if self.descriptor is None else (self.descriptor,)

    def path(self, path: Path) -> str:
        """Say a path as the server has to say it."""
        if self.descriptor is None or not path.is_relative_to(self.folder.root):
            return str(path)
        return str(_DESCRIPTORS / str(self.descriptor) / path.relative_to(self.folder.root))

    def close(self) -> None:
        """Let go of the descriptor; a server that runs keeps its own."""
        if self.descriptor is not None:
            os.close(self.descriptor)

    def ask(self, script: str, *words: str) -> bool:
        """Run a few words of shell as the account and tell whether they were true."""
        outcome = subprocess.run(  # noqa: S603 - the script is a constant of this module
            ["/bin/sh", "-c", script, "sh", *words],
            user=None if self.account is None else self.account.uid,
            group=None if self.account is None else self.account.gid,
            extra_groups=None if self.account is None else [],
            pass_fds=self.descriptors,
            cwd="/",
            capture_output=True,
            timeout=_PROBE_S,
            check=False,
        )
        return outcome.returncode == 0


def reach(folder: ClusterFolder, account: Account | None) -> Reach:
    """Find out, by trying, how the account comes to the folder.

    Raises FolderUnreachable where only a descriptor would do and the system has none to offer.
    """
    plain = Reach(folder, account, None)
    if account is None or plain.ask(_WALK, str(folder.server)):
        return plain
    through = Reach(folder, account, os.open(folder.root, os.O_RDONLY | os.O_DIRECTORY))
    if not through.ask(_WALK, through.path(folder.server)):
        through.close()
        raise FolderUnreachable(folder.root, account.name)
    return through


def find_postmaster(reach: Reach) -> int | None:
    """Tell the pid of the server that works on this folder, whoever started it.

    A pid that lives but is somebody else by now, or a zombie that nobody reaps (usual in containers), does not count.
    """
    lines = postmaster_lines(reach.folder)
    if not lines or not lines[0].isdigit():
        return None
    works_here = reach.ask(_WORKS_HERE, lines[0], reach.path(reach.folder.data))
    return int(lines[0]) if works_here else None


def postmaster_lines(folder: ClusterFolder) -> list[str]:
    """Read what a server wrote about itself; the first line is its pid, the eighth its state."""
    try:
        return [line.strip() for line in (folder.data / "postmaster.pid").read_text().splitlines()]
    except FileNotFoundError:
        return []


def remove_leftovers(folder: ClusterFolder) -> None:
    """Remove what a killed server left, once it is certain that none runs.

    PostgreSQL would do so itself, but takes a pid that is a zombie, or was given to another process, for a server.
    It still refuses by itself while a killed server's children hold the shared memory.
    """
    for path in (folder.data / "postmaster.pid", *folder.run.iterdir()):
        path.unlink(missing_ok=True)


def _account_of(uid: int) -> Account:
    try:
        user = pwd.getpwuid(uid)
    except KeyError:
        raise AccountMissing((f"user id {uid}",)) from None
    return Account(user.pw_name, uid, user.pw_gid)


def _owner(path: Path) -> int | None:
    try:
        return path.stat().st_uid
    except FileNotFoundError:
        return None
