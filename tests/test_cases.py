"""Small inputs that first users failed with: each folder of cases behaves as its README says.

The folder is not shipped: it is looked for beside the project, or where PATRONAGE_CASES says, and without it there is
nothing to test here. Every kind of fault has tests of its own beside the code that had it.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
CASES = Path(os.environ.get("PATRONAGE_CASES", ROOT.parent / "shared" / "cases"))
pytestmark = [pytest.mark.slow, pytest.mark.skipif(not CASES.is_dir(), reason="there is no folder of cases")]
OWNS = '    owns = (abm.Column("burnt", ("customer",), 0.0, "1", "of no use"),)\n'  # or it would have nothing to begin
NUMBER = r"[-+]?\d+\.?\d*(?:e[-+]?\d+)?"


@pytest.fixture
def case(tmp_path, monkeypatch):
    """Copy a case into an empty folder, which becomes the current one; return what runs a command there."""

    def made(name):
        folder = tmp_path / name
        shutil.copytree(CASES / name, folder)
        monkeypatch.chdir(folder)

        def run(*command):
            environment = {**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{folder}", "MPLBACKEND": "Agg"}
            done = subprocess.run(
                command, cwd=folder, env=environment, capture_output=True, text=True, check=False, timeout=300
            )
            assert "this is a bug" not in done.stderr
            assert "Traceback" not in done.stderr, done.stderr
            return done

        return run

    return made


def study(run, *options):
    """Run study.toml in a case's folder."""
    return run(sys.executable, "-m", "abm", "run", "study.toml", "--workers", "1", "--replications", "2", *options)


def pairs(text):
    """Return the last two numbers of each line."""
    found = [re.findall(NUMBER, line.replace("(right)", "")) for line in text.splitlines()]
    return [(float(numbers[-2]), float(numbers[-1])) for numbers in found if len(numbers) > 1]


def test_an_edited_kpi_is_another_run(case):
    done = case("01_stale_results_of_own_kpi")(sys.executable, "stale_kpi.py")
    found = pairs(done.stdout)
    assert len(found) == 9
    assert all(second == pytest.approx(10 * first, rel=1e-6) for first, second in found), done.stdout


def test_an_edited_class_in_a_notebook_is_another_experiment(case):
    """The case runs its cells through nbclient; the class is written as theories are written now."""
    pytest.importorskip("nbclient")
    pytest.importorskip("ipykernel")
    run = case("02_stale_results_of_mechanism_in_notebook")
    script = Path("in_notebook.py")
    text = script.read_text().replace("    phase = abm.Phase.LEARNING\n", "")
    script.write_text(re.sub(r"    def kernels\(self\):\n        return \(\)", "    pass", text))
    done = run(sys.executable, "in_notebook.py")
    profits = [
        [float(n) for n in re.findall(NUMBER, line.split("]")[1])]
        for line in done.stdout.splitlines()
        if "Results" in line
    ]
    assert profits[1][0] > 20 * profits[0][0], done.stdout


def test_no_place_for_compiled_code_costs_time_only(case, tmp_path):
    """The case mounts the package read-only; here the folder of the cache cannot be made."""
    (tmp_path / "file").write_text("in the way")
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "NUMBA_CACHE_DIR": str(tmp_path / "file" / "below")}
    command = [sys.executable, "-m", "abm", "show", "kpis"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "bug" not in done.stderr


def test_a_log_is_bought_at_its_own_rate_whatever_a_period_is(case):
    done = case("04_log_rates_ignore_length_of_period")(sys.executable, "units.py")
    rates = [float(line.split(":")[1].split()[0]) for line in done.stdout.splitlines()]
    assert len(rates) == 3
    assert rates == pytest.approx([2.84] * 3, rel=0.02)


def test_failed_runs_of_a_point_move_no_mean(case):
    """The case names a factor as it was called then; the numbers are its own, the relation is what is asked."""
    run = case("05_mean_over_points_mixes_points_when_runs_fail")
    script = Path("unbalanced.py")
    script.write_text(script.read_text().replace("choice.price_sensitivity", "pricing.price_sensitivity"))
    theory = Path("mymod.py")
    theory.write_text(theory.read_text().replace("    phase = abm.Phase.LEARNING\n", OWNS))
    done = run(sys.executable, "unbalanced.py")
    found = [[float(n) for n in re.findall(NUMBER, line.split(": ", 1)[-1])] for line in done.stdout.splitlines()]
    means = [numbers[0] for numbers in found]
    assert means[0] == pytest.approx((means[1] + means[2]) / 2, abs=0.02), done.stdout
    assert abs(means[0] - means[3]) < 0.02
    assert "left out" in done.stdout


def test_no_seed_is_a_fresh_one_and_nonsense_is_refused(case):
    done = case("06_simulate_seed_none_repeats")(sys.executable, "none.py")
    first, *others = done.stdout.splitlines()
    assert len(set(re.findall(NUMBER, first))) == 3, first
    assert len(others) == 4
    assert all("Refusal" in line for line in others), done.stdout


def refusal(script):
    """Return the refusal with which a script ends."""
    done = subprocess.run(
        [sys.executable, script],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    return done.stderr.splitlines()[-1]


def test_a_rate_beside_a_log_is_refused(case):
    case("07_log_overrides_purchase_rate_silently")
    said = refusal("factor.py")
    assert "Refusal" in said
    assert "purchase_rate" in said


def test_drop_out_that_is_alike_is_fitted(case):
    run = case("08_drop_out_that_is_alike_is_taken_for_none")
    script = Path("fit.py")
    script.write_text(script.read_text().split("s = summary")[0])  # the rest uses what is private
    rate = float(re.findall(NUMBER, run(sys.executable, "fit.py").stdout.split("customers")[1])[0])
    assert 0.085 < rate < 0.115


def test_a_misspelt_log_is_refused_before_anything_runs(case):
    done = study(case("11_misspelt_shipped_log_is_found_out_too_late"))
    assert done.returncode == 2
    assert "did you mean 'cdnow'?" in done.stderr
    assert not Path("results").exists()


def test_a_header_is_not_two_people(case):
    done = study(case("13_header_becomes_two_people"))
    assert done.returncode == 0
    assert "3 people with 2 ties; line 1 is taken for a header" in done.stderr


def test_parallel_ties_are_added_up_and_it_is_said(case):
    done = study(case("14_parallel_ties_with_weights"))
    assert done.returncode == 0, done.stderr
    assert re.search(r"repeated", done.stderr), done.stderr


def test_a_plain_script_ends_with_its_results(case):
    run = case("15_plain_script_fails_after_a_part")
    script = Path("study.py")
    script.write_text(script.read_text().replace("replications=300", "replications=150"))
    done = run(sys.executable, "study.py")
    assert done.returncode == 0, done.stderr
    assert "300 of 300 runs" in done.stdout


def test_everything_pickles(case):
    done = case("16_pickles")(sys.executable, "pickles.py")
    assert [line.split()[-1] for line in done.stdout.splitlines()] == ["ok"] * 5, done.stdout


@pytest.mark.parametrize(
    "file",
    [
        "gephi.csv", "gephi_semicolon.csv", "names_comma.csv", "nx_default.edgelist", "nx_default_nodata.edgelist",
        "pandas_index.csv", "quoted_all.csv",
    ],
)  # fmt: skip
def test_edge_lists_of_other_tools_are_read(case, file):
    run = case("19_edge_lists_as_tools_write_them")
    text = Path("study.toml").read_text()
    Path("study.toml").write_text(re.sub(r"file = .*", f'file = "{file}"', text))
    done = study(run)
    assert done.returncode == 0, done.stderr


def test_a_networkx_graph_goes_in(case):
    done = case("20_no_way_for_a_networkx_graph")(sys.executable, "graph.py")
    assert "ok" in done.stdout.split()


@pytest.mark.parametrize(
    "file",
    ["cdnow_master_head.txt", "day_first.csv", "no_amount.csv", "olist_head.csv", "retail.csv", "semicolon.csv"],
)
def test_logs_are_read_as_they_are_published_or_refused_with_the_next_step(case, file):
    run = case("21_logs_as_they_are_published")
    text = Path("study.toml").read_text()
    Path("study.toml").write_text(re.sub(r"log = .*", f'log = "{file}"', text))
    done = study(run)
    if done.returncode:
        assert done.returncode == 2
        assert re.search(r"; (say|give|write|name|choose|add|use)|log_columns|log_dates|too few|repeat", done.stderr), (
            done.stderr
        )
    assert "Country" not in done.stderr
