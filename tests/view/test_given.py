"""What was read of a study's logs and graphs is said, by the command and in the report."""

from pathlib import Path

import networkx as nx
import pytest

from abm.cli import main
from abm.scenario.scenario import Scenario
from abm.study.plan.experiment import Experiment
from abm.view import given
from abm.world.network.network import Network

STUDY = """
replications = 2
kpis = ["profit"]
[scenario]
periods = 4
population = { customers = 12, log = "cdnow", log_until = "1997-09-30" }
network = { kind = "file", file = "ties.csv" }
[arms.none]
[arms.other]
"network.file" = "more.csv"
"""
TIES = "ties ties.csv: 3 people with 2 ties; line 1 is taken for a header; 9 of 12 customers have no tie"
MORE = "ties more.csv: 12 people with 12 ties"


@pytest.mark.slow
def test_the_command_and_the_report_say_what_was_read(tmp_path, capsys):
    (tmp_path / "ties.csv").write_text("u,v\nAnn,Bob\nBob,Cy\n")
    nx.write_edgelist(nx.cycle_graph(12), tmp_path / "more.csv")
    (tmp_path / "study.toml").write_text(STUDY)
    assert main(["run", str(tmp_path / "study.toml"), "--workers", "1"]) == 0
    err, page = capsys.readouterr().err.splitlines(), (tmp_path / "results/study/report.html").read_text()
    assert TIES in err
    assert MORE in err
    (log,) = [line for line in err if line.startswith("log ")]
    assert log.startswith("log cdnow.csv: 4,960 rows, 2,357 customers, 1997-01-01 to 1997-09-30; BG/NBD over 2,357 ")
    for line in (TIES, MORE):
        assert f"T{line[1:]}." in page
    assert "Log cdnow.csv: 4,960 rows" in page


def test_a_drawn_graph_needs_no_words_and_files_that_are_gone_have_none(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert given.lines(Experiment(name="x", scenario=Scenario())) == []
    Path("ties.csv").write_text("0 1\n")
    study = Experiment(name="x", scenario=Scenario(network=Network(kind="file", file="ties.csv")))
    assert given.lines(study) == ["ties ties.csv: 2 people with 1 tie; 998 of 1,000 customers have no tie"]
    Path("ties.csv").unlink()
    assert given.lines(study) == []


SERVED = """
replications = 2
kpis = ["profit"]
[scenario]
periods = 4
population = { customers = 12 }
waiting_line = {}
[[scenario.firms]]
name = "north"
waiting_line = { servers = 2 }
[[scenario.firms]]
name = "south"
[arms.as_is]
"firms.south.waiting_line.servers" = 0
[arms.none]
"firms.north.waiting_line.servers" = 0
[arms.later]
from = 2
"firms.north.waiting_line.servers" = 0
[arms.more]
"firms.north.waiting_line.servers" = 3
"""
NO_LIMIT = (
    "firms.north.waiting_line.servers = 0 of arms 'none' and 'later' is enough for everybody, not nobody on duty: "
    "there is no waiting line, and no server is paid"
)


@pytest.mark.slow
def test_no_servers_are_servers_enough_for_everybody(tmp_path, capsys):
    (tmp_path / "study.toml").write_text(SERVED)
    assert main(["run", str(tmp_path / "study.toml"), "--workers", "1"]) == 0
    err, page = capsys.readouterr().err.splitlines(), (tmp_path / "results/study/report.html").read_text()
    assert [line for line in err if "servers" in line] == [NO_LIMIT]
    assert f"F{NO_LIMIT[1:]}.".replace("'", "&#x27;") in page
