"""Input files: they count by content, must be usable, and stay with the results."""

import networkx as nx
import pytest

from abm.core.errors import Refusal
from abm.scenario.scenario import Scenario
from abm.study.plan.design import grid
from abm.study.plan.experiment import Experiment, load
from abm.study.provenance import inputs
from abm.study.running.pool import packed, unpacked
from abm.study.running.runner import run
from abm.study.running.verify import verify
from abm.world import fitted
from abm.world.network.network import Network

STUDY = """
replications = 2
[scenario]
periods = 3
population = { customers = 4 }
network = { kind = "file", file = "ties.csv" }
"""


@pytest.fixture
def folder(tmp_path):
    study = tmp_path / "study"
    study.mkdir()
    (study / "study.toml").write_text(STUDY)
    (study / "ties.csv").write_text("0,1\n1,2\n2,3\n")
    return study


def test_no_files_are_named_by_a_plain_scenario():
    assert inputs.named(Scenario()) == ()
    assert inputs.named(Scenario(population={"log": "cdnow"})) == ()


def test_logs_and_graphs_are_named():
    scenario = Scenario(population={"log": "logs/mine.csv"}, network={"kind": "file", "file": "ties.csv"})
    assert inputs.named(scenario) == ("logs/mine.csv", "ties.csv")


def test_content_counts_not_the_name_of_the_folder(folder, tmp_path):
    first = load(folder / "study.toml")
    copy = folder.rename(tmp_path / "elsewhere")
    assert list(load(copy / "study.toml").sheet.ids) == list(first.sheet.ids)
    (copy / "ties.csv").write_text("0,1\n1,2\n0,3\n")
    assert not set(load(copy / "study.toml").sheet.ids) & set(first.sheet.ids)


def test_files_of_arms_and_factors_count(folder):
    (folder / "other.csv").write_text("0,3\n")
    text = STUDY + '[arms.other]\n"network.file" = "other.csv"\n[arms.same]\n'
    (folder / "study.toml").write_text(text)
    assert set(load(folder / "study.toml").inputs) == {"ties.csv", "other.csv"}
    plain = load(folder / "study.toml").replace(arms={}, design=grid({"network.file": ["ties.csv", "other.csv"]}))
    assert set(plain.inputs) == {"ties.csv", "other.csv"}


@pytest.mark.parametrize(
    ("content", "message"),
    [(None, "ties.csv"), ("0,1\n1,7\n", "7"), ("", "ties.csv"), ("one,two,three,four,five\n", "ties.csv")],
)
def test_unusable_files_are_refused_when_loaded(folder, content, message):
    (folder / "ties.csv").unlink()
    if content is not None:
        (folder / "ties.csv").write_text(content)
    with pytest.raises(Refusal, match=message):
        load(folder / "study.toml")


@pytest.mark.parametrize("name", ["../outside.csv", "/etc/passwd"])
def test_files_outside_the_folder_are_refused(folder, name):
    (folder.parent / "outside.csv").write_text("0,1\n")
    (folder / "study.toml").write_text(STUDY.replace("ties.csv", name))
    with pytest.raises(Refusal, match="outside the study's folder"):
        load(folder / "study.toml")


def test_a_relative_file_is_found_from_elsewhere(folder, study, tmp_path, monkeypatch):
    monkeypatch.chdir(folder)
    world = Scenario(periods=3, population={"customers": 4}, network={"kind": "file", "file": "ties.csv"})
    experiment = study(scenario=world)
    monkeypatch.chdir(tmp_path)
    assert len(run(experiment, workers=2).failed) == 0


def test_results_hold_their_input_files(folder, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # not where the files are
    results = run(load(folder / "study.toml"), tmp_path / "results", workers=1)
    assert len(results.failed) == 0
    assert (tmp_path / "results" / "inputs" / "ties.csv").read_bytes() == (folder / "ties.csv").read_bytes()
    (folder / "ties.csv").unlink()
    assert verify(tmp_path / "results").ok


def test_what_was_read_of_a_log_goes_along_to_worker_processes(tmp_path, monkeypatch):
    rows = [f"{k * k % 97 % 40 * (k % 3)},2024-{1 + k % 11:02d}-{1 + k * k % 28:02d},{5 + k % 13}" for k in range(200)]
    (tmp_path / "log.csv").write_text("\n".join(["customer,date,amount", *rows]))
    experiment = Experiment(name="x", scenario=Scenario(population={"log": "log.csv"}), folder=tmp_path)
    sent = packed(experiment)
    monkeypatch.setattr(fitted, "_READINGS", {})
    there = unpacked(sent, experiment.sheet.digests, "")
    monkeypatch.setattr("abm.logs.purchases.read_log", None)
    assert there.scenario.population.log_file(tmp_path).reading().rows == 200


def test_a_graph_of_ones_own_counts_and_is_saved_with_the_study(tmp_path):
    def study(graph):
        network = Network(graph=graph)
        return Experiment(name="x", scenario=Scenario(periods=3, population={"customers": 9}, network=network))

    ring, line = study(nx.cycle_graph(9)), study(nx.path_graph(9))
    ring.save(tmp_path / "ring.toml")
    assert load(tmp_path / "ring.toml") == ring
    assert not set(ring.sheet.ids) & set(line.sheet.ids)
    assert list(load(tmp_path / "ring.toml").sheet.ids) == list(ring.sheet.ids)
    assert len(run(ring.replace(replications=2), workers=2).failed) == 0
    with pytest.raises(Refusal, match="the graph has 12 nodes, but there are 9 customers"):
        study(nx.path_graph(12))
