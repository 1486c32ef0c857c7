"""Minutes of edits of own code, kills and reruns in one folder: no number is ever one of another edit."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time
from pathlib import Path

import pytest

import abm

pytestmark = pytest.mark.endurance
SECONDS = float(os.environ.get("PATRONAGE_EDITS_SECONDS", "300"))
ROOT = Path(abm.__file__).parents[1]
HELPER = "def scaled(value):\n    return {factor} * value\n"
OWN = '''"""A measure and a theory, edited again and again."""
import abm
from helper import scaled

ADDED = {added}
LIST = [{added}]


class Config:
    added = {added}


def made(by):
    @abm.kpi(unit="cu", better="more")
    def own_revenue(c, by=by):
        """Revenue, scaled and raised."""
        return scaled(c.revenue / c.revenue) + ADDED + LIST[0] + Config.added + by

    return own_revenue


own_revenue = made({added})


@abm.equation
def lift(level):
    return level + {lift}


@abm.kernel
def raise_satisfaction(satisfaction_shift, visit_count):
    """Raise satisfaction.  satisfaction_shift (visits,)  0-1  [written]"""
    for v in range(visit_count[0]):
        satisfaction_shift[v] += lift(0.0)


class Cheer(abm.Mechanism):
    """Satisfaction beyond what is delivered."""

    name = "cheer"
    writes = ("satisfaction_shift",)

    def schedule(self, policies):
        return ((abm.Phase.JUDGEMENT, raise_satisfaction),)
'''
STUDY = """\
seed = 1
replications = 4
kpis = ["own_revenue", "csi"]
[scenario]
periods = 8
[scenario.population]
customers = 200
[scenario.cheer]
[[scenario.firms]]
name = "north"
[arms.none]
"""
LIFTS = (0.0, 0.2)


def started(folder):
    environment = {**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{folder}", "MPLBACKEND": "Agg"}
    command = [sys.executable, "-m", "abm", "run", "study.toml", "--with", "own.py", "--workers", "1", "--json"]
    return subprocess.Popen(command, cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def edited(folder, rng):
    """Write the files of the user's own anew; return the edit."""
    edit = {"factor": rng.choice([1, 2, 3]), "added": rng.choice([0, 1, 5]), "lift": rng.choice(LIFTS)}
    (folder / "helper.py").write_text(HELPER.format(**edit))
    (folder / "own.py").write_text(OWN.format(**edit))
    return edit


def test_no_old_number_comes_back(tmp_path):
    (tmp_path / "study.toml").write_text(STUDY)
    rng, end, satisfaction, done, killed = random.Random(5), time.monotonic() + SECONDS, {}, 0, 0
    edit = edited(tmp_path, rng)
    while time.monotonic() < end:
        if rng.random() < 0.6:
            edit = edited(tmp_path, rng)
        process = started(tmp_path)
        if rng.random() < 0.4:
            time.sleep(rng.uniform(0.5, 6.0))
            process.kill()
            process.communicate()
            killed += 1
            continue
        _, err = process.communicate(timeout=120)
        assert process.returncode == 0, err.decode()
        runs = abm.read(tmp_path / "results" / "study").runs
        own = runs["own_revenue"].to_numpy()
        assert own == pytest.approx([edit["factor"] + 4 * edit["added"]] * len(own))
        satisfaction.setdefault(edit["lift"], set()).add(round(float(runs["csi"].mean()), 6))
        assert all(len(values) == 1 for values in satisfaction.values()), satisfaction
        done += 1
    assert done > 3
    assert killed > 2
    if len(satisfaction) == len(LIFTS):
        assert satisfaction[0.0] != satisfaction[0.2]
