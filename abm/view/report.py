"""The report: one HTML file that says what was asked, what came out, what was run, and what is only assumed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from abm.core.errors import Refusal, counted
from abm.study.comparison.judgement import judge
from abm.study.plan.experiment import Experiment
from abm.study.plan.groups import Grouping
from abm.study.provenance.files import write_whole
from abm.study.storage.loading import folder_of, own_of
from abm.study.storage.manifest import Manifest, read_manifest
from abm.study.storage.results import Results, read
from abm.view import (
    against_log,
    analyses,
    criteria,
    dates,
    figures,
    groups,
    headline,
    log_estimates,
    markup,
    overview,
    rests_on,
    snapshot,
    summary,
    tables,
    thresholds,
    what_was_run,
)
from abm.view.drawn import Drawn
from abm.view.odd import odd
from abm.view.reported import Report

_MOST_FAILURES = 10


def report(folder: Path | str | Results, own: Any = ()) -> Report:
    """Write the figures and the report of a results folder, and return what it says.

    folder : its path, or the results that `abm.run` has stored in it or `abm.read` has read of it
    own    : theories and measures of the user's own that the study has, as of `load`; results of `abm.run` know them

    Raises Refusal for a folder that is not one of results, and for results that are in memory only.
    """
    return made(folder_of(folder), own=own_of(folder, own))


def write(folder: Path, results: Results | None = None, known: pd.DataFrame | None = None, own: Any = ()) -> Path:
    """Write the figures and the report of a results folder; return the path of the report.

    results : of the folder, read if left out        known : as of summary.effects        own : as of `report`
    """
    return made(folder, results, known, own).path


def made(folder: Path, results: Results | None = None, known: pd.DataFrame | None = None, own: Any = ()) -> Report:
    """Write figures and report as `write` does, and return what the report says."""
    manifest = read_manifest(folder)
    named = results or read(folder)
    results, labelled = summary.readable(named, known)
    table = summary.effects(results, known=labelled)
    scenario = manifest.experiment["scenario"]
    study = _rebuilt(manifest, folder, own)
    drawn = figures.draw(results, table, scenario["periods"], scenario["burn_in"], _groupings(manifest), study)
    figures.write(folder, drawn)
    page = _page(results, manifest, table, drawn, folder, summary.measured(results, labelled), study)
    write_whole(folder / summary.REPORT, page.encode())
    return Report(
        path=folder / summary.REPORT,
        question=results.sheet.question,
        headline=headline.headline(results, table, study),
        verdict=tuple(summary.verdict(results, table)),
        winner=summary.winner(named).arm,
        table=summary.effects(named, known=known),
        criteria=judge(named),
        figures={figure.file: figure.words for figure in drawn},
        runs=len(named.sheet),
        missing=named.missing,
        failed=len(named.failed),
    )


def _page(
    results: Results,
    manifest: Manifest,
    table: pd.DataFrame,
    drawn: list[Drawn],
    folder: Path,
    measured: list[str],
    study: Experiment | None,
) -> str:
    sheet, name = results.sheet, f"Study {results.sheet.name}"
    numbers = rests_on.numbers_behind(manifest.experiment["scenario"], study)
    judged = f"{name}, judged by {summary.judged_by(results)} of {results.firms[0]}"
    said = [headline.headline(results, table, study)]
    said += summary.verdict(results, table)[:1] if len(results.arms) > 1 else []
    about = summary.about_points(results)
    of = {topic: [figure for figure in drawn if figure.topic == topic] for topic in figures.TOPICS}
    return markup.page(
        sheet.question or name,
        markup.element("h1", markup.text(sheet.question or name)),
        markup.element("p", markup.text(judged), "name"),
        markup.paragraphs([*said, *filter(None, [about]), rests_on.caution(numbers)], "verdict"),
        _warnings(results),
        *map(markup.figure, of[figures.EFFECT]),
        markup.paragraphs(_claimed(manifest.experiment)),
        *_criteria(results, of[figures.CRITERIA]),
        markup.section(
            "All arms and measures", *_table(results, table, measured), *map(markup.figure, of[figures.MEASURES])
        ),
        *_section("What is spent and what it brings", of[figures.MONEY]),
        *_over_time(results, of[figures.TIME]),
        *_by_group(results, table, _groupings(manifest), of[figures.GROUPS]),
        *_section("Inside the market", of[figures.PERSONS], _too_large(study, drawn)),
        *_section("What nobody can know", of[figures.UNKNOWN]),
        *thresholds.section(folder, study),
        *analyses.sections(folder, study),
        *log_estimates.sections(study),
        *(against_log.section(study.scenario, study.folder) if study else ()),
        markup.section("What is only assumed", *rests_on.assumed(numbers)),
        markup.section("What was run", *what_was_run.run(results, manifest, study)),
        markup.section("How to reproduce it", *what_was_run.reproduce(manifest, folder, study)),
        *([markup.section("The model", *_model(study))] if study else []),
        markup.section("How to cite it", *rests_on.cite(results, manifest, numbers)),
    )


def _claimed(experiment: Mapping[str, Any]) -> list[str]:
    """Return what the study says that it expects, and by what it is to be judged."""
    said = (("Hypothesis", experiment.get("hypothesis")), ("Measure", experiment.get("measure")))
    return [f"{name}: {words}" for name, words in said if words]


def _section(title: str, drawn: Sequence[Drawn], otherwise: str = "") -> Iterator[str]:
    """Yield a section of figures, or of what is said in their place; nothing without either."""
    if drawn or otherwise:
        yield markup.section(
            title, *map(markup.figure, drawn), *([markup.paragraphs([otherwise])] if otherwise else [])
        )


def _too_large(study: Experiment | None, drawn: Sequence[Drawn]) -> str:
    """Say that the market is not run again for figures of single persons, if it is for its size."""
    if study is None or not drawn or not snapshot.too_large(study):
        return ""
    return (
        f"Runs of {counted(study.scenario.population.customers, 'customer')} over "
        f"{counted(study.scenario.periods, 'period')} take too long to be run again for a report, so that there are no "
        "figures of single customers. A smaller market has them."
    )


def _table(results: Results, table: pd.DataFrame, measured: list[str]) -> Iterator[str]:
    """Yield the one table of arms and measures, and folded below it every difference with its interval."""
    yield overview.html(results, table)
    yield markup.element("p", markup.text(overview.explained(results)), "caption")
    others = summary.verdict(results, table)[1:]
    yield markup.folded(
        "Every difference with its interval", markup.paragraphs(others), _ranking(results, table, measured)
    )


def _model(study: Experiment) -> Iterator[str]:
    """Yield the ODD description of the study."""
    yield markup.paragraphs(["Described in the order of the ODD protocol (overview, design concepts, details)."])
    yield markup.folded("ODD description", markup.prose(odd(experiment=study)))


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


def _criteria(results: Results, drawn: Sequence[Drawn]) -> Iterator[str]:
    """Yield the section of what the study claims, if it claims anything."""
    judged = judge(results)
    if len(judged):
        rows = [(*criteria.cells(row), row["pairs"]) for row in judged.to_dict("records")]
        numbers = ("estimate", "interval", "pairs")
        note = markup.element("p", markup.text(f"{criteria.statement(judged)}."), "caption")
        listed = markup.table(("verdict", "criterion", *numbers), rows, numbers)
        yield markup.section("Criteria", listed, note, *map(markup.figure, drawn))


def _over_time(results: Results, drawn: Sequence[Drawn]) -> Iterator[str]:
    """Yield the section of how it went on, with what came of the dates of arms, if an arm starts late."""
    table, lines = dates.before_after(results), [*map(markup.figure, drawn)]
    if lines:
        yield markup.section("Over time", *lines)
    if len(table):
        heads = dates.columns(results)
        note = markup.element("p", markup.text(dates.explained(results)), "caption")
        yield markup.section("Before and after", markup.table(heads, dates.rows(table), heads[3:]), note)


def _groupings(manifest: Manifest) -> dict[str, Grouping]:
    return {name: Grouping.parse(one) for name, one in manifest.experiment.get("groups", {}).items()}


def _by_group(
    results: Results, table: pd.DataFrame, groupings: Mapping[str, Grouping], drawn: Sequence[Drawn]
) -> Iterator[str]:
    """Yield the section of what each arm does to each group, if groups are told apart; other KPIs are folded."""
    parts, heads = groups.effects(results, table), groups.columns(results)
    if len(parts):
        kpis = summary.kpis_shown(results)
        listed = [groups.rows(parts, kpi, results.baseline) for kpi in kpis]
        first, *others = (markup.table(heads, rows, (*heads[2:6], heads[7])) for rows in listed)
        note = markup.element("p", markup.text(groups.explained(results, groupings)), "caption")
        shown = map(markup.figure, drawn)
        yield markup.section("By group", first, note, *shown, *map(markup.folded, kpis[1:], others))


def _rebuilt(manifest: Manifest, folder: Path, own: Any) -> Experiment | None:
    """Return the experiment of a results folder, None if it cannot be built again from what is given."""
    try:
        study = manifest.study(folder, own)
    except Refusal:
        return None
    return study if study.sheet.digests == manifest.sheet.digests else None
