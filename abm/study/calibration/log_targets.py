"""Targets from a purchase log: its moments that the simulated market counts too.

Of the last year of a firm's log these are comparable, because KPIs say the same of a simulated firm:

    frequency    purchase days per buyer                 basket    spend per purchase day
    penetration  buyers / customers of the market, when somebody says how many those are

A tolerance is three standard errors, from buyers as independent draws. What nobody counts in a simulated market, such
as the distribution of purchases over buyers or the time between them, cannot be compared; the rates and baskets of a
population are taken from the log itself instead (`population.log`).
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from abm.core.errors import Refusal
from abm.logs.arguments import called
from abm.logs.log_files import find_log, named
from abm.logs.purchases import WITHOUT_CUSTOMER, left_out, purchase_days, read_log
from abm.study.calibration.targets import SIGMAS, Target
from abm.study.plan import checks
from abm.world.fitted import headings

YEAR_DAYS = 364  # of 52 weeks, the year of a scenario with the usual periods


def log_targets(
    log: Path | str,
    *,
    until: str | None = None,
    year_days: int = YEAR_DAYS,
    customers: int | None = None,
    firm: str = "",
    columns: Mapping[str, str] | None = None,
    dates: str | None = None,
) -> tuple[Target, ...]:
    """Return what the last year of a purchase log says, as targets for a firm.

    log       : path of a file, or the name of a shipped log
    until     : last day of that year, such as 1997-12-31; None = the last day of the log
    year_days : days in the scenario's year, periods_per_year times the length of a period
    customers : of the market, buyers or not; None = not known, and penetration is left out
    firm      : whose log it is; "" = the first firm of the scenario
    columns, dates : how the log is read, as `read_log` has it; a log without amounts has no target for the basket

    The firm's customers must be as they are in the measured periods: a log that follows newly won customers alone says
    less than a year of them all. The measured periods must be whole years.
    Warns of rows without a customer, which are left out.
    Raises Refusal for an unusable log, one of less than a year, and buyers of whom nothing can be learned.
    """
    checks.whole("year_days", year_days, low=1)
    name = named(log)
    rows = _rows(name, columns, dates)
    if nameless := rows.attrs[WITHOUT_CUSTOMER]:
        warnings.warn(f"{name}: {left_out(nameless)}", stacklevel=2)
    table = purchase_days(rows)
    first, last = _year(table, until, year_days, name)
    year = table[(table["date"] >= first) & (table["date"] <= last)]
    if year["customer"].nunique() < 2:
        raise Refusal(f"has fewer than 2 buyers from {first.date()} to {last.date()}", source=name)
    counts = year.groupby("customer")["amount"].agg(["size", "sum"]).to_numpy(float)
    visits, spend = counts.T
    moments = {"frequency": _mean(visits)}
    if not table["amount"].isna().all():
        moments["basket"] = _ratio(spend, visits)
    if customers is not None:
        moments["penetration"] = _share(len(visits), customers)
    found = []
    for kpi, (value, error) in moments.items():
        if not error > 0:
            raise Refusal(f"all its buyers have the same {kpi}, so how sure that is cannot be said", source=name)
        claim = f"{len(visits):,} buyers, {first.date()} to {last.date()}"
        found.append(Target(kpi, value, SIGMAS * error, firm=firm, claim=claim, locator=name))
    return tuple(found)


def _rows(name: str, columns: Mapping[str, str] | None, dates: str | None) -> pd.DataFrame:
    """Return the purchases of a log, as `read_log` does; refusals name the arguments of the call."""
    said = headings(columns).said
    with called():
        return read_log(find_log(name, Path()), source=name, columns=said, dates=dates)


def _year(table: pd.DataFrame, until: str | None, year_days: int, name: str) -> tuple[pd.Timestamp, pd.Timestamp]:
    begins, ends = table["date"].min(), table["date"].max()
    try:
        last = ends if until is None else pd.Timestamp(until)
    except ValueError:
        last = pd.NaT
    if last is pd.NaT:
        raise Refusal(f'= "{until}" is not a date such as 1997-12-31', place="until")
    first = last - pd.Timedelta(days=year_days - 1)
    if not begins <= first <= last <= ends:
        asked = f"the {year_days} days up to {last.date()} are needed"
        raise Refusal(f"goes from {begins.date()} to {ends.date()}, and {asked}", source=name)
    return first, last


def _mean(values: np.ndarray) -> tuple[float, float]:
    """Return mean and standard error of values (buyers,)."""
    return float(values.mean()), float(values.std(ddof=1) / math.sqrt(len(values)))


def _ratio(above: np.ndarray, below: np.ndarray) -> tuple[float, float]:
    """Return the ratio of two sums over buyers (buyers,), and its standard error by linearisation."""
    ratio = float(above.sum() / below.sum())
    return ratio, _mean((above - ratio * below) / below.mean())[1]


def _share(buyers: int, customers: int) -> tuple[float, float]:
    checks.whole("customers", customers, low=1)
    if customers <= buyers:
        raise Refusal(f"= {customers:,}, but {buyers:,} bought; count those who did not buy too", place="customers")
    share = buyers / customers
    return share, math.sqrt(share * (1 - share) / customers)
