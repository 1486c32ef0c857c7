"""What commands print: results to standard output, notes to standard error, tables that fit 100 columns when piped."""

from __future__ import annotations

import contextlib
import json
import math
import os
import sys
from collections.abc import Mapping
from typing import Any, NoReturn

from rich.console import Console

from abm.core.errors import one_line

WIDTH = 100  # columns of text that no terminal limits


class _Output(Console):
    """A console that leaves a broken pipe to the caller."""

    def on_broken_pipe(self) -> NoReturn:
        raise BrokenPipeError


def standard_output() -> Console:
    """Return the console for results: colours on a terminal, plain text elsewhere."""
    return _console(sys.stdout)


def standard_error() -> Console:
    """Return the console for notes and progress."""
    return _console(sys.stderr)


def _console(stream: Any) -> Console:
    fixed = None if stream.isatty() or "COLUMNS" in os.environ else WIDTH
    return _Output(file=stream, width=fixed, markup=False, highlight=False, emoji=False, soft_wrap=False)


def show(*things: Any) -> None:
    """Print tables and text to standard output; without the blanks that fill a line up, when no terminal is there."""
    console = standard_output()
    if console.is_terminal:
        for thing in things:
            console.print(thing)
        return
    with console.capture() as captured:
        for thing in things:
            console.print(thing)
    lines("\n".join(line.rstrip() for line in captured.get().splitlines()))


def lines(text: str) -> None:
    """Print text to standard output as it is, however long its lines are."""
    print(text)


def note(text: str) -> None:
    """Print one line to standard error; nobody reading it is no reason to stop."""
    with contextlib.suppress(OSError):
        print(one_line(text), file=sys.stderr, flush=True)


def waiting(text: str) -> contextlib.AbstractContextManager[Any]:
    """Show on a terminal, while something is done, what that is; nothing of it stays there."""
    console = standard_error()
    return console.status(text) if console.is_terminal else contextlib.nullcontext()


def document(value: Mapping[str, Any] | list[Any]) -> None:
    """Print one JSON document to standard output; numbers that JSON does not know become null."""
    print(json.dumps(_finite(value), indent=2, ensure_ascii=True))


def _finite(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, bool | int | str) or value is None:
        return value
    return str(value)
