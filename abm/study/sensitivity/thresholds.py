"""Thresholds: the weights that nobody has measured, and at which value of each the order of the arms would turn.

    found = abm.thresholds(study, "profit", store="results/study/thresholds")
    found.turns, found.statement

One weight is varied at a time, with the same customers and the same luck. Arms of equal budgets are solved for again in
each of these markets, so that it is always the same question that is answered.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations
from pathlib import Path
from typing import Any

import pandas as pd

from abm.core.errors import Refusal, counted, did_you_mean, one_of, shown
from abm.core.explain import suggestion
from abm.core.parameters import Parameter
from abm.core.shown import in_notebook
from abm.scenario.in_force import in_force
from abm.scenario.scenario import Scenario
from abm.study.plan.experiment import Experiment
from abm.study.running.matched import matched
from abm.study.running.runner import run
from abm.study.storage.results import Results

Levels = Mapping[str, Sequence[float] | None]
Watch = Callable[[str, int, int], None]

AS_IT_IS = "as_it_is"  # the folder of the study's own market
_COLUMNS = ("weight", "evidence", "now", "value", "arm", "against", "difference", "low", "high", "pairs")
_OF_A_TURN = ("weight", "evidence", "now", "ahead", "overtaken_by", "at", "beyond")


@dataclass(frozen=True, eq=False)
class Thresholds:
    """Where the order of a study's arms hangs on a weight.

    table : a row per weight, value tried and pair of arms: weight ("" = the study's own market), evidence, now, value,
            arm, against, difference, low, high (of the paired difference, each by itself), pairs
    tried : weights that were varied      left_out : "weight = value: why" of markets without an answer
    order : the arms in the study's own market, the best first
    better : whether "more" or "less" of the KPI is better
    """

    kpi: str
    better: str
    firm: str
    unit: str
    confidence: float
    replications: int
    customers: int
    order: tuple[str, ...]
    tried: tuple[str, ...]
    left_out: tuple[str, ...]
    table: pd.DataFrame

    _repr_html_ = in_notebook

    @cached_property
    def turns(self) -> pd.DataFrame:
        """A row per weight and pair of arms that changes places.

        weight, evidence, now, ahead (at `now`), overtaken_by, at (between two values tried, by a straight line),
        beyond ("above" or "below")
        """
        return _turns(self.table, self.better)

    @property
    def statement(self) -> str:
        """What was found, in words."""
        first, last = self.order[0], self.order[-1]
        market = f"{self.kpi} of {self.firm}: {first} comes first, {last} last."
        said = [market, *self._of("ahead", first, "first"), *self._of("overtaken_by", last, "last")]
        firm = sorted({*self.tried} - {*self.turns["weight"]})
        turn = "turns" if len(firm) == 1 else "turn"
        rest = f"{len(firm)} of {counted(len(self.tried), 'weight')} {turn} no two arms that are clearly apart."
        return " ".join([*said, rest, *(f"Without an answer: {one}." for one in self.left_out)])

    def _of(self, column: str, arm: str, place: str) -> Iterator[str]:
        """Yield a sentence about the weights at which an arm loses its place."""
        lost = self.turns[self.turns[column] == arm]
        nearest = [min(rows.to_dict("records"), key=_distance) for _, rows in lost.groupby("weight", sort=False)]
        if nearest:
            parts = (f"{row['weight']} {row['beyond']} {row['at']:.3g} (now {row['now']:.3g})" for row in nearest)
            yield f"{arm} would no longer be {place} at {'; '.join(parts)}."
        else:
            yield f"{arm} stays {place} over all that was tried, or is not clearly so."

    def __str__(self) -> str:
        return self.statement


def thresholds(
    experiment: Experiment,
    kpi: str | None = None,
    firm: str | None = None,
    *,
    weights: Levels | None = None,
    confidence: float = 0.95,
    store: Path | str | None = None,
    workers: int | None = None,
    threads: int | None = None,
    watch: Watch | None = None,
) -> Thresholds:
    """Vary one weight at a time, do the runs that are not stored yet, and return where the order of the arms turns.

    kpi, firm : what the arms are judged by; None = what the study is judged by, the focal firm
    weights   : path -> values to try, None = those of `values_of`; None = every weight that `weights_of` finds
    store     : folder; each market has one of its own in it, None = nothing is kept
    watch     : called as watch(weight, done, total) before each market

    Two arms change places where one is clearly ahead at one value and the other at another: the intervals of both
    paired differences exclude 0. A market in which a budget cannot be reached is left out, and said.

    Raises Refusal for names that are not there, a study without weights or with one arm, and what abm.run raises.
    """
    study, kpi, firm = _asked(experiment, kpi, firm)
    levels = _levels(study, weights)
    markets = [("", float("nan")), *((path, value) for path, values in levels.items() for value in values)]
    rows: list[dict[str, Any]] = []
    left_out: list[str] = []
    for done, (path, value) in enumerate(markets):
        if watch:
            watch(path, done, len(markets))
        folder = None if store is None else Path(store) / (f"{path}={value:.6g}" if path else AS_IT_IS)
        try:
            results = _run(study, {path: value} if path else {}, folder, workers, threads)
        except Refusal as refusal:
            if not path:
                raise
            left_out.append(f"{path} = {value:.3g}: {refusal}")
            continue
        rows += _pairs(results, kpi, firm, confidence, path, value, study.scenario)
    table = pd.DataFrame(rows, columns=list(_COLUMNS))
    measured = next(one for one in study.kpis if one.name == kpi)
    order = tuple(_order(table, measured.better))
    return Thresholds(
        kpi, measured.better, firm, measured.unit, confidence, study.replications,
        study.scenario.population.customers, order, tuple(levels), tuple(left_out), table,
    )  # fmt: skip


def weights_of(experiment: Experiment) -> list[str]:
    """Return the numbers of theories that a study rests on and that were assumed or calibrated, no firm's choice.

    One that is 0 is what its theory leaves out, and is not among them.
    """
    worlds = experiment.worlds
    used, sections = {*in_force(worlds)}, {mechanism.name for world in worlds for mechanism in world.mechanisms()}
    return [
        path
        for path, parameter in _parameters().items()
        if path in used
        and path.partition(".")[0] in sections
        and parameter.type == "number"
        and parameter.evidence in ("assumed", "calibrated")
        and experiment.scenario.value_at(path) != 0
    ]


def values_of(scenario: Scenario, path: str) -> tuple[float, ...]:
    """Return the values at which a weight is tried: half and twice, of a share half and twice its odds.

    A number below 0 is tried 1 below and above, within its bounds.
    """
    value, bounds = float(scenario.value_at(path)), _parameters()[path].bounds or (None, None)
    low, high = (-float("inf") if bounds[0] is None else bounds[0]), (float("inf") if bounds[1] is None else bounds[1])
    if (low, high) == (0, 1) and 0 < value < 1:
        odds = value / (1 - value)
        tried = [odds * k / (1 + odds * k) for k in (0.5, 2.0)]
    else:
        tried = [0.5 * value, 2.0 * value] if value > 0 else [value - 1.0, value + 1.0]
    return tuple(dict.fromkeys(v for v in (min(max(one, low), high) for one in tried) if v != value))


def _turns(table: pd.DataFrame, better: str) -> pd.DataFrame:
    """Return where pairs of arms change places, from the differences at the values that were tried."""
    here = table[table["weight"] == ""].set_index(["arm", "against"])
    found = []
    for (weight, arm, against), rows in table[table["weight"] != ""].groupby(["weight", "arm", "against"], sort=False):
        now, own = rows["now"].iloc[0], here.loc[(arm, against)]
        points = [(now, own), *((row["value"], row) for _, row in rows.iterrows())]
        for way, beyond in ((-1, "below"), (1, "above")):
            side = sorted((p for p in points if (p[0] - now) * way >= 0), key=lambda p: abs(p[0] - now))
            at = _crossing(side)
            if at is not None:
                ahead, behind = (arm, against) if (own["difference"] > 0) == (better == "more") else (against, arm)
                found.append((weight, rows["evidence"].iloc[0], now, ahead, behind, at, beyond))
    return pd.DataFrame(found, columns=list(_OF_A_TURN)).sort_values(["weight", "at"], ignore_index=True)


def _order(table: pd.DataFrame, better: str) -> list[str]:
    """Return the arms of the study's own market, the best first."""
    here = table[table["weight"] == ""]
    arms = list(dict.fromkeys([*here["arm"], *here["against"]]))
    ahead = dict.fromkeys(arms, 0)
    for row in here.to_dict("records"):
        ahead[row["arm"] if (row["difference"] > 0) == (better == "more") else row["against"]] += 1
    return sorted(arms, key=lambda arm: -ahead[arm])


def _crossing(side: Sequence[tuple[float, Any]]) -> float | None:
    """Return where the difference passes 0 on the way from the present value, if it is clear on both sides of it."""
    clear = [_clear(row) for _, row in side]
    start = clear[0]
    if start == 0:
        return None
    for k in range(1, len(side)):
        if clear[k] == -start:
            before = max(j for j in range(k) if side[j][1]["difference"] * start > 0)
            (x0, a), (x1, b) = side[before], side[before + 1]
            return float(x0 + (x1 - x0) * a["difference"] / (a["difference"] - b["difference"]))
    return None


def _clear(row: Any) -> int:
    """Return 1 or -1 if the interval lies above or below 0, else 0."""
    return int(row["low"] > 0) - int(row["high"] < 0)


def _distance(turn: Mapping[str, Any]) -> float:
    return abs(turn["at"] - turn["now"])


def _asked(experiment: Experiment, kpi: str | None, firm: str | None) -> tuple[Experiment, str, str]:
    """Return the experiment whose runs are needed, the KPI and the firm."""
    names, firms = [one.name for one in experiment.kpis], [one.name for one in experiment.scenario.firms]
    kpi, firm = kpi or experiment.judge_by or names[0], firm or firms[0]
    for what, name, known in (("KPI", kpi, names), ("firm", firm, firms)):
        if name not in known:
            near = did_you_mean(name, known) or f"; there is {one_of(known)}"
            raise Refusal(f"= {shown(name)} is no {what}{near}", place=what.lower())
    if not next(one for one in experiment.kpis if one.name == kpi).better:
        raise Refusal(f"= {shown(kpi)}: neither more nor less of it is better, so there is no order", place="kpi")
    if len(experiment.arms) < 2:
        raise Refusal("has one arm, so there is no order that could turn", place="arms")
    kept = [one for one in experiment.kpis if one.name == kpi or experiment.matches]  # matches have KPIs of their own
    return experiment.replace(expect=(), groups={}, kpis=kept), kpi, firm


def _levels(study: Experiment, weights: Levels | None) -> dict[str, tuple[float, ...]]:
    """Return the values at which each weight is tried."""
    known = weights_of(study)
    levels: dict[str, tuple[float, ...]] = {}
    for path, values in (dict.fromkeys(known) if weights is None else weights).items():
        if path not in known and values is None:
            raise Refusal(f"no weight {shown(path)} that the study rests on{suggestion(path, known)}", place="weight")
        if values is None:
            levels[path] = tuple(v for v in values_of(study.scenario, path) if _is_allowed(study.scenario, path, v))
        else:
            levels[path] = tuple(map(float, values))
            for value in levels[path]:
                study.scenario.replace({path: value})
    if not levels:
        raise Refusal("rests on no weight that was assumed or calibrated", place="scenario")
    return levels


def _is_allowed(scenario: Scenario, path: str, value: float) -> bool:
    """Return whether a weight may have a value beside the others, such as parts that add up to 1."""
    try:
        scenario.replace({path: value})
    except Refusal:
        return False
    return True


def _run(
    study: Experiment, changes: Mapping[str, float], folder: Path | None, workers: int | None, threads: int | None
) -> Results:
    market = study.replace(scenario=study.scenario.replace(dict(changes))) if changes else study
    market = matched(market, folder, workers, threads).experiment if market.matches else market
    return run(market, folder, workers, threads, command="patronage thresholds")


def _pairs(
    results: Results, kpi: str, firm: str, confidence: float, path: str, value: float, scenario: Scenario
) -> Iterator[dict[str, Any]]:
    """Yield a row for each pair of arms in one market."""
    evidence = _parameters()[path].evidence if path in _parameters() else ""
    now = float(scenario.value_at(path)) if path else float("nan")
    for arm, against in combinations(results.arms, 2):
        pair = results.paired(kpi, arm, against, firm, confidence)
        values = (path, evidence or "", now, value, arm, against, pair.mean, pair.low, pair.high, pair.pairs)
        yield dict(zip(_COLUMNS, values, strict=True))


def _parameters() -> dict[str, Parameter]:
    return {parameter.path: parameter for parameter in Scenario.parameters()}
