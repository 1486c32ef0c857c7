"""`patronage game`: rivals that take each arm of a study in every combination; payoffs, best responses, equilibria."""

from __future__ import annotations

import importlib
import shlex
from collections.abc import Sequence
from pathlib import Path

from abm.commands import doing, output
from abm.core.errors import Refusal, counted
from abm.study.comparison.game import Game, check_confidence, solved
from abm.study.comparison.profiles import Profiles, profiles
from abm.study.plan.experiment import load
from abm.study.plan.overrides import overrides
from abm.study.provenance.files import write_whole
from abm.study.running.runner import run
from abm.view import analyses, labels


def main(
    file: Path, firms: str, arms: str | None, kpi: str, confidence: float, own: Sequence[Path], sets: Sequence[str],
    replications: int | None, seed: int | None, workers: int | None, threads: int | None, cluster: str | None,
    out: Path | None, json: bool,
) -> int:  # fmt: skip
    """Run the profiles of a game that are not stored, and say what each firm would do.

    firms, arms : names with commas between them; arms None = all of the study

    Returns 1 if runs failed, else 0.  Raises Refusal before anything is written.
    """
    try:
        study = overrides(load(file, own), sets, replications, seed)
        check_confidence(confidence)
        plan = profiles(study, _names(firms), _names(arms or ""), kpi)
        world = plan.experiment
        resources = doing.resources(world, len(world), workers, threads, cluster)
        out = doing.results_folder(out, file, world.name)
        output.note(doing.intention(world, resources).replace(counted(len(plan.choices), "arm"), _size(plan), 1))
        with doing.Watch(world, cluster) as watch:
            command = _command(file, plan, own, sets, replications, seed)
            results = run(world, out, workers, threads, watch.update, cluster, command=command)
        output.note(watch.outcome())
        failed = doing.failures(results)
        found = solved(plan, results, confidence)
    except Refusal as refusal:
        given = {"arms": arms, "replications": replications, "seed": seed}
        raise doing.with_origin(refusal, file, **({} if _inside_arms(refusal) else given)) from None
    _tell(found, out, own, json, plan)
    return failed


def _tell(found: Game, out: Path, own: Sequence[Path], json: bool, plan: Profiles) -> None:
    """Print what was found, and write its figure and the note that the study's report takes it from."""
    view = importlib.import_module("abm.view.game")  # slow to import
    drawn, said = view.draw(found), labels.said(found.statement, found.labels)
    if not json:
        output.show("", view.profiles(found), "", view.responses(found), "", view.explained(found), "", said)
    with doing.drawing(out):
        write_whole(out / drawn.file, drawn.image)
        title = f"Game of {' and '.join(found.firms)} by {found.kpi.name}"
        analyses.keep(out, drawn.file.removesuffix(".png"), title, [said], [out / drawn.file], plan.experiment)
    if json:
        output.document({**view.document(found), "out": str(out), "figure": str(out / drawn.file)})
    else:
        output.lines(f"\nresults  {out}\nfigure   {out / drawn.file}\nnext     {doing.verification(out, own)}")


def _names(written: str) -> list[str]:
    return [name.strip() for name in written.split(",") if name.strip()]


def _inside_arms(refusal: Refusal) -> bool:
    """Return whether a refusal is about an arm of the file, not about the option that names arms."""
    return refusal.place.startswith("arms.")


def _size(plan: Profiles) -> str:
    """Return how many profiles there are, and why."""
    firms, strategies = len(plan.firms), counted(len(plan.strategies), "strategy", "strategies")
    return f"{strategies} of {counted(firms, 'firm')} = {counted(len(plan.choices), 'profile')}"


def _command(
    file: Path, plan: Profiles, own: Sequence[Path], sets: Sequence[str], replications: int | None, seed: int | None
) -> str:
    """Return the command that asks for the same game on any machine."""
    options = ["--firms", ",".join(plan.firms), "--arms", ",".join(plan.strategies), "--kpi", plan.kpi.name]
    options += [*doing.named(own), *(part for one in sets for part in ("--set", one))]
    options += [] if replications is None else ["--replications", str(replications)]
    options += [] if seed is None else ["--seed", str(seed)]
    return shlex.join(["patronage", "game", file.name, *options])
