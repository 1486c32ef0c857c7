"""What a calibration will try: parameters and their ranges, targets, runs.   All is checked before anything runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from abm.core.errors import Refusal, counted, shown
from abm.scenario.scenario import Scenario
from abm.study.calibration.moments import known_kpis
from abm.study.calibration.targets import Target, as_targets, resolved
from abm.study.calibration.waves import fewest
from abm.study.plan import checks
from abm.study.plan.design import Design, sobol
from abm.study.plan.experiment import Experiment
from abm.study.plan.factors import SPEC, is_range

EVEN = 8  # trials for each factor that are spread evenly over the space, before any is proposed
FEWEST_EVEN = 16
REPLICATIONS = 10
TRIALS = 100

Factors = Mapping[str, Sequence[Any] | str | None] | Sequence[str]


@dataclass(frozen=True)
class Plan:
    """A calibration that has not begun.

    study    : the experiment that every trial is a point of; its design is the evenly spread trials
    ranges   : scenario path -> (low, high)        targets : with the firm that each is about
    trials   : how many                            forgiven : targets that settings may miss without being ruled out
    """

    study: Experiment
    ranges: dict[str, tuple[Any, Any]]
    targets: tuple[Target, ...]
    trials: int
    forgiven: int

    @property
    def even(self) -> list[dict[str, Any]]:
        """The settings of the evenly spread trials."""
        return [self.study.design.point(index) for index in self.study.design.index]

    @property
    def runs(self) -> int:
        """How many runs a trial takes."""
        return len(self.study.arms) * self.study.replications


def planned(
    world: Scenario | Experiment,
    factors: Factors | None,
    targets: Any,
    *,
    replications: int | None = None,
    trials: int = TRIALS,
    seed: int | None = None,
    forgiven: int = 0,
) -> Plan:
    """Return the plan of a calibration; the arguments are those of `calibrate`.  Raises Refusal."""
    checks.whole("trials", trials, low=1)
    checks.whole("forgiven", forgiven, low=0)
    if isinstance(world, Scenario):
        world = Experiment(name="calibration", scenario=world, replications=REPLICATIONS)
    if not isinstance(world, Experiment):
        raise Refusal(f"world = {shown(world)} is not a Scenario and not an Experiment")
    aims = _aims(world, targets)
    fitted = sum(not target.held_out for target in aims)
    if forgiven >= fitted:
        there = f"{'is' if fitted == 1 else 'are'} {counted(fitted, 'target')}"
        raise Refusal(f"= {forgiven}, but there {there} to meet; forgive fewer", place="forgiven")
    study = _study(world, aims).replace(
        replications=world.replications if replications is None else replications,
        seed=world.seed if seed is None else seed,
    )
    if study.replications < 2:
        raise Refusal("= 1, but it takes 2 or more to know how much is luck", place="replications")
    study = _spread(study, _spans(world, factors))
    ranges = dict(study.design.factors)
    if trials < fewest(len(ranges)):
        raise Refusal(f"= {trials} are too few to learn from; take 50 or more", place="trials")
    checks.size(len(study.arms), trials, study.replications)
    return Plan(study, ranges, aims, trials, forgiven)


def _aims(world: Experiment, targets: Any) -> tuple[Target, ...]:
    firms, arms = [firm.name for firm in world.scenario.firms], list(world.arms)
    return resolved(
        as_targets(targets),
        firms,
        arms,
        checks.baseline(world.baseline, world.arms),
        known_kpis(world),
        world.scenario.periods,
    )


def _study(world: Experiment, aims: Sequence[Target]) -> Experiment:
    """Return the experiment with only the arms and KPIs that targets name, at no point yet."""
    kpis, base = known_kpis(world), checks.baseline(world.baseline, world.arms)
    named = {name for target in aims for name in (target.arm or base, target.against)}
    return world.replace(
        arms={arm: settings for arm, settings in world.arms.items() if arm in named},
        baseline=base if base in named else "",
        kpis=tuple(kpis[name] for name in dict.fromkeys(target.kpi for target in aims)),
        design=Design(),
        expect=(),
        groups={},
    )


def _spans(world: Experiment, factors: Factors | None) -> dict[str, Any]:
    if factors is None:
        factors = world.design.spans
    if not isinstance(factors, str) and isinstance(factors, Mapping | Sequence) and not factors:
        raise Refusal("there are no factors: say which parameters to calibrate, {path: (low, high)}")
    if isinstance(factors, Mapping):
        return {path: SPEC if values is None else values for path, values in checks.table("factors", factors).items()}
    if isinstance(factors, str) or not isinstance(factors, Sequence) or not all(isinstance(f, str) for f in factors):
        raise Refusal(f"= {shown(factors)} is not a table {{path: (low, high)}}", place="factors")
    return dict.fromkeys(factors, SPEC)


def _spread(study: Experiment, spans: dict[str, Any]) -> Experiment:
    """Return the study at points spread evenly over the ranges; refuse what is no range of numbers."""
    points = 1 << (max(FEWEST_EVEN, EVEN * len(spans)) - 1).bit_length()  # as a Sobol sequence needs it
    try:
        study = study.replace(design=sobol(spans, points, seed=study.seed))
    except Refusal as refusal:  # the user has named factors and no design
        raise Refusal(refusal.message, place=refusal.place.removeprefix("design.")) from None
    for path, values in study.design.factors.items():
        if not is_range(values):
            raise Refusal(f"= {shown(values)} is no range of numbers; calibrate numbers", place=f"factors.{path}")
    return study
