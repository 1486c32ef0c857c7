"""What a study's numbers rest on: the parameters in force, how surely each is known, and the sources behind them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from abm.core.errors import counted
from abm.core.parameters import Parameter
from abm.core.sources import PROTOTYPE
from abm.scenario.in_force import in_force
from abm.scenario.scenario import Scenario
from abm.study.plan.experiment import Experiment
from abm.study.storage.manifest import Manifest
from abm.study.storage.results import Results
from abm.view import catalogue, markup, tables

Numbers = list[tuple[Parameter, str]]


def numbers_behind(scenario: Mapping[str, Any], study: Experiment | None) -> Numbers:
    """Return the parameters that the runs rest on, with their values in words; the assumed ones first.

    scenario : its table      study : None = it cannot be told which ones are in force, so all that the table has
    """
    used = {*in_force(study.worlds)} if study else {row.path for row in Scenario.parameters()}
    numbers = [parameter for parameter in Scenario.parameters() if parameter.type != "text" and parameter.path in used]
    found = [(parameter, value) for parameter in numbers for value in _values(parameter, scenario)]
    return sorted(found, key=lambda pair: catalogue.EVIDENCE.index(pair[0].evidence or "assumed"))


def caution(numbers: Numbers) -> str:
    """Say how many of the parameters behind a study are only assumed."""
    assumed = sum(parameter.evidence == "assumed" for parameter, _ in numbers)
    return f"{assumed} of the {len(numbers)} parameters behind these numbers are only assumed; they are listed below."


def assumed(found: Numbers) -> Iterator[str]:
    """Yield how many parameters of the study are free choices, and a table with these first."""
    counts = Counter(parameter.evidence for parameter, _ in found)
    yield markup.paragraphs(
        [
            f"Of {len(found)} parameters behind these numbers, {counts['assumed']} are assumed: free choices that no "
            f"publication backs. {counts['calibrated']} are calibrated (tuned until the model shows a published "
            f"finding, or by the toolkit's own prototype) and {counts['measured']} measured (read off their source).",
            "A conclusion that could hang on an assumed parameter should be run again with that parameter as a factor "
            "of the design.",
        ]
    )
    rows = [
        (parameter.path, value, _if_other(parameter, value), parameter.unit, parameter.evidence, parameter.source or "")
        for parameter, value in found
    ]
    columns = ("parameter", "here", "default, if other", "unit", "evidence", "source")
    yield markup.folded(f"All {len(found)} parameters, the assumed ones first", markup.table(columns, rows))


def _if_other(parameter: Parameter, value: str) -> str:
    default = tables.written(parameter.default)
    return "" if value == default else default


def _values(parameter: Parameter, scenario: Mapping[str, Any]) -> list[str]:
    """Return the values of a parameter in a scenario's table: none if it is not set, one, or one for each firm."""
    found: list[tuple[str, Any]] = [("", scenario)]
    for step in parameter.path.split("."):
        inner: list[tuple[str, Any]] = []
        for owner, node in found:
            if step == "*" and isinstance(node, list):
                inner += [(str(item.get("name", "")), item) for item in node if isinstance(item, Mapping)]
            elif isinstance(node, Mapping) and step in node:
                inner.append((owner, node[step]))
        found = inner
    words = [(owner, tables.written(value)) for owner, value in found]
    if len({word for _, word in words}) <= 1:
        return [word for _, word in words[:1]]
    return [", ".join(f"{owner} {word}" for owner, word in words)]


def cite(results: Results, manifest: Manifest, numbers: Numbers) -> Iterator[str]:
    """Yield how to cite a study, and the sources of its measured and calibrated parameters, with BibTeX."""
    version = manifest.versions.get("patronage", "unknown")
    yield markup.paragraphs(
        [
            f"The Patronage authors. Patronage: a laboratory for customer behaviour, version {version}. Study "
            f"“{results.sheet.name}”, seed {results.sheet.seed}, {counted(results.sheet.replications, 'replication')}.",
            "Measured and calibrated parameters rest on:",
        ]
    )
    cited = {
        parameter.source.source.key: parameter.source.source
        for parameter, _ in numbers
        if parameter.source and parameter.evidence != "assumed" and parameter.source.source != PROTOTYPE
    }
    rows = [(source.citation, source.doi or "", catalogue.SEEN[source.seen]) for source in cited.values()]
    yield markup.table(("source", "doi", "how it was seen"), rows)
    yield markup.folded("BibTeX", markup.code("\n\n".join(source.bibtex for source in cited.values())))
