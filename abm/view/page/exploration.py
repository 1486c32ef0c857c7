"""An exploration: a market in two arms that somebody looks at while it runs.   Knows nothing of the web.

Whoever looks says what is wanted: other levers, more periods. A thread of its own brings the two engines there and
leaves what is to be seen in `sights`; `version` rises with every change, so that a page knows when to draw again.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from abm.core.errors import Refusal, one_line, shortage
from abm.engine.recording import MOST_REPLICATION
from abm.scenario import measures
from abm.scenario.scenario import Scenario
from abm.study.plan.experiment import Experiment
from abm.view.page.arms import Arm, both_arms, study_of
from abm.view.page.course import Sight
from abm.view.page.pair import LOADING, Pair, Wanted
from abm.view.page.sample import MOST
from abm.view.page.trial import Trial

MOST_EARLIER = 8  # runs that are kept to be drawn in grey
UPDATE = 0.1  # seconds between two updates while it runs
RUNNING, PAUSED, ENDED = "running", "paused", "at the end"


@dataclass(frozen=True)
class Earlier:
    """A run that other levers have taken the place of.   arm : 0 or 1"""

    arm: int
    sight: Sight


class Exploration:
    """Two arms of a study on the same customers with the same luck.

    study   : which both arms are from                 arms : as they are wanted now, the baseline first
    target  : period that both go to                   pace : periods between two updates while it runs
    sights  : what there is to see of each arm, None = nothing yet
    earlier : runs before the last change of levers, the oldest first
    problem : why an arm cannot be run, in a line; "" = it can
    """

    def __init__(self, study: Experiment, most: int = MOST) -> None:
        self._changed = threading.Condition()
        self._pair = Pair(most)
        self._closed = self._playing = self._working = False
        self._thread: threading.Thread | None = None
        self.version, self.pace, self.replication, self._attempt = 0, 1, 0, 0
        self.activity = self.problem = ""
        self.trial: Trial | None = None
        self._open(study)

    def _open(self, study: Experiment) -> None:
        self.study = study
        self.arms: tuple[Arm, Arm] = both_arms(study)
        self.target, self._playing, self.problem = 0, False, ""
        self.sights: tuple[Sight | None, Sight | None] = (None, None)
        self.earlier: tuple[Earlier, ...] = ()

    # ---- what is wanted -------------------------------------------------------------------------------------

    def open(self, study: Experiment) -> None:
        """Look at another study, from the beginning."""
        self.cancel_trial()
        with self._changed:
            self._open(study)
            self.trial = None
            self._tell()

    def run(self) -> None:
        """Go on by itself."""
        with self._changed:
            self._playing = self.target < self.periods
            self._tell()

    def pause(self) -> None:
        """Stay at the period that is reached."""
        with self._changed:
            self._playing = False
            self.target = max((sight.periods for sight in self.sights if sight), default=0)
            self._tell()

    def step(self, periods: int | None = None) -> None:
        """Go on for some periods, left out = the pace."""
        with self._changed:
            self._playing = False
            self.target = min(self.target + (periods or self.pace), self.periods)
            self._tell()

    def to_the_end(self) -> None:
        """Go on to the last period."""
        self.step(self.periods)

    def reset(self) -> None:
        """Go back to period 0."""
        with self._changed:
            self.target, self._playing, self.problem = 0, False, ""
            self._attempt += 1
            self._tell()

    def clear_earlier(self) -> None:
        """Forget the runs before."""
        with self._changed:
            self.earlier = ()
            self._tell()

    def set_pace(self, periods: int) -> None:
        """Set how many periods pass between two updates.  Raises Refusal for less than 1."""
        if periods < 1:
            raise Refusal(f"= {periods}: an update takes a period at least", place="pace")
        self.pace = periods

    def set_luck(self, replication: int) -> None:
        """Live through another draw of luck, both arms through the same.  Raises Refusal for a negative number."""
        if not 0 <= replication <= MOST_REPLICATION:
            raise Refusal(f"= {replication} is outside [0, {MOST_REPLICATION}]", place="replication")
        with self._changed:
            self.replication, self.earlier = replication, ()
            self._tell()

    def change(self, arm: int, make: Callable[[Arm], Arm]) -> None:
        """Let an arm be another one: `lambda arm: arm.setting("firms.north.price", 1.1)`.

        What it showed is kept as an earlier run, and the arm is brought to the same period again.
        Nothing comes of one that is equal.
        Raises Refusal for what is not allowed; the arm is as it was then.
        """
        with self._changed:
            made = make(self.arms[arm])
            if made == self.arms[arm]:
                return
            self._keep_earlier(arm)
            self.arms = (made, self.arms[1]) if arm == 0 else (self.arms[0], made)
            self.problem = ""
            self._tell()

    def change_market(self, path: str, value: Any) -> None:
        """Set what both arms share: the customers, their ties, how long a run is.  Raises Refusal."""
        with self._changed:
            base = self.arms[0].base.replace({path: value})
            first, second = (arm.on(base) for arm in self.arms)
            self.arms, self.earlier, self.problem = (first, second), (), ""
            self.target = min(self.target, base.periods)
            self._tell()

    # ---- what there is --------------------------------------------------------------------------------------

    @property
    def base(self) -> Scenario:
        """The scenario that both arms share."""
        return self.arms[0].base

    @property
    def periods(self) -> int:
        """Length of a run."""
        return self.base.periods

    @property
    def done(self) -> int:
        """Periods that both arms have done."""
        return min(sight.periods if sight else 0 for sight in self.sights)

    @property
    def behind(self) -> bool:
        """Whether something is wanted that there is not yet to be seen."""
        with self._changed:
            return not self.problem and (self._working or self._behind() is not None)

    @property
    def status(self) -> str:
        """What it is doing, in a word or a line."""
        if self.activity or (None in self.sights and not self.problem):
            return self.activity or LOADING
        if self._playing or (self.done < self.target and not self.problem):
            return RUNNING
        return ENDED if self.done >= self.periods else PAUSED

    @property
    def playing(self) -> bool:
        """Whether it goes on by itself."""
        return self._playing

    @property
    def kpis(self) -> list[str]:
        """Names of what can be watched, those of the study first."""
        own = [measure.name for arm in self.arms for measure in measures.of(arm.scenario)]
        return list(dict.fromkeys([*(kpi.name for kpi in self.study.kpis), *own]))

    @property
    def firms(self) -> list[str]:
        """Names of the firms."""
        return [firm.name for firm in self.base.firms]

    def as_study(self, replications: int | None = None, kpi: str | None = None) -> Experiment:
        """Return the study of the two arms as they are.   kpi : that decides; left out = as the study says

        Raises Refusal for a KPI that cannot be asked for.
        """
        return study_of(self.study, self.arms, replications, kpi)

    # ---- comparison -----------------------------------------------------------------------------------------

    def compare(self, replications: int, kpi: str, firm: str) -> None:
        """Begin a paired comparison of the arms behind the page; a running one is cancelled.  Raises Refusal."""
        study = self.as_study(replications, kpi)
        self.cancel_trial()
        self.trial = Trial(study, firm, self._notify)
        self._notify()

    def cancel_trial(self) -> None:
        """Cancel the comparison, if one is running."""
        if self.trial is not None:
            self.trial.cancel()

    # ---- the thread -----------------------------------------------------------------------------------------

    def start(self) -> None:
        """Begin to bring the engines to where they are wanted; once is enough."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._work, name="exploration", daemon=True)
            self._thread.start()

    def close(self, wait: bool = True) -> None:
        """End the thread, and a comparison.   wait : until it has ended, which takes as long as compiling may"""
        self.cancel_trial()
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        if wait and self._thread is not None:
            self._thread.join()

    def wait(self, seconds: float = 60.0) -> None:
        """Wait until all that is wanted is there, or a problem is.  Raises TimeoutError."""
        until = time.monotonic() + seconds
        with self._changed:
            while self.behind or ((self._playing or self.activity) and not self.problem):
                if not self._changed.wait(max(0.0, until - time.monotonic())) and time.monotonic() >= until:
                    raise TimeoutError(self.status)

    def _tell(self) -> None:
        self.version += 1
        self._changed.notify_all()

    def _notify(self) -> None:
        with self._changed:
            self._tell()

    def _keep_earlier(self, arm: int) -> None:
        sight = self.sights[arm]
        if sight is not None and sight.periods > 1 and sight.periods >= self.target - self.pace:
            self.earlier = (*self.earlier, Earlier(arm, sight))[-MOST_EARLIER:]

    @property
    def _wanted(self) -> Wanted:
        return Wanted(self.study, self.arms, self.replication, self._attempt, self.target)

    def _behind(self) -> int | None:
        return self._pair.behind(self._wanted)

    def _work(self) -> None:
        while True:
            with self._changed:
                while not self._closed and (self.problem or self._behind() is None):
                    if self._playing and not self.problem:
                        self._changed.wait(UPDATE)
                        self._next_update()
                    else:
                        self._changed.wait()
                if self._closed:
                    return
                k, wanted, self._working = self._behind(), self._wanted, True
            assert k is not None
            try:
                self._see(k, wanted, self._pair.bring(k, wanted, self.sights, self._say))
            except Exception as error:  # whatever it is, the page stays and says so
                known = str(error) if isinstance(error, Refusal) else shortage(error)
                self._fail(known or one_line(f"{type(error).__name__}: {error}"))

    def _next_update(self) -> None:
        if self._playing and self._behind() is None:
            self.target = min(self.target + self.pace, self.periods)
            self._playing = self.target < self.periods

    def _fail(self, words: str) -> None:
        with self._changed:
            self.problem, self.activity, self._playing, self._working = words, "", False, False
            self._tell()

    def _say(self, activity: str) -> None:
        if activity != self.activity:
            with self._changed:
                self.activity = activity
                self._tell()

    def _see(self, k: int, wanted: Wanted, sight: Sight) -> None:
        with self._changed:
            self._working = False
            if wanted.arms[k] is self.arms[k] and wanted.study is self.study:
                self.sights = (sight, self.sights[1]) if k == 0 else (self.sights[0], sight)
                if self._behind() is None:
                    self.activity = ""
            self._tell()
