"""The command line: what may be typed.

A verb is declared here and does its work in `abm/commands/<verb>.py`, which is imported when the verb is used, so that
help comes at once.
"""

from __future__ import annotations

import sys
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

import abm
from abm.commands.ending import DONE, REFUSED, do, prepare_streams, say, warn
from abm.commands.options import (
    Cluster,
    Confounding,
    Covariates,
    Data,
    Firm,
    Json,
    LogColumns,
    LogDates,
    LogUntil,
    Out,
    Outcome,
    Replications,
    Seed,
    Sets,
    Study,
    Threads,
    With,
    Workers,
)
from abm.core.errors import Refusal, one_line

SHOWN = ("parameters", "mechanisms", "kpis", "tallies", "presets", "sources", "experiments", "coverage", "odd")

app = typer.Typer(
    name="patronage",
    help="A laboratory for customer behaviour: compare loyalty programmes and service strategies in simulated markets.",
    epilog="Start with: patronage new first_study",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

_UsageError: type[Exception] = typer.BadParameter.__mro__[1]  # what typer raises and has no name for


@app.command()
def run(
    file: Study,
    own: With = None,
    data: Data = None,
    sets: Sets = None,
    replications: Replications = None,
    seed: Seed = None,
    workers: Workers = None,
    threads: Threads = None,
    cluster: Cluster = None,
    out: Out = None,
    precision: Annotated[
        list[str] | None,
        typer.Option(
            metavar="KPI=HALFWIDTH",
            help="Add replications until differences from the baseline are known so well, as in profit=5 or "
            "csi.south=1%; may be repeated.",
        ),
    ] = None,
    max_runs: Annotated[
        int | None, typer.Option(help="Runs at most for --precision; left out = 1,000 replications.")
    ] = None,
    kpi: Annotated[
        str | None, typer.Option(metavar="NAME", help="Judge the arms by this KPI instead of the study's.")
    ] = None,
    strict: Annotated[
        bool, typer.Option("--strict", help="Exit with 1 if a criterion of the study, [[expect]], is not met.")
    ] = False,
    json: Json = False,
) -> None:
    """Run every arm of a study, or what of it is not stored yet; rank the arms and write a report."""
    do(
        "run", file, own or [], sets or [], replications, seed, workers, threads, cluster, out, precision or [],
        max_runs, kpi, strict, json,
    )  # fmt: skip


@app.command()
def compare(
    file: Study,
    kpi: Annotated[str, typer.Option(metavar="NAME", help="What is compared.", show_default=False)],
    zone: Annotated[str, typer.Option(metavar="X", help="The smallest difference that matters, in the KPI's unit.")],
    firm: Firm = None,
    group: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Of the firm's customers that the study tells apart; left out = everybody."),
    ] = None,
    confidence: Annotated[float, typer.Option(help="Probability that the answer is right.")] = 0.95,
    lowest: Annotated[
        bool | None, typer.Option("--lowest/--highest", help="Less is better; left out = as the KPI says.")
    ] = None,
    point: Annotated[int | None, typer.Option(help="One point of the design; left out = the mean of all.")] = None,
    each_point: Annotated[bool, typer.Option("--each-point", help="At each point: which arm wins where.")] = False,
    together: Annotated[
        bool, typer.Option("--together", help="The confidence is that of all points together.")
    ] = False,
    max_runs: Annotated[int | None, typer.Option(help="Runs at most; left out = as many as it takes.")] = None,
    pilot: Annotated[int, typer.Option(help="Replications before the first decision.")] = 10,
    check: Annotated[bool, typer.Option("--check", help="Also run equal arms, which must not differ at all.")] = False,
    own: With = None,
    data: Data = None,
    sets: Sets = None,
    seed: Seed = None,
    workers: Workers = None,
    threads: Threads = None,
    cluster: Cluster = None,
    out: Out = None,
    json: Json = False,
) -> None:
    """Find the best arm, or one as good for all that matters, with a stated probability and as few runs as it takes."""
    do(
        "compare", file, kpi, firm, group, zone, confidence, lowest, point, each_point, together, max_runs, pilot,
        check, own or [], sets or [], seed, workers, threads, cluster, out, json,
    )  # fmt: skip


@app.command()
def sensitivity(
    file: Study,
    kpi: Annotated[str, typer.Option(metavar="NAME", help="What is explained.", show_default=False)],
    firm: Firm = None,
    method: Annotated[
        str, typer.Option(help="sobol (shares of variance), morris (effects, few runs) or tornado (one at a time).")
    ] = "sobol",
    samples: Annotated[
        int | None, typer.Option(help="For sobol a power of two, 128 if left out; trajectories for morris, 20.")
    ] = None,
    arm: Annotated[str | None, typer.Option(metavar="NAME", help="One arm; left out = each.")] = None,
    against: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Explain the difference from this arm; left out = the KPI itself."),
    ] = None,
    factors: Annotated[
        list[str] | None,
        typer.Option(
            "--factor",
            metavar="PATH=[LOW,HIGH]",
            help="Vary this instead of the study's factors, PATH alone within its bounds; may be repeated.",
        ),
    ] = None,
    confidence: Annotated[float, typer.Option(help="Of the intervals.")] = 0.95,
    own: With = None,
    data: Data = None,
    sets: Sets = None,
    replications: Replications = None,
    seed: Seed = None,
    workers: Workers = None,
    threads: Threads = None,
    cluster: Cluster = None,
    out: Out = None,
    json: Json = False,
) -> None:
    """Find out which uncertain factors move a KPI, or the difference between two arms, and how much of it is luck."""
    do(
        "sensitivity", file, kpi, firm, method, samples, arm, against, factors or [], confidence, own or [], sets or [],
        replications, seed, workers, threads, cluster, out, json,
    )  # fmt: skip


@app.command()
def thresholds(
    file: Study,
    kpi: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="What arms are judged by; left out = the study's first.", show_default=False),
    ] = None,
    firm: Firm = None,
    weights: Annotated[
        list[str] | None,
        typer.Option(
            "--weight",
            metavar="PATH=[VALUES]",
            help="Try this weight instead of all, PATH alone at half and twice its value; may be repeated.",
        ),
    ] = None,
    confidence: Annotated[float, typer.Option(help="Of the intervals.")] = 0.95,
    own: With = None,
    data: Data = None,
    sets: Sets = None,
    replications: Replications = None,
    seed: Seed = None,
    workers: Workers = None,
    threads: Threads = None,
    out: Out = None,
    json: Json = False,
) -> None:
    """Find out at which value of a weight that nobody has measured the order of the arms would turn."""
    do(
        "thresholds", file, kpi, firm, weights or [], confidence, own or [], sets or [], replications, seed, workers,
        threads, out, json,
    )  # fmt: skip


@app.command()
def twins(
    file: Study,
    arms: Annotated[
        str | None,
        typer.Option(metavar="CONTROL,TREATED", help="Two arms; left out = the baseline and the only other one."),
    ] = None,
    outcome: Outcome = "profit_from_customer",
    silence: Annotated[
        int | None,
        typer.Option(help="Last periods without a visit that make a customer silent; left out = a quarter of a year."),
    ] = None,
    columns: Covariates = None,
    treated: Annotated[float, typer.Option(help="Share of the customers who are treated.")] = 0.5,
    confounding: Confounding = None,
    firm: Annotated[str | None, typer.Option(metavar="NAME", help="Whose log; left out = the first firm.")] = None,
    own: With = None,
    data: Data = None,
    sets: Sets = None,
    replications: Annotated[int, typer.Option(help="Markets, each with luck of its own.")] = 1,
    seed: Seed = None,
    workers: Workers = None,
    threads: Threads = None,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            "-o",
            metavar="DIR",
            help="Folder of the data, new or empty; left out = one in results/ beside FILE.toml, named by the study.",
        ),
    ] = None,
    json: Json = False,
) -> None:
    """Write data as an analyst has them, and apart from them each customer's true effect: to grade an estimator."""
    do(
        "twins", file, arms, outcome, silence, columns, treated, confounding or [], firm, own or [], sets or [],
        replications, seed, workers, threads, out, json,
    )  # fmt: skip


@app.command()
def calibrate(
    file: Study,
    targets: Annotated[
        Path | None, typer.Option(metavar="FILE.csv", help="What the market is known to show.", show_default=False)
    ] = None,
    log: Annotated[
        str | None,
        typer.Option(
            metavar="LOG", help="A purchase log of the first firm, whose last year is known.", show_default=False
        ),
    ] = None,
    log_columns: LogColumns = None,
    log_dates: LogDates = None,
    log_until: LogUntil = None,
    factors: Annotated[
        list[str] | None,
        typer.Option(
            "--factor",
            metavar="PATH=[LOW,HIGH]",
            help="What to calibrate, PATH alone within its bounds; left out = the study's factors; may be repeated.",
        ),
    ] = None,
    trials: Annotated[int, typer.Option(help="Settings that are tried.")] = 100,
    forgive: Annotated[int, typer.Option(help="Targets that settings may miss without being ruled out.")] = 0,
    own: With = None,
    data: Data = None,
    sets: Sets = None,
    replications: Annotated[int | None, typer.Option(help="Draws of luck per trial, the same for all.")] = None,
    seed: Annotated[int | None, typer.Option(help="Decides all luck, and what is tried.")] = None,
    workers: Workers = None,
    threads: Threads = None,
    cluster: Cluster = None,
    out: Out = None,
    json: Json = False,
) -> None:
    """Find the parameters with which a market shows what is known of it, and what that rules out."""
    do(
        "calibrate", file, targets, log, log_columns or [], log_dates, log_until, factors or [], trials, forgive,
        own or [], sets or [], replications, seed, workers, threads, cluster, out, json,
    )  # fmt: skip


@app.command()
def report(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A results folder.", show_default=False)],
    own: With = None,
    json: Json = False,
) -> None:
    """Write the figures and report.html of a results folder again."""
    do("report", folder, own or [], json)


@app.command()
def show(
    what: Annotated[str, typer.Argument(metavar="WHAT", help=f"One of {', '.join(SHOWN)}.", show_default=False)],
    name: Annotated[
        str | None, typer.Argument(metavar="NAME", help="One of them, or a part of its name; for odd a study file.")
    ] = None,
    own: With = None,
    json: Json = False,
) -> None:
    """Show what there is: parameters (assumed ones first), mechanisms, KPIs, presets, sources, studies, ODD text."""
    do("show", what, name, own or [], json)


@app.command()
def new(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Of the study.", show_default=False)],
) -> None:
    """Write experiments/NAME.toml: a small study with comments that runs as it is."""
    do("new", name)


@app.command()
def verify(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A results folder.", show_default=False)],
    sample: Annotated[int, typer.Option(help="How many runs to recompute.")] = 10,
    own: With = None,
    json: Json = False,
) -> None:
    """Recompute a sample of stored runs and compare every number, bit for bit."""
    do("verify", folder, sample, own or [], json)


@app.command()
def evidence(
    file: Annotated[
        Path | None,
        typer.Argument(
            metavar="[FILE.toml]", help="The study file; left out = the default market.", show_default=False
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
    """Hold a market against what is known of markets: elasticities, repeat purchase, programmes, word of mouth …"""
    do("evidence", file, facts or [], own or [], sets or [], replications, seed, threads, strict, json)


@app.command()
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


@app.command()
def bench(
    largest: Annotated[int, typer.Option(help="Most customers that are tried.")] = 1_000_000,
    json: Json = False,
) -> None:
    """Measure how fast this machine runs the market, and how that compares with plain Mesa."""
    do("bench", largest, json)


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
            code = app(arguments if given else ["--help"], prog_name="patronage", standalone_mode=False)
        except Refusal as refusal:
            return say(str(refusal), REFUSED)
        except _UsageError as error:
            return say(one_line(_unusable(error)), REFUSED)
    return code if isinstance(code, int) else DONE


def _unusable(error: Any) -> str:
    """Return what typer says of arguments in one line, with the command that says more."""
    command = error.ctx.command_path if error.ctx else "patronage"
    return f"{error.format_message().rstrip('.')}; {command} --help says what may be given"
