"""What commands that do runs share."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest

import abm
from abm.cli import main
from abm.commands import doing
from abm.study.running.parallelism import Parallelism

STUDY = "replications = 2\n[scenario]\nperiods = 3\n[scenario.population]\ncustomers = 20\n[arms.a]\n[arms.b]\n"


def test_what_is_about_to_be_done():
    world = abm.Scenario(population=abm.Population(customers=1500), periods=3)
    study = abm.Experiment("one", world, {"a": {}, "b": {}}, abm.grid({"trust.growth": [0.1, 0.2]}), 5)
    words = "one: 2 arms x 2 points x 5 replications = 20 runs of 1,500 customers over 3 periods, here"
    assert doing.intention(study, "here") == f"{words}; the firms are the default ones, north, east and south"
    assert doing.resources(study, 20, 3, None).startswith("3 processes; about 1 s and ")
    assert doing.resources(study, 20, None, None, "tcp://one:8786") == "on the cluster tcp://one:8786"
    assert doing.processes_and_threads(Parallelism(3, 2, try_here_first=True)) == "up to 3 processes of 2 threads"
    with pytest.raises(abm.Refusal, match="workers = 3 counts processes of this machine, and a cluster has its own"):
        doing.resources(study, 20, 3, None, "tcp://one:8786")


@pytest.mark.parametrize(
    ("place", "typed", "said"),
    [
        ("zone", {}, "--zone = 0 is nothing"),
        ("max_runs", {}, "--max-runs = 0 is nothing"),
        ("forgiven", {}, "--forgive = 0 is nothing"),
        ("precision.profit", {}, "--precision profit = 0 is nothing"),
        ("seed", {"seed": 0}, "--seed = 0 is nothing"),
        ("seed", {"seed": None}, "a.toml: seed = 0 is nothing"),
        ("factors.trust.growth", {"factors": ["trust.growth"]}, "--factor trust.growth = 0 is nothing"),
        ("design.factors.trust.growth", {"factors": ["trust.growth"]}, "--factor trust.growth = 0 is nothing"),
        ("factors.trust.growth", {"factors": []}, "a.toml: design.factors.trust.growth = 0 is nothing"),
        ("design.factors", {}, "a.toml: design.factors = 0 is nothing"),
        ("kpis[0]", {"seed": 1}, "a.toml: kpis[0] = 0 is nothing"),
        ("", {}, "a.toml: 0 is nothing"),
    ],
)
def test_a_mistake_is_in_an_option_or_in_the_file(place, typed, said):
    assert str(doing.with_origin(abm.Refusal("= 0 is nothing", place=place), Path("x/a.toml"), **typed)) == said
    source = abm.Refusal("= 0 is nothing", place=place, source="log.csv")
    assert doing.with_origin(source, Path("x/a.toml"), **typed) is source


@pytest.mark.parametrize("place", ["cluster", str(Path("results").absolute())])
def test_what_is_wrong_with_a_cluster_or_a_folder_is_not_in_the_file(place):
    refusal = abm.Refusal("is gone", place=place)
    assert doing.with_origin(refusal, Path("x/a.toml")) is refusal


@pytest.mark.parametrize("cluster", [None, "tcp://one:8786"])
def test_only_what_is_done_here_is_compiled_here(capsys, monkeypatch, cluster):
    monkeypatch.setattr(doing, "compiled", lambda _: False)
    study = abm.Experiment("one", abm.Scenario(periods=1), {"a": {}}, replications=2)
    with doing.Watch(study, cluster) as watch:
        watch.update(0, 2, 0, 1.0)
    assert (doing.COMPILING in capsys.readouterr().err) == (cluster is None)


@pytest.mark.slow
def test_a_run_says_first_what_it_takes(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("small.toml").write_text(STUDY)
    main(["run", "small.toml", "--workers", "1"])
    first = capsys.readouterr().err.splitlines()[0]
    assert first == (
        "small: 2 arms x 2 replications = 4 runs of 20 customers over 3 periods, 1 process; "
        "about 1 s and 0.2 GiB of memory; the firms are the default ones, north, east and south"
    )


def test_years_are_refused_before_anything_is_written(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("long.toml").write_text(STUDY)
    options = ["--set", "population.customers=1000000", "--set", "periods=10000", "--replications", "100000"]
    assert main(["run", "long.toml", "--workers", "2", *options]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("long.toml: 200,000 runs would take about ")
    assert " years and " in line
    assert [path.name for path in tmp_path.iterdir()] == ["long.toml"]


@pytest.mark.parametrize("name", [".", "..", "../x", "a/b", "a:b", "a\\b"])
def test_a_name_that_leads_elsewhere_is_no_folder(name):
    with pytest.raises(abm.Refusal, match="is no name for a folder; change it, or say --out DIR"):
        doing.results_folder(None, Path("x/study.toml"), name)


def test_results_lie_beside_the_study():
    assert doing.results_folder(None, Path("x/study.toml"), "study") == Path("x/results/study")
    assert doing.results_folder(None, Path("x/study.toml"), "study", "_more") == Path("x/results/study_more")
    assert doing.results_folder(Path("there"), Path("x/study.toml"), "../study") == Path("there")


@pytest.mark.slow
def test_a_folder_of_another_study_is_noted(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("one", "other"):
        Path(f"{name}.toml").write_text(STUDY)
    assert main(["run", "one.toml", "--workers", "1", "--out", "there"]) == 0
    assert "there has results" not in capsys.readouterr().err
    assert main(["run", "other.toml", "--workers", "1", "--out", "there"]) == 0
    note = (
        'there has results of another study, "one": its runs stay in the folder, but what is read and reported there '
        'will be "other"; to keep both apart, choose another folder'
    )
    assert note in capsys.readouterr().err
    with pytest.warns(UserWarning, match='there has results of another study, "other"'):
        abm.run("one.toml", "there", workers=1)


@pytest.fixture
def clock(monkeypatch):
    """A clock that is set by hand."""
    now = [0.0]
    monkeypatch.setattr(doing, "time", SimpleNamespace(monotonic=lambda: now[0]))
    return now


def test_where_no_terminal_is_a_line_is_said_every_half_minute(capsys, clock):
    lines = doing.Lines()
    for clock[0] in (0.0, 29.0, 30.0, 59.0, 61.0):
        lines.say(f"after {clock[0]:.0f} s")
    assert capsys.readouterr().err.splitlines() == ["after 30 s", "after 61 s"]


def test_a_watch_says_how_far_runs_are(capsys, monkeypatch, clock):
    monkeypatch.setattr(doing, "compiled", lambda _: True)
    study = abm.Experiment("one", abm.Scenario(periods=1), {"a": {}}, replications=5040)
    with doing.Watch(study) as watch:
        for clock[0], done in ((1.0, 10), (31.0, 1200), (62.0, 5040)):
            watch.update(done, 5040, 0, 180.0)
    assert capsys.readouterr().err.splitlines() == ["1,200 of 5,040 runs, about 3 min left"]


def test_a_terminal_has_the_bar_and_no_lines(capsys, monkeypatch, clock):
    monkeypatch.setattr(doing.output, "standard_error", lambda: SimpleNamespace(is_terminal=True))
    lines = doing.Lines()
    clock[0] = 1e6
    lines.say("never")
    assert not capsys.readouterr().err
