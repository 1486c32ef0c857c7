"""The options that several verbs share: how each is typed, and what is refused before the verb begins."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from abm.commands.ending import say
from abm.core.errors import NOT_A_PAIR, Refusal
from abm.core.machine import processors
from abm.world.files import allow


def _pairs(sets: list[str] | None) -> list[str] | None:
    """Refuse --set seed 5, before its 5 is taken for an argument too many."""
    for one in sets or ():
        if "=" not in one:
            raise Refusal(NOT_A_PAIR, place=f"--set {one}")
    return sets


def _allowed(folders: list[Path] | None) -> list[Path] | None:
    """Let the study name files in these folders.  Raises Refusal for what is no folder."""
    try:
        allow(folders or ())
    except Refusal as refusal:
        raise Refusal(refusal.message, place="--data") from None
    return folders


def _at_most_processors(option: typer.CallbackParam, asked: int | None) -> int | None:
    """Return how many processes or threads there are to be: no more than processors; say so.

    More would share the processors, and take more memory and more time for the same runs.
    """
    there = processors()
    if asked is None or asked <= there:
        return asked
    has = f"{there} processor{'s' * (there > 1)}"
    say(f"{option.opts[0]} {asked}: this machine has {has}, so {there} will be used")
    return there


Study = Annotated[Path, typer.Argument(metavar="FILE.toml", help="The study file.", show_default=False)]
Firm = Annotated[str | None, typer.Option(metavar="NAME", help="Whose KPI; left out = the first firm.")]
Sets = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="PATH=VALUE", callback=_pairs, help="Change a value of the study; may be repeated."),
]
With = Annotated[
    list[Path] | None,
    typer.Option(
        "--with",
        metavar="FILE.py",
        help="A Python file of theories, KPIs and readings of your own that the study names; may be repeated.",
    ),
]
Data = Annotated[
    list[Path] | None,
    typer.Option(
        "--data",
        metavar="DIR",
        callback=_allowed,
        help="A folder elsewhere in which the logs and graphs that the study names may lie; may be repeated.",
    ),
]
LogColumns = Annotated[
    list[str] | None,
    typer.Option(
        "--log-column",
        metavar="COLUMN=HEADING",
        help="The log's heading of its customer, date, amount, quantity or price; may be repeated.",
    ),
]
LogDates = Annotated[
    str | None,
    typer.Option(metavar="HOW", help="How the log writes dates: day_first, month_first or a pattern as %d %b %Y."),
]
LogUntil = Annotated[str | None, typer.Option(metavar="DAY", help="Last day of the log that is used, as 1997-09-30.")]
Outcome = Annotated[
    str,
    typer.Option(
        metavar="NAME",
        help="profit_from_customer, spend_so_far, visits_so_far, silent, exited, or another column of customers.",
    ),
]
Covariates = Annotated[
    str | None,
    typer.Option(
        metavar="NAME,…",
        help="What is known from before treatment: recency, frequency, spend, answers to a survey, columns of "
        "customers; left out = the first three, or purchase_rate,basket if treatment begins with the run.",
    ),
]
Confounding = Annotated[
    list[str] | None,
    typer.Option(
        metavar="COLUMN=STRENGTH",
        help="Treat those with much of it more often, below 0 less; left out = at random; may be repeated.",
    ),
]
Replications = Annotated[int | None, typer.Option(help="Draws of luck per arm and point.")]
Seed = Annotated[int | None, typer.Option(help="Decides all luck.")]
Workers = Annotated[
    int | None, typer.Option(callback=_at_most_processors, help="Processes; left out = as many as pay.")
]
Threads = Annotated[int | None, typer.Option(callback=_at_most_processors, help="Threads inside a run.")]
Cluster = Annotated[
    str | None,
    typer.Option(
        metavar="ADDRESS",
        help="Do the runs there: a Dask scheduler, as in tcp://HOST:8786, or a TOML file that says how to ask a "
        "queueing system for jobs.",
    ),
]
Out = Annotated[
    Path | None,
    typer.Option(
        metavar="DIR", help="Results folder; left out = one in results/ beside FILE.toml, named by the study."
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON document on standard output and nothing else.")]
