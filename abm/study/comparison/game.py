"""Games: what each of several firms would do if its rivals do what they do, and where none would change by itself.

    found = abm.game(study, ["north", "south"], store="results/study_game")
    print(found)              'cheap' of north and 'cheap' of south are an equilibrium in profit, which is shown, …
    found.table, found.responses, found.profiles, found.dominated

The study's arms are the strategies. All profiles are run with the same luck; what is run and how it is named:
profiles.py; what is concluded and how surely: payoffs.py.
Source: definitions of payoffs.py.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from abm.core.errors import Refusal, counted, one_of, shown
from abm.core.shown import in_notebook
from abm.kpis.measure import Measure
from abm.study.comparison import payoffs
from abm.study.comparison.payoffs import Gains
from abm.study.comparison.profiles import Profiles, profiles
from abm.study.plan.experiment import Experiment
from abm.study.running.progress import Progress
from abm.study.running.runner import run
from abm.study.statistics.paired import interval, together
from abm.study.storage.results import Results

CONFIDENCE = 0.95


@dataclass(frozen=True, eq=False)
class Game:
    """What firms are paid where each does what it does, and what follows.

    table      : a row per profile and firm: profile, firm, strategy, rivals (their strategies, in the firms' order,
                 joined by ", "), mean, low, high (interval of the mean by itself), response ("best", "no",
                 "undecided")
    responses  : a row per firm and what its rivals do: firm, rivals, best (by the means), decided, candidates (a tuple:
                 those not shown to be worse), against (the next best), lead, low, high (of best minus against)
    profiles   : a row per profile: profile, strategies (a tuple), equilibrium (by the means), standing ("shown",
                 "refuted", "undecided"), stability (share of bootstrap samples in which it is one), firm, to, gain,
                 low, high: who would gain most, or lose least, by changing its strategy alone, to which, and how much
    dominated  : a row per firm and strategy that another beats by the means whatever the rivals do: firm, strategy, by,
                 gain, low, high (where it is smallest), shown (whether it is so at the confidence everywhere)
    mixed      : a row per firm and strategy with its probability, of a mixed equilibrium by the means; empty if there
                 is none, and for all games but those of two firms with two strategies
    labels     : what strategies are called where people read of them, of those that have a label
    experiment : whose arms are the profiles

    replications : used       left_out : places (point, replication) without a value in some profile       failed : runs

    Gains are better above 0, also where less of the KPI is better. Intervals of leads and gains hold together.
    """

    kpi: Measure
    firms: tuple[str, ...]
    strategies: tuple[str, ...]
    confidence: float
    replications: int
    left_out: int
    failed: int
    table: pd.DataFrame
    responses: pd.DataFrame
    profiles: pd.DataFrame
    dominated: pd.DataFrame
    mixed: pd.DataFrame
    labels: dict[str, str] = field(repr=False)
    experiment: Experiment = field(repr=False)

    _repr_html_ = in_notebook

    @property
    def equilibria(self) -> tuple[str, ...]:
        """The profiles that are equilibria by the means."""
        return tuple(self.profiles.loc[self.profiles["equilibrium"], "profile"])

    @property
    def decided(self) -> bool:
        """Whether every best response is known."""
        return bool(self.responses["decided"].all())

    @property
    def statement(self) -> str:
        """What was found, in words; strategies stand in single quotes."""
        said = [*(self._equilibrium(row) for row in self.profiles.to_dict("records") if row["equilibrium"])]
        if not said:
            said = [f"in {self.kpi.name} some firm would gain by changing its strategy in every profile"]
        if len(self.mixed):
            said.append(f"they are in balance if {one_of(map(_chance, self.mixed.to_dict('records')), 'and')}")
        said += [_dominated(row) for row in self.dominated.to_dict("records")]
        undecided, of = int((~self.responses["decided"]).sum()), counted(len(self.responses), "best response")
        said.append(f"{undecided} of {of} undecided" if undecided else f"all {of} decided")
        sure = f"{self.confidence:.6g} confidence for all together, {counted(self.replications, 'replication')}"
        return f"{'; '.join(said)} ({sure})"

    def __str__(self) -> str:
        return self.statement

    def _equilibrium(self, row: Any) -> str:
        who = [f"'{arm}' of {firm}" for arm, firm in zip(row["strategies"], self.firms, strict=True)]
        words = f"{one_of(who, 'and')} are an equilibrium in {self.kpi.name}"
        if np.isnan(row["stability"]):
            return f"{words}, by a single replication"
        sure = "shown" if row["standing"] == payoffs.SHOWN else "not shown"
        return f"{words}, {sure}, in {row['stability']:.1%} of {payoffs.RESAMPLES:,} resamples"


def game(
    experiment: Experiment,
    firms: Sequence[str],
    arms: Sequence[str] = (),
    kpi: str = "profit",
    confidence: float = CONFIDENCE,
    *,
    store: Path | str | None = None,
    workers: int | None = None,
    threads: int | None = None,
    progress: Progress | None = None,
    cluster: Any = None,
    command: str = "abm.game",
) -> Game:
    """Run every profile of a game, or what of it is not stored yet, and return what each firm would do.

    firms      : two or more; the study's arms are written for the first, and all may take them
    arms       : the strategies; () = all arms of the study        kpi : the payoff
    confidence : that all statements about best responses and shown equilibria are right
    store, workers, threads, progress, cluster, command : as of runner.run

    With a design each replication is averaged over its points. Raises Refusal for input of no use, a payoff that no
    replication has in all profiles, and what runner.run raises.
    """
    plan = profiles(experiment, firms, arms, kpi)
    check_confidence(confidence)
    results = run(plan.experiment, store, workers, threads, progress, cluster, command=command)
    return solved(plan, results, confidence)


def check_confidence(confidence: float) -> None:
    """Refuse a confidence outside (0, 1)."""
    if not 0 < confidence < 1:
        raise Refusal(f"= {shown(confidence)} is outside (0, 1)", place="confidence")


def solved(plan: Profiles, results: Results, confidence: float = CONFIDENCE) -> Game:
    """Return the game of runs that are done.  Raises Refusal if no replication has the payoff in all profiles."""
    pairs = [(profile, firm) for profile in plan.choices for firm in plan.firms]
    values, left_out = together([results.block(plan.kpi.name, profile, firm) for profile, firm in pairs])
    if not values.shape[1]:
        what = f"has no value in all {len(plan.choices)} profiles in any replication"
        raise Refusal(f"= {shown(plan.kpi.name)} {what}; take another KPI, or see why runs failed", place="kpi")
    return of_values(plan, values, left_out, len(results.failed), confidence)


def of_values(
    plan: Profiles, values: np.ndarray, left_out: int = 0, failed: int = 0, confidence: float = CONFIDENCE
) -> Game:
    """Return the game of payoffs (profiles x firms, R), the profiles as in the plan, the firms of each side by side."""
    count, firms = len(plan.strategies), len(plan.firms)
    shaped = values.reshape(*(count,) * firms, firms, -1)
    found = payoffs.gains(shaped, 1 if plan.kpi.better == "more" else -1, confidence)
    seed = plan.experiment.seed
    return Game(
        plan.kpi, plan.firms, plan.strategies, confidence, values.shape[-1], left_out, failed,
        _table(plan, values, found, confidence), _responses(plan, found), _profiles(plan, found, seed),
        _dominations(plan, found), _mixed(plan, shaped), plan.labels, plan.experiment,
    )  # fmt: skip


def _table(plan: Profiles, values: np.ndarray, found: list[Gains], confidence: float) -> pd.DataFrame:
    rows = []
    rivals, firms = _rivals(plan), len(plan.firms)
    places = payoffs.places(len(plan.strategies), firms)
    for number, (profile, place) in enumerate(zip(plan.choices, places, strict=True)):
        for firm, (own, others) in enumerate(place):
            mean, low, high, _ = interval(values[number * firms + firm], confidence)
            left = found[firm].contenders(others)
            response = "no" if own not in left else "best" if found[firm].is_decided(others) else "undecided"
            who = (profile, plan.firms[firm], plan.strategies[own], rivals[others])
            rows.append((*who, mean, low, high, response))
    names = ["profile", "firm", "strategy", "rivals", "mean", "low", "high", "response"]
    return pd.DataFrame(rows, columns=names)


def _responses(plan: Profiles, found: list[Gains]) -> pd.DataFrame:
    rows = []
    for firm, one in zip(plan.firms, found, strict=True):
        for place, rivals in enumerate(_rivals(plan)):
            best = one.leader(place)
            against = min((s for s in range(len(plan.strategies)) if s != best), key=lambda s: one.mean[best, s, place])
            candidates = tuple(plan.strategies[s] for s in one.contenders(place))
            ends = (float(part[best, against, place]) for part in (one.mean, one.low, one.high))
            names = (plan.strategies[best], one.is_decided(place), candidates, plan.strategies[against])
            rows.append((firm, rivals, *names, *ends))
    columns = ["firm", "rivals", "best", "decided", "candidates", "against", "lead", "low", "high"]
    return pd.DataFrame(rows, columns=columns)


def _profiles(plan: Profiles, found: list[Gains], seed: int) -> pd.DataFrame:
    stable, held = payoffs.stability(found, seed), payoffs.equilibria([one.mean for one in found])
    rows = []
    places = payoffs.places(len(plan.strategies), len(plan.firms))
    for number, ((profile, chosen), place) in enumerate(zip(plan.choices.items(), places, strict=True)):
        ways = [
            (float(found[firm].mean[other, own, rivals]), firm, other, own, rivals)
            for firm, (own, rivals) in enumerate(place)
            for other in range(len(plan.strategies))
            if other != own
        ]
        gain, firm, other, own, rivals = max(ways, key=lambda way: way[0])
        ends = (float(part[other, own, rivals]) for part in (found[firm].low, found[firm].high))
        said = (bool(held[number]), payoffs.standing(found, place), float(stable[number]))
        rows.append((profile, chosen, *said, plan.firms[firm], plan.strategies[other], gain, *ends))
    columns = ["profile", "strategies", "equilibrium", "standing", "stability", "firm", "to", "gain", "low", "high"]
    return pd.DataFrame(rows, columns=columns)


def _dominations(plan: Profiles, found: list[Gains]) -> pd.DataFrame:
    rows = []
    for firm, one in zip(plan.firms, found, strict=True):
        for own, strategy in enumerate(plan.strategies):
            by = payoffs.dominating(one, own)
            if by is not None:
                place = int(np.argmin(one.mean[by, own]))
                ends = (float(part[by, own, place]) for part in (one.mean, one.low, one.high))
                rows.append((firm, strategy, plan.strategies[by], *ends, bool((one.low[by, own] > 0).all())))
    return pd.DataFrame(rows, columns=["firm", "strategy", "by", "gain", "low", "high", "shown"])


def _mixed(plan: Profiles, shaped: np.ndarray) -> pd.DataFrame:
    both = payoffs.mixed(shaped.mean(axis=-1)) if len(plan.firms) == len(plan.strategies) == 2 else None
    chances = [] if both is None else [chance for first in both for chance in (first, 1 - first)]
    who = [(firm, strategy) for firm in plan.firms for strategy in plan.strategies]
    rows = [(*one, chance) for one, chance in zip(who, chances, strict=False)]
    return pd.DataFrame(rows, columns=["firm", "strategy", "probability"])


def _rivals(plan: Profiles) -> list[str]:
    """Return in words what the rivals of a firm may do, in the order of the gains."""
    return [
        _joined(plan.strategies[s] for s in one) for one in payoffs.of_rivals(len(plan.strategies), len(plan.firms))
    ]


def _joined(names: Iterable[str]) -> str:
    return ", ".join(names)


def _chance(row: Any) -> str:
    return f"{row['firm']} plays '{row['strategy']}' with probability {row['probability']:.2f}"


def _dominated(row: Any) -> str:
    sure = "" if row["shown"] else " by the means"
    return f"'{row['strategy']}' of {row['firm']} is dominated by '{row['by']}'{sure}"
