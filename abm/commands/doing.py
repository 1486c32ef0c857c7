"""What commands that do runs share: what is said before, shown meanwhile and said after; where results go."""

from __future__ import annotations

import contextlib
import math
import shlex
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from rich.progress import BarColumn, MofNCompleteColumn, Progress, ProgressColumn, Task, TextColumn
from rich.text import Text

from abm.commands import folders, output
from abm.core.errors import Refusal, counted, one_of, shown
from abm.scenario.scenario import Scenario
from abm.study.plan import checks
from abm.study.plan.experiment import Experiment
from abm.study.plan.factors import SPEC
from abm.study.plan.overrides import check_set_once, parsed
from abm.study.running.estimate import estimate
from abm.study.running.matching import trial_runs
from abm.study.running.parallelism import Parallelism, choose_parallelism
from abm.study.running.progress import in_words
from abm.study.running.work import compiled
from abm.study.storage.manifest import check_format
from abm.study.storage.results import Results

RESULTS = "results"  # beside the study file
OPTIONS = (  # of the command line alone: no study file has them
    "kpi", "firm", "firms", "group", "arm", "against", "zone", "confidence", "point", "pilot", "max_runs",
    "precision", "method", "samples", "trials", "forgiven", "log", "log_dates", "log_until", "out", "weight",
    "workers", "threads",
)  # fmt: skip
_SPELLED = {"forgiven": "forgive", "factors": "factor"}
_DEFAULT_FIRMS = Scenario.model_fields["firms"].default
BETWEEN_LINES = 30.0  # seconds
COMPILING = "compiling the model for this machine (once, about half a minute) …"


def with_origin(refusal: Refusal, file: Path, **typed: Any) -> Refusal:
    """Return a refusal that names the option or else the file at fault, unless it says so already.

    typed : options that stand for what may be in the file too, with their values: replications, seed, factors
    """
    if refusal.source or refusal.place == "cluster" or Path(refusal.place).is_absolute():
        return refusal
    name, _, path = refusal.place.removeprefix("design.").partition(".")
    if name in OPTIONS or typed.get(name) not in (None, [], ()):
        return Refusal(refusal.message, place=f"--{_SPELLED.get(name, name).replace('_', '-')} {path}".rstrip())
    place = f"design.{name}.{path}".rstrip(".") if name == "factors" else refusal.place
    return Refusal(refusal.message, place=place, source=file.name)


def results_folder(
    out: Path | None, file: Path, study: str, kind: str = "", needed: Callable[[], Experiment] | None = None
) -> Path:
    """Return where the results of a study go.

    out    : what was said; None = a folder beside the file, named by the study and the kind of its results
    needed : returns the experiment whose runs are wanted: a folder that has them all need not be written

    Raises Refusal for a name that would lead elsewhere, a folder that cannot be made or written, results in the format
    of another version, and files that are none of results and would be written over.
    """
    place = "" if out is None else "out"
    folder = file.parent / RESULTS / _folder_name(f"{study}{kind}") if out is None else out.expanduser()
    folders.check_can_be_written(folder, place, needed)
    check_format(folder)
    folders.check_nothing_is_lost(folder, kind[1:], place)
    return folder


def _folder_name(name: str) -> str:
    if name.startswith(".") or set(name) & set("/\\:\0"):
        raise Refusal(f"= {shown(name)} is no name for a folder; change it, or say --out DIR", place="name")
    return name


def resources(
    experiment: Experiment, runs: int, workers: int | None, threads: int | None, cluster: str | None = None
) -> str:
    """Return in words where runs will be done, and about how much time and memory that takes here.

    Raises Refusal for more than this machine can do.
    """
    if cluster is None:
        parallelism = choose_parallelism(experiment, runs, workers, threads)
        return (
            f"{processes_and_threads(parallelism)}; {estimate(experiment, runs + trial_runs(experiment), parallelism)}"
        )
    if workers is not None:
        raise Refusal(f"= {workers} counts processes of this machine, and a cluster has its own", place="workers")
    return f"on the cluster {cluster}"


def intention(experiment: Experiment, resources: str) -> str:
    """Return a line that says which runs are about to be done.

    resources : as the function of this name says them
    """
    world = experiment.scenario
    counts = [counted(len(experiment.arms), "arm"), counted(experiment.replications, "replication")]
    if len(experiment.design) > 1:
        counts.insert(1, counted(len(experiment.design), "point"))
    firms = [firm.name for firm in world.firms]
    trials = f" and about {trial_runs(experiment):,} trial runs" if experiment.matches else ""
    stand_in = f"; the firms are the default ones, {one_of(firms, 'and')}" if world.firms == _DEFAULT_FIRMS else ""
    return (
        f"{experiment.name}: {' x '.join(counts)} = {counted(len(experiment), 'run')}{trials} of "
        f"{counted(world.population.customers, 'customer')} over {counted(world.periods, 'period')}, "
        f"{resources}{stand_in}"
    )


def processes_and_threads(parallelism: Parallelism) -> str:
    """Return in words how many processes and threads there are to be."""
    at_most = "up to " if parallelism.try_here_first and parallelism.workers > 1 else ""
    each = f" of {parallelism.threads} threads" if parallelism.threads > 1 else ""
    return f"{at_most}{counted(parallelism.workers, 'process', 'processes')}{each}"


class Lines:
    """Notes of how far something is, one every half minute, where no terminal could show a bar."""

    def __init__(self) -> None:
        self._at: float = math.inf if output.standard_error().is_terminal else time.monotonic() + BETWEEN_LINES

    def say(self, words: str) -> None:
        """Print the words, if it is time."""
        if time.monotonic() >= self._at:
            self._at = time.monotonic() + BETWEEN_LINES
            output.note(words)


class Watch:
    """What is shown while runs are done: a bar on a terminal, elsewhere a line every half minute.

    cluster : that does the runs, None = this machine
    done    : runs done now; those stored before do not count      seconds : that it took
    trials  : runs of those stored before that the trials of a match have done just before
    """

    trials = 0

    def __init__(self, experiment: Experiment, cluster: str | None = None) -> None:
        self._experiment, self._here = experiment, cluster is None
        self._stored: int | None = None
        self.done = self.total = self.failed = 0
        self._began, self.seconds = time.monotonic(), 0.0
        columns = (TextColumn("{task.description}"), BarColumn(40), MofNCompleteColumn(), _Left())
        console = output.standard_error()
        self._bar = Progress(*columns, console=console, transient=True, disable=not console.is_terminal)
        self._task = self._bar.add_task("runs", total=len(experiment), left=float("nan"))
        self._lines = Lines()

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bar.stop()
        self.seconds = time.monotonic() - self._began

    def update(self, done: int, total: int, failed: int, seconds_left: float) -> None:
        """Show how far the runs are, as the runner reports it."""
        if self._stored is None:
            self._stored = done
            if self._here and done < total and not compiled(self._experiment):
                with contextlib.suppress(OSError):
                    self._bar.console.print(COMPILING)
        self.done, self.total, self.failed = done - self._stored, total, failed
        words = f"runs, {failed:,} failed" if failed else "runs"
        self._bar.update(self._task, completed=done, total=total, left=seconds_left, description=words)
        if done < total:
            self._lines.say(in_words(done, total, failed, seconds_left))

    def outcome(self) -> str:
        """Say what was done and what was there already."""
        stored = max(0, (self._stored or 0) - self.trials)
        by_trials = f"{self.trials:,} by the trial runs" if self.trials else ""
        before = f"{stored:,} were stored already" if stored else ""
        if self.done:
            now = f"{counted(self.done, 'run')} done in {duration(self.seconds)}"
            return ", ".join(filter(None, [now, by_trials, before]))
        if not self.trials:
            return f"all {counted(self.total, 'run')} are stored already; nothing to do"
        if not before:
            return f"all {counted(self.total, 'run')} were done by the trial runs"
        return f"all {counted(self.total, 'run')} are done: {by_trials}, {before}"


class _Left(ProgressColumn):
    """The time left, as the runner estimates it."""

    def render(self, task: Task) -> Text:
        """Return the time left of a task, nothing while it is not known."""
        left = task.fields["left"]
        return Text("" if math.isnan(left) else f"{duration(left)} left")


def duration(seconds: float) -> str:
    """Return in words how long something took."""
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes:02} min" if hours else f"{minutes} min {rest:02} s"


def failures(results: Results) -> int:
    """Say how many runs failed, and return the exit code: 1 if any did, else 0."""
    failed = results.failed
    if failed.empty:
        return 0
    first = failed.iloc[0]
    output.note(
        f"{len(failed):,} of {counted(len(results.sheet), 'run')} failed, the first (arm '{first['arm']}', "
        f"point {first['point']}, replication {first['replication']}) with {first['error']}: {first['message']}; "
        "the same command tries them again"
    )
    return 1


def named(own: Sequence[Path]) -> list[str]:
    """Return the options that name files of theories of one's own, without the folders of this machine."""
    return [part for file in own for part in ("--with", file.name)]


def command(verb: str, path: Path, own: Sequence[Path] = ()) -> str:
    """Return a command about a file or folder as a shell takes it, blanks in names and all."""
    return shlex.join(["patronage", verb, str(path), *(part for file in own for part in ("--with", str(file)))])


def verification(out: Path, own: Sequence[Path]) -> str:
    """Return the command that verifies a results folder."""
    return command("verify", out, own)


@contextlib.contextmanager
def drawing(out: Path, again: str = "the same command") -> Iterator[None]:
    """Say of figures and tables that cannot be written where and why, and that the runs are kept all the same.

    again : the command that writes them without running anything
    """
    try:
        yield
    except OSError as error:
        safe = f"the runs are stored, and {again} writes the rest once that is put right"
        raise Refusal(f"figures cannot be written: {error.strerror}; {safe}", place=str(out)) from None


def factors(written: Sequence[str], option: str = "--factor") -> dict[str, Any] | None:
    """Return what an option gives for paths, "PATH=[low, high]", or SPEC for "PATH" alone; None without any."""
    found: dict[str, Any] = {}
    for one in written:
        with checks.at("", f"{option} {one}"):
            path, values = parsed(one) if "=" in one else (one.strip(), SPEC)
            if path in found:
                raise Refusal(f"'{path}' is given twice")
            found[path] = values
    return found or None


def check_factors(written: Sequence[str], sets: Sequence[str]) -> None:
    """Refuse factors that take the place of the study's if --set changes those too."""
    if written:
        check_set_once(sets, "design", f"--factor {written[0]}")
