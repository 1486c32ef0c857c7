"""The ODD description of a model, in Markdown, made from the model itself: scenario, phases, mechanisms, columns.

The order of its parts follows the ODD protocol (Overview, Design concepts, Details) for describing agent-based models.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Iterator, Sequence, Set
from typing import Any

from abm.core.kernels import Kernel
from abm.core.streams import SCHEME
from abm.engine.stages import staged
from abm.facts.card import FACTS
from abm.kpis.measure import Measure
from abm.mechanisms.mechanism import Mechanism, documentation
from abm.mechanisms.phases import Phase
from abm.mechanisms.shipped import shipped
from abm.scenario.in_force import in_force
from abm.scenario.scenario import Scenario
from abm.study.plan.experiment import Experiment
from abm.view import catalogue, dates, groups, odd_arms
from abm.view import theory as theories
from abm.view.markdown import first_sentence, table
from abm.view.tables import written
from abm.world import visits
from abm.world.network.network import DRAWN
from abm.world.population import COLUMNS as TRAITS
from abm.world.segments import SEGMENT, Segment, shares

PURPOSE = """\
To compare what a firm can do for its customers' loyalty (a programme, better or more even service, a price) in a market
of customers who differ, learn from experience, talk to each other and choose for themselves. The numbers are for
comparison between strategies under stated assumptions, not forecasts of a particular market."""
PATTERNS = "\n".join(
    ["Patterns the model is judged by; `patronage evidence` says which of them a market shows:", ""]
    + [f"- {fact.claim}" for fact in FACTS]
)
CONCEPTS = {
    "Emergence": """\
Market shares, retention, profit and the fate of programmes come out of customers' choices; none is set.""",
    "Adaptation": """\
Customers choose on each occasion anew, from what they know and expect at the start of the period.""",
    "Objectives": """\
A customer's utility of a firm: attraction, trust, commitment, price, what she heard, her programme's pull and the cost
of leaving. Customers do not optimise over time.""",
    "Learning": """\
Satisfaction, expectation, trust and commitment move towards experience; satisfaction fast at first and ever slower.""",
    "Prediction": """\
A customer's expectation of a firm is her prediction of its performance.""",
    "Sensing": """\
A customer knows the firms she is aware of, her own history and what neighbours tell her.""",
    "Interaction": """\
By word of mouth over the ties of the network, by awareness learnt from neighbours, and by the status of a tier, which
is worth less the more customers share it. What is said in a period acts from the next one on.""",
    "Stochasticity": """\
Every decision has its own random number, a pure function of who decides what and when ({scheme}), not of the firm's
strategy: the arms of a replication share their luck, and results do not depend on order or processors.""",
    "Collectives": """\
None that acts: a segment is a trait of its customers, and groups of the network say only who is tied to whom.""",
}


_HOW: dict[str, str] = {
    "tile": "some thousand customers at a time", "share": "by threads' shares of customers", "market": "once",
    "firm": "firm by firm", "plain": "in Python",
}  # fmt: skip


def odd(scenario: Scenario | None = None, experiment: Experiment | None = None) -> str:
    """Return the ODD description of a scenario, or of an experiment with its arms; None = the default scenario."""
    world = experiment.scenario if experiment else scenario or Scenario()
    used = frozenset(in_force(experiment.worlds if experiment else [world]))
    mechanisms, begins = world.ever()[0], world.stretches()[0][1]
    parts: list[Sequence[str]] = [
        _title(experiment),
        ["## 1 Purpose and patterns", "", PURPOSE, "", PATTERNS],
        list(_entities(world, mechanisms)),
        list(_schedule(world, begins)),
        list(_concepts(experiment)),
        list(_start(begins, used)),
        list(_inputs(world)),
        list(_submodels(world, mechanisms, used)),
        list(odd_arms.described(experiment)) if experiment else [],
    ]
    return "\n\n".join("\n".join(lines) for lines in parts if lines) + "\n"


def _title(experiment: Experiment | None) -> list[str]:
    if experiment is None:
        return ["# The customer model (ODD)"]
    return [f"# {experiment.name} (ODD)", *(["", f"*{experiment.question}*"] if experiment.question else [])]


def _entities(world: Scenario, mechanisms: Sequence[Mechanism]) -> Iterator[str]:
    yield "## 2 Entities, state variables and scales"
    yield ""
    firms = ", ".join(firm.name for firm in world.firms)
    yield f"{world.population.customers:,} customers; {len(world.firms)} firms ({firms}); ties of word of mouth"
    yield f"({world.network.kind}). {world.periods:,} periods, {world.periods_per_year} to the year, the first"
    yield f"{world.burn_in:,} before measurement. There is no space but the network."
    if segments := world.population.segments:
        parts = ", ".join(f"{one.name} {part:.4g}" for one, part in zip(segments, shares(segments), strict=True))
        yield f"Each customer belongs to a segment for good; shares of the population: {parts}."
    yield ""
    yield from table(("state variable", "of", "unit", "starts as", "owner", "meaning"), _states(world, mechanisms))
    yield ""
    yield "What passes within a period and is not kept:"
    yield ""
    passing = [("visits", column) for column in visits.COLUMNS]
    passing += [(m.name, column) for m in mechanisms for column in (*m.owns, *m.scratch) if column.passing]
    rows = [(f"`{column.name}`", column.unit, owner, column.meaning) for owner, column in passing]
    yield from table(("variable", "unit", "owner", "meaning"), rows)


def _states(world: Scenario, mechanisms: Sequence[Mechanism]) -> list[tuple[Any, ...]]:
    segment = (SEGMENT,) if world.population.segments else ()
    owned = [("population", column, "drawn") for column in (*TRAITS, *segment)]
    owned += [(m.name, column, f"{column.default:g}") for m in mechanisms for column in m.owns if not column.passing]
    return [(f"`{c.name}`", " x ".join(c.axes), c.unit, begins, owner, c.meaning) for owner, c, begins in owned]


def _schedule(world: Scenario, begins: Scenario) -> Iterator[str]:
    yield "## 3 Process overview and scheduling"
    yield ""
    yield "A period goes through these stages, kernel by kernel, as the engine runs them. A stage begins when the one"
    yield "before has ended for everybody. All decisions of a period are taken on the state at its start; what"
    yield "customers tell each other is delivered when everybody has finished."
    yield ""
    rows: list[tuple[Any, ...]] = []
    for number, stage in enumerate(staged(begins.steps()), 1):
        for step in stage.steps:
            words = first_sentence(documentation(step.act))
            first = (number, _HOW[stage.kind]) if step is stage.steps[0] else ("", "")
            rows.append((*first, step.phase.label, step.mechanism.name, f"`{step.name}`", words))
    yield from table(("stage", "done", "phase", "mechanism", "kernel", "what it does"), rows)
    unused = [phase for phase in Phase if phase not in {step.phase for step in begins.steps()}]
    yield ""
    words = "; ".join(f"{phase.label} ({phase.words})" for phase in unused)
    yield f"Phases in which nothing happens in this model: {words or 'none'}."
    if world.changes:
        yield ""
        yield "This is the first stretch. At their dates these changes take place:"
        yield ""
        yield from (f"- {dates.change_in_words(change)}" for change in world.changes)
        yield ""
        yield f"Kernels come and go {'; '.join(dates.turns(world)) or 'at no date: only values change'}."


def _concepts(experiment: Experiment | None) -> Iterator[str]:
    yield "## 4 Design concepts"
    collectives = f"{CONCEPTS['Collectives']} {groups.told_apart(experiment)}".rstrip()
    told = {"Collectives": collectives, "Observation": _observed(experiment)}
    for concept, words in (CONCEPTS | told).items():
        yield ""
        yield f"**{concept}.** {words.replace('{scheme}', str(SCHEME))}"


def _observed(experiment: Experiment | None) -> str:
    rows = catalogue.kpis()
    if experiment:
        measured = {kpi.name for kpi in experiment.kpis}
        rows = [row for row in rows if row["kpi"] in measured]
    listed = "; ".join(f"`{row['kpi']}` ({row['unit']}): {row['definition'].rstrip('.')}" for row in rows)
    kinds = "every measure is a ratio of counts, or read off the customers when the yearly books close"
    return f"Counts of events are whole numbers, and {kinds}. {listed}."


def _start(world: Scenario, used: Set[str]) -> Iterator[str]:
    yield "## 5 Initialization"
    yield ""
    yield "Customers differ in purchase rate, basket and weight of price; customers and network are drawn anew in each"
    yield "replication. State variables start as the table above says, or as their mechanism's `begin` draws them."
    yield ""
    for title, path in (("Population", "population"), ("Network", "network")):
        yield f"**{title}**"
        yield ""
        yield from _parameters(world, path, used)
        yield ""
        if path == "population" and world.population.segments:
            yield "**Segments** (where nothing is said, as the population)"
            yield ""
            yield from table(("parameter", *(one.name for one in world.population.segments), "unit"), _kinds(world))
            yield ""
    yield "**Firms**"
    yield ""
    yield from table(("parameter", *(firm.name for firm in world.firms), "unit"), _levers(world))


def _kinds(world: Scenario) -> list[tuple[Any, ...]]:
    """Return a row per parameter of segments: its value in each."""
    own = world.population.segments
    rows = [row for row in Segment.parameters() if row.path != "name"]
    return [(f"`{row.path}`", *(_value(one, row.path) for one in own), row.unit) for row in rows]


def _levers(world: Scenario) -> list[tuple[Any, ...]]:
    """Return a row per parameter that some firm has: its value at each firm."""
    rows = []
    for parameter in catalogue.parameters():
        path = parameter["parameter"]
        if path.startswith("firms.*.") and path != "firms.*.name":
            inner = path.removeprefix("firms.*.")
            values = [_value(world, f"firms.{j}.{inner}") for j in range(len(world.firms))]
            if any(value != "-" for value in values):
                rows.append((f"`{inner}`", *values, parameter["unit"]))
    return sorted(rows, key=lambda row: str(row[0]).count("."))


def _value(world: Any, path: str) -> str:
    node: Any = world
    for step in path.split("."):
        if node is None:
            return "-"
        node = node[int(step)] if isinstance(node, tuple) else getattr(node, step)
    return written(node)


def _inputs(world: Scenario) -> Iterator[str]:
    yield "## 6 Input data"
    yield ""
    log, graph = world.population.log, world.network.file
    if log is None and world.network.kind in DRAWN:
        yield "None: nothing outside the model acts on it while it runs."
    if log is not None:
        traits = "rates and baskets are" if "basket" in world.population.from_log else "rates are"
        yield f"Purchase {traits} fitted to the purchase log `{log}` before the run (maximum likelihood)."
    if graph is not None:
        yield f"The network is read from `{graph}`."
    elif world.network.kind not in DRAWN:
        yield f"The network is given with the scenario: {len(world.network.ties):,} ties."


def _submodels(world: Scenario, mechanisms: Sequence[Mechanism], used: Set[str]) -> Iterator[str]:
    yield "## 7 Submodels"
    told: set[str] = set()
    for number, mechanism in enumerate(mechanisms, 1):
        page = type(mechanism).__module__
        theory = catalogue.theory_of(type(mechanism))
        yield ""
        yield f"### 7.{number} {mechanism.name}"
        yield ""
        yield catalogue.summary_line(type(mechanism))
        if page not in told:
            yield ""
            yield " ".join(part for part in (theory["about"], _sentence("Claim", theory["claim"])) if part)
            yield ""
            yield _sentence("Source", theory["source"])
            for one in theories.pages(type(mechanism)) if type(mechanism) in shipped() else [page]:
                yield from _functions(one)
        told.add(page)
        if type(mechanism).model_fields:
            yield ""
            yield from _parameters(world, mechanism.name, used)


def _functions(module: str) -> Iterator[str]:
    """Yield the equations and kernels of a mechanism's page, in its order, each with its first line of words."""
    own = [thing for thing in vars(sys.modules[module]).values() if _is_function(thing, module)]
    if own:
        yield ""
    for thing in own:
        what = "kernel" if isinstance(thing, Kernel) else "equation"
        name = thing.name if isinstance(thing, Kernel) else f"{thing.__name__}{inspect.signature(thing)}"
        yield f"- {what} `{name}`: {first_sentence(thing.__doc__ or '')}"


def _is_function(thing: Any, module: str) -> bool:
    if isinstance(thing, Measure):
        return False  # it is described among what is observed
    function = getattr(thing, "function", getattr(thing, "py_func", thing))  # inside a kernel or compiled equation
    return inspect.isfunction(function) and function.__module__ == module and not function.__name__.startswith("_")


def _sentence(label: str, words: str) -> str:
    return f"*{label}:* {words}" if words else ""


def _parameters(world: Scenario, section: str, used: Set[str]) -> Iterator[str]:
    """Yield a table of the parameters of a section that are in force, with their values in this scenario."""
    spec: Any = getattr(world, section, None)
    if spec is None:  # a mechanism of one's own, or one that a date brings
        spec = next(mechanism for mechanism in world.ever()[0] if mechanism.name == section)
    rows = []
    all_rows = [row for row in type(spec).parameters() if "*" not in row.path]  # of lists there are tables
    for parameter in (row for row in all_rows if f"{section}.{row.path}" in used):
        cited = f"; {parameter.source}" if parameter.source else ""
        evidence = f"{parameter.evidence}{cited}"
        rows.append((f"`{parameter.path}`", _value(spec, parameter.path), parameter.unit, parameter.doc, evidence))
    if rows:
        yield from table(("parameter", "value", "unit", "meaning", "evidence"), rows)
        yield ""
    idle = [f"`{row.path}`" for row in all_rows if f"{section}.{row.path}" not in used]
    if idle:
        yield f"Without effect in this model: {', '.join(idle)}."
