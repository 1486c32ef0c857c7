"""Folders given with --out: what is in them and is not of this toolkit stays as it is."""

from __future__ import annotations

import errno
import os
import re
import tempfile
from pathlib import Path

import pytest

from abm.cli import main
from abm.commands import folders
from abm.core.errors import Refusal

STUDY = """\
replications = 2
kpis = ["profit"]
[scenario]
periods = 3
[scenario.population]
customers = 20
[arms.none]
[arms.cut]
"firms.north.price" = 0.9
"""
MORE = {
    "run": (),
    "compare": ("--kpi", "profit", "--zone", "1"),
    "sensitivity": ("--kpi", "profit", "--factor", "trust.growth", "--method", "morris"),
    "thresholds": (),
    "game": ("--firms", "north,east"),
    "calibrate": ("--targets", "known.csv", "--factor", "trust.growth"),
}


@pytest.fixture(autouse=True)
def place(tmp_path, monkeypatch):
    """A folder with a study and a file of targets, which is the current one."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "study.toml").write_text(STUDY)
    (tmp_path / "known.csv").write_text("kpi,value,tolerance\nprofit,3,1\n")
    return tmp_path


def refused(capsys, *words):
    """Give a command that is refused; return the one line that is said."""
    capsys.readouterr()
    code = main(list(words))
    out, err = capsys.readouterr()
    assert (code, out) == (2, "")
    (line,) = err.splitlines()
    return line


@pytest.mark.parametrize(
    ("verb", "name"),
    [
        ("run", "report.html"),
        ("run", "profit_over_time.png"),
        ("run", "network.png"),  # is removed where there is nothing to draw
        ("run", "manifest.toml"),
        ("run", "inputs/graph.txt"),
        ("compare", "manifest.toml"),
        ("game", "manifest.toml"),
        ("sensitivity", "morris_profit.csv"),
        ("calibrate", "targets.csv"),
        ("thresholds", "thresholds/thresholds.csv"),
    ],
)
def test_files_of_the_users_own_stay(place, capsys, verb, name):
    mine = place / "mine" / name
    mine.parent.mkdir(parents=True)
    mine.write_text("mine")
    line = refused(capsys, verb, "study.toml", *MORE[verb], "--out", "mine")
    folder, named = ("mine/thresholds", mine.name) if verb == "thresholds" else ("mine", Path(name).parts[0])
    says = f"--out = {folder} is no results folder, and its {named} would be written over"
    assert line == f"{says}; give another folder, or move that away"
    assert [path for path in (place / "mine").rglob("*") if path.is_file()] == [mine]
    assert mine.read_text() == "mine"


def test_the_folder_that_nobody_named_is_looked_at_too(place, capsys):
    mine = place / "results" / "study" / "report.html"
    mine.parent.mkdir(parents=True)
    mine.write_text("mine")
    line = refused(capsys, "run", "study.toml")
    assert line.startswith("study.toml: results/study is no results folder, and its report.html would be written over;")
    assert mine.read_text() == "mine"


def test_other_files_do_no_harm(place):
    for name in ("notes.txt", "photo.png", "segments/0.csv"):
        (place / name).parent.mkdir(exist_ok=True)
        (place / name).write_text("mine")
    folders.check_nothing_is_lost(place)
    folders.check_nothing_is_lost(place / "none")


@pytest.mark.parametrize("text", ['digest = "00"\nformat = 1\n', "format = 1\n", ""])
def test_a_results_folder_goes_on(place, text):
    (place / "report.html").write_text("of the last time")
    (place / "manifest.toml").write_text(text)
    (place / "segments").mkdir()
    (place / "segments" / f"{'0a' * 16}.parquet").write_text("")
    folders.check_nothing_is_lost(place)
    (place / "segments" / "mine.csv").write_text("")
    if text:
        folders.check_nothing_is_lost(place)
    else:
        with pytest.raises(Refusal, match=r"its manifest.toml would be written over"):
            folders.check_nothing_is_lost(place)


@pytest.fixture
def read_only(monkeypatch):
    """Let nothing be made in some folders, as on a disk that is mounted read-only; root has all permissions."""
    there, make = [], tempfile.mkdtemp

    def refuse(suffix=None, prefix=None, folder=None):
        if folder is not None and Path(folder).absolute() in there:
            raise OSError(errno.EROFS, os.strerror(errno.EROFS))
        return make(suffix, prefix, folder)

    monkeypatch.setattr(tempfile, "mkdtemp", refuse)
    return there


@pytest.mark.parametrize("verb", MORE)
def test_a_folder_that_cannot_be_written_is_refused_alone(place, capsys, read_only, verb):
    (place / "locked").mkdir()
    read_only.append(place / "locked")
    line = refused(capsys, verb, "study.toml", *MORE[verb], "--out", "locked")
    assert line == "--out = locked cannot be written: Read-only file system; give a folder elsewhere"
    assert [*(place / "locked").iterdir()] == []


@pytest.mark.parametrize("verb", MORE)
def test_nor_can_the_folder_that_nobody_named(place, capsys, read_only, verb):
    read_only.append(place)
    line = refused(capsys, verb, "study.toml", *MORE[verb])
    says = r"study.toml: results/study\w* cannot be made in .*: Read-only file system; give a folder elsewhere"
    assert re.fullmatch(says, line)
    assert not (place / "results").exists()


@pytest.mark.slow
def test_a_study_that_is_done_may_lie_where_nothing_can_be_written(place, capsys, read_only):
    typed = ["run", "study.toml", "--workers", "1", "--out", "done"]
    assert main(typed) == 0
    read_only += [place / "done", place / "done" / "segments"]
    assert main(typed) == 0
    assert "--out = done cannot be written" in refused(capsys, *typed, "--replications", "3")
    assert "--out = done cannot be written" in refused(capsys, *typed, "--seed", "3")


def test_a_file_that_cannot_be_written_is_refused_before_anything_is_read(place, capsys, read_only):
    read_only.append(place)
    for words in (("fit", "cdnow", "-o", "found.toml"), ("export", "results", "-o", "found.csv")):
        says = f"--out = {words[-1]} cannot be made in {place}: Read-only file system; give a folder elsewhere"
        assert refused(capsys, *words) == says


def test_a_page_of_all_papers_that_cannot_be_written_is_refused_before_they_are_run(place, capsys, read_only):
    (place / "mine" / "a_paper").mkdir(parents=True)
    (place / "mine" / "a_paper" / "scenario.py").write_text("")
    read_only.append(place / "mine")
    line = refused(capsys, "replicate", "--all", "--papers", "mine")
    assert line == "--papers = mine cannot be written: Read-only file system; give a folder elsewhere"


@pytest.mark.parametrize("verb", MORE)
def test_a_folder_that_cannot_be_made_is_refused_at_once(place, capsys, verb):
    line = refused(capsys, verb, "study.toml", *MORE[verb], "--out", "known.csv/x")
    assert (
        line == f"--out = known.csv/x cannot be made in {place / 'known.csv'}: Not a directory; give a folder elsewhere"
    )
