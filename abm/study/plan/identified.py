"""What an arm is identified by: a digest of all that decides its numbers, apart from point and replication."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from abm.core.streams import SCHEME
from abm.scenario.scenario import Scenario
from abm.study.plan import checks
from abm.study.plan.arms import in_arm
from abm.study.plan.record import is_empty
from abm.study.provenance.digest import canonical, digest, own_code
from abm.study.provenance.identity import of_market

if TYPE_CHECKING:
    from abm.study.plan.experiment import Experiment


def digest_of(experiment: Experiment, arm: str, scenario: Scenario) -> str:
    """Return the digest of an arm, whose whole world is the scenario.

    Neither what stands at its default counts nor a theory that is not on: see identity.py and revisions.py.
    """
    decides = {
        "arm": arm,
        "market": of_market(scenario, experiment.design.factors),
        "seed": experiment.seed,
        "kpis": sorted(kpi.name for kpi in experiment.kpis),
        "scheme": SCHEME,
        "inputs": experiment.inputs,
        "code": own_code(scenario, experiment.kpis),
        **({"groups": _groups(experiment)} if experiment.groups else {}),
        **({} if is_empty(experiment.record) else {"record": experiment.record.to_dict()}),
    }
    return digest(canonical(decides).encode()).hex()


def _groups(experiment: Experiment) -> dict[str, Any]:
    """Return what decides who is in which group: the groupings, and the markets in which they are found."""
    baseline = checks.baseline(experiment.baseline, experiment.arms)
    found = {}
    for name, one in experiment.groups.items():
        arm = one.arm or baseline
        market = of_market(in_arm(experiment.scenario, arm, experiment.arms[arm]), experiment.design.factors)
        found[name] = {**one.to_dict(full=True), "arm": "", "names": experiment.group_labels[name], "market": market}
    return found
