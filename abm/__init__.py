"""Patronage: a laboratory for customer behaviour.

    study = abm.load("experiments/programme.toml")      or  abm.Experiment(name=…, scenario=abm.Scenario(…), arms=…)
    results = abm.run(study, store="results")           every arm, point and replication; resumes where it stopped
    results.runs, results.periods                       tidy pandas tables
    abm.compare(study, "profit", zone=0.5, store=…)     the best arm with a stated probability, in few runs
    abm.simulate(abm.Scenario(), seed=1)                one run: a row per period and firm

Everything below is loaded when it is first used, so `import abm` costs next to nothing.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from abm.agents.model import CustomerModel
    from abm.core.errors import Refusal
    from abm.core.kernels import equation, kernel
    from abm.core.spec import param
    from abm.engine.checked import check_kernels
    from abm.engine.cohort import against_log
    from abm.engine.recording import simulate
    from abm.exchange.export import export
    from abm.exchange.fit import Fit, fit
    from abm.facts.card import evidence
    from abm.kpis.kpi import Kpi, kpi
    from abm.kpis.reading import Reading, reading
    from abm.mechanisms.loyalty.program import LoyaltyProgram, points_program, stamp_card, tiered_program
    from abm.mechanisms.mechanism import Mechanism
    from abm.mechanisms.phases import Phase
    from abm.mechanisms.service.encounter import ServicePolicy
    from abm.queues.planning import servers_for, staffing
    from abm.queues.queue import Queue
    from abm.queues.serve import queue
    from abm.queues.served import Served
    from abm.replication.paper import replicate
    from abm.scenario.firm import Firm
    from abm.scenario.period_length import in_periods_of
    from abm.scenario.scenario import Scenario
    from abm.study.calibration.calibrate import calibrate
    from abm.study.calibration.findings import Calibration
    from abm.study.calibration.log_targets import log_targets
    from abm.study.calibration.targets import Target, read_targets, write_targets
    from abm.study.comparison.compare import compare
    from abm.study.comparison.game import Game, game
    from abm.study.comparison.judgement import judge
    from abm.study.comparison.lost_customers import lost_customers
    from abm.study.comparison.robust import Robustness, robust
    from abm.study.comparison.twins_data import twins_data
    from abm.study.comparison.verdict import Verdict
    from abm.study.plan.criteria import Criterion
    from abm.study.plan.design import Design, grid, latin_hypercube, morris, saltelli, sobol
    from abm.study.plan.experiment import Experiment
    from abm.study.replications.multiple import comparisons
    from abm.study.replications.power import power
    from abm.study.replications.precision import run_until
    from abm.study.replications.warmup import warm_up
    from abm.study.running.matched import Matched, matched
    from abm.study.running.runner import run
    from abm.study.sensitivity.analysis import Sensitivity, sensitivity
    from abm.study.sensitivity.thresholds import Thresholds, thresholds
    from abm.study.storage.loading import load
    from abm.study.storage.results import Results, read
    from abm.view.overview import paper_table
    from abm.view.report import report
    from abm.view.reported import Report
    from abm.world.columns import Column, Tally
    from abm.world.network.network import Network
    from abm.world.population import Population

__all__ = [  # noqa: RUF022 - by use, not by alphabet
    # a world
    "Scenario", "Population", "Network", "Firm", "ServicePolicy",
    "LoyaltyProgram", "points_program", "stamp_card", "tiered_program",
    # the same world in periods of another length
    "in_periods_of",
    # one run
    "simulate", "CustomerModel",
    # customers as a purchase log has them, and as they are simulated
    "fit", "Fit", "against_log",
    # and a purchase log, or a panel of choices, of a stored run
    "export",
    # many runs
    "load", "Experiment", "run", "read", "Results",
    # what came out, for people
    "report", "Report", "paper_table",
    # a queue by itself, and how many servers it takes
    "queue", "Queue", "Served", "servers_for", "staffing",
    # arms of the same budget
    "matched", "Matched",
    # which arm is best
    "compare", "Verdict", "robust", "Robustness",
    # what rivals would do
    "game", "Game",
    # whether a claim holds
    "Criterion", "judge",
    # what customers who are lost were worth
    "lost_customers",
    # what an analyst would see of two arms, and the true effect on each customer
    "twins_data",
    # how many of them are enough
    "warm_up", "power", "run_until", "comparisons",
    # what nobody can know
    "Design", "grid", "latin_hypercube", "sobol", "saltelli", "morris", "sensitivity", "Sensitivity",
    "thresholds", "Thresholds",
    # what is known, and the parameters that show it
    "calibrate", "Calibration", "Target", "read_targets", "write_targets", "log_targets",
    # whether a market shows what is known of markets
    "evidence",
    # published findings
    "replicate",
    # a theory or a measure of one's own
    "Mechanism", "Phase", "Column", "Tally", "param", "kernel", "equation", "check_kernels", "Kpi", "kpi",
    "Reading", "reading",
    # what is raised for input that cannot be used
    "Refusal",
]  # fmt: skip

_HOME = {
    "agents.model": ("CustomerModel",),
    "core.errors": ("Refusal",),
    "core.kernels": ("equation", "kernel"),
    "core.spec": ("param",),
    "engine.checked": ("check_kernels",),
    "engine.cohort": ("against_log",),
    "engine.recording": ("simulate",),
    "exchange.export": ("export",),
    "exchange.fit": ("Fit", "fit"),
    "facts.card": ("evidence",),
    "kpis.kpi": ("Kpi", "kpi"),
    "kpis.reading": ("Reading", "reading"),
    "mechanisms.mechanism": ("Mechanism",),
    "mechanisms.phases": ("Phase",),
    "queues.planning": ("servers_for", "staffing"),
    "queues.queue": ("Queue",),
    "queues.serve": ("queue",),
    "queues.served": ("Served",),
    "replication.paper": ("replicate",),
    "scenario.period_length": ("in_periods_of",),
    "scenario.scenario": ("Scenario",),
    "study.calibration.calibrate": ("calibrate",),
    "study.calibration.findings": ("Calibration",),
    "study.calibration.log_targets": ("log_targets",),
    "study.calibration.targets": ("Target", "read_targets", "write_targets"),
    "study.comparison.compare": ("compare",),
    "study.comparison.game": ("Game", "game"),
    "study.comparison.judgement": ("judge",),
    "study.comparison.lost_customers": ("lost_customers",),
    "study.comparison.robust": ("Robustness", "robust"),
    "study.comparison.twins_data": ("twins_data",),
    "study.comparison.verdict": ("Verdict",),
    "study.plan.criteria": ("Criterion",),
    "study.plan.design": ("Design", "grid", "latin_hypercube", "morris", "saltelli", "sobol"),
    "study.plan.experiment": ("Experiment",),
    "study.replications.multiple": ("comparisons",),
    "study.replications.power": ("power",),
    "study.replications.precision": ("run_until",),
    "study.replications.warmup": ("warm_up",),
    "study.running.matched": ("Matched", "matched"),
    "study.running.runner": ("run",),
    "study.sensitivity.analysis": ("Sensitivity", "sensitivity"),
    "study.sensitivity.thresholds": ("Thresholds", "thresholds"),
    "study.storage.loading": ("load",),
    "study.storage.results": ("Results", "read"),
    "view.overview": ("paper_table",),
    "view.report": ("report",),
    "view.reported": ("Report",),
    "world.columns": ("Column", "Tally"),
    "scenario.firm": ("Firm",),
    "world.network.network": ("Network",),
    "world.population": ("Population",),
    "mechanisms.loyalty.program": ("LoyaltyProgram", "points_program", "stamp_card", "tiered_program"),
    "mechanisms.service.encounter": ("ServicePolicy",),
}
_MODULE = {name: module for module, names in _HOME.items() for name in names}


def __getattr__(name: str) -> Any:
    if name == "__version__":
        from importlib import metadata  # noqa: PLC0415 - slow, and rarely asked for

        try:
            return metadata.version("patronage")
        except metadata.PackageNotFoundError:
            return "unknown"
    if name not in _MODULE:
        raise AttributeError(f"module 'abm' has no attribute {name!r}{_suggestion(name)}")
    value = getattr(importlib.import_module(f"abm.{_MODULE[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


def _suggestion(name: str) -> str:
    return importlib.import_module("abm.core.errors").did_you_mean(name, __all__) if name[:1] != "_" else ""
