"""Logging: one shape for every line of the process, its request and tenant on it, and no secret in it."""

import logging
import sys
from collections.abc import Generator, MutableMapping
from contextlib import contextmanager
from types import TracebackType
from typing import Any, TextIO

import structlog
from structlog.stdlib import ProcessorFormatter
from structlog.typing import Processor

from guerdon.platform.log_redaction import redact_mapping
from guerdon.platform.settings import Settings

LIBRARY_LOGGERS = ("uvicorn", "uvicorn.error", "uvicorn.access", "asyncpg", "pgqueuer", "asyncio", "py.warnings")
# What these say of every statement, frame or header is of no use here, at any level.
QUIET_LOGGERS = ("asyncpg", "hpack", "httpx2", "httpcore2", "h2")

_log = structlog.stdlib.get_logger("guerdon")


def configure_log(settings: Settings, stream: TextIO | None = None) -> None:
    """Send every line of this process, libraries' and crashes' included, to `stream` (standard error).

    May be called again; the last call counts.
    """
    level = logging.getLevelNamesMapping()[settings.log_level.upper()]
    stamp = structlog.processors.TimeStamper(fmt="iso", utc=True)
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        stamp,
    ]
    structlog.configure(
        processors=[*shared, ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.make_filtering_bound_logger(level),
    )
    handler = _Handler(sys.stderr if stream is None else stream)
    handler.setFormatter(
        ProcessorFormatter(
            foreign_pre_chain=shared,
            # Redaction stands last but one, so that nothing is added after it.
            processors=[
                ProcessorFormatter.remove_processors_meta,
                structlog.processors.StackInfoRenderer(),
                structlog.processors.format_exc_info,
                _redact_line,
                _renderer(is_json=settings.log_json),
            ],
        )
    )
    _take_over(handler, level)


@contextmanager
def log_context(**names: str) -> Generator[None]:
    """Put names (request_id, tenant_id, actor) on every line of this task and its children."""
    with structlog.contextvars.bound_contextvars(**names):
        yield


class _Handler(logging.StreamHandler[TextIO]):
    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802  # the library's name
        # The library would print the arguments as they are, secrets included.
        self.stream.write(f"a log line of {record.name} could not be written\n")


def _redact_line(_logger: object, _method: str, line: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    return redact_mapping(line)


def _renderer(*, is_json: bool) -> Processor:
    if is_json:
        return structlog.processors.JSONRenderer(sort_keys=False, ensure_ascii=False)
    return structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback)


def _take_over(handler: logging.Handler, level: int) -> None:
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for name in LIBRARY_LOGGERS:
        library = logging.getLogger(name)
        library.handlers.clear()
        library.propagate = True
    for name in QUIET_LOGGERS:
        logging.getLogger(name).setLevel(logging.WARNING)
    logging.captureWarnings(capture=True)
    sys.excepthook = _log_crash


def _log_crash(kind: type[BaseException], failure: BaseException, traceback: TracebackType | None) -> None:
    if issubclass(kind, KeyboardInterrupt):
        return
    _log.critical("the process ends by an error", exc_info=(kind, failure, traceback))
