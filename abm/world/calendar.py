"""The calendar: after which periods the yearly books close."""

from __future__ import annotations

import numpy as np

from abm.core.kernels import equation

NEVER = 2**30  # periods, longer than any run


@equation
def year_closes(done, periods_per_year, burn_in, periods):
    """Return whether the books close after so many periods: with the burn-in and with each year after it.

    In a run that measures less than a year they close with the run. What is left over behind whole years is in no
    year's books: a few weeks, counted as if they were a year, would halve who is retained and who has bought.
    """
    whole = done >= burn_in and (done - burn_in) % periods_per_year == 0
    return whole or (done == periods and periods - burn_in < periods_per_year)


@equation(double=True)
def periods_of(years, periods_per_year):
    """Return a time in whole periods, rounded half up: floor(years * periods_per_year + 1/2), in float64."""
    return np.int64(np.floor(np.float64(years) * periods_per_year + 0.5))
