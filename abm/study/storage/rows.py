"""What passes between a run, the store and the results: outcomes in, rows out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from abm.study.plan.sheet import Run, Sheet, raw
from abm.study.provenance.digest import canonical

WHOLE_RUN = -1  # the period of a row that measures a whole run


@dataclass(frozen=True)
class Outcome:
    """What is kept of one run.

    settings  : the point's factor settings as JSON
    firms     : names of the run's m firms; () for a failed run
    summary   : (m, K) KPIs over the measured periods        by_period : (T, m, K) KPIs of each period
    error     : class of the exception that ended the run, "" if none; message: its text
    logs      : tables of single persons, "persons" and "visits" -> column -> (rows,)
    """

    run: Run
    settings: str
    firms: tuple[str, ...] = ()
    summary: np.ndarray = field(default_factory=lambda: np.empty((0, 0)))
    by_period: np.ndarray = field(default_factory=lambda: np.empty((0, 0, 0)))
    error: str = ""
    message: str = ""
    logs: Mapping[str, Mapping[str, np.ndarray]] = field(default_factory=dict)


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

    @classmethod
    def found(cls, names: list[str], runs: Iterable[tuple[np.ndarray, np.ndarray]], sheet: Sheet) -> Holdings:
        """Look for the sheet's runs in segments that hold runs of certain ids (n,), some of them failed (n,)."""
        owner, failed = np.full(len(sheet), -1, np.int32), np.zeros(len(sheet), np.bool_)
        strangers = [raw(())]
        for number, (ids, broke) in enumerate(runs):
            index = sheet.find(ids)
            strangers.append(ids[index < 0])
            # of twins the first counts; but a run that failed once and was done at last is done
            better = (index >= 0) & ((owner[index] < 0) | (failed[index] & ~broke))
            owner[index[better]], failed[index[better]] = number, broke[better]
        return cls(names, owner, failed, len(np.unique(np.concatenate(strangers))))

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

    def canonical(self, labels: Mapping[str, np.ndarray], arms: Sequence[str]) -> list[np.ndarray]:
        """Return the columns in canonical order, as bytes that depend on names and numbers alone.

        labels : each row's arm, as a position in `arms`, point and replication
        """
        arm, firm = _ranks(arms)[labels["arm"]], _ranks(self.firms)[self.firm]
        keys = [firm, self.period, labels["replication"], labels["point"], arm]
        order = np.lexsort(keys)
        numbers = [np.where(np.isnan(v), np.nan, v)[order] for _, v in sorted(self.kpis.items())]
        words = np.frombuffer(canonical(sorted(self.firms)).encode(), np.uint8)
        return [words, *(key[order].astype("<i8") for key in keys), *(n.astype("<f8") for n in numbers)]

    @classmethod
    def joined(
        cls,
        parts: Sequence[Mapping[str, np.ndarray]],
        firms: list[str],
        kpis: Sequence[str],
        errors: dict[int, tuple[str, str]],
    ) -> Rows:
        """Put parts with columns index, period, firm and the KPIs together; within a run their order is kept."""
        kinds = {"index": np.int64, "period": np.int32, "firm": np.int64} | dict.fromkeys(kpis, np.float64)
        whole = {name: np.concatenate([np.empty(0, kind), *(p[name] for p in parts)]) for name, kind in kinds.items()}
        order = np.argsort(whole["index"], kind="stable")
        index, period, firm = (whole.pop(name)[order] for name in ("index", "period", "firm"))
        return cls(index, period, firm, firms, {name: column[order] for name, column in whole.items()}, errors)


def _ranks(names: Sequence[str]) -> np.ndarray:
    """Return the position of each name in alphabetical order."""
    return np.array([sorted(names).index(name) for name in names], np.int64)
