"""Small experiments, and a module of a user's own mechanisms that worker processes can import."""

import importlib
import os
import subprocess
import sys
import textwrap

import numpy as np
import pytest

from abm.scenario.scenario import Scenario
from abm.study.plan.design import grid
from abm.study.plan.experiment import Experiment
from abm.study.plan.sheet import Run
from abm.study.running.work import RunExecutor
from abm.study.storage.rows import Outcome

OWN = '''
import os
import signal
import time

from abm.core.spec import param
from abm.mechanisms.mechanism import Mechanism
from abm.mechanisms.phases import Phase


class Fragile(Mechanism):
    """Raises in one replication."""

    name = "fragile"
    in_replication: int = param(-1, unit="1", evidence="assumed")

    def schedule(self, policies):
        return ((Phase.OPENING, self.step),)

    def step(self, world, t):
        if world.replication == self.in_replication:
            raise RuntimeError(f"broke in replication {world.replication}")


class Deadly(Mechanism):
    """Ends its process in one replication."""

    name = "deadly"
    in_replication: int = param(-1, unit="1", evidence="assumed")

    def schedule(self, policies):
        return ((Phase.OPENING, self.step),)

    def step(self, world, t):
        if world.replication == self.in_replication:
            os.kill(os.getpid(), signal.SIGKILL)


class Unlucky(Mechanism):
    """Ends its process once in each replication: the first time that a file is not there."""

    name = "unlucky"
    folder: str = param("", unit="name", evidence="assumed")

    def schedule(self, policies):
        return ((Phase.OPENING, self.step),)

    def step(self, world, t):
        mark = os.path.join(self.folder, str(world.replication))
        if not os.path.exists(mark):
            open(mark, "x").close()
            os.kill(os.getpid(), signal.SIGKILL)


class Slow(Mechanism):
    """Takes its time over every period."""

    name = "slow"
    seconds: float = param(0.0, unit="s", evidence="assumed")

    def schedule(self, policies):
        return ((Phase.OPENING, self.step),)

    def step(self, world, t):
        time.sleep(self.seconds)
'''


@pytest.fixture(scope="session")
def world():
    """A world that runs in a few milliseconds."""
    return Scenario(population={"customers": 60}, periods=6, burn_in=2)


@pytest.fixture
def study(world):
    """Make an experiment of the small world: two arms and three replications unless said otherwise."""

    def make(**changes):
        arms = {"none": {}, "cheap": {"firms.north.price": 0.9}}
        given = {"name": "small", "scenario": world, "arms": arms, "replications": 3, "seed": 7, **changes}
        return Experiment(**given)

    return make


@pytest.fixture
def crossed(study):
    """Two arms at four points, three replications."""
    factors = {"word_of_mouth.decay": [0.5, 0.85], "firms.south.price": [1.0, 1.2]}
    return study(design=grid(factors))


@pytest.fixture
def own(tmp_path, monkeypatch):
    """A module of mechanisms outside the package."""
    (tmp_path / "own_theories.py").write_text(OWN)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "own_theories", raising=False)
    importlib.invalidate_caches()
    return importlib.import_module("own_theories")


@pytest.fixture
def outcome():
    """Make the outcome of a run of a sheet out of given or running numbers."""

    def make(sheet, index, firms=("north", "south"), periods=2, value=None, error=""):
        run: Run = sheet.run(index)
        if error:
            return Outcome(run, sheet.settings(run.point), error=error, message=f"{error} in run {index}")
        shape = (periods, len(firms), len(sheet.kpis))
        block = np.arange(np.prod(shape), dtype=float).reshape(shape) + 1000.0 * index
        summary = block.sum(axis=0) if value is None else np.full(shape[1:], float(value))
        return Outcome(run, sheet.settings(run.point), firms, summary, block)

    return make


@pytest.fixture
def start(tmp_path):
    """Start a Python script in a process group of its own, with this process's import path."""

    def launch(text, *arguments):
        script = tmp_path / "script.py"
        script.write_text(textwrap.dedent(text))
        environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(tmp_path), *filter(None, sys.path)])}
        return subprocess.Popen(
            [sys.executable, str(script), *map(str, arguments)],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    return launch


@pytest.fixture
def trio(world, study):
    """Three arms where prices hardly matter and quality is free: one is far behind, two are close."""
    dear = {"firms.north.price": 1.3}
    return study(
        scenario=world.replace(
            {
                "pricing.price_sensitivity": 0.2,
                "choice.attraction": 7.0,
                "choice.outside": -0.9,
                "firms.north.service.quality_cost": 0.0,
            }
        ),
        arms={"none": {}, "dear": dear, "better": dear | {"firms.north.service.quality": 0.77}},
    )


@pytest.fixture
def done(monkeypatch):
    """The runs that are done in this process from now on, in order: (arm, point, replication)."""
    runs = []
    whole = RunExecutor.outcome

    def noted(self, index):
        run = self.experiment.sheet.run(index)
        runs.append((run.arm, run.point, run.replication))
        return whole(self, index)

    monkeypatch.setattr(RunExecutor, "outcome", noted)
    return runs
