"""Things as a notebook shows them: small tables of HTML in the colours of the notebook, whether light or dark."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import fields, is_dataclass
from functools import singledispatch
from typing import Any

import pandas as pd
from rich.table import Table

from abm.core.errors import Refusal, counted, one_line, shown
from abm.core.parameters import Parameters, meaning_of
from abm.core.spec import Spec
from abm.logs.tracking import Tracking
from abm.queues.served import Served
from abm.study.calibration.findings import Calibration
from abm.study.comparison.robust import Robustness
from abm.study.comparison.verdict import Verdict
from abm.study.plan import checks
from abm.study.plan.arms import MATCH
from abm.study.plan.experiment import Experiment
from abm.study.running.matched import Matched
from abm.study.sensitivity.analysis import Sensitivity
from abm.study.sensitivity.thresholds import Thresholds
from abm.study.statistics.paired import PairedDifference
from abm.study.statistics.winner import Winner
from abm.study.storage.results import Results
from abm.view import headline, markup, queue_table, summary, tables
from abm.view import verdict as verdicts
from abm.view.reported import Report

MOST_ROWS = 12  # of a table that is not folded
_STYLE = (
    ".patronage th, .patronage td { text-align: left; vertical-align: top; } "
    ".patronage .number { text-align: right; font-variant-numeric: tabular-nums; } "
    ".patronage td { white-space: pre-line; }"
)
_PARAMETERS = ("parameter", "value", "unit", "bounds", "evidence", "meaning")


@singledispatch
def html(thing: Any) -> str:
    """Return a thing as HTML that needs nothing from outside; text in it is escaped."""
    return _block(_sentences(str(thing).splitlines()), *map(_frame, _frames(thing)))


@html.register
def _(spec: Spec) -> str:
    rows = list(_values(spec))
    own = [row for row, is_set in rows if is_set]
    head = _head(type(spec).__name__, "as it is by default" if not own else "what differs from the defaults:")
    changed = [markup.table(_PARAMETERS, own)] if own else []
    return _block(head, *changed, markup.folded("all parameters", markup.table(_PARAMETERS, [row for row, _ in rows])))


@html.register
def _(rows: Parameters) -> str:
    columns = ("parameter", "default", *_PARAMETERS[2:])
    listed = [(one.path, _value(one.default), *_about(one), one.doc) for one in rows]
    table = markup.table(columns, listed)
    return _block(table if len(listed) <= MOST_ROWS else markup.folded(counted(len(listed), "parameter"), table))


@html.register
def _(study: Experiment) -> str:
    world = study.scenario
    points = len(study.design)
    counts = [counted(len(study.arms), "arm"), *([counted(points, "point")] if points > 1 else [])]
    counts.append(counted(study.replications, "replication"))
    size = f"{counted(world.population.customers, 'customer')} over {counted(world.periods, 'period')}"
    runs = f"{' x '.join(counts)} = {counted(len(study), 'run')} of {size}"
    facts = [("seed", str(study.seed)), ("firms", ", ".join(firm.name for firm in world.firms))]
    facts += [
        ("KPIs", ", ".join(kpi.name for kpi in study.kpis)),
        ("baseline", checks.baseline(study.baseline, study.arms)),
    ]
    arms = [(study.labels.get(name, name), "\n".join(_settings(settings))) for name, settings in study.arms.items()]
    factors = [(path, _value(values)) for path, values in study.design.factors.items()]
    return _block(
        _head(f"Experiment {study.name}", study.question or ""),
        _sentences([runs]),
        markup.table(("arm", "what it sets"), arms),
        markup.table(("factor", "values"), factors) if factors else "",
        markup.table(("", ""), facts),
    )


@html.register
def _(results: Results) -> str:
    head = _head(f"Results of {results.sheet.name}", repr(results).partition(": ")[2].rstrip(">"))
    results = results.labelled()
    if (results.runs["status"] != "done").all():
        return _block(head)
    table = summary.effects(results)
    judged = summary.judged_by(results)
    said = headline.headline(results, table, _experiment_of(results))
    words = [summary.winner(results).statement, tables.explained(results.firms[0], results.baseline, judged)]
    return _block(
        head,
        _sentences([said]),
        _of_rich(tables.effects(table, results.baseline, summary.CONFIDENCE)),
        _sentences(words),
    )


def _experiment_of(results: Results) -> Experiment | None:
    """Return the experiment of results, None if it needs theories of the user's own that are not there."""
    try:
        return results.experiment
    except Refusal:
        return None


@html.register
def _(served: Served) -> str:
    columns = queue_table.columns(served)
    table = markup.table(columns, queue_table.rows(served), columns[1:])
    return _block(_sentences(repr(served).replace("<", "").replace(">", "").splitlines()), table)


@html.register
def _(found: Report) -> str:
    sentences = [found.headline, *found.verdict]
    return _block(_head("Report", str(found.path)), _sentences(sentences), _frame(found.table), _frame(found.criteria))


@html.register
def _(found: Verdict) -> str:
    return _block(_sentences([found.statement]), _of_rich(verdicts.race(found)), _warnings(found))


@html.register
def _(found: Robustness) -> str:
    few = [_of_rich(verdicts.points(found))] if len(found.verdicts) <= verdicts.MOST_POINTS else []
    return _block(_sentences([found.statement]), *few, _of_rich(verdicts.regrets(found)), _warnings(found))


@html.register
def _(found: Thresholds) -> str:
    from abm.view import thresholds  # noqa: PLC0415 - it loads what draws figures, which is slow

    rows = thresholds.rows(found)
    table = [markup.table(thresholds.COLUMNS, rows, thresholds.NUMBERS)] if rows else []
    return _block(_sentences([found.statement]), *table, _sentences([thresholds.explained(found)]))


@html.register
def _(found: Sensitivity) -> str:
    shown = []
    for arm in found.arms:
        shown += [_head(found.title(arm), found.finding(arm)), _of_rich(tables.influence(found.of(arm), found.method))]
    return _block(*shown)


@html.register
def _(found: Calibration) -> str:
    notes = [f"Note: {note}." for note in found.notes]
    return _block(_sentences([found.statement, *notes]), _frame(found.identified), _frame(found.fit))


@html.register
def _(found: Winner) -> str:
    rows = [(one.arm, one.against, f"{one.mean:.6g}", f"{one.low:.6g}", f"{one.high:.6g}") for one in found.differences]
    columns = ("arm", "against", "difference", "low", "high")
    return _block(_sentences([found.statement]), markup.table(columns, rows, columns[2:]) if rows else "")


@html.register
def _(found: Matched) -> str:
    return _block(_sentences(str(found).splitlines()), _frame(found.table))


@html.register
def _(found: Tracking) -> str:
    chances = f"chi-square {found.chi_square:.4g} of purchases by customer, p = {found.p_value:.3g}"
    return _block(_sentences([chances]), _frame(found.counts.reset_index()))


@html.register
def _(found: PairedDifference) -> str:
    value = found.mean if found.statistic == "mean" else found.estimate
    columns = ("KPI", "firm", "arm", "against", "statistic", "value", "low", "high", "confidence", "pairs", "left out")
    numbers = [f"{number:.6g}" for number in (value, found.low, found.high, found.confidence)]
    who = (found.kpi, found.firm, found.arm, found.against, str(found.statistic))
    return _block(markup.table(columns, [(*who, *numbers, str(found.pairs), str(found.dropped))], columns[5:]))


def _values(spec: Spec, path: str = "") -> Iterator[tuple[tuple[str, ...], bool]]:
    """Yield a row for every parameter of a spec and those inside it, and whether it differs from its default."""
    for name, field in type(spec).model_fields.items():
        value, step = getattr(spec, name), f"{path}{name}"
        several = value if isinstance(value, tuple) else ()
        inside = [(getattr(one, "name", k), one) for k, one in enumerate(several) if isinstance(one, Spec)]
        if isinstance(value, Spec):
            yield from _values(value, f"{step}.")
        elif inside:
            for key, one in inside:
                yield from _values(one, f"{step}.{key}.")
        else:
            meaning = meaning_of(field)
            about = (*_about(meaning), meaning.doc) if meaning else ("", "", "", "")
            yield (step, _value(value), *about), value != field.get_default(call_default_factory=True)


def _about(meaning: Any) -> tuple[str, str, str]:
    bounds = tables.written(meaning.bounds, "bounds") if meaning.bounds else ""
    return meaning.unit, bounds, meaning.evidence or ""


def _value(value: Any) -> str:
    return "none" if value is None else one_line(tables.written(value)) if isinstance(value, str) else shown(value)


def _settings(settings: dict[str, Any]) -> Iterator[str]:
    for path, value in settings.items():
        yield f"{path} is found: {value}" if path == MATCH else f"{path} = {shown(value)}"
    if not settings:
        yield "nothing"


def _warnings(found: Verdict | Robustness) -> str:
    return _sentences(f"Warning: {warning}" for warning in found.warnings)


def _head(title: str, words: str) -> str:
    return markup.element("p", markup.element("b", markup.text(title)) + (f": {markup.text(words)}" if words else ""))


def _sentences(words: Iterable[str]) -> str:
    return "".join(markup.element("p", markup.text(sentence[:1].upper() + sentence[1:])) for sentence in words)


def _of_rich(table: Table) -> str:
    """Return a table for terminals as HTML."""
    columns = [str(column.header) for column in table.columns]
    right = [column for column, made in zip(columns, table.columns, strict=True) if made.justify == "right"]
    return markup.table(
        columns, zip(*([str(cell) for cell in column.cells] for column in table.columns), strict=True), right
    )


def _frames(thing: Any) -> list[pd.DataFrame]:
    """Return the tables among the fields of a result."""
    names = [one.name for one in fields(thing)] if is_dataclass(thing) else []
    return [value for name in names if isinstance(value := getattr(thing, name), pd.DataFrame)]


def _frame(table: pd.DataFrame) -> str:
    """Return a table with numbers to four digits, folded if it is long."""
    numbers = [str(name) for name in table if pd.api.types.is_numeric_dtype(table[name])]
    rows = [[f"{cell:.4g}" if isinstance(cell, float) else str(cell) for cell in row] for row in table.to_numpy(object)]
    made = markup.table([str(name) for name in table], rows, numbers)
    return made if len(rows) <= MOST_ROWS else markup.folded(counted(len(rows), "row"), made)


def _block(*content: str) -> str:
    return f'<div class="patronage"><style>{_STYLE}</style>{"".join(content)}</div>'
