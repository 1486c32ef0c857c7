"""The report: one HTML file that says what was asked, what came out, what was run, and what is only assumed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from abm.core.errors import Refusal, counted
from abm.core.spec import Spec, write_toml
from abm.study.comparison.judgement import judge
from abm.study.plan.experiment import Experiment
from abm.study.plan.groups import Grouping
from abm.study.plan.matches import amount
from abm.study.provenance import inputs
from abm.study.provenance.files import write_whole
from abm.study.storage.manifest import Manifest, read_manifest
from abm.study.storage.results import Results, read
from abm.view import (
    against_log,
    analyses,
    criteria,
    dates,
    figures,
    given,
    groups,
    hints,
    log_estimates,
    markup,
    rests_on,
    summary,
    tables,
    thresholds,
)

_MOST_FAILURES = 10


def write(folder: Path, results: Results | None = None, known: pd.DataFrame | None = None, own: Any = ()) -> Path:
    """Write the figures and the report of a results folder; return the path of the report.

    results : of the folder, read if left out        known : as of summary.effects
    own     : theories and measures of the user's own that the study has, as of `load`

    Raises Refusal for a folder that is not one of results.
    """
    manifest = read_manifest(folder)
    results, known = summary.labelled(results or read(folder), known)
    table = summary.effects(results, known=known)
    scenario = manifest.experiment["scenario"]
    drawn = figures.draw(results, table, scenario["periods"], scenario["burn_in"], _groupings(manifest))
    figures.write(folder, drawn)
    study = _rebuilt(manifest, folder, own)
    page = _page(results, manifest, table, drawn, folder, summary.measured(results, known), study)
    write_whole(folder / summary.REPORT, page.encode())
    return folder / summary.REPORT


def _page(
    results: Results,
    manifest: Manifest,
    table: pd.DataFrame,
    drawn: list[figures.Drawn],
    folder: Path,
    measured: list[str],
    study: Experiment | None,
) -> str:
    sheet = results.sheet
    numbers = rests_on.numbers_behind(manifest.experiment["scenario"], study)
    name = f"Study {sheet.name}"
    return markup.page(
        sheet.question or name,
        markup.element("h1", markup.text(sheet.question or name)),
        markup.element(
            "p", markup.text(f"{name}, judged by {summary.judged_by(results)} of {results.firms[0]}"), "name"
        ),
        markup.paragraphs(_claimed(manifest.experiment)),
        markup.paragraphs([*summary.verdict(results, table), rests_on.caution(numbers)], "verdict"),
        _warnings(results),
        markup.section("Ranking", _ranking(results, table, measured)),
        *_before_after(results),
        *_by_group(results, table, _groupings(manifest)),
        *_criteria(results),
        *thresholds.section(folder, study),
        *analyses.sections(folder, study),
        *([markup.section("Figures", *map(_figure, drawn))] if drawn else []),
        *log_estimates.sections(study),
        *(against_log.section(study.scenario, study.folder) if study else ()),
        markup.section("What was run", *_run(results, manifest, study)),
        markup.section("What is only assumed", *rests_on.assumed(numbers)),
        markup.section("How to reproduce it", *_reproduce(manifest, folder, study)),
        markup.section("How to cite it", *rests_on.cite(results, manifest, numbers)),
    )


def _claimed(experiment: Mapping[str, Any]) -> list[str]:
    """Return what the study says that it expects, and by what it is to be judged."""
    said = (("Hypothesis", experiment.get("hypothesis")), ("Measure", experiment.get("measure")))
    return [f"{name}: {words}" for name, words in said if words]


def _figure(drawn: figures.Drawn) -> str:
    return markup.figure(drawn.image, drawn.caption, f"{drawn.caption} {drawn.note}")


def _warnings(results: Results) -> str:
    """Return what keeps the numbers from being whole: failed, missing and damaged runs."""
    said = []
    if results.missing:
        said.append(
            f"{results.missing:,} of {counted(len(results.sheet), 'run')} are missing; run the study again to do them."
        )
    if results.damaged:
        said.append(f"Damaged: {counted(len(results.damaged), 'segment')}, whose runs count as missing.")
    if len(results.failed):
        said.append(
            f"{len(results.failed):,} of {counted(len(results.sheet), 'run')} failed and are left out of all pairs:"
        )
        counts = Counter(zip(results.failed["arm"], results.failed["error"], results.failed["message"], strict=True))
        said += [
            f"{arm}: {error}: {message} ({counted(count, 'run')})"
            for (arm, error, message), count in counts.most_common(_MOST_FAILURES)
        ]
    return markup.paragraphs(said, "warning") if said else ""


def _ranking(results: Results, table: pd.DataFrame, measured: list[str]) -> str:
    columns = (
        "KPI",
        "arm",
        "mean",
        f"minus {results.baseline}",
        "%",
        f"{summary.CONFIDENCE:.0%} interval",
        "",
        "pairs",
    )
    head = "".join(markup.cell("th", column, column not in ("KPI", "arm", "")) for column in columns)
    bodies = []
    for kpi, rows in table.groupby("kpi", sort=False):
        heading = f"{markup.text(kpi)}<br><small>{markup.text(rows['unit'].iloc[0])}</small>"
        lines = []
        for first, row in zip([True] + [False] * len(rows), rows.to_dict("records"), strict=False):
            arm, *values = tables.effect_cells(row, results.baseline)
            spanning = f'<th rowspan="{len(rows)}" scope="rowgroup">{heading}</th>' if first else ""
            cells = markup.cell("td", arm) + "".join(markup.cell("td", value, True) for value in values)
            lines.append(markup.element("tr", spanning + cells))
        bodies.append(markup.element("tbody", "\n".join(lines), "group"))
    words = tables.explained(results.firms[0], results.baseline, summary.judged_by(results), measured=measured)
    note = markup.element("p", markup.text(words), "caption")
    return markup.wide(f"<table><thead><tr>{head}</tr></thead>\n{''.join(bodies)}</table>") + note


def _criteria(results: Results) -> Iterator[str]:
    """Yield the section of what the study claims, if it claims anything."""
    judged = judge(results)
    if len(judged):
        rows = [(*criteria.cells(row), row["pairs"]) for row in judged.to_dict("records")]
        numbers = ("estimate", "interval", "pairs")
        note = markup.element("p", markup.text(f"{criteria.statement(judged)}."), "caption")
        yield markup.section("Criteria", markup.table(("verdict", "criterion", *numbers), rows, numbers), note)


def _before_after(results: Results) -> Iterator[str]:
    """Yield the section of what came of the dates of arms, if an arm starts late."""
    table = dates.before_after(results)
    if len(table):
        heads = dates.columns(results)
        note = markup.element("p", markup.text(dates.explained(results)), "caption")
        yield markup.section("Before and after", markup.table(heads, dates.rows(table), heads[3:]), note)


def _groupings(manifest: Manifest) -> dict[str, Grouping]:
    return {name: Grouping.parse(one) for name, one in manifest.experiment.get("groups", {}).items()}


def _by_group(results: Results, table: pd.DataFrame, groupings: Mapping[str, Grouping]) -> Iterator[str]:
    """Yield the section of what each arm does to each group, if groups are told apart; other KPIs are folded."""
    parts, heads = groups.effects(results, table), groups.columns(results)
    if len(parts):
        kpis = summary.kpis_shown(results)
        listed = [groups.rows(parts, kpi, results.baseline) for kpi in kpis]
        first, *others = (markup.table(heads, rows, (*heads[2:6], heads[7])) for rows in listed)
        note = markup.element("p", markup.text(groups.explained(results, groupings)), "caption")
        yield markup.section("By group", first, note, *map(markup.folded, kpis[1:], others))


def _run(results: Results, manifest: Manifest, study: Experiment | None) -> Iterator[str]:
    sheet, scenario = results.sheet, manifest.experiment["scenario"]
    done = len(sheet) - results.missing - len(results.failed)
    yield markup.paragraphs(
        [
            f"{counted(len(sheet.arms), 'arm')}, {counted(len(sheet.design), 'design point')} and "
            f"{counted(sheet.replications, 'replication')}: "
            f"{done:,} of {counted(len(sheet), 'run')}. Seed {sheet.seed}, random numbers {manifest.scheme}.",
            f"{counted(scenario['population']['customers'], 'customer')}, {counted(len(scenario['firms']), 'firm')} "
            f"({', '.join(results.firms)}), {scenario['periods']:,} periods, of which the first "
            f"{scenario['burn_in']:,} are not measured; network {scenario['network']['kind']}.",
        ]
    )
    said = hints.hints(results, scenario["periods"], scenario["burn_in"]) + (given.lines(study) if study else [])
    yield markup.paragraphs([f"{line[:1].upper()}{line[1:]}." for line in said])
    arms = study.arms if study else manifest.experiment["arms"]
    called = [
        (arm, arm if label == arm else f"{label} ({arm})")
        for arm, label in zip(manifest.sheet.arms, sheet.arms, strict=True)
    ]
    settings = [(name, dates.in_words(arms[arm], _settings) or "as the scenario says") for arm, name in called]
    yield markup.table(("arm", "settings"), settings)
    yield markup.paragraphs(_who_sees_all(study) if study else [])
    if manifest.matched:
        yield from _matched(manifest)
    if sheet.design.factors:
        factors = [(path, sheet.design.described(path)) for path in sheet.design.factors]
        yield markup.table(("factor, which no firm chooses", "values"), factors)
    versions = ", ".join(f"{library} {version}" for library, version in manifest.versions.items())
    yield markup.element("p", markup.text(f"Made with {versions}."), "caption")


def _who_sees_all(study: Experiment) -> list[str]:
    """Say which firms see the truth in which arms: no firm does, so it is for comparison only."""
    found: dict[str, list[str]] = {}
    for arm in study.arms:
        worlds = [still for _, still in study.scenario_of(arm).stretches()]
        firms = dict.fromkeys(f.name for world in worlds for f in world.firms if f.information.omniscient)
        for firm in firms:
            found.setdefault(firm, []).append(study.labels.get(arm, arm))
    return [f"{firm} sees the truth about its customers in {', '.join(arms)}." for firm, arms in found.items()]


def _matched(manifest: Manifest) -> Iterator[str]:
    """Yield what trial runs found for arms that were matched to a budget."""
    columns = ("arm", "solved for", "value", "KPI", "minus", "by", "wanted", "trials")
    rows = [
        (
            arm["arm"], arm["by"], f"{arm['value']:g}",
            " per ".join(filter(None, (arm["kpi"], arm["of"]))), arm["against"],
            amount(arm["of"], arm["reached"]), amount(arm["of"], arm["target"]),
            f"{arm['trials']} x {counted(arm['replications'], 'replication')}",
        )
        for arm in manifest.matched
    ]  # fmt: skip
    yield markup.table(columns, rows, ("value", "by", "wanted"))


def _settings(arm: Mapping[str, Any]) -> str:
    return "; ".join(f"{path} = {_setting(value)}" for path, value in arm.items())


def _setting(value: Any) -> str:
    """Return a setting as the study file says it; of a programme what differs from an empty one."""
    value = value.to_dict() if isinstance(value, Spec) else value
    if not isinstance(value, Mapping):
        return tables.written(value)
    return f"{{ {tables.written(value)} }}"


def _reproduce(manifest: Manifest, folder: Path, study: Experiment | None) -> Iterator[str]:
    name, kept = manifest.sheet.name, folder / inputs.FOLDER
    yield markup.paragraphs(["Recompute a sample of these runs and compare every number, bit for bit:"])
    options = "".join(f" --with {file}" for file in manifest.own)
    yield markup.code(f"patronage verify {folder}{options}")
    if study is None:
        yield markup.paragraphs(["The study has mechanisms or KPIs of its own: run the Python file that defines them."])
        return
    beside = f" in {kept}, beside its input files," if study.inputs else ""
    yield markup.paragraphs([f"Or run all of it again: save the study below as {name}.toml{beside} and"])
    yield markup.code(f"patronage run {kept / name if study.inputs else name}.toml{options}")
    yield markup.folded(f"{name}.toml", markup.code(write_toml(study.to_dict())))


def _rebuilt(manifest: Manifest, folder: Path, own: Any) -> Experiment | None:
    """Return the experiment of a results folder, None if it cannot be built again from what is given."""
    try:
        study = manifest.study(folder, own)
    except Refusal:
        return None
    return study if study.sheet.digests == manifest.sheet.digests else None
