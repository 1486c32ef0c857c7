"""The verbs that ask a study something, and do runs for it: what may be typed."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from abm.commands.ending import do
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
        bool,
        typer.Option("--strict", help="Exit with 1 if a criterion of the study (expect) is not met."),
    ] = False,
    json: Json = False,
) -> None:
    """Run every arm of a study, or what of it is not stored yet; rank the arms and write a report."""
    do(
        "run", file, own or [], sets or [], replications, seed, workers, threads, cluster, out, precision or [],
        max_runs, kpi, strict, json,
    )  # fmt: skip


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


def game(
    file: Study,
    firms: Annotated[
        str,
        typer.Option(metavar="NAME,NAME", help="The rivals; the arms are written for the first.", show_default=False),
    ],
    arms: Annotated[
        str | None, typer.Option(metavar="NAME,…", help="The strategies; left out = all arms of the study.")
    ] = None,
    kpi: Annotated[str, typer.Option(metavar="NAME", help="What each firm is paid.")] = "profit",
    confidence: Annotated[float, typer.Option(help="That all best responses called decided are right.")] = 0.95,
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
    """Let rivals take each arm of a study in every combination: payoffs, best responses, equilibria."""
    do(
        "game", file, firms, arms, kpi, confidence, own or [], sets or [], replications, seed, workers, threads,
        cluster, out, json,
    )  # fmt: skip


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
