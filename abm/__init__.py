"""Patronage: a laboratory for customer behaviour.

    study = abm.load("experiments/programme.toml")      or  abm.Experiment(name=…, scenario=abm.Scenario(…), arms=…)
    results = abm.run(study, store="results")           every arm, point and replication; resumes where it stopped
    results.runs, results.periods                       tidy pandas tables
    abm.simulate(abm.Scenario(), seed=1)                one run: a row per period and firm

Everything below is loaded when it is first used, so `import abm` costs next to nothing.
"""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

import abm.run  # the package of a single run; empty, so it costs nothing

if TYPE_CHECKING:
    from abm.core.errors import Refusal
    from abm.core.kernels import equation, kernel
    from abm.core.spec import param
    from abm.kpis.kpi import Kpi, kpi
    from abm.mechanisms.mechanism import Mechanism, Phase
    from abm.run.engine import simulate
    from abm.run.model import CustomerModel
    from abm.run.scenario import Scenario
    from abm.study.design import grid
    from abm.study.experiment import Experiment, load
    from abm.study.results import Results, read
    from abm.study.runner import Progress
    from abm.world.columns import Column, Tally
    from abm.world.firm import Firm
    from abm.world.network import Network
    from abm.world.population import Population
    from abm.world.program import LoyaltyProgram, points_program, stamp_card, tiered_program
    from abm.world.service import ServicePolicy

_HOME = {
    # a world
    "Scenario": "run.scenario", "Population": "world.population", "Network": "world.network", "Firm": "world.firm",
    "ServicePolicy": "world.service", "LoyaltyProgram": "world.program", "points_program": "world.program",
    "stamp_card": "world.program", "tiered_program": "world.program",
    # one run
    "simulate": "run.engine", "CustomerModel": "run.model",
    # many runs
    "load": "study.experiment", "Experiment": "study.experiment", "grid": "study.design",
    "Results": "study.results", "read": "study.results",
    # a theory or a measure of one's own
    "Mechanism": "mechanisms.mechanism", "Phase": "mechanisms.mechanism", "Column": "world.columns",
    "Tally": "world.columns", "param": "core.spec", "kernel": "core.kernels", "equation": "core.kernels",
    "Kpi": "kpis.kpi", "kpi": "kpis.kpi",
    # what is raised for input that cannot be used
    "Refusal": "core.errors",
}  # fmt: skip

__all__ = [  # noqa: PLE0604, RUF022 - by use, not by alphabet; the names of _HOME and these two
    *_HOME,
    "run",
    "__version__",
]


class _Run(ModuleType):
    """`abm.run` is the package of a single run, and called, it runs a study."""

    def __call__(
        self,
        experiment: Experiment,
        store: Path | str | None = None,
        workers: int | None = None,
        threads: int | None = None,
        progress: Progress | None = None,
    ) -> Results:
        """Do all runs of an experiment that are not stored yet and return the results; see abm.study.runner.run."""
        return importlib.import_module("abm.study.runner").run(experiment, store, workers, threads, progress)


sys.modules["abm.run"].__class__ = _Run


def __getattr__(name: str) -> Any:
    if name == "__version__":
        from importlib import metadata  # noqa: PLC0415 - slow, and rarely asked for

        try:
            return metadata.version("patronage")
        except metadata.PackageNotFoundError:
            return "unknown"
    if name not in _HOME:
        raise AttributeError(f"module 'abm' has no attribute {name!r}{_suggestion(name)}")
    value = getattr(importlib.import_module(f"abm.{_HOME[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


def _suggestion(name: str) -> str:
    return importlib.import_module("abm.core.errors").did_you_mean(name, __all__) if name[:1] != "_" else ""
