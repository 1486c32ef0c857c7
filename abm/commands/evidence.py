"""`patronage evidence`: which facts of the field a market shows."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from rich.progress import Progress, SpinnerColumn, TextColumn

from abm.commands import doing, output
from abm.core.errors import Refusal, counted, did_you_mean, one_of
from abm.facts.card import FACTS, document, findings, usual_market
from abm.facts.fact import DEFAULT, Fact, Finding
from abm.scenario.scenario import Scenario
from abm.study.plan.experiment import Experiment, load
from abm.study.plan.overrides import check_not_set, overrides
from abm.view import tables


def main(
    file: Path | None,
    facts: Sequence[str],
    own: Sequence[Path],
    sets: Sequence[str],
    replications: int,
    seed: int | None,
    threads: int,
    strict: bool,
    json: bool,
) -> int:
    """Say what a market shows of each fact; return 1 if `strict` and one is contradicted, else 0.

    Raises Refusal for a study that cannot be used and for an unknown fact.
    """
    chosen = _chosen(facts)
    check_not_set(sets, "replications")
    for name, value, least in (("replications", replications, 2), ("threads", threads, 1)):
        if value < least:
            raise Refusal(f"= {value} is less than {least}", place=f"--{name}")
    markets, of, luck = _markets(file, own, sets, seed, chosen)
    output.note(
        f"{of}: {counted(len(chosen), 'fact')}, {counted(replications, 'replication')} of each variant, seed {luck}"
    )
    found: list[Finding] = []
    with Progress(SpinnerColumn(), TextColumn("{task.description}"), console=output.standard_error()) as progress:
        task = progress.add_task("")
        measured = findings(markets, chosen, replications, luck, threads)
        for k, fact in enumerate(chosen):
            progress.update(task, description=f"{k + 1} of {len(chosen)}: {fact.claim}")
            found.append(next(measured))
    if json:
        output.document(document(found))
    else:
        _print(found)
    return 1 if strict and any(one.verdict == "contradicted" for one in found) else 0


def _chosen(names: Sequence[str]) -> list[Fact]:
    known = {fact.name: fact for fact in FACTS} | {str(fact.number): fact for fact in FACTS}
    for name in names:
        if name not in known:
            words = [fact.name for fact in FACTS]
            raise Refusal(f"= {name} is no fact{did_you_mean(name, words)} (there are {one_of(words)})", place="--fact")
    return [known[name] for name in names] or list(FACTS)


def _markets(
    file: Path | None, own: Sequence[Path], sets: Sequence[str], seed: int | None, chosen: Sequence[Fact]
) -> tuple[Scenario | dict[str, Scenario], str, int]:
    """Return the market of the file, or that of each fact by preset, what it is called, and the seed."""
    if file is not None:
        study = load(file, own)
        try:
            study = overrides(study, sets, None, seed)
        except Refusal as refusal:
            raise doing.with_origin(refusal, file, seed=seed) from None
        return study.scenario, f"the market of {file.name}", study.seed
    default = _usual(DEFAULT, sets, seed)
    if default.scenario.preset != DEFAULT:
        return default.scenario, f"the market {default.scenario.preset}", default.seed
    names = dict.fromkeys(fact.market for fact in chosen)
    of = "the default market" if [*names] == [DEFAULT] else f"{counted(len(names), 'market')}, {', '.join(names)}"
    return {name: _usual(name, sets, seed).scenario for name in names}, of, default.seed


def _usual(preset: str, sets: Sequence[str], seed: int | None) -> Experiment:
    return overrides(Experiment(name="evidence", scenario=usual_market(preset)), sets, None, seed)


def _print(found: Sequence[Finding]) -> None:
    table = tables.table(("", "fact", "market", "number", "known", "here", "95 % interval", "verdict"), right=("here",))
    for one in found:
        held = " (held out)" if one.fact.use == "held out" else ""
        named = (str(one.fact.number), f"{one.fact.claim}{held}", one.market)
        if not one.parts:
            table.add_row(*named, one.why, "", "", "", "not applicable")
        for k, part in enumerate(one.parts):
            numbers = (f"{part.ours:.3g}", f"{part.low:.3g} … {part.high:.3g}")
            verdict = part.verdict + (" (coded)" if part.part.coded else "")
            table.add_row(*(named if k == 0 else ("", "", "")), part.part.name, part.part.target, *numbers, verdict)
    output.show(table)
    verdicts = [one.verdict for one in found]
    counts = (f"{verdicts.count(word)} {word}" for word in dict.fromkeys(sorted(verdicts)))
    output.lines(f"{', '.join(counts)} of {counted(len(found), 'fact')}; sources and designs: --json")
