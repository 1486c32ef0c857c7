"""`--with FILE.py`: theories and measures of the user's own, from a study file to a report."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import abm
from abm.cli import main
from abm.view import figures
from tests.study.own_files import STUDY, WAITING, habit

pytestmark = pytest.mark.slow

ENVIRONMENT = {**os.environ, "PYTHONPATH": str(Path(abm.__file__).parents[1])}
COMMAND = [sys.executable, "-m", "abm"]
SCRIPT = '''
import abm
from abm.mechanisms.phases import Phase


@abm.kpi(unit="1/visit", better="more", nan="nobody visited")
def smiles(c):
    """Visits / visits."""
    return c.visits / c.visits


class Mood(abm.Mechanism):
    """Good mood."""

    name = "mood"
    swing: float = abm.param(0.5, unit="0-1", bounds=(0, 1), evidence="assumed", doc="how far it swings")
    kpis = (smiles,)

    def schedule(self, policies):
        return ((Phase.OPENING, self.begin),)

    def begin(self, world, t):
        world.customers.satisfaction[:] = self.swing


if __name__ == "__main__":
    study = abm.load("mood.toml", own=[Mood])
    here, there = (abm.run(study, workers=workers) for workers in (1, 2))
    print(here.canonical() == there.canonical(), len(there.failed), there.runs["smiles"].mean())
'''


@pytest.fixture
def place(tmp_path, monkeypatch):
    """A folder with a study and the file that it needs, which is the current one; a report has no figures."""
    monkeypatch.setattr(figures, "draw", lambda *_: [])
    monkeypatch.chdir(tmp_path)
    (tmp_path / "habits.py").write_text(habit())
    (tmp_path / "study.toml").write_text(STUDY)
    return tmp_path


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A folder in which the study was run with two workers, and what was said."""
    folder = tmp_path_factory.mktemp("made")
    (folder / "habits.py").write_text(habit())
    (folder / "study.toml").write_text(STUDY)
    arguments = ["run", "study.toml", "--with", "habits.py", "--workers", "2"]
    return folder, subprocess.run(
        [*COMMAND, *arguments], cwd=folder, env=ENVIRONMENT, capture_output=True, text=True, check=True, timeout=120
    )


@pytest.fixture
def done(made, place):
    """The same folder once more, as the current one."""
    shutil.copytree(made[0] / "results", place / "results")
    return place


def said(capsys, *arguments):
    """Run a command in this process; return exit code, output and the lines on standard error."""
    capsys.readouterr()
    code = main(list(map(str, arguments)))
    out, err = capsys.readouterr()
    assert "Traceback" not in err
    return code, out, err.splitlines()


@pytest.mark.endurance
def test_two_workers_give_what_one_process_gives(made, place):
    study = abm.load("study.toml", own="habits.py")
    stored = abm.read(made[0] / "results" / "study")
    assert not len(stored.failed)
    assert stored.canonical() == abm.run(study, workers=1).canonical()
    habits = stored.runs.set_index("firm")["mean_habit"]
    assert 0 < habits.min() <= habits.max() < 1
    flowers = stored.runs.query("arm == 'flowers'").set_index("firm")["flower_money"]
    assert (flowers["north"] > 0).all()
    assert (flowers["south"] == 0).all()


def test_the_folder_says_which_file_and_nothing_of_the_machine(made):
    folder, ended = made
    text = (folder / "results" / "study" / "manifest.toml").read_text()
    assert 'command = "patronage run study.toml --with habits.py"' in text
    assert (
        f'[own]\n"habits.py" = "{abm.load(folder / "study.toml", own=folder / "habits.py").own.files[0].digest}"'
        in text
    )
    assert str(folder) not in text
    assert ended.stdout.splitlines()[-1] == "next     patronage verify results/study --with habits.py"
    page = (folder / "results" / "study" / "report.html").read_text()
    assert "patronage run study.toml --with habits.py" in page
    assert "[scenario.habit]" in page


def test_a_second_call_finds_all_runs(done, capsys):
    code, _, err = said(capsys, "run", "study.toml", "--with", "habits.py")
    assert code == 0
    assert "all 6 runs are stored already; nothing to do" in err


def test_an_edited_equation_is_a_new_run_and_an_edit_beside_it_is_not(done, capsys):
    (done / "habits.py").write_text(habit(aside=2))
    assert "all 6 runs are stored already; nothing to do" in said(capsys, "run", "study.toml", "--with", "habits.py")[2]
    (done / "habits.py").write_text(habit(ceiling=0.3))
    code, _, err = said(capsys, "run", "study.toml", "--with", "habits.py", "--workers", "1")
    assert code == 0
    assert any(line.startswith("6 runs done in ") for line in err)
    assert abm.read("results/study").runs["mean_habit"].max() <= 0.3


class TestVerifyAndReport:
    @pytest.mark.parametrize("verb", ["verify", "report"])
    def test_need_the_file_again(self, done, capsys, verb):
        refused = said(capsys, verb, "results/study")
        assert refused == (
            2,
            "",
            [
                "results/study: its study has theories or measures of your own; add --with habits.py (in Python "
                'own="habits.py")'
            ],
        )
        assert said(capsys, verb, "results/study", "--with", "habits.py")[0] == 0

    def test_know_it_under_another_name(self, done, capsys):
        (done / "habits.py").rename(done / "moved.py")
        assert said(capsys, "verify", "results/study", "--with", "moved.py")[:2] == (
            0,
            "6 of 6 stored runs recomputed, 0 differ\n",
        )

    def test_say_if_the_file_is_not_as_it_was(self, done, capsys):
        (done / "habits.py").write_text(habit(aside=2))
        code, out, _ = said(capsys, "verify", "results/study", "--with", "habits.py")
        assert code == 0
        assert "made with habits.py " in out.splitlines()[-1]
        code, _, err = said(capsys, "report", "results/study", "--with", "habits.py")
        assert (code, len(err)) == (0, 1)
        assert err[0].startswith("made with habits.py ")

    def test_say_if_equations_are_not_as_they_were(self, done, capsys):
        (done / "habits.py").write_text(habit(ceiling=0.9))
        code, _, err = said(capsys, "verify", "results/study", "--with", "habits.py")
        assert (code, len(err)) == (2, 1)
        assert "made by other code (made with habits.py " in err[0]


@pytest.mark.skipif(os.name == "nt", reason="sends Ctrl-C to a process group")
def test_what_ctrl_c_stopped_goes_on(place, capsys):
    (place / "waiting.py").write_text(WAITING)
    more = "[scenario.waiting]\nseconds = 0.01\n[[scenario.firms]]"
    text = STUDY.replace("replications = 3", "replications = 8").replace("[[scenario.firms]]", more, 1)
    (place / "study.toml").write_text(text)
    arguments = ["run", "study.toml", "--with", "habits.py", "--with", "waiting.py", "--workers", "2"]
    options = {"stderr": subprocess.PIPE, "stdout": subprocess.DEVNULL, "text": True, "start_new_session": True}
    with subprocess.Popen([*COMMAND, *arguments], env=ENVIRONMENT, **options) as process:
        until = time.monotonic() + 60
        while not [*place.glob("results/study/segments/*.parquet")] and time.monotonic() < until:
            time.sleep(0.05)
        os.killpg(process.pid, signal.SIGINT)
        _, err = process.communicate(timeout=30)
    assert process.returncode == 130
    assert "all stored; the same command goes on from there" in err
    assert 0 < abm.read("results/study").missing < 16
    code, _, notes = said(capsys, *arguments)
    assert code == 0
    assert any("were stored already" in note for note in notes)
    study = abm.load("study.toml", own=["habits.py", "waiting.py"])
    quick = study.replace(scenario=study.scenario.replace({"waiting.seconds": 0.0}))
    assert abm.read("results/study").canonical() == abm.run(quick, workers=1).canonical()


def test_classes_of_a_script_work_with_several_workers(place, capsys):
    study = STUDY.replace("habit]\ngrowth = 0.1", "mood]\nswing = 0.2").replace("courtesy = { flowers = 3.0 }\n", "")
    study = study.replace('"mean_habit", "flower_money"', '"smiles"').replace(
        "firms.north.courtesy.flowers", "mood.swing"
    )
    (place / "mood.toml").write_text(study.replace("10.0", "0.9"))
    (place / "script.py").write_text(SCRIPT)
    ended = subprocess.run(
        [sys.executable, "script.py"], env=ENVIRONMENT, capture_output=True, text=True, timeout=120, check=False
    )
    assert (ended.stdout, ended.stderr) == ("True 0 1.0\n", "")
    assert said(capsys, "run", "mood.toml", "--with", "script.py", "--workers", "1")[0] == 0


@pytest.mark.endurance
def test_other_commands_take_it_too(place, capsys):
    given = ["study.toml", "--with", "habits.py"]
    code, out, _ = said(capsys, "show", "odd", *given)
    assert code == 0
    assert "build_habit" in out
    options = ["--kpi", "mean_habit", "--method", "tornado", "--factor", "habit.growth", "--workers", "1", "--json"]
    code, out, _ = said(capsys, "sensitivity", *given, *options)
    assert code == 0
    assert json.loads(out)["kpi"] == "mean_habit"
    code, out, _ = said(capsys, "compare", *given, "--kpi", "flower_money", "--zone", "1", "--workers", "1", "--json")
    assert code == 0
    assert json.loads(out)["best"] == "none"
    (place / "targets.csv").write_text("kpi,value,tolerance\nmean_habit,0.3,0.1\n")
    options = ["--targets", "targets.csv", "--factor", "habit.growth", "--trials", "8", "--workers", "1", "--json"]
    code, out, err = said(capsys, "calibrate", *given, *options)
    assert code == 0, err
    assert said(capsys, "run", json.loads(out)["calibrated"], "--with", "habits.py", "--workers", "1")[0] == 0


@pytest.mark.parametrize("file", ["gone.py", "bad.py"])
def test_a_file_that_cannot_be_used_is_one_line_and_nothing_is_written(place, capsys, file):
    (place / "bad.py").write_text("def f(:\n")
    code, out, err = said(capsys, "run", "study.toml", "--with", "habits.py", "--with", file)
    assert (code, out, len(err)) == (2, "", 1)
    assert err[0].startswith(f"{file}: ")
    assert not (place / "results").exists()


def test_only_a_study_is_shown_with_it(place, capsys):
    code, _, err = said(capsys, "show", "kpis", "--with", "habits.py")
    assert (code, err) == (2, ["--with: is for show odd FILE.toml, which describes a study"])


def test_an_error_in_the_file_itself_is_named_with_its_line(tmp_path, monkeypatch, capsys):
    """It is no bug of the toolkit: what is wrong stands in the user's own file."""
    monkeypatch.chdir(tmp_path)
    own = "import abm\n\n\nclass Cheer(abm.Mechanism):\n    '''Cheer.'''\n\n    name = 'cheer'\n\n"
    own += "    def schedule(self, policies):\n        return ((abm.Phase.NO_SUCH_PHASE, None),)\n"
    (tmp_path / "own.py").write_text(own)
    (tmp_path / "study.toml").write_text("[scenario]\nperiods = 3\n[scenario.cheer]\n[arms.none]\n")
    assert main(["run", "study.toml", "--with", "own.py"]) == 2
    assert capsys.readouterr().err == "own.py, line 10: AttributeError: NO_SUCH_PHASE\n"
    assert not (tmp_path / "results").exists()
