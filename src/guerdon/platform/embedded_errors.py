"""Why the embedded PostgreSQL does not start.

EmbeddedRefusal       503  the family
BinariesMissing       503  no PostgreSQL programs were found, or none that fit
BinariesUnreadable    503  the account of the server may not run the programs
FolderInUse           503  another Guerdon runs on this data folder
FolderUnreachable     503  the account of the server cannot reach the data folder
FolderOfAnotherUser   503  the data folder belongs to someone else
FolderOfAnotherMajor  503  the data folder was made by another major version
AccountMissing        503  started as root, and there is no account for the server
ForeignServer         503  a PostgreSQL that Guerdon did not start runs on this data folder
ServerNotStarted      503  PostgreSQL ended instead of starting
"""

from pathlib import Path
from typing import ClassVar

from guerdon.platform.problems import Problem


class EmbeddedRefusal(Problem):
    """The embedded PostgreSQL does not start; the sentence says what to do."""

    status: ClassVar[int] = 503
    code: ClassVar[str] = "embedded_database_refused"
    title: ClassVar[str] = "The embedded database does not start"


class BinariesMissing(EmbeddedRefusal):
    """No PostgreSQL programs were found, or none that fit."""

    code = "embedded_binaries_missing"


class BinariesUnreadable(EmbeddedRefusal):
    """The account of the server may not run the programs."""

    code = "embedded_binaries_unreadable"

    def __init__(self, bin_dir: Path, account: str) -> None:
        super().__init__(
            f"As root, Guerdon runs PostgreSQL under the account {account}, which may not run {bin_dir}/postgres. "
            "Put the programs where every account may read them, or start Guerdon as an ordinary user."
        )


class FolderInUse(EmbeddedRefusal):
    """Another Guerdon runs on this data folder."""

    code = "embedded_folder_in_use"

    def __init__(self, folder: Path, pid: int | None) -> None:
        who = "Another `guerdon up`" if pid is None else f"Another `guerdon up` (pid {pid})"
        super().__init__(f"{who} runs on {folder}. Stop it first, or choose another folder with --home.")


class FolderUnreachable(EmbeddedRefusal):
    """The account of the server cannot reach the data folder."""

    code = "embedded_folder_unreachable"

    def __init__(self, folder: Path, account: str) -> None:
        super().__init__(
            f"As root, Guerdon runs PostgreSQL under the account {account}, which cannot reach {folder}: a folder "
            "above it is private. Choose another folder with --home, or start Guerdon as an ordinary user."
        )


class FolderOfAnotherUser(EmbeddedRefusal):
    """The data folder belongs to someone else."""

    code = "embedded_folder_of_another_user"

    def __init__(self, folder: Path, uid: int) -> None:
        super().__init__(
            f"{folder} belongs to user id {uid}. Start Guerdon as that user or as the one who made it, "
            "or choose another folder with --home."
        )


class FolderOfAnotherMajor(EmbeddedRefusal):
    """The data folder was made by another major version."""

    code = "embedded_folder_of_another_major"

    def __init__(self, data: Path, *, major_there: str, found: str) -> None:
        root = data.parents[1]
        super().__init__(
            f"{data} was made by PostgreSQL {major_there}; found here: {found}. One major cannot read another's "
            f"files; nothing was changed. To move: (1) install PostgreSQL {major_there}, let GUERDON_POSTGRES_BIN name "
            "its bin folder, start Guerdon, and run that folder's pg_dump --format=custom with the address in "
            f"{root / 'dsn'}; (2) stop Guerdon and rename {root}; (3) unset GUERDON_POSTGRES_BIN, start Guerdon, which "
            "makes a new one, and load the dump with pg_restore --clean --if-exists."
        )


class AccountMissing(EmbeddedRefusal):
    """Started as root, and there is no account for the server."""

    code = "embedded_account_missing"

    def __init__(self, names: tuple[str, ...]) -> None:
        super().__init__(
            f"PostgreSQL refuses to run as root, and there is no account named {' or '.join(names)} to run it under. "
            "Make one, or start Guerdon as an ordinary user."
        )


class ForeignServer(EmbeddedRefusal):
    """A PostgreSQL that Guerdon did not start runs on this data folder."""

    code = "embedded_foreign_server"

    def __init__(self, data: Path, pid: int) -> None:
        super().__init__(
            f"A PostgreSQL server (pid {pid}) that Guerdon did not start runs on {data}. "
            f"Stop it (pg_ctl -D {data} stop -m fast) and start Guerdon again."
        )


class ServerNotStarted(EmbeddedRefusal):
    """PostgreSQL ended instead of starting."""

    code = "embedded_server_not_started"

    def __init__(self, step: str, exit_code: int, said: str) -> None:
        super().__init__(f"{step} ended with code {exit_code}. It said: {said or 'nothing'}")
