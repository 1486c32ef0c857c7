"""What commands that do runs share."""

from __future__ import annotations

from pathlib import Path

import pytest

import abm
from abm.cli import main
from abm.commands import doing
from abm.study.running.estimate import Estimate
from abm.study.running.staff import Staff

STUDY = "replications = 2\n[scenario]\nperiods = 3\n[scenario.population]\ncustomers = 20\n[arms.a]\n[arms.b]\n"


def test_what_is_about_to_be_done():
    world = abm.Scenario(population=abm.Population(customers=1500), periods=3)
    study = abm.Experiment("one", world, {"a": {}, "b": {}}, abm.grid({"trust.growth": [0.1, 0.2]}), 5)
    expected = Estimate(20, 130.0, 3 * 2**29)
    words = "one: 2 arms x 2 points x 5 replications = 20 runs of 1,500 customers over 3 periods, "
    end = "; about 2 min and 1.5 GiB of memory"
    assert doing.intention(study, Staff(3, 1), expected) == f"{words}3 processes{end}"
    assert doing.intention(study, Staff(3, 2, trial=True), expected) == f"{words}up to 3 processes of 2 threads{end}"


def test_a_run_says_first_what_it_takes(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("small.toml").write_text(STUDY)
    main(["run", "small.toml", "--workers", "1"])
    first = capsys.readouterr().err.splitlines()[0]
    assert first == (
        "small: 2 arms x 2 replications = 4 runs of 20 customers over 3 periods, 1 process; "
        "about 1 s and 0.2 GiB of memory"
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
        doing.results_folder(Path("x/study.toml"), name)


def test_results_lie_beside_the_study():
    assert doing.results_folder(Path("x/study.toml"), "study") == Path("x/results/study")
