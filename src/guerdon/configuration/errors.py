"""Why this room refuses.

FilesInvalid         400  files have mistakes; nothing was saved, `findings` has every one with its place
PassTypeNotFound     404  no pass type of this name
SecretNotFound       404  no secret of this name
CertificateNotFound  404  the tenant has no Apple certificate
FileNotText          409  a file that is no text has no difference to show
DiffTooLarge         409  two versions have more lines, or more differences, than are compared
PassTypeInUse        409  the file is the type of passes that exist
PictureInUse         409  the file is a picture that pass types show
FilesChanged         409  files that the checked ones rest on have changed meanwhile
SecretKept           409  the secret has an operation of its own
FileVersionMoved     412  the file is not in the version that the caller has
"""

from collections.abc import Sequence

from guerdon.configuration.model import Finding
from guerdon.platform.problems import Conflict, NotFound, PreconditionFailed, Problem


class FilesInvalid(Problem):
    """Files have mistakes, and nothing was saved."""

    status, code, title = 400, "files_invalid", "The files have mistakes"

    def __init__(self, findings: Sequence[Finding]) -> None:
        """Tell every finding: to a person by file, to a program with its parts."""
        mistakes = [finding for finding in findings if finding.is_error]
        errors: dict[str, list[str]] = {}
        for finding in mistakes:
            errors.setdefault(finding.path, []).append(finding.sentence())
        noun = "mistake" if len(mistakes) == 1 else "mistakes"
        super().__init__(
            f"There {'is' if len(mistakes) == 1 else 'are'} {len(mistakes)} {noun}; nothing was saved. See findings.",
            errors=errors,
            extra={"findings": [finding_members(finding) for finding in findings]},
        )


class PassTypeNotFound(NotFound):
    """No pass type of this name."""

    code = "pass_type_not_found"

    def __init__(self, name: str) -> None:
        super().__init__(f"There is no pass type {name!r}.")


class SecretNotFound(NotFound):
    """No secret of this name."""

    code = "secret_not_found"

    def __init__(self, name: str) -> None:
        super().__init__(f"There is no secret {name!r}.")


class CertificateNotFound(NotFound):
    """The tenant has no Apple certificate."""

    code = "apple_certificate_not_found"

    def __init__(self) -> None:
        super().__init__("This tenant has no Apple certificate yet; send one to POST /config/apple/certificate.")


class SecretKept(Conflict):
    """The secret has an operation of its own."""

    code = "secret_kept"

    def __init__(self) -> None:
        super().__init__("A signing certificate is checked before it is kept; use POST /config/apple/certificate.")


class FileNotText(Conflict):
    """A file that is no text has no difference to show."""

    code = "file_not_text"

    def __init__(self, path: str, version: int) -> None:
        super().__init__(f"Version {version} of {path!r} is no UTF-8 text; only texts are compared line by line.")


class DiffTooLarge(Conflict):
    """Two versions have more lines, or more differences, than are compared."""

    code = "diff_too_large"

    def __init__(self, lines_max: int) -> None:
        super().__init__(
            f"Files of up to {lines_max} lines are compared here, unless nearly every line differs; read both versions"
            " instead."
        )


class PassTypeInUse(Conflict):
    """The file is the type of passes that exist."""

    code = "pass_type_in_use"

    def __init__(self, name: str) -> None:
        super().__init__(f"There are passes of the type {name!r}, which could not be shown without it.")


class PictureInUse(Conflict):
    """The file is a picture that pass types show."""

    code = "picture_in_use"

    def __init__(self, path: str, types: Sequence[str]) -> None:
        named = ", ".join(types)
        super().__init__(f"The picture {path!r} is shown by {named}; their passes would be refused without it.")


class FilesChanged(Conflict):
    """Files that the checked ones rest on have changed meanwhile."""

    code = "files_changed"

    def __init__(self) -> None:
        super().__init__("Somebody changed files while these were checked; send the request again.")


class FileVersionMoved(PreconditionFailed):
    """The file is not in the version that the caller has."""

    code = "file_version_moved"

    def __init__(self, path: str, version: int | None) -> None:
        stands = "is not there" if version is None else f"is in version {version}"
        super().__init__(f"The file {path!r} {stands}; read it again before you write.", extra={"version": version})


def finding_members(finding: Finding) -> dict[str, object]:
    """Write a finding for a program."""
    members: dict[str, object] = {
        "path": finding.path,
        "line": finding.line,
        "column": finding.column,
        "severity": finding.severity,
        "message": finding.message,
    }
    return members if finding.rule is None else {**members, "rule": finding.rule}
