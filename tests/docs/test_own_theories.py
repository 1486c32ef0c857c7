"""The page about own theories in studies: its files and commands run, and its refusals are said as it says."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import abm
from abm.cli import main
from abm.view import figures

pytestmark = pytest.mark.slow

PAGE = (Path(__file__).parents[2] / "docs" / "how-to" / "own-theories-in-studies.md").read_text(encoding="utf-8")


def blocks(language):
    return re.findall(rf"^```{language}\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


@pytest.fixture
def place(tmp_path, monkeypatch):
    """A folder with the files of the page, which is the current one; reports have no figures, which take their time."""
    monkeypatch.setattr(figures, "draw", lambda *_: [])
    monkeypatch.chdir(tmp_path)
    Path("habits.py").write_text(blocks("python")[0])
    (study,) = blocks("toml")
    Path("study.toml").write_text(study)
    return tmp_path


def test_the_commands_run_and_habit_is_what_the_page_says(place, capsys):
    abm.check_kernels(abm.load("study.toml", own="habits.py").scenario)
    for line in blocks("sh")[0].splitlines():
        assert main(line.split()[1:]) in ((0, 1) if "compare" in line else (0,)), capsys.readouterr().err
    runs = abm.read("results/study").runs.query("firm == 'north'").set_index("arm")
    assert (runs.loc["none", "mean_habit"] > 0).all()
    assert (runs.loc["no_habits", "mean_habit"] == 0).all()


def test_the_session_in_python_runs(place):
    guarded = "if __name__ == '__main__':\n" + re.sub("^", "    ", blocks("python")[1], flags=re.MULTILINE)
    Path("session.py").write_text(guarded)
    environment = {**os.environ, "PYTHONPATH": str(Path(abm.__file__).parents[1])}
    subprocess.run([sys.executable, "session.py"], env=environment, check=True, timeout=120)
    assert abm.load("again.toml", own="habits.py") == abm.load("study.toml", own="habits.py").replace(name="study")


def test_what_is_refused_is_said_as_on_the_page(place, capsys):
    table = PAGE.split("## What is refused")[1]
    said = [".*".join(map(re.escape, line.split("`")[1].split("…"))) for line in table.splitlines() if "| `" in line]
    theory = "import abm\n\n\nclass One(abm.Mechanism):\n    name = {!r}\n"
    study, (whole,) = ["run", "study.toml", "--workers", "1"], blocks("toml")
    assert main([*study, "--with", "habits.py"]) == 0
    tries = [
        (study, "", whole),
        ([*study, "--with", "habits.py"], "", re.sub(r"\[scenario.habit\].*\ngrowth = 0.1\n", "", whole)),
        ([*study, "--with", "mine.py"], "import abm\nimport helpers\n", whole),
        ([*study, "--with", "mine.py"], "import abm\n", whole),
        ([*study, "--with", "mine.py"], theory.format("trust"), whole),
        ([*study, "--with", "habits.py", "--with", "mine.py"], theory.format("habit"), whole),
        (["verify", "results/study"], "", whole),
    ]
    for (arguments, mine, text), pattern in zip(tries, said, strict=True):
        Path("mine.py").write_text(mine)
        Path("study.toml").write_text(text)
        capsys.readouterr()
        assert main(arguments) == 2
        (line,) = capsys.readouterr().err.splitlines()
        assert re.fullmatch(pattern, line), line
