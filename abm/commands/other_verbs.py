"""The verbs that look at what there is: results, the model, this machine; what may be typed."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from abm.commands.ending import do
from abm.commands.options import Data, Json, LogColumns, LogDates, LogUntil, Seed, Sets, Threads, With, Workers

SHOWN = ("parameters", "mechanisms", "kpis", "tallies", "presets", "sources", "experiments", "coverage", "odd")


def report(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A results folder.", show_default=False)],
    own: With = None,
    json: Json = False,
) -> None:
    """Write the figures and report.html of a results folder again."""
    do("report", folder, own or [], json)


def show(
    what: Annotated[str, typer.Argument(metavar="WHAT", help=f"One of {', '.join(SHOWN)}.", show_default=False)],
    name: Annotated[
        str | None,
        typer.Argument(
            metavar="NAME", help="One of them, or a part of its name; a kind of presets; for odd a study file."
        ),
    ] = None,
    own: With = None,
    json: Json = False,
) -> None:
    """Show what there is: parameters (assumed ones first), mechanisms, KPIs, presets, sources, studies, ODD text."""
    do("show", what, name, own or [], json)


def new(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Of the study.", show_default=False)],
) -> None:
    """Write experiments/NAME.toml: a small study with comments that runs as it is."""
    do("new", name)


def verify(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A results folder.", show_default=False)],
    sample: Annotated[int, typer.Option(help="How many runs to recompute.")] = 10,
    own: With = None,
    json: Json = False,
) -> None:
    """Recompute a sample of stored runs and compare every number, bit for bit."""
    do("verify", folder, sample, own or [], json)


def evidence(
    file: Annotated[
        Path | None,
        typer.Argument(
            metavar="[FILE.toml]", help="The study file; left out = the market each fact is about.", show_default=False
        ),
    ] = None,
    facts: Annotated[
        list[str] | None, typer.Option("--fact", metavar="NAME", help="This fact only; may be repeated.")
    ] = None,
    own: With = None,
    data: Data = None,
    sets: Sets = None,
    replications: Annotated[int, typer.Option(help="Draws of luck per variant of the market.")] = 10,
    seed: Seed = None,
    threads: Threads = 1,
    strict: Annotated[bool, typer.Option("--strict", help="Exit with 1 if a fact is contradicted.")] = False,
    json: Json = False,
) -> None:
    """Hold a market against what is known of markets: elasticities, repeat purchase, programmes, contracts, waits …"""
    do("evidence", file, facts or [], own or [], sets or [], replications, seed, threads, strict, json)


def replicate(
    names: Annotated[list[str] | None, typer.Argument(metavar="[NAME]...", help="Papers.", show_default=False)] = None,
    whole: Annotated[bool, typer.Option("--all", help="All papers; writes the page of all.")] = False,
    papers: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Where papers lie; left out = `papers` here or above.")
    ] = None,
    sets: Sets = None,
    workers: Workers = None,
    json: Json = False,
) -> None:
    """Run published findings again, and judge each by the tolerance that was fixed for it."""
    do("replicate", names or [], whole, papers, sets or [], workers, json)


def fit(
    log: Annotated[
        str,
        typer.Argument(metavar="LOG", help="A CSV or Parquet file, or the name of a shipped log.", show_default=False),
    ],
    holdout: Annotated[
        str | None,
        typer.Option(
            metavar="DAY|WEEKS",
            help="Do not fit what comes after this day, as 1997-09-30, or the last weeks; foretell it.",
        ),
    ] = None,
    log_columns: LogColumns = None,
    log_dates: LogDates = None,
    log_until: LogUntil = None,
    cohorts: Annotated[int, typer.Option(help="Simulated cohorts that the log is held against.")] = 40,
    seed: Annotated[int, typer.Option(help="Decides all luck.")] = 1,
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", metavar="FILE.toml", help="Write a study whose customers are those of the log."),
    ] = None,
    json: Json = False,
) -> None:
    """Fit rates, drop-out and baskets to a purchase log, check the fit, foretell what was held out, write a study."""
    do("fit", log, holdout, log_columns or [], log_dates, log_until, cohorts, seed, out, json)


def export(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A results folder.", show_default=False)],
    out: Annotated[
        Path,
        typer.Option("--out", "-o", metavar="FILE", help="What is written: .csv or .parquet.", show_default=False),
    ],
    panel: Annotated[
        bool, typer.Option("--panel", help="A row per purchase and firm, with price and what was chosen before.")
    ] = False,
    arm: Annotated[str | None, typer.Option(metavar="NAME", help="Of the run; left out = the baseline.")] = None,
    point: Annotated[int, typer.Option(help="Of the design.")] = 0,
    replication: Annotated[int, typer.Option(help="Which draw of luck.")] = 0,
    all_runs: Annotated[
        bool, typer.Option("--all-runs", help="All that are stored, with columns arm, point and replication.")
    ] = False,
    firm: Annotated[str | None, typer.Option(metavar="NAME", help="Whose log; left out = the first firm.")] = None,
    all_firms: Annotated[bool, typer.Option("--all-firms", help="Purchases at all firms, with their names.")] = False,
    since: Annotated[
        int | None, typer.Option(metavar="PERIOD", help="First one that is written; left out = the end of the burn-in.")
    ] = None,
    start: Annotated[str, typer.Option(metavar="DAY", help="On which period 0 begins.")] = "2024-01-01",
    cohort: Annotated[
        bool, typer.Option("--cohort", help="From period 0 on, with the purchase by which each customer became one.")
    ] = False,
    own: With = None,
    json: Json = False,
) -> None:
    """Write the purchases of a stored run for other packages: customer_id, date, amount, or a panel of choices."""
    whose = (arm, point, replication, all_runs, firm, all_firms)
    do("export", folder, out, panel, *whose, since, start, cohort, own or [], json)


def queue(
    file: Annotated[Path, typer.Argument(metavar="FILE.toml", help="The queue's file.", show_default=False)],
    customers: Annotated[int | None, typer.Option(help="Who come; left out = 10000, if no duration is given.")] = None,
    duration: Annotated[float | None, typer.Option(help="Minutes in which people come, instead.")] = None,
    seed: Annotated[int, typer.Option(help="Decides all luck.")] = 1,
    replications: Annotated[int, typer.Option(help="Draws of luck.")] = 1,
    within: Annotated[float, typer.Option(help="Seconds, after which service counts as late.")] = 20.0,
    out: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Write a row for each customer, the summary and figures there.")
    ] = None,
    trace: Annotated[str, typer.Option(help="Format of the rows: parquet or csv.")] = "parquet",
    json: Json = False,
) -> None:
    """Serve customers in a queue by itself: waits, abandonment, utilisation, with their standard errors."""
    do("queue", file, customers, duration, seed, replications, within, out, trace, json)


def explore(
    file: Annotated[
        Path | None,
        typer.Argument(
            metavar="[FILE.toml]", help="The study file; left out = the default market.", show_default=False
        ),
    ] = None,
    own: With = None,
    data: Data = None,
    sets: Sets = None,
    seed: Seed = None,
    port: Annotated[int, typer.Option(help="Of this machine; if it is taken, the next one that is free.")] = 8765,
    browser: Annotated[bool, typer.Option("--browser/--no-browser", help="Open the page in a browser.")] = True,
) -> None:
    """Look at a market while it runs: move levers of two arms, watch KPIs, customers and accounts, compare the arms."""
    do("explore", file, own or [], sets or [], seed, port, browser)


def bench(
    largest: Annotated[int, typer.Option(help="Most customers that are tried.")] = 1_000_000,
    json: Json = False,
) -> None:
    """Measure how fast this machine runs the market, as a multiple of plain Mesa and a share of what it could do."""
    do("bench", largest, json)
