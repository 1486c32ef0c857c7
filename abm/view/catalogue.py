"""The catalogue: rows of what there is, as plain values that tables print and JSON holds.

Assumed parameters come first, and a source that was not read carries its warning wherever it is printed.
"""

from __future__ import annotations

import inspect
import re
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any

from abm.core.citations import Source
from abm.core.errors import Refusal, did_you_mean, one_of
from abm.core.parameters import Parameter
from abm.core.presets import Preset, word
from abm.core.presets import presets as presets_of
from abm.core.sources import PROTOTYPE, catalogue
from abm.core.spec import Spec, read_toml
from abm.kpis.measure import Measure
from abm.mechanisms.mechanism import Mechanism
from abm.mechanisms.shipped import shipped
from abm.queues.parts import Profile
from abm.scenario.firm import Firm
from abm.scenario.measures import ALL
from abm.scenario.scenario import Scenario
from abm.scenario.steps import steps_of

Row = dict[str, Any]

EVIDENCE = ("assumed", "calibrated", "measured")  # the least known first
SEEN = {
    "text": "text read",
    "abstract": "abstract read",
    "secondary": "seen in a secondary source: check the original",
    "memory": "from memory: verify before citing",
}
OWN = "not published: a calibration run of this toolkit"
_POLICIES = [kind.policy for kind in shipped() if kind.policy is not None and kind.policy.presets]
_STARTED: list[type[Spec]] = [Scenario, Firm, *_POLICIES, Profile]  # what may start from a preset
USE = {
    "scenario": 'scenario.preset = "{}"',
    word(Firm): '"firms.NAME.preset" = "{}"',
    **{word(policy): f'"firms.NAME.{policy.name}" = {{{{ preset = "{{}}" }}}}' for policy in _POLICIES},
    word(Profile): 'profile = "{}"  # in the file of a queue',
    "log": 'scenario.population.log = "{}"',
}
LOGS = "abm/library/logs/README.md"
_SHORT = {"secondary": " (seen in a secondary source)", "memory": " (from memory)"}
_STEP = re.compile(r"([^.\[\]]+)|\[([^\]]+)\]")  # of a path: a name, or an index as refusals print it
_KEY = re.compile(r"\b[A-Z][A-Z_]+_\d{4}\b|\bPROTOTYPE\b")


def parameters() -> list[Row]:
    """Return a row for every parameter of a scenario, assumed ones first."""
    rows = [_parameter(parameter) for parameter in Scenario.parameters() if parameter.evidence]
    return sorted(rows, key=lambda row: EVIDENCE.index(row["evidence"]))


def _parameter(parameter: Parameter) -> Row:
    cited = parameter.source
    return {
        "parameter": parameter.path,
        "default": None if parameter.required else parameter.default,
        "unit": parameter.unit,
        "type": parameter.type,
        "bounds": list(parameter.bounds) if parameter.bounds else None,
        "evidence": parameter.evidence,
        "source": str(cited) if cited else "",
        "seen": cited.source.seen if cited else "",
        "meaning": parameter.doc,
        "required": parameter.required,
    }


def mechanisms(scenario: Scenario | None = None) -> list[Row]:
    """Return a row for every mechanism of a scenario (None = for every one that is shipped)."""
    return [_mechanism(one) for one in (scenario.mechanisms() if scenario else (kind() for kind in shipped()))]


def _mechanism(mechanism: Mechanism) -> Row:
    theory = theory_of(type(mechanism))
    acts = steps_of([mechanism])
    return {
        "mechanism": mechanism.name,
        "phases": list(dict.fromkeys(step.phase.label for step in acts)),
        "meaning": summary_line(type(mechanism)),
        "on": "unless it is off" if mechanism.standard else f"by a section [scenario.{mechanism.name}]",
        "claim": theory["claim"],
        "source": theory["source"],
        "owns": [column.name for column in mechanism.owns],
        "writes": list(mechanism.writes),
        "counts": [tally.name for tally in mechanism.counts],
        "kernels": [step.name for step in acts],
        "parameters": [f"{mechanism.name}.{field}" for field in type(mechanism).model_fields],
        "file": inspect.getmodule(type(mechanism)).__name__.replace(".", "/") + ".py",  # type: ignore[union-attr]
    }


def theory_of(kind: type) -> dict[str, str]:
    """Return claim, source and the other words of the page a mechanism stands on, with its sources spelled out."""
    return theory_on(kind.__module__)


def theory_on(page: str) -> dict[str, str]:
    """Return the same of a module."""
    text = inspect.cleandoc(sys.modules[page].__doc__ or "")
    found = {"claim": "", "source": "", "about": ""}
    part = "about"
    for line in text.splitlines():
        label, colon, rest = line.partition(":")
        if colon and label in ("Claim", "Source"):
            part, line = label.lower(), rest  # noqa: PLW2901 - the label is not part of the text
        found[part] += f" {line.strip()}"
    return {name: cited(" ".join(words.split())) for name, words in found.items()}


def summary_line(thing: Any) -> str:
    """Return the first paragraph of a docstring on one line."""
    return " ".join(inspect.cleandoc(thing.__doc__ or "").partition("\n\n")[0].split())


def cited(text: str) -> str:
    """Return the text with keys of sources as authors and year, and what is known from memory marked as such."""
    known = catalogue()

    def spelled(match: re.Match[str]) -> str:
        source = known.get(match[0])
        return f"{source.short}{_SHORT.get(source.seen, '')}" if source else match[0]

    return _KEY.sub(spelled, text)


def kpis() -> list[Row]:
    """Return a row for every shipped KPI and reading."""
    return [
        {
            "kpi": kpi.name,
            "unit": kpi.unit,
            "definition": kpi.definition + _in_accounts(kpi),
            "undefined": kpi.nan,
            "source": cited(kpi.source),
        }
        for kpi in ALL
    ]


def _in_accounts(kpi: Measure) -> str:
    """Return which tallies a KPI that is made of accounts adds up: " (lever: rewards_cost, membership, service; …)"."""
    tallies = [tally for kind in shipped() for tally in kind.counts]
    listed = [
        f"{account}: {', '.join(tally.name for tally in tallies if tally.account == account)}"
        for account in getattr(kpi, "accounts", ())
    ]
    return f" ({'; '.join(listed)})" if listed else ""


def presets() -> list[Row]:
    """Return a row for every named scenario, design of a policy and purchase log that is shipped."""
    logs = sorted(Path(str(files("abm") / "library" / "logs")).glob("*.csv"))
    return [
        *(_preset(word(kind), preset) for kind in _STARTED for preset in presets_of(kind)),
        *(_preset("log", Preset(log.stem, "a purchase log", LOGS, {})) for log in logs),
    ]


def _preset(kind: str, preset: Preset) -> Row:
    return {
        "preset": preset.name,
        "kind": kind,
        "about": preset.about,
        "source": cited(preset.source),
        "settings": dict(_flat(preset.values)),
        "use": USE[kind].format(preset.name),
    }


def _flat(table: Mapping[str, Any], path: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in table.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{path}{key}.")
        else:
            yield path + key, value


def tallies() -> list[Row]:
    """Return a row for everything that is counted for each firm, which KPIs are made of."""
    return [
        {"tally": one.name, "unit": one.unit, "of": kind.name, "account": one.account, "meaning": one.meaning}
        for kind in shipped()
        for one in kind.counts
    ]


def sources() -> list[Row]:
    """Return a row for every source, with how it was seen and which parameters rest on it."""
    rests: dict[str, list[str]] = {}
    for parameter in Scenario.parameters():
        if parameter.source:
            rests.setdefault(parameter.source.source.key, []).append(parameter.path)
    return [_source(source, rests.get(source.key, [])) for source in catalogue().values()]


def _source(source: Source, parameters: list[str]) -> Row:
    return {
        "source": source.key,
        "citation": source.citation,
        "seen": source.seen,
        "status": OWN if source == PROTOTYPE else SEEN[source.seen],
        "doi": source.doi or "",
        "parameters": parameters,
    }


def experiments(folder: Path) -> list[Row]:
    """Return a row for every study file in a folder; one that cannot be read says why."""
    return [_study(path) for path in sorted(folder.glob("*.toml"))]


def _study(path: Path) -> Row:
    try:
        table = read_toml(path)
    except Refusal as refusal:
        return {"study": path.stem, "question": "", "arms": [], "replications": None, "problem": str(refusal)}
    arms = table.get("arms", {})
    return {
        "study": path.stem,
        "question": str(table.get("question", "")),
        "arms": list(arms) if isinstance(arms, dict) else [],
        "replications": table.get("replications"),
        "problem": "",
    }


def chosen(rows: Sequence[Row], name: str | None, what: str) -> tuple[list[Row], bool]:
    """Return the rows that `name` means, and whether it names exactly one.

    Its own row; else all of the kind that it names, as of presets; else all whose name holds it.

    what : the word for one row, for the refusal when nothing matches
    """
    if name is None:
        return list(rows), False
    names = [_name(row) for row in rows]
    name = name.removeprefix("scenario.")
    exact = [row for row in rows if _is_named(_name(row).lower(), name.lower())]
    if exact:
        return exact, len(exact) == 1
    of_kind = [row for row in rows if row.get("kind") == name.lower()]
    found = of_kind or [row for row in rows if name.lower() in _name(row).lower()]
    if not found:
        kinds = dict.fromkeys(row["kind"] for row in rows if "kind" in row)
        near = did_you_mean(name, _spellings([*names, *kinds]))
        raise Refusal(f"no {what} {name!r}{near or _listed(names, what)}")
    return found, False


def _is_named(general: str, name: str) -> bool:
    """Return whether a name is that of a row, in which "*" stands for any step: firms.*.price for firms.north.price."""
    steps, asked = general.split("."), [found[0] or found[1] for found in _STEP.findall(name)]
    return general == name or (
        len(steps) == len(asked) and all(a in ("*", b) for a, b in zip(steps, asked, strict=True))
    )


def _name(row: Row) -> str:
    return str(next(iter(row.values())))


def _spellings(names: Iterable[str]) -> list[str]:
    """Return names and their last steps, so that a slip in "contact_rte" finds "word_of_mouth.contact_rate"."""
    names = list(names)
    return [*names, *(name.rpartition(".")[2] for name in names)]


def _listed(names: list[str], what: str) -> str:
    return f"; there is {one_of(names)}" if 0 < len(names) <= 8 else f"; leave it out to see each {what}"
