"""Calls on a tenant's files, pass types and core."""

from base64 import b64encode
from typing import Final, Literal, cast

from guerdon_client.calls import NO_CONTENT, Answer, Call, path_of, read_receipt, read_text, write_headers
from guerdon_client.configuration_model import (
    ConfigFile,
    FileChange,
    FileContents,
    FileSaved,
    FilesChecked,
    FilesPushed,
    FileVersion,
    Finding,
    PassTypeInfo,
    SamplePreview,
    TenantCore,
)
from guerdon_client.errors import BrokenAnswer
from guerdon_client.exact import read_json, write_json
from guerdon_client.model import Json, Receipt
from guerdon_client.pages import page_query
from guerdon_client.reading import Members, read_items, read_names, read_object

CONFIG: Final = "config"
BYTES: Final = "application/octet-stream"
PAGE_MAX: Final = 1_000


def list_files(prefix: str = "", *, cursor: str | None = None, limit: int = PAGE_MAX) -> Call[tuple[FileVersion, ...]]:
    """List the files below a prefix, by path; the last path of a full page is the next cursor."""
    query = [("prefix", prefix), *page_query(cursor, limit)]
    return Call("GET", path_of(CONFIG, "files"), _read_versions, query)


def get_file(path: str, version: int | None = None) -> Call[ConfigFile]:
    """Read a file, in its newest or in one version. Raises NotFound."""
    query = [] if version is None else [("version", str(version))]
    return Call("GET", _at("files", path), _read_file, query, {"accept": "*/*"})


def put_file(
    path: str,
    content: bytes,
    *,
    if_version: int | None = None,
    is_new: bool = False,
    idempotency_key: str | None = None,
    dry_run: bool = False,
) -> Call[FileSaved]:
    """Check a file and save it; with `if_version` only over that version, with `is_new` only where there is none.

    Raises InvalidRequest with every finding in `extra["findings"]`, PreconditionFailed.
    """
    headers = _write_headers(if_version, idempotency_key, dry_run=dry_run)
    if is_new:
        headers["if-none-match"] = "*"
    headers["content-type"] = BYTES
    return Call("PUT", _at("files", path), _read_saved, headers=headers, body=content, needs_key=True)


def remove_file(
    path: str, *, if_version: int | None = None, idempotency_key: str | None = None, dry_run: bool = False
) -> Call[Receipt]:
    """Remove a file; its versions stay readable. Raises NotFound, PreconditionFailed, Conflict."""
    headers = _write_headers(if_version, idempotency_key, dry_run=dry_run)
    statuses = frozenset({NO_CONTENT})
    return Call("DELETE", _at("files", path), read_receipt, headers=headers, statuses=statuses, needs_key=True)


def list_file_versions(path: str, *, before: int | None = None, limit: int = PAGE_MAX) -> Call[tuple[FileVersion, ...]]:
    """List the versions of a file, newest first, below `before`."""
    query = [("limit", str(limit)), *([] if before is None else [("cursor", str(before))])]
    return Call("GET", _at("history", path), _read_versions, query)


def diff_file(path: str, old: int, new: int | None = None) -> Call[str]:
    """Compare two versions of a text, the second the newest unless named, as a unified diff.

    Raises NotFound, Conflict.
    """
    query = [("from", str(old)), *([] if new is None else [("to", str(new))])]
    return Call("GET", _at("diff", path), read_text, query, {"accept": "*/*"})


def roll_back_file(
    path: str,
    version: int,
    *,
    if_version: int | None = None,
    idempotency_key: str | None = None,
    dry_run: bool = False,
) -> Call[FileSaved]:
    """Save the content of an earlier version again. Raises NotFound, InvalidRequest, PreconditionFailed."""
    headers = _write_headers(if_version, idempotency_key, dry_run=dry_run)
    body = write_json({"version": version})
    return Call("POST", _at("rollback", path), _read_saved, headers=headers, body=body, needs_key=True)


def validate_files(files: FileContents) -> Call[FilesChecked]:
    """Check files as they would stand among the tenant's; nothing is saved."""
    return Call("POST", path_of(CONFIG, "validate"), _read_checked, body=write_json({"files": _sent(files)}))


def push_files(
    files: FileContents, *, prune: bool = False, idempotency_key: str | None = None, dry_run: bool = False
) -> Call[FilesPushed]:
    """Save the files that differ, all or none; with `prune`, remove all others. Raises InvalidRequest, Conflict."""
    body = write_json({"files": _sent(files), "prune": prune})
    headers = write_headers(idempotency_key, dry_run=dry_run)
    return Call("POST", path_of(CONFIG, "push"), _read_pushed, headers=headers, body=body, needs_key=True)


def list_pass_types() -> Call[tuple[PassTypeInfo, ...]]:
    """List the pass types by name, 1000 at most."""
    return Call("GET", path_of(CONFIG, "pass-types"), _read_pass_types, [("limit", str(PAGE_MAX))])


def preview_pass_type(name: str, language: str | None = None) -> Call[SamplePreview]:
    """Read what each wallet would show of a sample pass, and what it would lose. Raises NotFound."""
    query = [] if language is None else [("language", language)]
    return Call("GET", path_of(CONFIG, "pass-types", name, "preview"), _read_sample, query)


def get_tenant() -> Call[TenantCore]:
    """Read what the tenant is called and which languages it speaks."""
    return Call("GET", path_of(CONFIG, "tenant"), _read_tenant)


def change_tenant(
    *,
    name: str | None = None,
    default_language: str | None = None,
    time_zone: str | None = None,
    idempotency_key: str | None = None,
    dry_run: bool = False,
) -> Call[TenantCore]:
    """Change the name, the default language, the time zone of reports. Raises InvalidRequest."""
    given = {"name": name, "defaultLanguage": default_language, "timeZone": time_zone}
    body = write_json({member: value for member, value in given.items() if value is not None})
    headers = write_headers(idempotency_key, dry_run=dry_run)
    return Call("PATCH", path_of(CONFIG, "tenant"), _read_tenant, headers=headers, body=body, needs_key=True)


def _at(operation: str, path: str) -> str:
    return path_of(CONFIG, operation, *path.split("/"))


def _write_headers(if_version: int | None, idempotency_key: str | None, *, dry_run: bool) -> dict[str, str]:
    headers = write_headers(idempotency_key, dry_run=dry_run)
    return headers if if_version is None else {**headers, "if-match": f'"{if_version}"'}


def _sent(files: FileContents) -> list[dict[str, str]]:
    return [{"path": path, "contentBase64": b64encode(content).decode()} for path, content in sorted(files.items())]


def _read_versions(answer: Answer) -> tuple[FileVersion, ...]:
    return tuple(_read_version(Members(item)) for item in read_items(read_json(answer.body)))


def _read_version(members: Members) -> FileVersion:
    return FileVersion(
        members.text("path"),
        members.whole("version"),
        members.whole("bytes"),
        members.text("sha256"),
        members.instant("updatedAt"),
        members.text("actor"),
        members.find_flag("removed") or False,
    )


def _read_file(answer: Answer) -> ConfigFile:
    if answer.version is None:
        raise BrokenAnswer("The answer does not tell the version of the file.")
    return ConfigFile(answer.version, answer.body, answer.headers.get("content-type", ""))


def _read_saved(answer: Answer) -> FileSaved:
    members = read_object(answer.body)
    findings = _read_findings(members)
    return FileSaved(members.text("path"), members.whole("version"), members.flag("changed"), findings, answer.receipt)


def _read_pushed(answer: Answer) -> FilesPushed:
    members = read_object(answer.body)
    changes = tuple(_read_change(Members(item)) for item in members.items("changes"))
    return FilesPushed(changes, _read_findings(members), answer.receipt)


def _read_change(members: Members) -> FileChange:
    change = members.text("change")
    if change not in {"added", "changed", "removed"}:
        raise BrokenAnswer(f"{change!r} is no change of a file.")
    return FileChange(
        members.text("path"), cast("Literal['added', 'changed', 'removed']", change), members.whole("version")
    )


def _read_checked(answer: Answer) -> FilesChecked:
    members = read_object(answer.body)
    return FilesChecked(members.flag("valid"), _read_findings(members))


def _read_findings(members: Members) -> tuple[Finding, ...]:
    return tuple(_read_finding(Members(item)) for item in members.items("findings"))


def _read_finding(members: Members) -> Finding:
    return Finding(
        members.text("path"),
        members.whole("line"),
        members.whole("column"),
        members.text("severity"),
        members.text("message"),
        members.find_text("rule"),
    )


def _read_pass_types(answer: Answer) -> tuple[PassTypeInfo, ...]:
    return tuple(_read_pass_type(Members(item)) for item in read_items(read_json(answer.body)))


def _read_pass_type(members: Members) -> PassTypeInfo:
    return PassTypeInfo(
        members.text("name"),
        members.text("path"),
        members.whole("version"),
        members.find_text("kind"),
        members.find_text("layout"),
        members.find_text("style"),
        members.find_text("language"),
        read_names(members.items("languages"), "languages"),
        read_names(members.items("identifiers"), "identifiers"),
        members.find_text("mistake"),
    )


def _read_sample(answer: Answer) -> SamplePreview:
    document = read_json(answer.body)
    Members(document)  # an object was promised
    return cast("dict[str, Json]", document)


def _read_tenant(answer: Answer) -> TenantCore:
    members = read_object(answer.body)
    return TenantCore(
        members.text("tenantId"),
        members.text("name"),
        members.text("status"),
        members.text("defaultLanguage"),
        read_names(members.items("availableLanguages"), "availableLanguages"),
        members.whole("revision"),
        members.text("timeZone"),
    )
