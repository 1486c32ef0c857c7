"""A very long sweep: memory and files do not grow with the runs that are stored."""

import os
import subprocess
import sys

import pytest

SWEEP = """
import resource
import sys
from pathlib import Path

from abm.scenario.scenario import Scenario
from abm.study.plan.experiment import Experiment
from abm.study.running.runner import run

if __name__ == "__main__":
    folder, runs = Path(sys.argv[1]), int(sys.argv[2])
    world = Scenario(population={"customers": 1}, periods=1, burn_in=0)
    arms = {"none": {}, "cheap": {"firms.north.price": 0.9}}
    experiment = Experiment("tiny", world, arms, replications=runs // 2, kpis=("profit",))
    most = 0

    def count_files(*numbers):
        global most
        most = max(most, sum(1 for _ in folder.rglob("*")))

    results = run(experiment, folder, workers=1, progress=count_files)
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(results.missing, most, memory)
"""


def swept(parent, runs):
    """Do a sweep in a process of its own; return runs not stored, most files at a time and most memory (KiB)."""
    (parent / "tiny.py").write_text(SWEEP)
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    command = [sys.executable, str(parent / "tiny.py"), str(parent / str(runs)), str(runs)]
    return map(int, subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout.split())


@pytest.mark.endurance
def test_memory_and_files_do_not_grow_with_the_runs(tmp_path):
    """A million runs of one customer over one period, in one process: a quarter of an hour."""
    _, _, before = swept(tmp_path, 10_000)
    missing, files, after = swept(tmp_path, 1_000_000)
    assert missing == 0
    assert files < 1000
    assert after <= 1.2 * before, f"{before / 1024:.0f} MiB before, {after / 1024:.0f} MiB after"
