"""What was run for a study, and how to do it again: two sections of its report."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from abm.core.errors import counted
from abm.core.spec import Spec, write_toml
from abm.scenario.firm import Firm
from abm.study.plan.experiment import Experiment
from abm.study.plan.matches import amount
from abm.study.provenance import inputs
from abm.study.storage.manifest import Manifest
from abm.study.storage.results import Results
from abm.view import dates, given, hints, markup, tables


def run(results: Results, manifest: Manifest, study: Experiment | None) -> Iterator[str]:
    """Yield what was run: how much of it there is, the arms with what they set, the factors, the versions."""
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
    lengths = (scenario[name] for name in ("periods", "burn_in", "periods_per_year"))
    said = hints.hints(results, *lengths) + (given.lines(study) if study else [])
    yield markup.paragraphs([f"{line[:1].upper()}{line[1:]}." for line in said])
    arms = study.arms if study else manifest.experiment["arms"]
    called = [
        (arm, label if label == arm.replace("_", " ") else f"{label} ({arm})")
        for arm, label in zip(manifest.sheet.arms, sheet.arms, strict=True)
    ]
    settings = [(name, dates.in_words(arms[arm], _settings) or "as the scenario says") for arm, name in called]
    yield markup.table(("arm", "settings"), settings)
    yield markup.paragraphs(_who_sees_all(study) if study else [])
    if manifest.matched:
        yield from _matched(manifest, dict(zip(manifest.sheet.arms, sheet.arms, strict=True)))
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
        firms = dict.fromkeys(f.name for world in worlds for f in world.firms if _sees_all(f))
        for firm in firms:
            found.setdefault(firm, []).append(study.labels.get(arm, arm))
    return [f"{firm} sees the truth about its customers in {', '.join(arms)}." for firm, arms in found.items()]


def _sees_all(firm: Firm) -> bool:
    """Return whether a firm acts on what none can know."""
    return firm.information.omniscient or (firm.save.save_rate > 0 and firm.save.targeting == "oracle")


def _matched(manifest: Manifest, called: Mapping[str, str]) -> Iterator[str]:
    """Yield what trial runs found for arms that were matched to a budget.      called : what the page calls arms"""
    columns = ("arm", "solved for", "value", "KPI", "minus", "by", "wanted", "trials")
    rows = [
        (
            called[arm["arm"]], arm["by"], f"{arm['value']:g}",
            " per ".join(filter(None, (arm["kpi"], arm["of"]))), called[arm["against"]],
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


def reproduce(manifest: Manifest, folder: Path, study: Experiment | None) -> Iterator[str]:
    """Yield how to check the runs, and how to do all of them again."""
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
