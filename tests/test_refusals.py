"""What a user may get wrong in a study file: refused in one plain line, with exit code 2 and nothing written.

And what is defined, not refused: self-loops, duplicate ties, isolated customers, one customer, no period, one arm.
"""

from __future__ import annotations

import json
import pickle
import re

import networkx as nx
import pytest

import abm
from abm.cli import main
from abm.view import figures
from abm.world.network.graphs import from_networkx

HEAD = "replications = 2\n[scenario]\nperiods = 4\n"
GRAPH = '[scenario.population]\ncustomers = 4\n[scenario.network]\nkind = "file"\nfile = "{}"\n'
ARMS = '[arms.none]\n[arms.cheap]\n"firms.north.price" = 0.9\n'


@pytest.fixture
def place(tmp_path, monkeypatch):
    """An empty folder, which is the current one."""
    folder = tmp_path / "studies"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


def refused(place, capsys, text, *options, source="study.toml"):
    """Run a study that is refused; return the one line, without the name of the file it begins with."""
    data = text.encode() if isinstance(text, str) else text
    (place / "study.toml").write_bytes(data)
    before = sorted(place.rglob("*"))
    for json_too in ((), ("--json",)):
        capsys.readouterr()
        code = main(["run", "study.toml", "--workers", "1", *options, *json_too])
        out, err = capsys.readouterr()
        assert (code, out) == (2, "")
        assert sorted(place.rglob("*")) == before  # nothing half-written, no results folder
        (line,) = err.splitlines()
        assert line.startswith(f"{source}: ")
    return line.removeprefix(f"{source}: ")


SETTING = [
    # unknown and duplicate keys
    ("questin = 'a'", "no study key 'questin'; did you mean 'question'?"),
    ("[scenario]\nperiod = 4", "scenario: no Scenario parameter 'period'; did you mean 'periods'?"),
    ("[scenario.word_of_mouth]\ncontact_rte = 0.1", "parameter 'contact_rte'; did you mean 'contact_rate'?"),
    ("[scenario.wordofmouth]\n", "no Scenario parameter 'wordofmouth'; did you mean 'word_of_mouth'?"),
    ("[[scenario.firms]]\nname = 'n'\n[scenario.firms.service]\nqualty = 0.5", "'qualty'; did you mean 'quality'?"),
    ("[arms.a]\n'firms.nort.price' = 1.0", "arms.a: no 'nort' in 'firms'; did you mean 'north'?"),
    ("[arms.a]\n'firms.north.program' = { preset = 'pionts' }", "'pionts'; did you mean 'points'?"),
    ("[scenario]\npreset = 'retial'", "no scenario preset 'retial'; did you mean 'retail'?"),
    ("kpis = ['profits']", "kpis[0]: no KPI 'profits'; did you mean 'profit'?"),
    ("[design.factors]\n'word_of_mouth.contact_rte' = [0.1]", "did you mean 'contact_rate'?"),
    ("seed = 1\nseed = 2", "line 2, column 9: the same key is given twice: seed = 2"),
    ("[scenario]\nperiods = 4\n[scenario]\nburn_in = 1", "the table [scenario] is given twice"),
    # wrong types
    ("[scenario.population]\ncustomers = 'five'", 'scenario.population.customers = "five" is not a whole number'),
    ("[scenario.population]\ncustomers = 1e3", "customers = 1000.0 is not a whole number; write 1000"),
    ("[scenario.population]\ncustomers = true", "customers = true is not a whole number"),
    ("[scenario.trust]\ngrowth = true", "scenario.trust.growth = true is not a number"),
    ("[scenario.trust]\ngrowth = '0.1'", 'growth = "0.1" is not a number; write 0.1 without quotes'),
    ("[scenario]\nperiods = [4]", "scenario.periods = [4] is not a whole number"),
    ("[scenario.network]\nkind = 'smal_world'", 'kind = "smal_world" is not one of watts_strogatz'),
    ("scenario = 3", "scenario = 3 is not a table"),
    ("[arms]\na = 3", "arms.a = 3 is not a table"),
    ("replications = true", "replications = true is not a whole number"),
    ("seed = 1.0", "seed = 1.0 is not a whole number"),
    # numbers that are none, and numbers out of bounds
    ("[scenario.trust]\ngrowth = nan", "scenario.trust.growth = nan is not a finite number"),
    ("[scenario.trust]\ngrowth = inf", "scenario.trust.growth = inf is not a finite number"),
    ("[arms.a]\n'trust.growth' = -inf", "trust.growth = -inf is not a finite number"),
    ("[design.factors]\n'trust.growth' = [0.1, nan]", "trust.growth = nan is not a finite number"),
    ("[scenario.word_of_mouth]\ncontact_rate = 1.5", "= 1.5 is outside [0, 1] (1/story/tie)"),
    ("[[scenario.firms]]\nname = 'north'\nprice = -1.0", "= -1.0 is outside [0, 1000] (index) (firms[0] is 'north')"),
    ("[arms.a]\n'firms.north.service.quality' = 2.0", "quality = 2.0 is outside [0, 0.99]"),
    ("replications = 0", "replications = 0 is outside [1, "),
    ("seed = -1", "seed = -1 is outside [0, "),
    ("name = '../elsewhere'", 'name = "../elsewhere" is no name for a folder; change it, or say --out DIR'),
    ("name = ''", 'name = "" says nothing'),
    # claims
    ("[[expect]]\nkpi = 'profit'\nabov = 0", "expect[0]: no Criterion parameter 'abov'; did you mean 'above'?"),
    ("[arms.a]\n[arms.b]\n[[expect]]\nkpi = 'profit'\narm = 'bb'\nabove = 0", "no arm; did you mean 'b'?"),
    ("[[expect]]\nkpi = 'profit'\nlevel = true\nabove = nan", "expect[0].above = nan is not a finite number"),
    ("expect = 1", "expect = 1 is not a list of criteria"),
    # what does not fit together
    ("[scenario]\nperiods = 4\nburn_in = 5", "burn_in = 5 leaves no period of the run to measure (periods = 4)"),
    ("[scenario.switching_cost]\nprocedural = 0.5", "switching_cost: procedural + financial + relational = 1.1; the"),
    ("[scenario.population]\nsegments = [{name = 'a', share = 0.5}]", "segments: the shares add to 0.5, not 1"),
    ("[scenario.population.correlation]\npurchase_rate_baskt = 0.1", "did you mean 'purchase_rate_basket'?"),
    ("[scenario.network]\nsegment_homophily = 0.5", "= 0.5 needs segments, and the population has no segments"),
    ("[[scenario.firms]]\nname = 'a'\n[[scenario.firms]]\nname = 'a'", "two firms are called 'a'"),
    ("baseline = 'nobody'\n[arms.a]", 'baseline = "nobody" is no arm; there is a'),
    ("[arms.a]\nfirms.north.price = 1.0", 'write the whole path in quotes: "firms.north.price" = …'),
]  # fmt: skip


@pytest.mark.parametrize(("text", "message"), SETTING, ids=[text.replace("\n", " ") for text, _ in SETTING])
def test_settings(place, capsys, text, message):
    assert message in refused(place, capsys, text)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "is empty"),
        (b"# nothing but words\n", "is empty"),
        ('question = "größer"\n'.encode("latin-1"), "is not UTF-8 text at byte 15 (0xf6, line 1); save it as UTF-8"),
        ('question = "a"\n'.encode("utf-16"), "is not UTF-8 text at byte 1"),
        (b"seed = \n", "line 1"),
        (b"[scenario\n", "line 1"),
        (pickle.dumps({"seed": 1}), "is not UTF-8 text"),
        (b"seed = " + b"9" * 5000, "thousands of digits"),
        (b"a = " + b"[" * 5000, "nested too deeply"),
    ],
    ids=["empty", "comment", "latin-1", "utf-16", "no value", "no bracket", "pickle", "digits", "nested"],
)
def test_files_that_are_no_study(place, capsys, data, message):
    assert message in refused(place, capsys, data)


def test_a_missing_file(place, capsys):
    (place / "study.toml").write_text("seed = 1\n")
    assert main(["run", "stdy.toml"]) == 2
    assert capsys.readouterr().err == "stdy.toml: there is no such file in .; did you mean 'study.toml'?\n"


def test_a_folder_in_place_of_a_file(place, capsys):
    assert main(["run", "."]) == 2
    assert len(capsys.readouterr().err.splitlines()) == 1


def test_a_thousand_million_combinations(place, capsys):
    paths = [
        "trust.growth", "trust.fall", "learning.settled_rate", "learning.newcomer_rate", "learning.expectation_rate",
        "word_of_mouth.decay", "word_of_mouth.base", "word_of_mouth.delight", "word_of_mouth.contact_rate",
    ]  # fmt: skip
    levels = [k / 10 for k in range(10)]
    factors = "".join(f'"{path}" = {levels}\n' for path in paths)
    line = refused(place, capsys, f"[design.factors]\n{factors}")
    assert "1,000,000,000 combinations" in line
    assert "at most 10,000,000 runs" in line


def test_too_many_runs(place, capsys):
    line = refused(place, capsys, ARMS, "--replications", "1000000000")
    assert "2,000,000,000 runs; an experiment has at most 10,000,000" in line


@pytest.mark.parametrize(
    ("customers", "message"),
    [(2_000_000_000, r"[0-9]+ GiB of memory"), (1_000_000_000_000, r"[0-9]+ GiB of memory")],
)
def test_too_many_customers(place, capsys, customers, message):
    line = refused(place, capsys, f"[scenario.population]\ncustomers = {customers}\n")
    assert f"customers = {customers}" in line
    assert re.search(message, line)


@pytest.mark.parametrize("path", ["../log.csv", "/etc/hostname", "sub/../../log.csv", "link.csv"])
def test_paths_outside_the_folder(place, capsys, path):
    (place.parent / "log.csv").write_text("customer,date,amount\n")
    (place / "link.csv").symlink_to(place.parent / "log.csv")
    for text in (f'[scenario.population]\nlog = "{path}"\n', HEAD + GRAPH.format(path)):
        assert "outside the study's folder" in refused(place, capsys, text)


@pytest.mark.parametrize("name", ["graph.pickle", "graph.pkl", "graph.txt"])
def test_pickles_are_never_read(place, capsys, name):
    (place / name).write_bytes(pickle.dumps([(0, 1)]))
    line = refused(place, capsys, HEAD + GRAPH.format(name), source=name)
    assert line.startswith("pickles are never read, because they can run code")


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("ties.txt", "0 1\n1 9\n", "line 2: customer 9 does not exist; customers are numbered from 0 to 3"),
        ("ties.csv", "source,target\n0,1\n\n2,-1\n", "line 4: "),
        ("ties.txt", "1 2\n01 3\n", "line 2: 01 and 1 read as the same customer; write her in one way only"),
        ("ties.txt", "0 1 nan\n", "line 1: "),
        ("ties.txt", "0 1 -2\n", "line 1: "),
        ("ties.txt", "0\n", "line 1: "),
        ("ties.txt", "", "is empty"),
    ],
)
def test_graphs_with_a_mistake(place, capsys, name, text, message):
    (place / name).write_text(text)
    assert message in refused(place, capsys, HEAD + GRAPH.format(name), source=name)


def test_one_and_one_are_two_labels_that_look_alike():
    graph = nx.Graph([(1, "1")])
    with pytest.raises(abm.Refusal, match="the graph has the nodes 1 and '1', which look alike"):
        from_networkx(graph)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--set", "population.customers"], "--set population.customers: is not PATH=VALUE"),
        (["--set", "population.custmers=5"], "did you mean 'customers'?"),
        (["--set", "population.customers=five"], 'population.customers = "five" is not a whole number'),
        (["--set", "arms.chep.firms.north.price=1"], "no arm 'chep'; did you mean 'cheap'?"),
        (["--replications", "0"], "--replications = 0 is outside [1, "),
        (["--seed", "-1"], "--seed = -1 is outside [0, "),
        (["--workers", "0"], "--workers = 0 is outside [1, "),
        (["--threads", "0"], "--threads = 0 is outside [1, "),
    ],
)
def test_options(place, capsys, options, message):
    (place / "study.toml").write_text(HEAD + ARMS)
    assert main(["run", "study.toml", *options]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    (line,) = err.splitlines()
    assert message in line
    assert not (place / "results").exists()


DEFINED = {
    "self-loops and duplicates": (GRAPH.format("ties.txt"), "0 0\n0 1\n0 1\n1 0\n2 3\n"),
    "isolated customers": (GRAPH.format("ties.txt"), "0 1\n"),
    "disconnected": (GRAPH.format("ties.txt"), "0 1\n2 3\n"),
    "no ties": ("[scenario.network]\nkind = 'erdos_renyi'\nneighbours = 0\n", ""),
    "one customer": ("[scenario.population]\ncustomers = 1\n", ""),
    "one firm": ("[[scenario.firms]]\nname = 'north'\n", ""),
}


@pytest.mark.parametrize("case", DEFINED)
def test_defined_not_refused(place, capsys, monkeypatch, case):
    monkeypatch.setattr(figures, "draw", lambda *_: [])  # takes its time, and draws the same for all
    text, ties = DEFINED[case]
    (place / "ties.txt").write_text(ties)
    (place / "study.toml").write_text(HEAD + text + ARMS)
    assert main(["run", "study.toml", "--workers", "1", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["failed"] == 0


@pytest.mark.parametrize("text", ["replications = 2\n[scenario]\nperiods = 0\n" + ARMS, HEAD, HEAD + "[arms.only]\n"])
def test_no_period_and_one_arm_are_defined(place, capsys, text):
    (place / "study.toml").write_text(text)
    assert main(["run", "study.toml", "--workers", "1"]) == 0
    out = capsys.readouterr().out
    assert "no arm is shown" in out or "there is only the arm" in out
    assert (place / "results" / "study" / "report.html").exists()


def test_self_loops_are_dropped_and_counted():
    ties = from_networkx(nx.Graph([(0, 0), (0, 1)]))
    assert ties.dropped["self_loops"] == 1
