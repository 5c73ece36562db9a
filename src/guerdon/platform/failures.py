"""What a failure that nobody foresaw is to the caller, and to whoever reads the log."""

from structlog.typing import FilteringBoundLogger

from guerdon.platform.db import is_loss
from guerdon.platform.problems import DatabaseUnavailable, InternalError, Problem


def problem_of(failure: BaseException) -> Problem:
    """Tell the caller that the database is away, if that is it, and otherwise that it is our fault."""
    return DatabaseUnavailable() if is_loss(failure) else InternalError()


def log_failure(log: FilteringBoundLogger, event: str, failure: BaseException, **context: str) -> None:
    """Log a failure where it came from; a database that is away says the same for every request, so in one line."""
    if is_loss(failure):
        log.warning(event, reason=repr(failure), **context)
    else:
        log.error(event, exc_info=failure, **context)
