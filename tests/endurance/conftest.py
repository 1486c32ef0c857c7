"""A sweep in processes of its own, in small batches; every run leaves a mark, so that what is done twice is counted."""

import importlib
import os
import signal
import subprocess
import sys
from functools import cached_property
from pathlib import Path

import pytest

from abm.study.running.runner import run
from abm.study.storage.results import read

BATCH = 4  # runs
MARKED = """
import os
import time

from abm.core.spec import param
from abm.mechanisms.mechanism import Mechanism
from abm.mechanisms.phases import Phase


class Marked(Mechanism):
    '''Appends a byte to a file when a run begins, and takes its time.'''

    name = "marked"
    seconds: float = param(0.004, unit="s", evidence="assumed")

    def schedule(self, policies):
        return ((Phase.OPENING, self.step),)

    def step(self, world, t):
        if t == 0:
            marks = os.open(os.environ["MARKS"], os.O_WRONLY | os.O_APPEND | os.O_CREAT)
            os.write(marks, b".")
            os.close(marks)
            time.sleep(self.seconds)
"""
SWEEP = f"""
import sys

from abm import cli
from abm.scenario.scenario import Scenario
from abm.study.storage import compact
from abm.study.running import runner, study_runs
from abm.study.plan.experiment import Experiment
from marked import Marked

MANY = 4


def next_batch(runs):
    batch, runs._left = runs._left[:{BATCH}], runs._left[{BATCH}:]
    return batch


def experiment(replications, marked):
    world = Scenario(population={{"customers": 20}}, periods=3)
    if marked:
        world = world.adding(Marked())
    arms = {{"none": {{}}, "cheap": {{"firms.north.price": 0.9}}}}
    record = {{"persons": {{"columns": ["trust"], "at": [1, 3]}}, "visits": {{"columns": ["visit_spend"]}}}}
    return Experiment(
        name="swept", scenario=world, arms=arms, replications=replications, kpis=("profit", "csi"), record=record
    )


def show(done, *rest):
    print(done, flush=True)


if __name__ == "__main__":
    study_runs.StudyRuns._next_batch = next_batch
    study_runs.MANY = MANY
    study_runs.compact = lambda store: compact.compact(store, MANY)
    if sys.argv[1] == "patronage":
        sys.exit(cli.main(sys.argv[2:]))
    folder, where, replications, marked = sys.argv[1], sys.argv[2], *map(int, sys.argv[3:])
    workers = {{"workers": int(where)}} if where.isdigit() else {{"cluster": where}}
    print("digest", runner.run(experiment(replications, marked), folder, progress=show, **workers).canonical())
"""


class Sweep:
    """A sweep of some replications of two arms, in a folder; `start` runs it in another process.

    marked : whether runs leave marks, which takes writes of its own
    """

    def __init__(self, parent: Path, replications: int, marked: bool = True) -> None:
        self.folder, self.marks, self.script = parent / "results", parent / "marks", parent / "swept.py"
        self.replications, self.total, self.marked = replications, 2 * replications, marked
        self.environment = os.environ | {
            "PYTHONPATH": os.pathsep.join([str(parent), *filter(None, sys.path)]),
            "MARKS": str(self.marks),
        }
        self.experiment = importlib.import_module("swept").experiment(replications, marked)

    @cached_property
    def expected(self):
        """The canonical digest of the sweep when nothing disturbs it."""
        return run(self.experiment, workers=1).canonical()

    def start(self, where, *before):
        """Start the sweep with so many workers, or on a cluster; `before` goes before the command."""
        return self.launch(*before, sys.executable, self.script, self.folder, where, self.replications, +self.marked)

    def command(self, workers, *before):
        """Start the same sweep from the command line."""
        study = self.folder.parent / "swept.toml"
        self.experiment.save(study)
        arguments = ("patronage", "run", study, "--out", self.folder, "--workers", workers)
        return self.launch(*before, sys.executable, self.script, *arguments)

    def launch(self, *command):
        """Start a command in a process group of its own."""
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        return subprocess.Popen([*map(str, command)], env=self.environment, text=True, start_new_session=True, **pipes)

    def begun(self):
        """How many runs have ever begun."""
        return self.marks.stat().st_size if self.marks.exists() else 0

    def stored(self):
        """How many runs are stored."""
        there = (self.folder / "manifest.toml").exists()
        return self.total - read(self.folder).missing if there else 0

    def finish(self):
        """Do what is missing in this process and see that nothing is lost, twice or other than undisturbed."""
        results = run(self.experiment, self.folder, workers=1)
        assert results.missing == 0
        assert len(results.runs) == self.total * 3
        assert not results.runs.duplicated(["arm", "replication", "firm"]).any()
        assert len(results.periods) == self.total * 3 * 3
        assert results.canonical() == read(self.folder).canonical() == self.expected


def kill_group(process):
    """End a process and all it has started; wait until it is gone."""
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()


@pytest.fixture
def sweep(tmp_path, monkeypatch):
    """Make a sweep."""
    (tmp_path / "marked.py").write_text(MARKED)
    (tmp_path / "swept.py").write_text(SWEEP)
    monkeypatch.setenv("MARKS", os.devnull)
    monkeypatch.syspath_prepend(str(tmp_path))
    for name in ("marked", "swept"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    importlib.invalidate_caches()
    return lambda *how: Sweep(tmp_path, *how)


@pytest.fixture
def killed():
    """The function that ends a process group."""
    return kill_group
