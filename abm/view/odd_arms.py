"""The part of an ODD description that is about an experiment: arms, kernels that come and go with them, factors."""

from __future__ import annotations

from collections.abc import Iterator

from abm.core.errors import counted
from abm.study.plan import checks
from abm.study.plan.arms import in_arm
from abm.study.plan.experiment import Experiment
from abm.view import dates
from abm.view.markdown import table
from abm.view.tables import written


def described(experiment: Experiment) -> Iterator[str]:
    """Yield the lines of an experiment's part: its arms, their dates, and its factors."""
    yield "## The experiment"
    yield ""
    yield f"{counted(len(experiment.arms), 'arm')}, {counted(len(experiment.design), 'design point')},"
    yield f"{counted(experiment.replications, 'replication')}, seed {experiment.seed}; every arm is compared with"
    yield f"`{checks.baseline(experiment.baseline, experiment.arms)}`."
    yield ""
    rows = []
    for arm, settings in experiment.arms.items():
        said = {path: value.to_dict() if hasattr(value, "to_dict") else value for path, value in settings.items()}
        label = experiment.labels.get(arm)
        rows.append((f"{label} ({arm})" if label else arm, dates.in_words(said, written) or "as described above"))
    yield from table(("arm", "settings"), rows)
    yield from _turns(experiment)
    if experiment.design.factors:
        yield ""
        levels = [(f"`{path}`", experiment.design.described(path)) for path in experiment.design.factors]
        yield from table(("factor", "values"), levels)


def _turns(experiment: Experiment) -> Iterator[str]:
    """Yield which kernels come and go at the dates of arms, apart from those of the scenario."""
    scenario = experiment.scenario
    shared = list(dates.turns(scenario))
    worlds = {arm: in_arm(scenario, arm, settings) for arm, settings in experiment.arms.items()}
    own = {arm: [words for words in dates.turns(world) if words not in shared] for arm, world in worlds.items()}
    if any(own.values()):
        yield ""
        yield "Kernels that come and go at the dates of arms:"
        yield ""
        yield from (f"- {arm}: {'; '.join(words)}." for arm, words in own.items() if words)
