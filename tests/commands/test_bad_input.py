"""What a user may get wrong: refused in one line that says what is allowed, with exit code 2 and nothing written."""

from __future__ import annotations

import os
import re

import pytest

from abm.cli import main

STUDY = """\
question = "Which arm?"
seed = 3
replications = 2
kpis = ["profit", "csi"]
[scenario]
periods = 6
burn_in = 2
[scenario.population]
customers = 30
[[scenario.firms]]
name = "north"
[[scenario.firms]]
name = "south"
[arms.none]
[arms.service]
"firms.north.service.quality" = 0.98
"""
RUN = ("run", "study.toml")
COMPARE = ("compare", "study.toml", "--kpi", "profit", "--zone")
EXPLAIN = ("sensitivity", "study.toml", "--kpi", "profit", "--factor", "firms.north.price=[0.9, 1.1]")
CALIBRATE = ("calibrate", "study.toml", "--factor", "firms.north.price=[0.9, 1.1]", "--targets", "known.csv")
LEVER = '"firms.north.service.quality" = 0.98'
LOG = 'customers = 30\nlog = "cdnow"\n'

FILES = [  # what is replaced in the study, by what, and what is said of it
    ("customers = 30", f"{LOG}log_until = 1997-09-30T10:00:00Z", 'the day counts: write "1997-09-30"'),
    ("customers = 30", f'{LOG}log_until = "1997-13-30"', 'scenario.population.log_until = "1997-13-30" is not a day'),
    ("customers = 30", f'{LOG}log_until = "1997-09-30T00:00+02:00"', "log_until = .* is not a day such as 1997-09-30"),
    (
        "customers = 30",
        'customers = 30\nlog = "cdnwo"',
        "no shipped log \"cdnwo\", and no file of that name; did you mean 'cdnow'",
    ),
    ("customers = 30", "customers = 1e20", "customers = 1e.20 is not a whole number"),
    ("customers = 30", "customers = 30\nbasket = 1e20", r"basket = 1e\+20 is outside \[0.01, 1e5\]"),
    (LEVER, '"service.quality" = 0.98', "write firms.NAME.service.quality, NAME being north or south"),
    (LEVER, "service.quality = 0.98", "write firms.NAME.service, NAME being north or south"),
    (LEVER, '"price" = 0.98', "write firms.NAME.price, NAME being north or south"),
    (LEVER, "firms.north.price = 0.98", "write the whole path in quotes"),
    (LEVER, '"firms.north.program" = "pionts"', "no programme preset 'pionts'; did you mean 'points'"),
    (LEVER, '"firms.north.program" = { preset = "stampcard" }', "did you mean 'stamp_card'"),
    (LEVER, '"firms.nort.price" = 1.0', "did you mean 'north'"),
    (LEVER, '"firms.north.service.quality" = "high"', '"high" is not a number'),
    ("[arms.none]", '[design]\nmethod = "grod"\n[arms.none]', "did you mean 'grid'"),
    ("[arms.none]", '[scenario.network]\nkind = "rign"\n[arms.none]', "did you mean 'ring'"),
    (
        "[arms.none]",
        "[scenario.network]\nneighbours = 90\n[arms.none]",
        "each of 30 customers can have; take 29 or fewer",
    ),
    ("[arms.none]", "[scenario.network]\nisolated = 31\n[arms.none]", "isolated = 31 is more than the 30 customers"),
    ("[arms.none]", '[design.factors]\n"firms.north.prize" = [1]\n[arms.none]', "did you mean 'price'"),
    ("[arms.none]", '[[expect]]\nkpi = "csii"\nabove = 0\n[arms.none]', "did you mean 'csi'"),
    ("burn_in = 2", "burn_in = 6", "burn_in = 6 leaves no period of the run to measure"),
    ("burn_in = 2", "burn_in = 7", "burn_in = 7 leaves no period of the run to measure"),
    ("seed = 3", "seed = -1", "seed = -1 is outside \\[0, 2"),
    ("seed = 3", "seed = 99999999999999999999", r"is outside \[0, 2\^63\)"),
    ("replications = 2", "replications = 2.5", "2.5 is not a whole number"),
    ("replications = 2", "replicatoins = 2", "did you mean 'replications'"),
    ('"csi"]', '"cssi"]', "no KPI 'cssi'; did you mean 'csi'"),
    ("[arms.none]", '[arms."a b"]\n[arms.none]', "is not an arm's name"),
    ("[arms.none]", "baseline = 3\n[arms.none]", "no .* parameter 'baseline'"),
]
TARGETS = [  # a file of targets, and what is said of it
    ("metric,value\n", 'no targets column "metric"; kpi, value, tolerance must be there, and claim, firm'),
    ("kpi,valeu,tolerance\n", "did you mean 'value'"),
    ("kpi,value\nprofit,1\n", "no column tolerance; kpi, value, tolerance must be there"),
    ("kpi,value,tolerance\n", "has a header and no target"),
    ("kpi,value,tolerance\nprofit,1e400,1\n", "value = inf is not a finite number"),
    ("", "is empty; it needs a header with kpi, value, tolerance"),
]
WORDS = [  # a command, and what is said of it
    ((), "no-such-verb", "No such command 'no-such-verb'"),
    (RUN, "--sed 3", "No such option: --sed"),
    (RUN, "--seed three", "Invalid value for '--seed'"),
    (RUN, "--set seed 5", "--set seed: is not PATH=VALUE, one word without blanks"),
    (RUN, "--set seed=", "--set seed=: is not PATH=VALUE"),
    (RUN, "--set price=2", "write firms.NAME.price, NAME being north or south"),
    (RUN, "--set sed=2", "no Scenario parameter 'sed'"),
    (RUN, "--replications 0", "--replications = 0 is outside \\[1, 2"),
    (RUN, "--workers 0", "--workers = 0 is outside \\[1, 2"),
    (RUN, "--threads -1", "--threads = -1 is outside \\[1, 2"),
    (RUN, "--max-runs 3", "say that too, or leave it out"),
    (RUN, "--precision profit=1e-300", r'profit = "1e-300" is outside \[1e-100, 1e100\]'),
    (RUN, "--precision profit=0%", "is no half-width"),
    (RUN, "--precision prfit=1", "did you mean 'profit'"),
    (RUN, "--with none.py", "none.py: there is no such file"),
    (RUN, "--strict", "the study has none"),
    (COMPARE, "5 --pilot 0", "--pilot = 0 is outside \\[1, 2"),
    (COMPARE, "5 --pilot -1", "--pilot = -1 is outside \\[1, 2"),
    (COMPARE, "5%", "--zone = 5% is not a number in the KPI's unit, .*say how much it is"),
    (COMPARE, "1e+-160", r"--zone = 1e\+-160 is not a number"),
    (COMPARE, "1e-160", r"--zone = 1e-160 is outside \[1e-100, 1e100\]"),
    (COMPARE, "1e300", r"--zone = 1e\+300 is outside \[1e-100, 1e100\]"),
    (COMPARE, "0", "would take runs without end"),
    (COMPARE, "5 --confidence nan", "is not a probability"),
    (COMPARE, "5 --firm nort", "did you mean 'north'"),
    (EXPLAIN, "--method sobl", "did you mean 'sobol'"),
    (EXPLAIN, "--against nine", "--against = \"nine\" is no arm; did you mean 'none'"),
    (EXPLAIN, "--samples 3", "--samples = 3 is outside \\[8, 2"),
    (CALIBRATE, "--trials -1", "--trials = -1 is outside \\[1, 2"),
    (CALIBRATE, "--log cdnwo", "--log: no shipped log \"cdnwo\", and no file of that name; did you mean 'cdnow'"),
    (("thresholds", "study.toml"), "--kpi prfit", "--kpi = \"prfit\" is no KPI; did you mean 'profit'"),
    (("game", "study.toml"), "--firms north,suoth", "--firms = \"suoth\" is no firm; did you mean 'south'"),
    (("game", "study.toml"), "--firms north,south --arms nnoe", "--arms = \"nnoe\" is no arm; did you mean 'none'"),
    (("game", "study.toml"), "", "Missing option '--firms'"),
    (("show",), "kpi", "did you mean 'kpis'"),
    (("show", "kpis"), "zzz", "no KPI 'zzz'; leave it out to see each KPI"),
    (("new",), "../x", "is not a study's name"),
    (("report",), ".", "is not a results folder"),
    (("verify",), "none", "there is no such folder"),
    (("verify",), "study.toml", "study.toml: is a file, not a results folder$"),
    (("run",), "dirr.toml", r"dirr.toml: there is no such file in \.$"),
    (("run",), "nofile.toml", r"nofile.toml: there is no such file in \.$"),
    (("run",), "stduy.toml", "did you mean 'study.toml'"),
    (("show", "parameters"), "nosuchthing", "no parameter 'nosuchthing'; leave it out"),
    (
        ("thresholds", "study.toml"),
        "--weight nosuch.thing",
        'no weight "nosuch.thing" that the study rests on; there is',
    ),
]


@pytest.fixture
def place(tmp_path, monkeypatch):
    """A folder with a study and a file of targets, which is the current one."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "study.toml").write_text(STUDY)
    (tmp_path / "dir.toml").mkdir()
    (tmp_path / "known.csv").write_text("kpi,value,tolerance\nprofit,3,1\n")
    return tmp_path


def refused(place, capsys, *words):
    """Give a command that is refused; return the one line that is said."""
    before = sorted(place.rglob("*"))
    capsys.readouterr()
    code = main(list(words))
    out, err = capsys.readouterr()
    assert (code, out, sorted(place.rglob("*"))) == (2, "", before)
    (line,) = err.splitlines()
    assert "this is a bug" not in line
    assert "np." not in line
    return line


@pytest.mark.parametrize(("before", "after", "said"), FILES)
def test_study_files(place, capsys, before, after, said):
    assert STUDY.count(before) == 1
    (place / "study.toml").write_text(STUDY.replace(before, after))
    assert re.search(said, refused(place, capsys, *RUN))


@pytest.mark.parametrize(("text", "said"), TARGETS)
def test_targets(place, capsys, text, said):
    (place / "known.csv").write_text(text)
    assert re.search(f"^known.csv: .*{said}", refused(place, capsys, *CALIBRATE))


@pytest.mark.parametrize(("command", "more", "said"), WORDS)
def test_arguments(place, capsys, command, more, said):
    assert re.search(said, refused(place, capsys, *command, *more.split()))


@pytest.mark.parametrize("options", [(), ("--out", "mine")])
@pytest.mark.parametrize("command", [RUN, (*COMPARE, "5"), EXPLAIN, CALIBRATE])
def test_results_of_another_version_are_left_alone(place, capsys, command, options):
    ends = {"sensitivity": "_sobol", "calibrate": "_calibration"}
    folder = place / "mine" if options else place / "results" / f"study{ends.get(command[0], '')}"
    folder.mkdir(parents=True)
    (folder / "manifest.toml").write_text("format = 99\n")
    line = refused(place, capsys, *command, *options)
    assert re.search(r"has results in format 99, and this version writes \d+; they stay as is: choose another", line)
    assert (folder / "manifest.toml").read_text() == "format = 99\n"


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="makes a pipe")
@pytest.mark.parametrize("name", ["study.toml", "own.py", "known.csv"])
def test_pipes_and_folders_are_no_files(place, capsys, name):
    command = CALIBRATE if name == "known.csv" else (*RUN, "--with", "own.py")
    for make, said in ((os.mkfifo, "is a pipe or a device"), (os.mkdir, "is a folder")):
        (place / name).unlink(missing_ok=True)
        make(place / name)
        assert refused(place, capsys, *command) == f"{name}: {said}; give the path of a file"


def test_a_file_is_no_place_for_results(place, capsys):
    assert refused(place, capsys, *RUN, "--out", "known.csv").startswith("--out = known.csv is a file; give a folder")


def test_more_arms_than_can_be_compared(place, capsys):
    (place / "study.toml").write_text(STUDY + "".join(f"[arms.a{number}]\n" for number in range(20_000)))
    assert "arms: 20,002 are more than the 1,000 that are compared" in refused(place, capsys, *RUN)
