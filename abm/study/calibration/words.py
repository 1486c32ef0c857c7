"""What a calibration found, in plain sentences."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import pandas as pd

from abm.core.errors import counted
from abm.study.calibration.implausibility import CUTOFF

if TYPE_CHECKING:
    from abm.study.calibration.findings import Calibration

AT_THE_END = 0.02  # share of its range: a factor nearer to an end than that lies at the end
FEW = 10  # trials that are not ruled out, below which a search has not settled


def sentences(found: Calibration) -> list[str]:
    """Return what was found: how much is left, the best settings, and how well they meet the targets."""
    fit = found.fit
    mine, held = fit[~fit["held_out"]], fit[fit["held_out"]]
    said = [_left(found)]
    said += _least_loss(found) if found.best_is_ruled_out else [_best(found)]
    said.append(f"With fresh luck it meets {int(mine['met'].sum())} of {counted(len(mine), 'target')}{_missed(mine)}.")
    if len(held):
        said.append(f"Held out: {int(held['met'].sum())} of {len(held)} met{_missed(held)}.")
    return said


def _left(found: Calibration) -> str:
    """Return how much is not ruled out, and what to do if it is nothing."""
    left, count = len(found.plausible), len(found.trials)
    share = f"about {100 * found.share:.2g} %" if found.share else "a tiny part"
    if left:
        return f"{left} of {count} settings tried are not ruled out, {share} of the space searched."
    if found.share:
        return f"All {count} settings tried are ruled out, but {share} of the space is not; try more settings."
    closest = found.table["implausibility"].min()
    return (
        f"All {count} settings tried are ruled out; the closest is {closest:.3g} standard deviations off, and more "
        f"than {CUTOFF:g} rules out. Either the targets contradict each other in this model, or the ranges are too "
        "narrow, or the model needs a discrepancy."
    )


def _best(found: Calibration) -> str:
    rows = found.identified.itertuples()
    return f"Best: {'; '.join(f'{row.factor} = {row.best:.4g} ({row.verdict}{_interval(row)})' for row in rows)}."


def _least_loss(found: Calibration) -> list[str]:
    """Return the settings of least loss, which are ruled out themselves, apart from what is not ruled out."""
    rows = list(found.identified.itertuples())
    said = [f"Least loss, though ruled out: {'; '.join(f'{row.factor} = {row.best:.4g}' for row in rows)}."]
    left = [f"{row.factor} in {row.low:.4g} to {row.high:.4g}" for row in rows if math.isfinite(row.low)]
    if left:
        by_emulators = "" if len(found.plausible) else " by the emulators, and not tried yet"
        said.append(f"Not ruled out{by_emulators}: {'; '.join(left)}.")
    return said


def _interval(row: Any) -> str:
    return f", {row.low:.4g} to {row.high:.4g}" if math.isfinite(row.low) else ""


def _missed(fit: pd.DataFrame) -> str:
    rows = fit[~fit["met"]]
    each = [f"{row.target} {row.ours:.4g} for {row.value:.4g} ± {row.tolerance:.3g}" for row in rows.itertuples()]
    return f" (not {'; '.join(each)})" if each else ""


def notes(found: Calibration) -> list[str]:
    """Return what takes away from the finding, or asks for another step."""
    count, aims = len(found.ranges), sum(not target.held_out for target in found.targets)
    said = []
    if count >= aims:
        said.append(
            f"{count} factor{'s' if count > 1 else ''} for {aims} target{'s' if aims > 1 else ''}: a good fit "
            "was to be had anyway and shows nothing; use more targets or fewer factors"
        )
    if aims == len(found.targets):
        said.append("no target is held out: agreement with what was fitted is no evidence; hold one out")
    for row in found.identified.itertuples():
        position = (row.best - row.lowest) / (row.highest - row.lowest)
        if not AT_THE_END < position < 1 - AT_THE_END:
            said.append(
                f"the best {row.factor} lies at an end of its range, {row.best:.4g}; widen it if it may lie beyond"
            )
    for one, other, strength in found.tied:
        said.append(
            f"{one} and {other} make up for each other (correlation {strength:+.2f}); only both together are known"
        )
    left = len(found.plausible)
    if 0 < left < FEW:
        said.append(
            f"only {left} trial{'s' if left > 1 else ''} came so close; more trials make the best settings surer"
        )
    return said
