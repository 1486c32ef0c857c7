"""The command line: what may be typed.

A verb is declared in one of two files and does its work in `abm/commands/<verb>.py`, which is imported when the verb is
used, so that help comes at once.
"""

from __future__ import annotations

import sys
import warnings
from collections.abc import Sequence
from functools import cache
from typing import Annotated, Any

import typer

import abm
from abm.commands import other_verbs, verbs_that_run
from abm.commands.ending import DONE, REFUSED, prepare_streams, say, warn
from abm.core.errors import Refusal, one_line

app = typer.Typer(
    name="patronage",
    help="A laboratory for customer behaviour: compare loyalty programmes and service strategies in simulated markets.",
    epilog="Start with: patronage new first_study",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

_UsageError: type[Exception] = typer.BadParameter.__mro__[1]  # what typer raises and has no name for


VERBS = (  # in the order of the help
    verbs_that_run.run,
    verbs_that_run.compare,
    verbs_that_run.sensitivity,
    verbs_that_run.thresholds,
    verbs_that_run.game,
    verbs_that_run.twins,
    verbs_that_run.calibrate,
    other_verbs.report,
    other_verbs.show,
    other_verbs.new,
    other_verbs.verify,
    other_verbs.evidence,
    other_verbs.fit,
    other_verbs.export,
    other_verbs.replicate,
    other_verbs.queue,
    other_verbs.explore,
    other_verbs.bench,
)
for _verb in VERBS:
    app.command()(_verb)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"patronage {abm.__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    pass


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return the exit code.

    arguments : those after the command's name; None = the process's own
    """
    prepare_streams()
    given = sys.argv[1:] if arguments is None else list(arguments)
    with warnings.catch_warnings():
        warnings.showwarning = warn
        try:
            code = _command()(arguments if given else ["--help"], prog_name="patronage", standalone_mode=False)
        except Refusal as refusal:
            return say(str(refusal), REFUSED)
        except _UsageError as error:
            return say(one_line(_unusable(error)), REFUSED)
    return code if isinstance(code, int) else DONE


@cache
def _command() -> Any:
    """Return the command with all verbs, which takes as long to put together as a short run takes."""
    return typer.main.get_command(app)


def _unusable(error: Any) -> str:
    """Return what typer says of arguments in one line, with the command that says more."""
    command = error.ctx.command_path if error.ctx else "patronage"
    return f"{error.format_message().rstrip('.')}; {command} --help says what may be given"
