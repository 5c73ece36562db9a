import asyncio
import io
import json
import logging
import subprocess
import sys
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import structlog

from guerdon.platform.log import configure_log, log_context
from guerdon.platform.settings import read_settings

LEAK = "sesame-4711"
Lines = Callable[[], list[dict[str, Any]]]


@pytest.fixture(autouse=True)
def untouched_logging() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level, hook = list(root.handlers), root.level, sys.excepthook
    yield
    root.handlers[:], sys.excepthook = handlers, hook
    root.setLevel(level)
    logging.captureWarnings(capture=False)
    structlog.reset_defaults()


@pytest.fixture
def stream() -> io.StringIO:
    return io.StringIO()


@pytest.fixture
def lines(stream: io.StringIO) -> Lines:
    configure_log(read_settings({"GUERDON_LOG_JSON": "true"}), stream)
    return lambda: [json.loads(line) for line in stream.getvalue().splitlines()]


def test_a_line_carries_its_level_name_and_time(lines: Lines) -> None:
    structlog.stdlib.get_logger("guerdon.test").info("pushed", devices=3)

    (line,) = lines()
    assert (line["event"], line["level"], line["logger"], line["devices"]) == ("pushed", "info", "guerdon.test", 3)
    assert line["timestamp"].endswith("Z")


def test_what_is_below_the_level_is_not_written(lines: Lines) -> None:
    structlog.stdlib.get_logger().debug("fine")
    logging.getLogger("uvicorn.error").debug("fine")

    assert lines() == []


async def test_names_of_the_request_are_on_every_line_of_its_tasks(lines: Lines) -> None:
    log = structlog.stdlib.get_logger("guerdon.test")

    async def inner() -> None:
        log.info("inner")
        logging.getLogger("asyncpg").warning("inner too")

    with log_context(request_id="r-1", tenant_id="demo", actor="key:k1"):
        await asyncio.gather(inner())
    log.info("outside")

    *inside, outside = lines()
    assert [(line["request_id"], line["tenant_id"], line["actor"]) for line in inside] == [
        ("r-1", "demo", "key:k1")
    ] * 2
    assert "request_id" not in outside


@pytest.mark.parametrize("name", ["uvicorn.error", "uvicorn.access", "asyncpg", "pgqueuer", "somebody.else"])
def test_lines_of_libraries_go_the_same_way(lines: Lines, name: str) -> None:
    logging.getLogger(name).warning("GET /x?token=%s took %d ms", LEAK, 12)

    (line,) = lines()
    assert line["event"] == "GET /x?token=*** took 12 ms"
    assert line["logger"] == name


def fail(failure: Exception) -> None:
    raise failure


def leak_by_key() -> None:
    structlog.stdlib.get_logger().info("x", pushToken=LEAK, body={"a": [{"x-api-key": LEAK}]})


def leak_by_text() -> None:
    structlog.stdlib.get_logger().warning(f"Authorization: ApplePass {LEAK}")


def leak_by_exception() -> None:
    try:
        fail(ValueError({"password": LEAK}))
    except ValueError:
        structlog.stdlib.get_logger().exception("failed")


def leak_by_cause() -> None:
    try:
        try:
            fail(KeyError(f"secret={LEAK}"))
        except KeyError as inner:
            raise ValueError(f"hmac: '{LEAK}'") from inner
    except ValueError as outer:
        structlog.stdlib.get_logger().error("failed", exc_info=outer)


def leak_by_group() -> None:
    group = ExceptionGroup("several", [ValueError(f"token={LEAK}"), ValueError(f"Bearer {LEAK}")])
    structlog.stdlib.get_logger().error("failed", exc_info=group)


def leak_by_library_exception() -> None:
    try:
        fail(ConnectionError(f"postgresql://u:{LEAK}@h/db"))
    except ConnectionError:
        logging.getLogger("asyncpg").exception("pool %s", {"password": LEAK})


def leak_by_context() -> None:
    with log_context(authorization=LEAK):
        structlog.stdlib.get_logger().info("x")


def leak_by_extra() -> None:
    logging.getLogger("uvicorn.error").info("x", extra={"api_key": LEAK})


def leak_by_arguments_that_do_not_fit() -> None:
    logging.getLogger("uvicorn.error").info("%d %d", LEAK)  # noqa: PLE1206  # as a library might


def leak_by_warning() -> None:
    warnings.warn(f"password={LEAK}", UserWarning, stacklevel=1)


def leak_by_object() -> None:
    class Request:
        def __repr__(self) -> str:
            return f"<Request token='{LEAK}'>"

    structlog.stdlib.get_logger().info("x", request=Request(), pair=("x-api-key", LEAK))


def leak_by_stack() -> None:
    structlog.stdlib.get_logger().info(f"secret: {LEAK}", stack_info=True)


@pytest.mark.filterwarnings("default")
@pytest.mark.parametrize("is_json", ["true", "false"])
@pytest.mark.parametrize(
    "leak",
    [
        *(leak_by_key, leak_by_text, leak_by_exception, leak_by_cause, leak_by_group, leak_by_library_exception),
        *(leak_by_context, leak_by_extra, leak_by_arguments_that_do_not_fit, leak_by_warning, leak_by_object),
        leak_by_stack,
    ],
)
def test_no_way_of_logging_lets_a_secret_through(
    stream: io.StringIO, capfd: pytest.CaptureFixture[str], leak: Callable[[], None], is_json: str
) -> None:
    configure_log(read_settings({"GUERDON_LOG_JSON": is_json, "GUERDON_LOG_LEVEL": "debug"}), stream)

    leak()

    written = stream.getvalue() + "".join(capfd.readouterr())
    assert written != ""
    # The line of a traceback that shows the source holds the name LEAK, never its value.
    assert LEAK not in written


def test_an_exception_is_told_with_its_place(lines: Lines) -> None:
    leak_by_exception()

    (line,) = lines()
    assert "leak_by_exception" in line["exception"]
    assert "ValueError" in line["exception"]


def test_readable_lines_are_one_line_each(stream: io.StringIO) -> None:
    configure_log(read_settings({}), stream)

    structlog.stdlib.get_logger("guerdon.test").info("pushed", devices=3, text="two\nlines")

    assert len(stream.getvalue().splitlines()) == 1
    assert "devices=3" in stream.getvalue()


def test_a_line_that_cannot_be_written_says_so_and_no_more(stream: io.StringIO) -> None:
    configure_log(read_settings({}), stream)

    logging.getLogger("uvicorn.error").info("%d", LEAK)

    assert stream.getvalue() == "a log line of uvicorn.error could not be written\n"


@pytest.mark.parametrize("is_json", ["true", "false"])
def test_a_crash_of_the_process_lets_no_secret_through(is_json: str) -> None:
    program = (
        "from guerdon.platform.log import configure_log\n"
        "from guerdon.platform.settings import read_settings\n"
        f"configure_log(read_settings({{'GUERDON_LOG_JSON': '{is_json}'}}))\n"
        "raise SystemError('password=' + '-'.join(['sesame', '4711']))\n"
    )

    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)

    assert ended.returncode == 1
    assert "SystemError" in ended.stderr
    assert LEAK not in ended.stderr + ended.stdout
