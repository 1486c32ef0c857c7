"""`patronage fit`: what a purchase log says of its customers, and whether simulated ones make such a log."""

from __future__ import annotations

import math
import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.table import Table

from abm.commands import doing, output
from abm.commands.log_options import as_typed, check_dates, headings
from abm.core.errors import Refusal
from abm.exchange import study_file
from abm.exchange.fit import Fit, begun
from abm.exchange.forecast import Forecast, off
from abm.view import log_estimates, tables

_OPTIONS = {"holdout": "--holdout", "until": "--log-until", "cohorts": "--cohorts", "seed": "--seed", "out": "--out"}


def main(
    log: str,
    holdout: str | None,
    log_columns: Sequence[str],
    dates: str | None,
    until: str | None,
    cohorts: int,
    seed: int,
    out: Path | None,
    json: bool,
) -> int:
    """Fit a log and say how well that does; return 0, whatever the verdicts.  Raises Refusal before it writes."""
    try:
        if out is not None:
            study_file.check_free(out)
        columns = headings(log_columns)
        check_dates(dates, "--log-dates")
        with output.waiting(f"{log}: reading and fitting …"):
            read = begun(log, holdout=holdout, until=until, columns=columns, dates=dates, cohorts=cohorts, seed=seed)
        output.note(f"{log}: read and fitted; now {cohorts} cohorts of simulated customers …")
        found = read.completed()
        if out is not None:
            study_file.write(found, out, _command(log, holdout, log_columns, dates, until, cohorts, seed, out))
    except Refusal as refusal:
        name, _, path = refusal.place.partition(".")
        name = name.removeprefix("log_")
        if not refusal.source and name in _OPTIONS:
            raise Refusal(refusal.message, place=f"{_OPTIONS[name]} {path}".rstrip()) from None
        raise as_typed(refusal) from None
    if json:
        output.document(_document(found, out))
    else:
        _print(found, out)
    return 0


def _command(
    log: str,
    holdout: str | None,
    columns: Sequence[str],
    dates: str | None,
    until: str | None,
    cohorts: int,
    seed: int,
    out: Path,
) -> str:
    """Return the command that was given, without the folders of this machine."""
    once = {"--holdout": holdout, "--log-dates": dates, "--log-until": until, "--cohorts": cohorts, "--seed": seed}
    said = [part for name, value in once.items() if value is not None for part in (name, str(value))]
    said += [part for one in columns for part in ("--log-column", one)]
    return shlex.join(["patronage", "fit", Path(log).name, *said, "-o", out.name])


def _print(found: Fit, out: Path | None) -> None:
    fits, reading = found.reading.fit, found.reading
    output.lines(f"{reading.counted()}\n\n{fits.lives.describe()}\n  taken because: {fits.why or 'no other was tried'}")
    output.lines(fits.baskets.describe() if fits.baskets else "no amounts: baskets are the population's own")
    output.show("", _estimates(found), "", _check(found), "")
    output.lines(f"{_compared(found)}\n{found.verdict}")
    if found.forecast is not None:
        output.show("", _totals(found.forecast), "", _by_repeats(found.forecast), "")
        output.lines(str(found.forecast))
    if out is not None:
        allowed = f" --data {shlex.quote(str(found.folder))}" if study_file.leads_out(found, out.parent) else ""
        output.lines(f"\nstudy    {out}\nnext     {doing.command('run', out)}{allowed}")


def _compared(found: Fit) -> str:
    until = found.reading.last.date()
    return (
        f"log: {found.compared:,} customers until {until}. simulated: {found.cohorts} cohorts of as many, who begin on "
        "the same days. interval: 95 % of single cohorts; p: share of them as far from their mean."
    )


def _estimates(found: Fit) -> Table:
    columns = log_estimates.COLUMNS
    made = tables.table(columns, right=columns[3:], whole=(columns[0], *columns[3:]))
    for row in log_estimates.rows(found.estimates()):
        made.add_row(*row)
    return made


def _check(found: Fit) -> Table:
    columns = ("measure", "unit", "log", "simulated", "interval, or p", "verdict")
    made = tables.table(columns, right=columns[2:5], whole=columns[1:])
    for row in found.check.to_dict("records"):
        between = f"p = {row['p']:.2g}" if math.isnan(row["low"]) else f"{row['low']:.4g} to {row['high']:.4g}"
        numbers = (f"{row['log']:.4g}", f"{row['simulated']:.4g}", between)
        made.add_row(row["what"], row["unit"], *numbers, row["verdict"])
    return made


def _totals(found: Forecast) -> Table:
    columns = ("repeat purchases", "came", "by formula", "off", "simulated", "off", "one cohort")
    made = tables.table(columns, right=columns[1:], whole=columns)
    for part, row in found.totals.to_dict("index").items():
        between = f"{row['low']:,.0f} to {row['high']:,.0f}"
        foretold = (f"{row[name]:,.0f}" for name in ("by_formula", "simulated"))
        misses = (off(row[name]) for name in ("by_formula_off", "simulated_off"))
        by_formula, simulated = zip(foretold, misses, strict=True)
        made.add_row(str(part), f"{row['came']:,.0f}", *by_formula, *simulated, between)
    return made


def _by_repeats(found: Forecast) -> Table:
    columns = ("repeats before", "customers", "came, each", "by formula", "simulated")
    made = tables.table(columns, right=columns, whole=columns)
    last = found.by_repeats.index.max()
    for repeats, row in found.by_repeats.to_dict("index").items():
        more = " and more" if repeats == last == 7 else ""
        numbers = (f"{row[name]:.3f}" for name in ("came", "by_formula", "simulated"))
        made.add_row(f"{repeats}{more}", f"{row['customers']:,.0f}", *numbers)
    return made


def _document(found: Fit, out: Path | None) -> dict[str, Any]:
    reading, ahead = found.reading, found.forecast
    document: dict[str, Any] = {
        "log": reading.name,
        "rows": reading.rows,
        "customers": reading.customers,
        "returns": reading.returns,
        "without_customer": reading.nameless,
        "first": reading.first,
        "last": str(reading.last.date()),
        "models": [one.describe() for one in (reading.fit.lives, reading.fit.baskets) if one is not None],
        "why": reading.fit.why,
        "estimates": found.estimates().reset_index().to_dict("records"),
        "cohorts": found.cohorts,
        "compared": found.compared,
        "check": found.check.reset_index().to_dict("records"),
        "fits": not found.misfits,
        "verdict": found.verdict,
        "forecast": None,
        "study": None if out is None else str(out),
    }
    if ahead is not None:
        document["forecast"] = {
            "weeks": ahead.weeks,
            "correlation": ahead.correlation,
            "totals": ahead.totals.reset_index().to_dict("records"),
            "by_repeats": ahead.by_repeats.reset_index().to_dict("records"),
        }
    return document
