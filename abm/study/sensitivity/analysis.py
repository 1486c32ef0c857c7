"""Sensitivity: which uncertain factors move a KPI, or the difference between two arms, and how much of it is luck.

    found = abm.sensitivity(study, "profit", arm="points", against="none", samples=128, store="results/points_sobol")
    found.table, found.statement

The factors are those of the study's design. Runs go through the store, so that an interrupted analysis goes on with the
same call, and more samples or replications keep the runs there are.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from abm.core.errors import Refusal, did_you_mean, one_of, shown
from abm.core.shown import in_notebook
from abm.scenario.measures import BY_NAME
from abm.study.plan import checks
from abm.study.plan.arms import in_arm
from abm.study.plan.design import Design, Factors, latin_hypercube
from abm.study.plan.experiment import Experiment
from abm.study.provenance.digest import canonical
from abm.study.running.runner import Progress, run, with_matches
from abm.study.sensitivity.indices import FEWEST, analyse, check_confidence
from abm.study.sensitivity.influence import sentence
from abm.study.storage.results import Results
from abm.study.storage.store import Segments, Store

METHODS = {"sobol": "saltelli", "morris": "morris", "tornado": "list"}  # method -> the design it works on
SAMPLES = {"sobol": 128, "morris": 20}  # that are taken if nobody says how many


@dataclass(frozen=True, eq=False)
class Sensitivity:
    """How far each factor moves a KPI of a firm under some arms, or their difference from another arm.

    against : the other arm, "" = the KPI itself      unit : of the KPI, "" for one of the user's own
    table   : a row per arm and factor, the most influential first: arm, factor, and the columns of indices.Analysis
    outputs : a row per arm: arm, mean, sd, noise_share, samples, dropped, replications, left_out; see there
    runs    : that were needed      failed : of these
    """

    method: str
    kpi: str
    unit: str
    firm: str
    against: str
    confidence: float
    table: pd.DataFrame
    outputs: pd.DataFrame
    runs: int
    failed: int

    _repr_html_ = in_notebook

    @property
    def arms(self) -> tuple[str, ...]:
        """The arms, in the study's order."""
        return tuple(self.outputs["arm"])

    def of(self, arm: str) -> pd.DataFrame:
        """Return the rows of an arm."""
        return self.table[self.table["arm"] == arm].reset_index(drop=True)

    def title(self, arm: str) -> str:
        """Return what was analysed, in words."""
        return f"{self.kpi} of {self.firm}, '{arm}'" + (f" minus '{self.against}'" if self.against else "")

    def finding(self, arm: str) -> str:
        """Return what was found of an arm, in some sentences."""
        (row,) = self.outputs[self.outputs["arm"] == arm].to_dict("records")
        return sentence(self.method, self.of(arm), row, self.unit)

    @property
    def statement(self) -> str:
        """What was found, in words: some sentences for each arm."""
        return " ".join(f"{self.title(arm)}: {self.finding(arm)}" for arm in self.arms)

    def __str__(self) -> str:
        return self.statement


def sensitivity(
    experiment: Experiment,
    kpi: str,
    firm: str | None = None,
    method: str = "sobol",
    samples: int | None = None,
    *,
    arm: str | None = None,
    against: str | None = None,
    factors: Factors | None = None,
    confidence: float = 0.95,
    store: Path | str | None = None,
    workers: int | None = None,
    threads: int | None = None,
    progress: Progress | None = None,
    cluster: Any = None,
) -> Sensitivity:
    """Do the runs that an analysis needs and are not stored yet, and return what they say.

    firm    : None = the focal firm
    method  : "sobol" (shares of variance), "morris" (mean effects, few runs) or "tornado" (one factor at a time)
    samples : of factors + 2 points ("sobol", a power of two) or factors + 1 ("morris"); None = 128 or 20
    arm     : None = every one      against : the arm whose KPI is subtracted; None = the KPI itself is analysed
    factors : path -> (low, high), choices or "spec"; None = those of the study's design
    store, workers, threads, progress, cluster : as in `run`

    A sample with a point at which a run failed, or the KPI has no value, is left out and counted.

    Raises Refusal for names that the study does not have, a study without factors, numbers that cannot be used, and
    when too few samples have a value; Interrupted as `run` does.
    """
    asked(experiment, kpi, firm, method, samples, arm, against, factors, confidence)
    if factors is not None:
        experiment = experiment.replace(design=Design(), expect=(), groups={})
    keeper = Segments() if store is None else Store(store)
    experiment = with_matches(experiment, keeper, workers, threads, progress, cluster)
    study = planned(
        experiment, kpi, firm, method, samples, arm=arm, against=against, factors=factors, confidence=confidence
    )
    results = run(study, keeper, workers, threads, progress, cluster, command="abm.sensitivity")
    return analysed(results, kpi, firm, arm, against, confidence)


def asked(
    experiment: Experiment,
    kpi: str,
    firm: str | None,
    method: str,
    samples: int | None,
    arm: str | None,
    against: str | None,
    factors: Factors | None,
    confidence: float,
) -> list[str]:
    """Return the arms to analyse; raise Refusal, before any trial run, for what a study lacks or a method refuses."""
    if method not in METHODS:
        raise Refusal(f"= {shown(method)} is not {one_of(METHODS)}{did_you_mean(str(method), METHODS)}", place="method")
    check_confidence(confidence)
    varied = _varying(experiment, factors)
    _known("KPI", kpi, [*(one.name for one in experiment.kpis), *experiment.own.known])
    if firm is not None:
        _known("firm", firm, [one.name for one in experiment.scenario.firms])
    wanted = _arms(experiment.arms, arm, against)
    if samples is not None or method != "tornado":  # of a tornado the points depend on what trial runs find
        _design(varied, method, samples, wanted)
    return wanted


def planned(
    experiment: Experiment,
    kpi: str,
    firm: str | None = None,
    method: str = "sobol",
    samples: int | None = None,
    *,
    arm: str | None = None,
    against: str | None = None,
    factors: Factors | None = None,
    confidence: float = 0.95,
) -> Experiment:
    """Return the experiment whose runs an analysis needs; arguments and refusals are those of `sensitivity`."""
    wanted = asked(experiment, kpi, firm, method, samples, arm, against, factors, confidence)
    experiment = _varying(experiment, factors)
    names = [one.name for one in experiment.kpis]
    kept = {name: experiment.arms[name] for name in experiment.arms if name in {*wanted, against}}
    return experiment.replace(
        name=f"{experiment.name}_{method}",
        kpis=experiment.kpis if kpi in names else (*experiment.kpis, kpi),
        arms=kept,
        baseline=against or wanted[0],
        design=_design(experiment, method, samples, wanted),
        expect=(),
        groups={},
    )


def _varying(experiment: Experiment, factors: Factors | None) -> Experiment:
    """Return the experiment with other factors; None = its own."""
    if factors is None:
        return experiment
    spans = latin_hypercube(factors, points=1)  # it keeps the spans, which `planned` makes a design of
    return experiment.replace(design=spans, expect=(), groups={})


def analysed(
    results: Results,
    kpi: str,
    firm: str | None = None,
    arm: str | None = None,
    against: str | None = None,
    confidence: float = 0.95,
) -> Sensitivity:
    """Return what the results of a `planned` experiment say; arguments and refusals are those of `sensitivity`."""
    design, firm = results.sheet.design, firm or results.firms[0]
    minus = results.block(kpi, against, firm) if against else 0.0
    found = {}
    for name in _arms(results.arms, arm, against):
        with checks.at("", arm=name):
            found[name] = analyse(design, results.block(kpi, name, firm) - minus, confidence)
    outputs = [{"arm": name} | {k: v for k, v in asdict(one).items() if k != "table"} for name, one in found.items()]
    tables = [one.table.assign(arm=name) for name, one in found.items()]
    table = pd.concat(tables, ignore_index=True)
    return Sensitivity(
        method=next(name for name, needed in METHODS.items() if needed == design.method),
        kpi=kpi,
        unit=BY_NAME[kpi].unit if kpi in BY_NAME else "",
        firm=firm,
        against=against or "",
        confidence=confidence,
        table=table[["arm", *(column for column in table.columns if column != "arm")]],
        outputs=pd.DataFrame(outputs),
        runs=len(results.sheet),
        failed=len(results.failed),
    )


def _arms(arms: Iterable[str], arm: str | None, against: str | None) -> list[str]:
    """Return the arms that are analysed."""
    names = list(arms)
    for place, name in (("arm", arm), ("against", against)):
        if name is not None:
            _known("arm", name, names, place)
    if arm is not None and arm == against:
        raise Refusal(f"'{arm}' minus itself is nothing; name another arm", place="against")
    wanted = [name for name in names if name != against and arm in (None, name)]
    if not wanted:
        raise Refusal(f"'{against}' is the only arm; leave it out to analyse the KPI itself", place="against")
    return wanted


def _known(what: str, name: str, names: list[str], place: str = "") -> None:
    if name not in names:
        near = did_you_mean(str(name), names) or f"; there is {one_of(names)}"
        raise Refusal(f"= {shown(name)} is no {what}{near}", place=place or what.lower())


def _design(experiment: Experiment, method: str, samples: int | None, arms: list[str]) -> Design:
    """Return the points that a method needs, for the factors of the study."""
    design = experiment.design
    if not design.factors:
        raise Refusal('has no factors, so there is nothing to vary; write "path" = [low, high]', place="design.factors")
    if method == "tornado":
        if samples is not None:
            raise Refusal(
                f"= {samples}, but a tornado tries each factor at its ends; leave samples out", place="samples"
            )
        return _one_at_a_time(experiment, arms)
    samples, fewest = SAMPLES[method] if samples is None else samples, FEWEST[METHODS[method]]
    checks.whole("samples", samples, low=fewest)
    return design.drawing(METHODS[method], samples)


def _one_at_a_time(experiment: Experiment, arms: list[str]) -> Design:
    """Return the world as it is, and with each factor in turn at the ends of its range, or at each of its choices."""
    spans = experiment.design.spans
    worlds = [in_arm(experiment.scenario, arm, experiment.arms[arm]) for arm in arms]
    base = {path: worlds[0].value_at(path) for path in spans}
    for path, value in base.items():
        if value is None:
            raise Refusal("is not set, and a tornado starts from the scenario; set it there", place=path)
        if any(canonical(world.value_at(path)) != canonical(value) for world in worlds):
            raise Refusal("is not the same in all arms, and a tornado starts from it; analyse one arm", place=path)
    moves = [(path, value) for path, values in spans.items() for value in values]
    moved = [base | {path: value} for path, value in moves if canonical(value) != canonical(base[path])]
    return Design.from_rows([base, *moved])
