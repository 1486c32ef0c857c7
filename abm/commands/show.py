"""`patronage show`: what there is, as tables or JSON."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Sequence
from pathlib import Path

from abm.commands import output
from abm.commands.other_verbs import SHOWN
from abm.core.errors import Refusal, did_you_mean, one_of
from abm.view import catalogue, tables
from abm.view.coverage import coverage

FOLDER = Path("experiments")
_LEAST_ROOM = 30  # columns, for what a preset is about
_ONE = {"kpis": "KPI", "experiments": "study"}
_EVIDENCE = {
    "assumed": "a free choice; a named source stands behind the form, not the number",
    "calibrated": "tuned to a published finding or to the toolkit's own prototype",
    "measured": "read off the source",
}
_REMARKS = {
    "coverage": [
        "",
        "Live: a study can switch it on, and a test holds it. All about one row: patronage show coverage ROW",
    ],
    "tallies": ["", "A KPI of your own is a ratio of these: c.revenue / c.visits (docs/how-to/add-a-theory.md)."],
    "sources": ["", "A source that is not 'read' must be checked before it is cited as published."],
}
_COLUMNS: dict[str, dict[str, str]] = {
    "mechanisms": {"mechanism": "mechanism", "phases": "phases", "meaning": "meaning"},
    "kpis": {"kpi": "KPI", "unit": "unit", "definition": "definition"},
    "tallies": {"tally": "tally", "unit": "unit", "of": "of", "meaning": "meaning"},
    "sources": {"source": "source", "citation": "citation", "status": "seen"},
    "coverage": {"row": "row", "status": "status", "what": "what", "by": "by", "term": "term"},
    "experiments": {"study": "study", "question": "question"},
}
_ROWS: dict[str, Callable[[], list[catalogue.Row]]] = {
    "parameters": catalogue.parameters,
    "mechanisms": catalogue.mechanisms,
    "kpis": catalogue.kpis,
    "tallies": catalogue.tallies,
    "presets": catalogue.presets,
    "sources": catalogue.sources,
    "coverage": coverage,
}


def main(what: str, name: str | None, own: Sequence[Path], json: bool) -> int:
    """Show the rows of `what`, or the details of one; return the exit code."""
    if what not in SHOWN:
        raise Refusal(f"nothing called {what!r} to show{did_you_mean(what, SHOWN)} (there is {one_of(SHOWN)})")
    if what == "odd":
        return _odd(name, own, json)
    if own:
        raise Refusal("is for show odd FILE.toml, which describes a study", place="--with")
    rows, exact = catalogue.chosen(_ROWS.get(what, _studies)(), name, _ONE.get(what, what.removesuffix("s")))
    if json:
        output.document(rows)
    elif exact:
        output.show(tables.details(rows[0]))
    elif what == "parameters":
        _parameters(rows)
    elif what == "presets":
        _presets(rows, whole=name is not None)
    else:
        first = next(iter(_COLUMNS[what]))
        output.show(tables.listing(rows, _COLUMNS[what], whole=(first,)))
        for remark in _REMARKS.get(what, ()):
            output.lines(remark)
    return 0


def _parameters(rows: list[catalogue.Row]) -> None:
    """Show parameters in three parts, the assumed ones first."""
    for evidence in catalogue.EVIDENCE:
        part = [row for row in rows if row["evidence"] == evidence]
        if part:
            output.lines(f"{evidence.upper()} ({len(part)} of {len(rows)}): {_EVIDENCE[evidence]}")
            output.show(tables.parameters(part))
    output.lines("patronage show parameters NAME says all about one.")


def _presets(rows: list[catalogue.Row], whole: bool) -> None:
    """Show all that presets set if they are asked for by name or kind, else a line for each, by kind."""
    if whole:
        output.show(*(part for row in rows for part in (tables.details(row), "")))
        return
    width = max(len(row["preset"]) for row in rows) + 2
    room = max(output.standard_output().width - width, _LEAST_ROOM)
    for kind in dict.fromkeys(row["kind"] for row in rows):
        part = [row for row in rows if row["kind"] == kind]
        output.lines(f"{kind.upper()} ({len(part)} of {len(rows)}): {catalogue.USE[kind].format('NAME')}")
        for row in part:
            output.lines(f"{row['preset'].ljust(width)}{textwrap.shorten(row['about'], room, placeholder=' …')}")
        output.lines("")
    output.lines("patronage show presets NAME says all about one, patronage show presets KIND about all of a kind.")


def _studies() -> list[catalogue.Row]:
    if not FOLDER.is_dir():
        raise Refusal(f"there is no folder {FOLDER} here; patronage new NAME makes a first study")
    rows = catalogue.experiments(FOLDER)
    return [row | {"question": row["question"] or row["problem"]} for row in rows]


def _odd(file: str | None, own: Sequence[Path], json: bool) -> int:
    from abm.study.plan.experiment import load  # noqa: PLC0415 - other things to show do not need studies
    from abm.view.odd import odd  # noqa: PLC0415

    experiment = load(file, own) if file else None
    text = odd(experiment=experiment)
    if json:
        output.document({"file": file or "", "markdown": text})
    else:
        output.lines(text)
    return 0
