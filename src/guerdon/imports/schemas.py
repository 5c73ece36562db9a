"""The answers of imports."""

from guerdon.imports.model import Import, KeptMistakes, LeftOut, State
from guerdon.passes.model import read_object
from guerdon.platform.clock import rfc3339
from guerdon.platform.wire import Body, Instant


class ImportMistakes(Body):
    """A row that was left out: its line, its serial when that can be read, and every mistake by column."""

    line: int
    serial: str | None = None
    errors: dict[str, list[str]]


class ImportProgress(Body):
    """How far an import has come; at every instant `imported + existing + rejected <= total`."""

    import_id: str
    state: State
    start_date: Instant
    last_activity_date: Instant
    total: int
    imported: int
    existing: int
    rejected: int


class ImportAccepted(ImportProgress):
    """How many rows are scheduled, and which were left out: all are counted, the first 10 000 are named."""

    count: int
    mistakes: list[ImportMistakes]


def show_import(one: Import) -> dict[str, object]:
    """Give the members of an `ImportProgress`."""
    return {
        "importId": one.import_id.hex,
        "state": one.state,
        "startDate": rfc3339(one.started_at),
        "lastActivityDate": rfc3339(one.last_activity_at),
        "total": one.total,
        "imported": one.imported,
        "existing": one.existing,
        "rejected": one.rejected,
    }


def show_left_out(row: LeftOut, name: str = "serial") -> dict[str, object]:
    """Give the members of an `ImportMistakes`; `name` is the member that says what the row is about."""
    return {"line": row.line, **_named(name, row.serial), "errors": row.mistakes}


def show_kept(kept: KeptMistakes, name: str = "serial") -> dict[str, object]:
    """Give the members of an `ImportMistakes` that was kept."""
    return {"line": kept.line, **_named(name, kept.serial), "errors": read_object(kept.mistakes_text)}


def _named(name: str, serial: str | None) -> dict[str, str]:
    return {} if serial is None else {name: serial}
