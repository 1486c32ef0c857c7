"""What passes between a run, the store and the results: outcomes in, rows out."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from abm.study.sheet import Run

WHOLE_RUN = -1  # the period of a row that measures a whole run


@dataclass(frozen=True)
class Outcome:
    """What is kept of one run.

    settings  : the point's factor settings as JSON
    firms     : names of the run's m firms; () for a failed run
    summary   : (m, K) KPIs over the measured periods        by_period : (T, m, K) KPIs of each period
    error     : class of the exception that ended the run, "" if none; message: its text
    """

    run: Run
    settings: str
    firms: tuple[str, ...] = ()
    summary: np.ndarray = field(default_factory=lambda: np.empty((0, 0)))
    by_period: np.ndarray = field(default_factory=lambda: np.empty((0, 0, 0)))
    error: str = ""
    message: str = ""


@dataclass(frozen=True)
class Holdings:
    """Which of a sheet's runs are stored, and where.

    names     : the segments        owner : (runs,) number of the segment that holds the run, -1 = not stored
    failed    : (runs,) whether the stored run failed         strangers : stored runs of other experiments
    """

    names: list[str]
    owner: np.ndarray
    failed: np.ndarray
    strangers: int

    @property
    def done(self) -> np.ndarray:
        """(runs,) whether the run is stored with its numbers."""
        return (self.owner >= 0) & ~self.failed


@dataclass(frozen=True)
class Rows:
    """Stored rows of a sheet's runs, each run once, in the sheet's order.

    index  : (rows,) the run's index in the sheet       period : (rows,) -1 = measured over the whole run
    firm   : (rows,) position in `firms`, the names     kpis   : name -> (rows,)
    errors : index of a failed run -> (error class, message)
    """

    index: np.ndarray
    period: np.ndarray
    firm: np.ndarray
    firms: list[str]
    kpis: dict[str, np.ndarray]
    errors: dict[int, tuple[str, str]]
