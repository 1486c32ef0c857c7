"""Files that a study names: beside it, in a folder that was allowed, or among the copies of a results folder."""

from __future__ import annotations

import pickle

import pytest

import abm
from abm.cli import main
from abm.core.errors import Refusal
from abm.logs.purchases import shipped
from abm.world import files
from abm.world.files import allow, kept_as, located

LOG = shipped("cdnow").read_text()
STUDY = """\
replications = 2
kpis = ["profit"]
[scenario]
periods = 20
[scenario.population]
customers = 200
log = "../data/shop.csv"
[scenario.network]
kind = "file"
file = "../data/ties.csv"
[arms.none]
[arms.cheap]
"firms.north.price" = 0.9
"""


@pytest.fixture(autouse=True)
def _nothing_allowed(monkeypatch):
    monkeypatch.setattr(files, "_ALLOWED", [])


@pytest.fixture
def study(tmp_path):
    for name in ("data", "study"):
        (tmp_path / name).mkdir()
    (tmp_path / "data" / "shop.csv").write_text(LOG)
    (tmp_path / "data" / "ties.csv").write_text("source,target\n0,1\n1,2\n5,7\n")
    (tmp_path / "study" / "study.toml").write_text(STUDY)
    return tmp_path / "study" / "study.toml"


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("log.csv", "log.csv"),
        ("data/log.csv", "data/log.csv"),
        ("../data/log.csv", "outside/up/data/log.csv"),
        ("../../data/log.csv", "outside/up/up/data/log.csv"),
        ("/data/log.csv", "outside/root/data/log.csv"),
        ("a/../../log.csv", "outside/a/up/up/log.csv"),
    ],
)
def test_copies_never_leave_their_folder_and_never_share_a_name(name, kept):
    assert kept_as(name) == kept


def test_a_file_elsewhere_is_refused_until_its_folder_is_allowed(study):
    with pytest.raises(Refusal, match="outside the study's folder; allow its own with --data DIR"):
        located("../data/shop.csv", study.parent)
    allow([study.parent.parent / "data"])
    assert located("../data/shop.csv", study.parent).read_text() == LOG
    assert located(str(study.parent.parent / "data" / "shop.csv"), study.parent).is_file()
    with pytest.raises(Refusal, match="outside the study's folder"):
        located("../data/../secret.csv", study.parent)


def test_a_study_with_data_elsewhere_runs_and_its_results_are_enough(study, capsys):
    results = study.parent / "results" / "study"
    assert main(["run", str(study), "--workers", "1"]) == 2
    assert "--data" in capsys.readouterr().err
    abm.run(abm.load(study, data=study.parent.parent / "data"), store=results, workers=1)
    assert (results / "inputs/outside/up/data/shop.csv").read_text() == LOG
    files._ALLOWED.clear()
    for file in (study.parent.parent / "data").iterdir():
        file.unlink()
    assert main(["verify", str(results), "--sample", "2"]) == 0
    stored = abm.run(abm.load(results), store=results)
    assert (len(stored.runs), stored.failed.empty) == (len(abm.read(results).runs), True)


def test_python_and_other_processes_are_allowed_the_same(study):
    data = study.parent.parent / "data"
    experiment = abm.load(study, data=data)
    written = pickle.dumps(experiment)
    files._ALLOWED.clear()
    pickle.loads(written)
    assert files.allowed() == (data.resolve(),)


@pytest.mark.parametrize("verb", ["run", "compare", "sensitivity", "thresholds", "calibrate", "evidence"])
def test_what_is_no_folder_is_refused_by_each_verb(study, capsys, verb):
    needed = ["--kpi", "profit"] if verb in ("compare", "sensitivity") else []
    needed += ["--zone", "1"] if verb == "compare" else []
    assert main([verb, str(study), *needed, "--data", str(study.parent / "no")]) == 2
    assert capsys.readouterr().err.startswith("--data = ")


def test_a_calibrated_study_finds_its_data_beside_it(study, capsys, monkeypatch):
    monkeypatch.setattr("abm.view.calibration.draw", lambda _: [])
    (study.parent / "targets.csv").write_text("claim,kpi,value,tolerance\nsurvey,trust,0.5,0.4\n")
    options = ["--targets", str(study.parent / "targets.csv"), "--trials", "16", "--factor", "trust.growth=[0, 1]"]
    code = main(["calibrate", str(study), *options, "--workers", "1", "--data", str(study.parent.parent / "data")])
    assert code in (0, 1), capsys.readouterr().err
    files._ALLOWED.clear()
    abm.load(study.parent / "results/study_calibration/calibrated.toml")
