"""A stored run made again, to see every visit of it: who came when to which firm, what was paid, what else was there.

A run is decided by its experiment, point and replication, so that what was not recorded need not have been: the run is
made again from the results folder, and its KPIs have to be those that are stored, bit for bit.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from abm.core.errors import Refusal, did_you_mean, one_of, shown
from abm.core.given import whole
from abm.engine.engine import Engine
from abm.engine.recording import Record, record
from abm.engine.visit_log import room, taken, visit_log
from abm.mechanisms.books.accounts import Accounts
from abm.scenario.scenario import Scenario
from abm.study.plan.experiment import Experiment
from abm.study.plan.groups import ALL
from abm.study.plan.sheet import Run
from abm.study.running.verify import built_again, check_same
from abm.study.storage.manifest import read_manifest
from abm.study.storage.results import Results, read
from abm.study.storage.store import Store
from abm.world import visits

_OWNED = {column.name: column for column in (*Accounts.owns, *visits.COLUMNS)}
_LOGGED = tuple(_OWNED[name] for name in ("visit_spend", "visit_provider"))


@dataclass
class Again:
    """A run that was made again, with its served visits, by period, customer and number of the occasion.

    scenario : of the arm, at the point          run : which it is
    seen     : whether it is taken down which firms visitors considered
    born     : customers there when it began (n,), their ids, and `basket` (n,) cu, what each spends at price index 1
    entries  : (k,) each: period, customer, nth, firm (its place), visit_spend (cents), visit_provider (of the firm that
               she had chosen before, -1 = none); and considered (k, m), if it is taken down
    price    : (periods, m) price index of every firm
    """

    scenario: Scenario
    run: Run
    seen: bool
    born: np.ndarray = field(default_factory=lambda: np.empty(0, np.uint32))
    basket: np.ndarray = field(default_factory=lambda: np.empty(0, np.float32))
    _parts: list[dict[str, np.ndarray]] = field(default_factory=list)
    _prices: list[np.ndarray] = field(default_factory=list)

    @cached_property
    def entries(self) -> dict[str, np.ndarray]:
        """All visits."""
        return {name: np.concatenate([part[name] for part in self._parts]) for name in self._parts[0]}

    @property
    def price(self) -> np.ndarray:
        """Price index by period and firm."""
        return np.array(self._prices)

    def look(self, engine: Engine) -> None:
        """Take down what has come since the last look, which was a period ago."""
        world, c = engine.world, engine.world.customers
        if engine.t == 0:
            self.born, self.basket = c.customer_id.copy(), c.basket.copy()
            return
        part = taken(world, [column.name for column in _LOGGED])
        if self.seen:
            part["considered"] = _considered(part["customer"], c.customer_id, c.preference)
        self._parts.append(part)
        self._prices.append(world.firms["price"].copy())


def _considered(who: np.ndarray, identity: np.ndarray, preference: np.ndarray) -> np.ndarray:
    """Return which firms the visitors of a period considered (k, m): those to which their choice gave a chance.

    who        : (k,) their ids
    identity   : (n,) who is there when the period ends: all visitors, as who leaves is replaced when the next begins
    preference : (m, n) chances at the latest decision
    """
    order = np.argsort(identity)
    place = order[np.searchsorted(identity, who, sorter=order)]
    return (preference[:, place] > 0).T


@dataclass(frozen=True)
class Chosen:
    """A stored run that can be made again.

    experiment : that it is a run of        results : in which it is stored        folder : that these are in
    """

    run: Run
    experiment: Experiment
    results: Results
    folder: Path | str

    @property
    def scenario(self) -> Scenario:
        """What the run is of: its arm, at its point."""
        return self.experiment.scenario_of(self.run.arm, self.run.point)

    def again(self, seen: bool) -> Again:
        """Make the run again.  seen : whether it matters which firms a customer considered

        Raises Refusal if it does not come out as it is stored.
        """
        run, scenario = self.run, self.scenario
        made = Again(scenario, run, seen)
        logged = scenario.adding(visit_log(_LOGGED, room(scenario.population.customers, 1)))
        found = record(
            logged, run.seed, run.replication, folder=self.experiment.folder, kpis=self.experiment.kpis,
            stops=range(scenario.periods + 1), look=made.look,
        )  # fmt: skip
        _check_as_stored(found, self.results, self.experiment, run, self.folder)
        return made


def chosen(folder: Path | str, arm: str | None, point: int, replication: int, own: Any) -> Chosen:
    """Return a run of a results folder, which can be made again.

    arm : None = the baseline        own : theories and measures of one's own that the study has, as of `load`

    Raises Refusal for a folder that is not one of results, and a run that is not stored or has failed.
    """
    experiment, results = _opened(folder, own)
    return Chosen(_chosen(results, arm, point, replication), experiment, results, folder)


def all_stored(folder: Path | str, own: Any) -> list[Chosen]:
    """Return the runs of a results folder that are stored and have not failed, by arm, point and replication.

    own : as of `chosen`

    Raises Refusal for a folder that is not one of results, and one without such a run.
    """
    runs = stored(folder)
    experiment, results = _opened(folder, own)
    return [Chosen(run, experiment, results, folder) for run in runs]


def _opened(folder: Path | str, own: Any) -> tuple[Experiment, Results]:
    experiment = built_again(folder, own)
    check_same(experiment, read_manifest(Path(folder)), folder)
    if not experiment.scenario.periods:
        raise Refusal("its runs have no period, and so no visit", place=str(folder))
    return experiment, Results(experiment.sheet, Store(folder))


def stored(folder: Path | str) -> list[Run]:
    """Return the runs of a results folder that are stored and have not failed, by arm, point and replication.

    Raises Refusal for a folder that is not one of results, and one without such a run.
    """
    results = read(folder)
    done = {*results.runs.loc[results.runs["status"] == "done", "run_id"]}
    runs = [run for run in results.sheet.runs() if run.run_id in done]
    if not runs:
        raise Refusal("holds no run that is done; run the study first", place=str(folder))
    return sorted(runs, key=lambda run: (results.arms.index(run.arm), run.point, run.replication))


def _chosen(results: Results, arm: str | None, point: int, replication: int) -> Run:
    sheet = results.sheet
    arm = results.baseline if arm is None else arm
    if arm not in sheet.arms:
        near = did_you_mean(arm, sheet.arms) or f"; there is {one_of(sheet.arms)}"
        raise Refusal(f"= {shown(arm)} is no arm{near}", place="arm")
    whole("point", point, low=0, high=len(sheet.design) - 1)
    whole("replication", replication, low=0, high=sheet.replications - 1)
    index = (replication * len(sheet.design) + point) * len(sheet.arms) + sheet.arms.index(arm)
    run = sheet.run(index)
    rows = results.runs[results.runs["run_id"] == run.run_id]
    which = f"run of arm {shown(arm)}, point {point}, replication {replication}"
    if rows.empty:
        raise Refusal(f"the {which}, is not stored; run the study first, or choose another")
    if rows["status"].iloc[0] != "done":
        raise Refusal(f"the {which}, has failed; choose another")
    return run


def _check_as_stored(found: Record, results: Results, experiment: Experiment, run: Run, folder: Path | str) -> None:
    rows = results.runs[results.runs["run_id"] == run.run_id]
    if "group" in rows:
        rows = rows[rows["group"] == ALL]
    stored = rows.set_index("firm").loc[[*found.firms], [*results.kpis]].to_numpy(np.float64)
    if not np.array_equal(stored, found.summary(experiment.kpis), equal_nan=True):
        what = f"run {run.run_id} does not come out as it is stored"
        raise Refusal(f"{what}; patronage verify says more, and running the study again mends it", place=str(folder))
