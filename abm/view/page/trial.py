"""A trial: a small paired comparison of the two arms, run behind the page, and what it says in words."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass

import pandas as pd

from abm.core.errors import Refusal, one_line
from abm.study.plan.experiment import Experiment
from abm.study.running.progress import in_words
from abm.study.running.runner import run
from abm.study.storage.results import Results
from abm.view import summary, words


class _Cancelled(Exception):
    """Raised inside the runs of a trial that nobody wants any more."""


@dataclass(frozen=True)
class State:
    """How far a trial is.

    stage   : "none", "running", "done", "cancelled" or "refused"
    said    : how far, or why not, in a line          verdict : what came out, in sentences
    effects : as of summary.effects, arms under their labels        baseline : what the first arm is called there
    """

    stage: str = "none"
    share: float = 0.0
    said: str = ""
    verdict: tuple[str, ...] = ()
    effects: pd.DataFrame | None = None
    baseline: str = ""


class Trial:
    """Runs a study of two arms in a thread of its own; the state may be read at any time.

    tell : called after every change of the state
    """

    def __init__(self, study: Experiment, firm: str, tell: Callable[[], None] = lambda: None) -> None:
        self.study, self.firm, self._tell = study, firm, tell
        self.state = State("running", said="starting …")
        self._cancelled = threading.Event()
        self._thread = threading.Thread(target=self._do, name="trial", daemon=True)
        self._thread.start()

    def cancel(self) -> None:
        """Leave the rest; the runs of the batch in hand are finished first, behind the page."""
        self._cancelled.set()
        if self.state.stage == "running":
            self._set(State("cancelled", said="cancelled"))

    def wait(self, seconds: float | None = None) -> None:
        """Wait until it has ended."""
        self._thread.join(seconds)

    def _set(self, state: State) -> None:
        self.state = state
        self._tell()

    def _do(self) -> None:
        try:
            found = run(self.study, workers=1, progress=self._progress)
            if not self._cancelled.is_set():
                self._set(self._found(found))
        except _Cancelled:
            self._set(State("cancelled", said="cancelled"))
        except Refusal as refusal:
            self._set(State("refused", said=str(refusal)))
        except Exception as error:  # whatever it is, the page stays and says so
            self._set(State("refused", said=one_line(f"{type(error).__name__}: {error}")))

    def _progress(self, done: int, total: int, failed: int, seconds_left: float) -> None:
        if self._cancelled.is_set():
            raise _Cancelled
        self._set(State("running", done / total, in_words(done, total, failed, seconds_left)))

    def _found(self, runs: Results) -> State:
        results = runs.labelled()
        table = summary.effects(results, self.firm)
        said, verdict = f"{len(results.sheet):,} runs", tuple(_sentences(results, table, self.firm))
        failed = results.failed
        if len(failed):
            first = failed.iloc[0]
            said = one_line(f"{len(failed)} runs failed, the first with {first['error']}: {first['message']}")
            verdict = ()
        return State("done", 1.0, said, verdict, table, results.baseline)


def _sentences(results: Results, table: pd.DataFrame, firm: str) -> list[str]:
    """Return what came out in the KPI that decides, the answer first."""
    kpi = summary.judged_by(results)
    way = results.better(kpi)
    row = table[(table["kpi"] == kpi) & (table["arm"] != results.baseline)].to_dict("records")[0]
    said = []
    if way:
        statement = results.winner(kpi, firm, summary.CONFIDENCE, largest=way == "more").statement
        said.append(f"{statement[:1].upper()}{statement[1:]}.")
    difference, low, high = (f"{row[name]:+.{row['decimals']}f}" for name in ("difference", "low", "high"))
    measure, unit = words.label(kpi).lower(), words.in_words(row["unit"])
    said.append(
        f"'{row['arm']}' minus '{results.baseline}', {measure} of {firm}: {difference} {unit}, 95 % interval "
        f"[{low}, {high}] over {row['pairs']} pairs that share their luck."
    )
    return said
