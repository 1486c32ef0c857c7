"""A log, what is fitted to it, and whether a market of such customers makes such a log.

found = abm.fit("purchases.csv", holdout=26)
found.estimates()      parameters, standard errors, intervals
found.check            measures of the log beside those of simulated logs, with verdicts
found.forecast         what was held out: foretold, and what came
found.population       for a scenario: the same log, read in the same way
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pandas as pd

from abm.core.errors import Refusal, counted, shown
from abm.core.given import whole
from abm.core.shown import in_notebook
from abm.engine.cohort import repeat_purchases
from abm.exchange.forecast import Forecast, forecast
from abm.logs import predictive
from abm.logs.arguments import called
from abm.logs.log_files import find_log, named, shipped_logs
from abm.logs.predictive import Repeats
from abm.logs.purchases import moment, summary
from abm.world.fitted import Reading, headings
from abm.world.population import Population

COHORTS = 40
MOST_CUSTOMERS = 50_000  # of a cohort: of a log with more, every second, third … customer is compared
MOST_POPULATION = 5000  # customers of the study that is written, so that it takes little time
_DAYS = 7.0  # of a week


@dataclass(frozen=True)
class Fit:
    """What was fitted to a purchase log, and how far it makes such a log.

    reading    : rows, customers, returns, dates, and the models that were taken and why
    population : customers with the log's rates and baskets; `folder` is where its log lies
    check      : `predictive.check` of the part that was fitted        cohorts : that were simulated for it
    compared   : customers of the log who were compared with them: all, unless there are very many
    forecast   : of what was held out, None = nothing was
    """

    reading: Reading
    population: Population
    folder: Path
    check: pd.DataFrame
    cohorts: int
    compared: int
    forecast: Forecast | None

    _repr_html_ = in_notebook

    def estimates(self, confidence: float = 0.95) -> pd.DataFrame:
        """Return a row for each number that was fitted, with its standard error and interval."""
        return self.reading.fit.estimates(confidence)

    @property
    def misfits(self) -> tuple[str, ...]:
        """Names of the measures of which the verdict is not that the model fits."""
        return tuple(self.check.index[self.check["verdict"] != predictive.FITS])

    @property
    def verdict(self) -> str:
        """In a sentence, which measures of the log the model makes."""
        off = "; ".join(f"{row['what']}: {row['verdict']}" for _, row in self.check.loc[[*self.misfits]].iterrows())
        of = f"{len(self.check) - len(self.misfits)} of {counted(len(self.check), 'measure')} fit"
        return f"{of}; {off}" if off else of

    def __str__(self) -> str:
        ahead = "" if self.forecast is None else f"\n{self.forecast}"
        return f"{self.reading.describe()}\n{self.verdict}{ahead}"


def fit(
    log: Path | str,
    *,
    holdout: str | int | None = None,
    until: str | None = None,
    columns: Mapping[str, str] | None = None,
    dates: str | None = None,
    cohorts: int = COHORTS,
    seed: int = 1,
) -> Fit:
    """Fit a population to a purchase log, simulate customers with the fit, and hold them against the log.

    log     : path of a file, or the name of a shipped log; a DataFrame is written first, as the population that is
              fitted names its log: df.to_csv("purchases.csv", index=False)
    holdout : part that is not fitted but foretold: the last day before it, such as "1997-09-30", or its length in
              weeks; None = nothing
    until   : last day of the log that is used at all; None = all of it
    columns, dates : how the log is read, as `Population.log_columns` and `log_dates` have it
    cohorts : of as many customers as the log has, at least 20, each with luck of its own      seed : decides the luck

    Raises Refusal for a log that cannot be read or fitted, and a hold-out that leaves nothing on one side.
    """
    options: dict[str, Any] = {"holdout": holdout, "until": until, "columns": columns, "dates": dates}
    with called():
        return begun(log, **options, cohorts=cohorts, seed=seed).completed()


@dataclass(frozen=True)
class Begun:
    """A log that is read and fitted, before any customer is simulated.

    population, reading : as of Fit, and `folder` too      own : repeat purchases of the customers who are compared
    days, fitted : from the first row to the last of the log, and from the first to the end of what was fitted
    held_out     : what a formula needs to foretell the rest, None = there is no rest
    cohorts, seed : as of `fit`
    """

    population: Population
    reading: Reading
    folder: Path
    own: Repeats
    days: int
    fitted: int
    held_out: pd.DataFrame | None
    cohorts: int
    seed: int

    def completed(self) -> Fit:
        """Simulate customers, and hold them against the log."""
        own, reading, window = self.own, self.reading, self.fitted / _DAYS
        simulated = self.population.replace({"customers": own.start.size})
        luck = repeat_purchases(simulated, self.days, range(self.cohorts), self.seed, self.folder)
        made = [predictive.made_by(own.start, one) for one in luck]
        check = predictive.check(own.within(-1.0, window), [one.within(-1.0, window) for one in made])
        ahead = None
        if self.held_out is not None:
            rest = (self.days - self.fitted) / _DAYS
            ahead = forecast(reading.fit.lives, self.held_out, own, made, window, rest)
        return Fit(reading, self.population, self.folder, check, self.cohorts, own.start.size, ahead)


def begun(
    log: Path | str,
    *,
    holdout: str | int | None,
    until: str | None,
    columns: Mapping[str, str] | None,
    dates: str | None,
    cohorts: int,
    seed: int,
) -> Begun:
    """Read and fit a log; arguments as of `fit`, which says what is refused: all of it here."""
    whole("cohorts", cohorts, low=predictive.LEAST_COHORTS)
    whole("seed", seed, low=0)
    name, folder = _found(named(log))
    until = None if until is None else str(_day("until", until).date())
    people = Population(log=name, log_columns=headings(columns), log_dates=dates, log_until=until)
    rows = people.log_file(folder).read()
    rows = rows if until is None else rows[rows["date"] <= until]
    if rows.empty:
        raise Refusal(f"= {until} is before the first row of the log", place="until")
    opening, last = rows["date"].min(), rows["date"].max()
    fitted = None if holdout is None else _last_fitted(holdout, opening, last)
    if fitted is not None:
        people = people.replace({"log_until": str(fitted.date())})
    reading = people.log_file(folder).reading_of(rows)
    own = predictive.repeats_of(rows, reading.last, MOST_CUSTOMERS)
    held_out = None if fitted is None else summary(rows, end=fitted).loc[own.labels]
    window = (reading.last - opening).days
    _check_repeats(own, window / _DAYS, reading.name)
    return Begun(people, reading, folder, own, (last - opening).days, window, held_out, cohorts, seed)


def _check_repeats(own: Repeats, window: float, log: str) -> None:
    """Refuse a log with which simulated ones cannot be compared.  window : weeks from the opening to its end"""
    try:
        predictive.check_compared(own.within(-1.0, window))
    except Refusal as refusal:
        raise Refusal(refusal.message, source=log) from None


def _found(log: str) -> tuple[str, Path]:
    """Return the name under which, and the folder from which, a population finds a log.  Raises Refusal for none."""
    path = find_log(log, Path())
    if path in shipped_logs().values():
        return path.stem, Path.cwd()
    path = Path(os.path.abspath(path.expanduser()))
    return path.name, path.parent


def _last_fitted(holdout: str | int, opening: pd.Timestamp, last: pd.Timestamp) -> pd.Timestamp:
    """Return the last day before what is held out."""
    if isinstance(holdout, str) and holdout.isdecimal():
        holdout = int(holdout)
    if isinstance(holdout, int):
        day = last - timedelta(weeks=whole("holdout", holdout, low=1))
    else:
        day = _day("holdout", holdout, ", nor a whole number of weeks such as 26")
    if not opening < day < last:
        span = f"the log goes from {opening.date()} to {last.date()}"
        raise Refusal(f"= {shown(str(holdout))} leaves nothing to fit, or nothing to hold out: {span}", place="holdout")
    return day


def _day(place: str, day: str, otherwise: str = "") -> pd.Timestamp:
    try:
        return moment(place, day)
    except Refusal:
        raise Refusal(f"= {shown(day)} is not a day such as 1997-09-30{otherwise}", place=place) from None
