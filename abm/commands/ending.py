"""How every command ends: its exit code, and what is said of what went wrong.

Exit codes: 0 done; 1 some runs failed, a check did not hold, or a bug; 2 refused input; 130 and 143 interrupted.
"""

from __future__ import annotations

import contextlib
import importlib
import os
import sys
import traceback
from typing import Any

import typer

from abm.core.collector import uncollected
from abm.core.errors import Refusal, counted, one_line, shortage
from abm.core.machine import too_small_for_libraries

DONE, FAILED, REFUSED, INTERRUPTED = 0, 1, 2, 130
DEBUG = "PATRONAGE_DEBUG"


def do(verb: str, *options: Any) -> None:
    """Carry out a command and end the program with its exit code."""
    if short := too_small_for_libraries():
        raise typer.Exit(say(short, FAILED))
    code = DONE
    try:
        code = _loaded(verb).main(*options)
        sys.stdout.flush()
    except Refusal as refusal:
        code = say(str(refusal), REFUSED)
    except BrokenPipeError:  # the program that reads the output has ended, which is no error here
        _discard_output()
    except KeyboardInterrupt as stop:
        code = say(f"interrupted{_how_far(stop)}", getattr(stop, "exit_code", INTERRUPTED))
    except OSError as error:
        code = say(_told(error), REFUSED)
    except Exception as error:
        if os.environ.get(DEBUG):
            traceback.print_exc()
        if short := shortage(error):
            raise typer.Exit(say(f"{short}; what was done is kept", FAILED)) from None
        words = one_line(str(error))[:200]
        if own := importlib.import_module("abm.study.running.own_place").own_place(error):
            raise typer.Exit(say(f"{own}: {type(error).__name__}: {words}", REFUSED)) from None
        advice = f"this is a bug; run again with {DEBUG}=1 for the traceback"
        code = say(f"{type(error).__name__}: {words}; {advice}", FAILED)
    raise typer.Exit(code)


def _loaded(verb: str) -> Any:
    """Return a verb's module."""
    with uncollected():
        return importlib.import_module(f"abm.commands.{verb}")


def _told(error: OSError) -> str:
    """Return in a line what the machine refuses, and where."""
    if str(error) == "AF_UNIX path too long":  # of the socket by which worker processes are started
        return "the name of the folder for temporary files is too long; set TMPDIR to a shorter one, or use --workers 1"
    words = shortage(error) or str(error.strerror or error)
    return one_line(f"{error.filename}: {words}" if error.filename else words)


def _how_far(stop: Any) -> str:
    """Say what an interrupted study has stored, and how to go on."""
    if not hasattr(stop, "done"):
        return "; run the same command again"
    if not stop.done:
        return " before the first run was done; run the same command again"
    return f" after {stop.done:,} of {counted(stop.total, 'run')}, all stored; the same command goes on from there"


def say(line: str, code: int = DONE) -> int:
    """Print a line to standard error, if anybody reads it, and return the exit code."""
    with contextlib.suppress(OSError):
        print(line, file=sys.stderr, flush=True)
    return code


def _discard_output() -> None:
    """Let nothing more be written to a closed pipe, the last flush at exit included."""
    with contextlib.suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def prepare_streams() -> None:
    """Make output possible whatever the streams are: closed, or of an encoding that lacks a letter.

    Figures are files, so that no window is to be had, nor a word to be said of one that there is not.
    """
    os.environ["MPLBACKEND"] = "agg"
    for name in ("stdin", "stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, "r+", encoding="utf-8"))  # noqa: SIM115 - kept until the process ends
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(AttributeError, ValueError):
            stream.reconfigure(errors="replace")  # type: ignore[union-attr]


def warn(message: Warning | str, *_: Any, **__: Any) -> None:
    """Say a warning in one line; takes the place of `warnings.showwarning`, which also names the line of code."""
    say(f"warning: {one_line(str(message))}")
