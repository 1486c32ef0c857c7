"""`patronage twins`: a folder of data as an analyst has them, and apart from it the true effect on each customer."""

from __future__ import annotations

import math
import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from abm.commands import doing, output
from abm.core.errors import Refusal, counted, shown
from abm.study.comparison.twins_data import TwinsData, collected, planned
from abm.study.comparison.twins_folder import ABOUT, CUSTOMERS, EFFECTS, LOG, README, TRUTH, check_free, outcome_of
from abm.study.comparison.twins_question import TwinsQuestion
from abm.study.plan.experiment import Experiment, load
from abm.study.plan.overrides import check_not_set, overrides
from abm.study.running.interrupts import Interrupted
from abm.study.running.runner import run
from abm.study.storage.results import Results

_KIND = "-twins"  # ends the name of the folder that nobody named
_OPTIONS = ("arms", "outcome", "silence", "columns", "treated", "confounding", "firm", "replications", "out")


def main(
    file: Path,
    arms: str | None,
    outcome: str,
    silence: int | None,
    columns: str | None,
    treated: float,
    confounding: Sequence[str],
    firm: str | None,
    own: Sequence[Path],
    sets: Sequence[str],
    replications: int,
    seed: int | None,
    workers: int | None,
    threads: int | None,
    out: Path | None,
    json: bool,
) -> int:
    """Run two arms and write what came of them; return 0.  Raises Refusal, and then nothing is written."""
    pair = None if arms is None else [name.strip() for name in arms.split(",")]
    known = None if columns is None else [name.strip() for name in columns.split(",") if name.strip()]
    try:
        study = _study(file, own, sets, seed)
        folder = doing.results_folder(out, file, study.name, _KIND)
        check_free(folder)
        if study.matches:
            output.note("values that arms leave open are found by trial runs first …")
        question = planned(
            study, pair, workers, threads, firm=firm, outcome=outcome, silence=silence, columns=known, share=treated,
            confounding=_strengths(confounding), replications=replications,
        )  # fmt: skip
        resources = doing.resources(question.study, len(question.study), workers, threads)
        output.note(doing.intention(question.study, resources))
        data = collected(question, _done(question, workers, threads))
    except Refusal as refusal:
        raise _with_option(refusal, file, seed) from None
    except Interrupted:
        raise KeyboardInterrupt from None  # nothing is stored from which the same command could go on
    said = {
        "arms": arms, "outcome": outcome, "silence": silence, "columns": columns, "treated": treated, "firm": firm,
        "replications": replications, "seed": seed,
    }  # fmt: skip
    data.write(folder, _command(file, said, confounding, own, sets))
    if json:
        output.document(_document(folder, data))
    else:
        output.lines(_said(folder, data))
    return 0


def _study(file: Path, own: Sequence[Path], sets: Sequence[str], seed: int | None) -> Experiment:
    """Return the study; its replications are the option's."""
    check_not_set(sets, "replications")
    return overrides(load(file, own), sets, None, seed)


def _done(question: TwinsQuestion, workers: int | None, threads: int | None) -> Results:
    """Return the results of both arms, which are kept in memory alone."""
    with doing.Watch(question.study) as watch:
        results = run(question.study, None, workers, threads, watch.update)
    output.note(watch.outcome())
    return results


def _strengths(written: Sequence[str]) -> dict[str, float]:
    """Return covariate -> strength of "COLUMN=STRENGTH"."""
    found: dict[str, float] = {}
    for one in written:
        name, _, number = (part.strip() for part in one.partition("="))
        try:
            strength = float(number)
        except ValueError:
            strength = math.nan
        if not name or not math.isfinite(strength):
            raise Refusal(f"{shown(one)} is not COLUMN=STRENGTH, such as frequency=1.0", place="confounding")
        if name in found:
            raise Refusal(f"names {shown(name)} twice", place="confounding")
        found[name] = strength
    return found


def _with_option(refusal: Refusal, file: Path, seed: int | None) -> Refusal:
    """Return a refusal that names the option at fault, else the file."""
    if not refusal.source and refusal.place in _OPTIONS:
        return Refusal(refusal.message, place=f"--{refusal.place}")
    return doing.with_origin(refusal, file, seed=seed)


def _command(
    file: Path, once: Mapping[str, Any], confounding: Sequence[str], own: Sequence[Path], sets: Sequence[str]
) -> str:
    """Return the command that makes the same data on any machine.

    once : option that is given once -> its value, None = left out
    """
    said = [part for name, value in once.items() if value is not None for part in (f"--{name}", str(value))]
    said += [part for one in confounding for part in ("--confounding", one)] + doing.named(own)
    return shlex.join(["patronage", "twins", file.name, *said, *(part for one in sets for part in ("--set", one))])


def _document(folder: Path, data: TwinsData) -> dict[str, Any]:
    question, treated = data.question, int(data.customers["treated"].sum())
    names = {"log": LOG, "customers": CUSTOMERS, "about": ABOUT, "readme": README, "effects": EFFECTS, "truth": TRUTH}
    return {
        "out": str(folder),
        "files": {name: str(folder / path) for name, path in names.items()},
        "arms": {"control": question.control, "treated": question.treated},
        "firm": question.firm,
        "outcome": question.outcome,
        "unit": outcome_of(question)[0],
        "date": question.date,
        "periods": question.periods,
        "replications": question.study.replications,
        "customers": len(data.customers),
        "treated": treated,
        "visits": len(data.log),
        "confounding": question.confounding,
        "hidden": list(question.hidden),
        **data.truth(),
    }


def _said(folder: Path, data: TwinsData) -> str:
    """Return what is printed: who and what, the naive difference beside the truth, and where it all is."""
    question, truth, unit = data.question, data.truth(), outcome_of(data.question)[0]
    treated = int(data.customers["treated"].sum())
    rule = ", ".join(f"{name}={strength:g}" for name, strength in question.confounding.items()) or "none, at random"
    low, high = truth["lowest_probability"], truth["highest_probability"]
    return (
        f"{counted(len(data.customers), 'customer')} of {question.firm}'s market, {treated:,} of them assigned to "
        f"{question.treated}, the rest to {question.control}; treatment begins in period {question.date}\n"
        f"confounding       {rule}; probabilities of treatment from {low:.3g} to {high:.3g}\n"
        f"outcome           {question.outcome}, {unit}: {outcome_of(question)[1]}\n"
        f"naive difference  {truth['naive_difference']:.4g}, mean outcome of the treated less that of the others\n"
        f"true mean effect  {truth['mean_effect']:.4g}, everybody treated against nobody\n"
        f"data   {folder}\ntruth  {folder / EFFECTS}"
    )
