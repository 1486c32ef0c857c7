"""`patronage run --precision`: what may be asked, what is said at each look, how the command ends."""

import json

import pytest

from abm.cli import main
from abm.commands import precise
from abm.core.errors import Refusal
from abm.study.storage.results import read
from abm.view import figures

STUDY = """\
seed = 3
replications = 3
kpis = ["profit", "csi", "programme_cost"]
[scenario]
periods = 30
burn_in = 4
[scenario.population]
customers = 50
[[scenario.firms]]
name = "north"
[[scenario.firms]]
name = "south"
[arms.none]
[arms.service]
"firms.north.service.quality" = 0.95
"""


@pytest.fixture
def study(tmp_path, monkeypatch):
    """A study file in an empty folder, which is the current one; its report has no figures."""
    monkeypatch.setattr(figures, "draw", lambda *_: [])
    monkeypatch.chdir(tmp_path)
    (tmp_path / "study.toml").write_text(STUDY)
    return "study.toml"


def said(capsys, *arguments):
    """Run a command in this process; return exit code, output and the lines on standard error."""
    capsys.readouterr()
    code = main(["run", *arguments, "--workers", "1"])
    out, err = capsys.readouterr()
    assert "Traceback" not in err
    return code, out, err.splitlines()


class TestAsked:
    def test_goals(self):
        assert precise.asked(["profit=5", " csi.south = 1% "], None) == {"profit": "5", "csi.south": "1%"}
        assert precise.asked([], None) == {}

    @pytest.mark.parametrize("option", ["profit", "=5", "profit=", ""])
    def test_what_is_no_goal(self, option):
        with pytest.raises(Refusal, match="is not KPI=HALFWIDTH, such as profit=5"):
            precise.asked([option], None)

    def test_twice(self):
        with pytest.raises(Refusal, match='"profit" is given twice'):
            precise.asked(["profit=5", "profit=6"], None)

    def test_a_budget_of_nothing(self):
        with pytest.raises(Refusal, match="--max-runs is the budget of --precision"):
            precise.asked([], 100)


class TestCommand:
    def test_reached(self, study, capsys):
        code, out, err = said(capsys, study, "--precision", "profit=1e6", "--precision", "csi.south=50%")
        assert code == 0
        assert "2 arms x 20 replications = 40 runs" in err[0]
        assert any(line.startswith("20 replications: profit of north ±") for line in err)
        text = " ".join(out.split())
        assert "after 20 replications (40 runs) profit of north, every arm minus 'none', is known to ±" in text
        assert "csi of south, every arm minus 'none', is known to ±" in text

    def test_the_budget_ends_it_and_the_same_command_has_nothing_to_do(self, study, capsys, tmp_path):
        asked = (study, "--precision", "profit=0.001", "--max-runs", "50")
        code, out, err = said(capsys, *asked)
        assert code == 1
        looks = [line.split(":")[0] for line in err if " replications: " in line]
        assert looks == ["20 replications", "24 replications", "25 replications"]
        assert all("of ±0.001; about " in line for line in err if " replications: " in line)
        assert "only (wanted ±0.001)" in " ".join(out.split())
        assert read("results/study").sheet.replications == 25
        command = 'command = "patronage run study.toml --precision profit=0.001 --max-runs 50"'
        assert command in (tmp_path / "results" / "study" / "manifest.toml").read_text()
        again, second, err = said(capsys, *asked)
        assert (again, second) == (1, out)
        assert any("all 50 runs are stored already" in line for line in err)

    def test_the_table_and_the_report_have_the_intervals_that_are_stopped_on(self, study, capsys, tmp_path):
        _, out, _ = said(capsys, study, "--precision", "profit=1e6", "--json")
        document = json.loads(out)
        (known,) = document["precision"]["table"]
        rows = {(row["kpi"], row["firm"], row["arm"]): row for row in document["table"]}
        row = rows["profit", "north", "service"]
        assert (row["low"], row["high"]) == pytest.approx(
            (row["difference"] - known["half_width"], row["difference"] + known["half_width"])
        )
        results = read("results/study")
        for kpi, firm in (("csi", "north"), ("profit", "south")):
            student = results.paired(kpi, "service", firm=firm)
            assert (rows[kpi, firm, "service"]["low"], rows[kpi, firm, "service"]["high"]) == (
                student.low,
                student.high,
            )
        out = said(capsys, study, "--precision", "profit=1e6")[1]
        assert "Intervals of profit allow for stopping as soon as they are narrow enough." in " ".join(out.split())
        page = tmp_path / "results" / "study" / "report.html"
        before = page.read_text()
        assert "Intervals of profit allow for stopping" in before
        page.unlink()
        assert main(["report", "results/study"]) == 0
        assert page.read_text() == before

    def test_a_report_of_other_runs_says_nothing_of_it(self, study, capsys, tmp_path):
        said(capsys, study, "--precision", "profit=1e6")
        assert precise.known(tmp_path / "results" / "study") is not None
        said(capsys, study)
        assert precise.known(tmp_path / "results" / "study") is None
        assert "allow for stopping" not in (tmp_path / "results" / "study" / "report.html").read_text()

    def test_document(self, study, capsys):
        code, out, _ = said(capsys, study, "--precision", "profit=1e6", "--json")
        found = json.loads(out)["precision"]
        assert code == 0
        assert (found["reached"], found["replications"]) == (True, 20)
        (row,) = found["table"]
        assert (row["kpi"], row["firm"], row["arm"], row["pairs"], row["reached"]) == (
            "profit", "north", "service", 20, True,
        )  # fmt: skip
        assert 0 < row["half_width"] < row["wanted"] == 1e6
        assert "precision" not in json.loads(said(capsys, study, "--json")[1])

    @pytest.mark.parametrize(
        ("arguments", "line"),
        [
            (["--precision", "proft=5"], "--precision: no KPI \"proft\"; did you mean 'profit'?"),
            (["--precision", "profit=-5"], '--precision profit = "-5" is no half-width'),
            (["--precision", "profit"], '--precision: "profit" is not KPI=HALFWIDTH'),
            (["--precision", "profit=5", "--max-runs", "39"], "--max-runs = 39 is below the first look"),
            (["--max-runs", "39"], "--max-runs is the budget of --precision"),
        ],
    )
    def test_refused_before_anything_runs(self, study, capsys, tmp_path, arguments, line):
        code, out, err = said(capsys, study, *arguments)
        assert (code, out) == (2, "")
        assert err[-1].startswith(line)
        assert not (tmp_path / "results").exists()

    def test_a_share_of_nothing_is_refused_in_one_line(self, study, capsys):
        code, out, err = said(capsys, study, "--precision", "programme_cost=1%")
        assert (code, out) == (2, "")
        assert "precision.programme_cost = 1% is a share of the mean of 'none', which is 0" in err[-1]
