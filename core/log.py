"""Structured logs, one line an event, to standard error.

What libraries log goes the same way, so that with JSON every line is JSON. `incident`, `message` and `request` are the
ids by which one alarm, one report of a device and one act of a person are found again in the logs of all processes.
"""

from __future__ import annotations

import logging
import sys
import threading
from types import TracebackType

import structlog


def configure_logging(process: str, *, as_json: bool, level: str = "INFO") -> None:
    """Set up logging for a process; `process` stands in every line."""
    # A plain traceback: the rich one prints local variables, secrets among them.
    renderer: structlog.typing.Processor = (
        structlog.processors.JSONRenderer(ensure_ascii=False)
        if as_json
        else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback)
    )

    def name_process(_logger: object, _method: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
        event["process"] = process
        return event

    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        name_process,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    structlog.configure(
        processors=[*shared, structlog.processors.format_exc_info, renderer],
        wrapper_class=structlog.make_filtering_bound_logger(getattr(logging, level.upper())),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    _route_libraries([*shared, structlog.stdlib.add_logger_name], renderer)
    sys.excepthook = _uncaught
    threading.excepthook = _ended_a_thread
    sys.unraisablehook = _could_not_be_raised


def _uncaught(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    if issubclass(kind, KeyboardInterrupt):
        sys.__excepthook__(kind, error, trace)
    else:
        structlog.get_logger().critical("process_failed", exc_info=(kind, error, trace))


def _ended_a_thread(told: threading.ExceptHookArgs) -> None:
    if told.exc_value is not None and told.exc_type is not SystemExit:  # which Python passes over as well
        name = None if told.thread is None else told.thread.name
        structlog.get_logger().error("thread_failed", thread=name, exc_info=(told.exc_type, told.exc_value, told.exc_traceback))


def _could_not_be_raised(told: sys.UnraisableHookArgs) -> None:
    """Of a finalizer or a callback: nobody above could catch it."""
    if told.exc_value is not None:
        where = f"{told.err_msg or 'exception ignored'} in {told.object!r}"
        structlog.get_logger().error("exception_ignored", where=where, exc_info=(told.exc_type, told.exc_value, told.exc_traceback))


def _route_libraries(shared: list[structlog.typing.Processor], renderer: structlog.typing.Processor) -> None:
    """Warnings and errors of libraries, in the same form as our own."""
    last: list[structlog.typing.Processor] = [
        structlog.stdlib.ProcessorFormatter.remove_processors_meta,
        structlog.processors.format_exc_info,
        renderer,
    ]
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(structlog.stdlib.ProcessorFormatter(foreign_pre_chain=shared, processors=last))
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(logging.WARNING)
