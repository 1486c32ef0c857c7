"""Verification: recompute a sample of stored runs and compare every number, bit for bit."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from abm.core.errors import Refusal, counted
from abm.core.shown import in_notebook
from abm.core.streams import SCHEME
from abm.study.plan.experiment import Experiment
from abm.study.plan.sheet import RAW, Run
from abm.study.provenance.digest import digest
from abm.study.provenance.versions import changes
from abm.study.running.work import RunExecutor
from abm.study.storage.manifest import Manifest, read_manifest
from abm.study.storage.results import Results
from abm.study.storage.rows import Outcome, Rows
from abm.study.storage.store import Store

SAMPLE = 10


@dataclass(frozen=True)
class Difference:
    """A stored run that does not come out the same now; `what` says where."""

    run: Run
    what: str

    def __str__(self) -> str:
        run = self.run
        return f"run {run.run_id} ({run.arm}, point {run.point}, replication {run.replication}): {self.what}"


@dataclass(frozen=True)
class Verification:
    """What came of recomputing a sample.

    checked, stored : runs      differences : runs that came out otherwise      damaged : segments
    changed         : what had another version when runs were made, "numpy 2.4.6 (now 2.5.0)"
    """

    checked: int
    stored: int
    differences: tuple[Difference, ...]
    damaged: tuple[str, ...]
    changed: tuple[str, ...]

    _repr_html_ = in_notebook

    @property
    def ok(self) -> bool:
        """Whether everything checked is as it was."""
        return not self.differences and not self.damaged

    def __str__(self) -> str:
        lines = [f"{self.checked:,} of {self.stored:,} stored runs recomputed, {len(self.differences):,} differ"]
        lines += [str(difference) for difference in self.differences]
        lines += [f"damaged segment {name}" for name in self.damaged]
        lines += [f"made with {change}" for change in self.changed]
        return "\n".join(lines)


def verify(
    folder: Path | str, sample: int = SAMPLE, seed: int = 0, experiment: Experiment | None = None, own: Any = ()
) -> Verification:
    """Recompute stored runs of a results folder.

    sample     : how many runs, drawn at random; all if there are fewer      seed : decides which
    own        : theories and measures of one's own that the study has, as of `load`
    experiment : the study itself, in place of what the folder says of it

    Raises Refusal for a folder that is not one of results, and if the results belong to another experiment or were made
    under another scheme of random numbers.
    """
    store = Store(folder)
    manifest = read_manifest(store.folder)
    experiment = built_again(folder, own) if experiment is None else experiment
    check_same(experiment, manifest, folder)
    edited = manifest.edited(experiment.own)
    results = Results(experiment.sheet, store)
    holdings = store.holdings(experiment.sheet)
    stored = np.flatnonzero(holdings.owner >= 0)
    chosen = _drawn(experiment, stored, sample, seed)
    run_rows = store.rows(experiment.sheet, by_period=False, only=chosen)
    period_rows = store.rows(experiment.sheet, by_period=True, only=chosen)
    executor = RunExecutor(experiment)
    logs = {kind: store.log(experiment.sheet, kind, only=chosen) for kind in experiment.sheet.records}
    found = [_difference(executor.outcome(index), run_rows, period_rows, logs) for index in chosen]
    differences = tuple(difference for difference in found if difference)
    return Verification(len(chosen), len(stored), differences, results.damaged, (*_changed(store), *edited))


def built_again(folder: Path | str, own: Any = ()) -> Experiment:
    """Return the experiment of a results folder.  Raises Refusal for what is no such folder, and if it cannot be built.

    own : theories and measures of one's own that the study has, as of `load`
    """
    manifest = read_manifest(Path(folder))
    given = manifest.with_own(Path(folder), own)
    try:
        return manifest.study(Path(folder), given)
    except Refusal as refusal:
        raise Refusal(f"its experiment cannot be built again: {refusal}", place=str(folder)) from None


def check_same(experiment: Experiment, manifest: Manifest, folder: Path | str) -> None:
    """Refuse an experiment whose runs would not be those of a folder, made with other code or other random numbers."""
    if experiment.sheet.digests != manifest.sheet.digests:
        others = [f"random numbers {manifest.scheme}, now {SCHEME}"] if manifest.scheme != SCHEME else []
        others += [f"made with {file}" for file in manifest.edited(experiment.own)]
        said = f" ({'; '.join(others)})" if others else ""
        raise Refusal(f"its runs are of another experiment or made by other code{said}", place=str(folder))


def _drawn(experiment: Experiment, stored: np.ndarray, sample: int, seed: int) -> list[int]:
    """Return `sample` of the stored runs, in an order decided by the seed alone."""
    ids = experiment.sheet.ids_of(stored)
    keys = [digest(seed.to_bytes(8, "little") + bytes(run_id)) for run_id in ids]
    return sorted(stored[np.argsort(np.array(keys, RAW), kind="stable")[:sample]].tolist())


def _difference(
    outcome: Outcome, run_rows: Rows, period_rows: Rows, logs: Mapping[str, Mapping[str, np.ndarray]]
) -> Difference | None:
    run = outcome.run
    stored = run_rows.errors.get(run.index)
    if stored or outcome.error:
        before, now = (stored or ("",))[0] or "numbers", outcome.error or "numbers"
        said = f": {outcome.message}" if outcome.error else ""
        return None if before == now else Difference(run, f"had {before}, now {now}{said}")
    for rows, block in ((run_rows, outcome.summary[None]), (period_rows, outcome.by_period)):
        for what in _unequal(rows, run.index, block, outcome.firms):
            return Difference(run, what)
    unequal = _unequal_logs(outcome, logs)
    return Difference(run, unequal) if unequal else None


def _unequal_logs(outcome: Outcome, logs: Mapping[str, Mapping[str, np.ndarray]]) -> str:
    """Return where the stored tables of single persons differ from those of a run, "" if nowhere."""
    for kind, log in logs.items():
        own = log.get("index", np.empty(0)) == outcome.run.index
        for name, now in outcome.logs.get(kind, {}).items():
            before = log[name][own] if name in log else np.empty(0)
            if not np.array_equal(before, now, equal_nan=now.dtype.kind == "f"):
                return f"{name} of {kind} was otherwise ({before.size} entries, now {now.size})"
    return ""


def _unequal(rows: Rows, index: int, block: np.ndarray, firms: tuple[str, ...]) -> Iterator[str]:
    """Yield where the stored rows of a run differ from its block (T, m, K)."""
    first, end = np.searchsorted(rows.index, [index, index + 1])
    names = [rows.firms[code] for code in rows.firm[first:end]]
    if names != list(firms) * block.shape[0]:
        yield f"had {end - first} rows, now {counted(block.shape[0], 'period')} of {', '.join(firms)}"
        return
    flat = block.reshape(-1, block.shape[2])
    for position, (kpi, column) in enumerate(rows.kpis.items()):
        stored, now = column[first:end], flat[:, position]
        other = np.flatnonzero((stored != now) & ~(np.isnan(stored) & np.isnan(now)))
        if len(other):
            row = other[0]
            period = int(rows.period[first + row])
            when = "" if period < 0 else f" in period {period}"
            yield f"{kpi} of {names[row]}{when} was {stored[row]!r}, now {now[row]!r}"


def _changed(store: Store) -> tuple[str, ...]:
    return tuple(dict.fromkeys(change for made_with in store.made_with() for change in changes(made_with)))
