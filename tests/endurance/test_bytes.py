"""One byte after the other of a results folder is changed: each change is noticed or does no harm."""

import random
import shutil
import warnings

import pytest

from abm.core.errors import Refusal
from abm.scenario.scenario import Scenario
from abm.study.plan.experiment import Experiment
from abm.study.running import study_runs
from abm.study.running.runner import run
from abm.study.storage import compact
from abm.study.storage.results import read
from abm.study.storage.store import Store

CHANGES = 200


@pytest.fixture
def experiment(tmp_path):
    """Two arms on a graph from a file, so that the results hold an input file too."""
    (tmp_path / "ties.csv").write_text("0,1\n1,2\n2,3\n3,4\n")
    world = Scenario(population={"customers": 5}, periods=3, network={"kind": "file", "file": "ties.csv"})
    arms = {"none": {}, "cheap": {"firms.north.price": 0.9}}
    return Experiment("bytes", world, arms, replications=20, kpis=("profit",), folder=tmp_path)


@pytest.fixture
def whole(experiment, tmp_path, monkeypatch):
    """A results folder of merged and of single segments, its canonical digest, and the runs of each segment."""
    monkeypatch.setattr(study_runs, "BATCH_SECONDS", 1e-9)
    monkeypatch.setattr(study_runs, "MANY", 6)
    monkeypatch.setattr(study_runs, "compact", lambda store: compact.compact(store, 6))
    folder = tmp_path / "whole"
    expected = run(experiment, folder, workers=1).canonical()
    store = Store(folder)
    runs = {name: len(store.open(name).runs[0]) for name in store.names()}
    assert sum(runs.values()) == len(experiment)
    assert len(set(runs.values())) > 1
    return folder, expected, runs


@pytest.mark.endurance
def test_changed_bytes_are_noticed_or_do_no_harm(experiment, whole, tmp_path, monkeypatch):
    folder, expected, runs = whole
    recorded, done = study_runs.RunExecutor.outcome, []
    monkeypatch.setattr(study_runs.RunExecutor, "outcome", lambda self, i: (done.append(i), recorded(self, i))[1])
    luck = random.Random(4)
    files = sorted(path.relative_to(folder) for path in folder.rglob("*") if path.is_file())
    assert {path.parts[0] for path in files} == {"segments", "manifest.toml", "inputs"}
    for change in range(CHANGES):
        copy = tmp_path / f"copy{change}"
        shutil.copytree(folder, copy)
        victim = copy / luck.choice(files)
        data = bytearray(victim.read_bytes())
        data[luck.randrange(len(data))] ^= luck.randrange(1, 256)
        victim.write_bytes(data)
        noticed = notices(copy, expected)
        assert noticed == (victim.parent.name != "inputs"), victim
        done.clear()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            assert run(experiment, copy, workers=1).canonical() == expected
        assert len(done) == runs.get(victim.stem, 0), "only what was in the segment is done again"
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            assert read(copy).canonical() == expected
        assert (copy / "inputs" / "ties.csv").read_bytes() == (folder / "inputs" / "ties.csv").read_bytes()
        shutil.rmtree(copy)


def notices(folder, expected):
    """Return whether reading a folder warns of damage; a reader who is not warned must see the right numbers."""
    try:
        with warnings.catch_warnings(record=True) as warned:
            warnings.simplefilter("always")
            results = read(folder)
    except Refusal:
        return True
    assert warned or results.canonical() == expected
    return bool(warned)
