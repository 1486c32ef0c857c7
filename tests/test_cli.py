"""The command line: what each verb prints and writes, and how every command ends."""

from __future__ import annotations

import errno
import importlib
import json
import os
import re
import signal
import subprocess
import sys
import time
import tomllib
from pathlib import Path

import numpy as np
import pytest
import typer

import abm
from abm import cli
from abm.cli import main
from abm.commands import doing, options
from abm.core.kernels import COMPILED, Kernel
from abm.engine import recording
from abm.study.provenance import files
from abm.study.running import runner
from abm.study.storage import manifest
from abm.study.storage import store as stores
from abm.view import figures

STUDY = """\
question = "Which arm?"
seed = 3
replications = 3
kpis = ["profit", "csi"]
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
"firms.north.service.quality" = 0.98
"""
SLOW_IMPORTS = ("numba", "numpy", "pandas", "mesa", "seaborn", "matplotlib", "scipy", "pyarrow", "networkx", "pydantic")
COMMAND = [sys.executable, "-m", "abm"]
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(Path(abm.__file__).parents[1])}


@pytest.fixture
def study(tmp_path, monkeypatch):
    """A study file in an empty folder, which is the current one; its report has no figures, which take their time."""
    monkeypatch.setattr(figures, "draw", lambda *_: [])
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "study.toml"
    path.write_text(STUDY)
    return path


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    """The folder of a study that was run."""
    place = tmp_path_factory.mktemp("done")
    (place / "study.toml").write_text(STUDY)
    assert main(["run", str(place / "study.toml"), "--workers", "1"]) == 0
    return place / "results" / "study"


def said(capsys, *arguments):
    """Run a command in this process; return exit code, output and the lines on standard error."""
    capsys.readouterr()
    code = main(list(map(str, arguments)))
    out, err = capsys.readouterr()
    assert "Traceback" not in err
    return code, out, err.splitlines()


def started(*arguments, **options):
    """Run a command in a process of its own."""
    environment = ENVIRONMENT | options.pop("env", {})
    return subprocess.run(
        [*COMMAND, *map(str, arguments)], capture_output=True, env=environment, timeout=120, check=False, **options
    )


# What is asked of every command


@pytest.mark.slow
@pytest.mark.parametrize("statement", ["import abm", "from abm.cli import main; main(['--help'])"])
def test_nothing_slow_is_imported_for_help(statement):
    check = f"import sys; {statement}; print(sorted(set({SLOW_IMPORTS!r}) & set(sys.modules)), file=sys.stderr)"
    ended = subprocess.run([sys.executable, "-c", check], capture_output=True, env=ENVIRONMENT, text=True, check=True)
    assert ended.stderr.strip() == "[]"


def test_help_names_every_verb(capsys):
    code, out, _ = said(capsys, "--help")
    assert code == 0
    assert all(re.search(rf"^\W*{verb}\b", out, re.M) for verb in ("run", "report", "show", "new", "verify"))


def test_help_says_all_that_is_written_for_it(capsys, monkeypatch):
    """Words in square brackets would be taken for colours and left out."""
    monkeypatch.setenv("COLUMNS", "1000")
    commands = typer.main.get_command(cli.app).commands
    for verb, command in commands.items():
        shown = " ".join(said(capsys, verb, "--help")[1].split())
        for words in filter(None, [command.help, *(getattr(option, "help", None) for option in command.params)]):
            assert " ".join(words.split()) in shown, verb


def test_version(capsys):
    code, out, _ = said(capsys, "--version")
    assert (code, out.split()) == (0, ["patronage", abm.__version__])


@pytest.mark.parametrize(
    "arguments", [["rnu"], ["run"], ["run", "x.toml", "--seeds", "1"], ["run", "x.toml", "--seed", "a"]]
)
def test_what_typer_refuses_exits_with_2_and_one_line(capsys, arguments):
    code, out, err = said(capsys, *arguments)
    assert (code, out) == (2, "")
    assert re.fullmatch(r"\S.*; patronage( run)? --help says what may be given", *err)


def test_without_words_there_is_help(capsys):
    assert said(capsys) == said(capsys, "--help")


@pytest.mark.parametrize("option", ["--workers", "--threads"])
def test_more_than_the_processors_are_not_used(study, capsys, monkeypatch, option):
    monkeypatch.setattr(options, "processors", lambda: 1)
    code, _, err = said(capsys, "run", study, option, 64)
    assert code == 0
    assert err[0] == f"{option} 64: this machine has 1 processor, so 1 will be used"
    assert "customers over 30 periods, 1 process;" in err[1] or "up to" in err[1]


def test_firms_that_stand_in_are_named(study, capsys):
    assert "default" not in said(capsys, "run", study, "--workers", 1)[2][0]
    study.write_text("replications = 1\n[scenario]\nperiods = 4\n[scenario.population]\ncustomers = 20\n")
    first = said(capsys, "run", study, "--workers", 1)[2][0]
    assert first.endswith("; the firms are the default ones, north, east and south")


def test_a_bug_is_one_line_and_the_traceback_is_for_the_asking(study, capsys, monkeypatch):
    monkeypatch.setattr(runner, "choose_parallelism", None)
    code, _, err = said(capsys, "run", study)
    assert code == 1
    assert "object is not callable; this is a bug; run again with PATRONAGE_DEBUG=1" in err[-1]
    monkeypatch.setenv("PATRONAGE_DEBUG", "1")
    assert main(["run", str(study)]) == 1
    assert "Traceback" in capsys.readouterr().err


@pytest.mark.slow
def test_a_reader_who_has_seen_enough_is_no_error():
    with subprocess.Popen(
        [*COMMAND, "show", "parameters"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=ENVIRONMENT
    ) as process:
        process.stdout.read(1)
        process.stdout.close()
        assert process.wait(60) == 0
        assert process.stderr.read() == b""


@pytest.mark.slow
@pytest.mark.endurance
def test_notes_that_nobody_reads_stop_nothing(study):
    options = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "env": ENVIRONMENT, "cwd": study.parent}
    with subprocess.Popen([*COMMAND, "run", "study.toml", "--workers", "1"], **options) as process:
        process.stderr.close()
        out = process.stdout.read()
        assert process.wait(60) == 0
    assert b"report   results/study/report.html" in out


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="closes streams through a POSIX shell")
@pytest.mark.parametrize("arguments", ["run study.toml --workers 1 >&-", "show kpis <&- >&- 2>&-"])
def test_closed_streams_are_no_error(study, arguments):
    command = ["/bin/sh", "-c", f"{' '.join(COMMAND)} {arguments}"]
    ended = subprocess.run(command, cwd=study.parent, env=ENVIRONMENT, capture_output=True, check=False)
    assert ended.returncode == 0
    assert b"Traceback" not in ended.stderr
    assert (study.parent / "results" / "study" / "report.html").exists() == arguments.startswith("run")


@pytest.mark.slow
@pytest.mark.parametrize("locale", [{"LC_ALL": "C", "PYTHONUTF8": "0"}, {"PYTHONIOENCODING": "ascii"}])
def test_any_locale(locale):
    ended = started("show", "sources", env=locale)
    assert (ended.returncode, ended.stderr) == (0, b"")
    assert b"BASS_1969" in ended.stdout


def test_no_colour_codes_when_piped(capsys, monkeypatch):
    monkeypatch.delenv("FORCE_COLOR", raising=False)
    assert "\x1b" not in said(capsys, "show", "parameters")[1]


@pytest.mark.slow
def test_an_interrupt_while_the_program_is_loaded_is_one_line():
    broken = "def stop():\n    raise KeyboardInterrupt\n"
    code = f"import sys, abm.cli, abm.__main__ as it\n{broken}abm.cli.main = stop\nsys.exit(it.main())"
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, env=ENVIRONMENT, text=True, check=False)
    said = "interrupted before anything was done; run the same command again\n"
    assert (ended.returncode, ended.stdout, ended.stderr) == (130, "", said)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("backend", "settings"), [("nonsense", ""), ("agg", "text.usetex: True\nfigure.figsize: 90, 90\nsavefig.dpi: 9\n")]
)
def test_figures_are_the_same_whatever_matplotlib_is_set_to(done, tmp_path, backend, settings):
    (tmp_path / "matplotlibrc").write_text(settings)
    (tmp_path / "study.toml").write_text(STUDY)
    ended = started("run", "study.toml", "--workers", 1, cwd=tmp_path, env={"MPLBACKEND": backend})
    assert (ended.returncode, b"bug" in ended.stderr) == (0, False)
    figure = "effect_on_profit.png"
    assert (tmp_path / "results" / "study" / figure).read_bytes() == (done / figure).read_bytes()


# run


def test_run_writes_results_figures_report_and_ranks(done, capsys, study):
    code, out, err = said(capsys, "run", study.name, "--workers", 1)
    assert code == 0
    assert err[0].startswith("study: 2 arms x 3 replications = 6 runs of 50 customers over 30 periods, 1 process")
    assert re.fullmatch(r"6 runs done in .*", err[-1])
    assert max(map(len, out.splitlines())) <= 100
    folder = Path("results", "study")
    assert (folder / "report.html").exists()
    drawn = {path.name for path in done.glob("*.png")}
    assert drawn == {
        "effect_on_profit.png", "effects_on_other_measures.png", "profit_over_time.png", "where_profit_comes_from.png",
        "satisfaction_and_trust.png", "flows_between_firms.png", "effect_on_persons.png", "network.png",
    }  # fmt: skip
    pair = abm.read(folder).paired("profit", "service")
    difference = re.escape(f"{pair.mean:+.0f}")
    assert re.search(rf"service +\S+ +{difference}", out)
    assert "'none' has the highest profit of north" in out  # a quality of 0.98 costs more than it brings
    assert f"report   {folder / 'report.html'}" in out
    assert abm.read(folder).canonical() == abm.read(done).canonical()


@pytest.mark.slow
def test_a_full_disk_costs_the_figures_alone(study, capsys, monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(figures, "write", full)
    code, out, err = said(capsys, "run", study.name, "--workers", 1, "--out", "in here")
    assert code == 2
    assert re.search(r"^profit +service ", out, re.M) or "service" in out
    assert err[-1] == (
        "in here: figures cannot be written: No space left on device; the runs are stored, and patronage report "
        "'in here' writes the rest once that is put right"
    )
    monkeypatch.undo()
    monkeypatch.chdir(study.parent)
    assert said(capsys, "report", "in here")[0] == 0


def test_every_kpi_that_is_asked_for_is_printed(study, capsys):
    kpis = [
        "profit",
        "csi",
        "share_of_wallet",
        "retention_rate",
        "market_share",
        "programme_cost",
        "churn_rate",
        "lever_cost",
    ]
    study.write_text(STUDY.replace('["profit", "csi"]', json.dumps(kpis)))
    out = said(capsys, "run", study.name, "--workers", 1)[1]
    assert all(re.search(rf"^{kpi}\b", out, re.M) for kpi in kpis)


def test_the_next_command_can_be_pasted(study, capsys):
    out = said(capsys, "run", study.name, "--workers", 1, "--out", "in here")[1]
    assert out.splitlines()[-1] == "next     patronage verify 'in here'"


def test_a_second_run_has_nothing_to_do(study, capsys):
    first = said(capsys, "run", study, "--workers", 1)
    page = study.parent / "results" / "study" / "report.html"
    before = page.stat().st_mtime_ns
    code, out, err = said(capsys, "run", study, "--workers", 1)
    assert code == 0
    assert err[-1] == "all 6 runs are stored already; nothing to do"
    assert out == first[1]
    assert page.stat().st_mtime_ns == before


def test_more_replications_do_only_what_is_missing(study, capsys):
    said(capsys, "run", study, "--workers", 1)
    code, out, err = said(capsys, "run", study, "--workers", 1, "--replications", 5)
    assert code == 0
    assert re.fullmatch(r"4 runs done in .*, 6 were stored already", err[-1])
    assert " 5\n" in out
    assert "10 of 10 runs" in (study.parent / "results" / "study" / "report.html").read_text()


def test_json_is_one_document_and_nothing_else(study, capsys):
    code, out, err = said(capsys, "run", study, "--json", "--workers", 1, "--out", "elsewhere")
    assert code == 0
    document = json.loads(out)
    assert set(document) == {"out", "runs", "failed", "seconds", "winner", "table", "before_after", "groups", "expect"}
    assert document["expect"] == document["groups"] == []
    assert (document["out"], document["runs"], document["failed"]) == ("elsewhere", 6, 0)
    assert len(err) >= 2
    results = abm.read("elsewhere")
    assert len(document["table"]) == 2 * 2 * 2  # arms x KPIs x firms
    for row in document["table"]:
        pair = results.paired(row["kpi"], row["arm"], firm=row["firm"])
        assert [row["difference"], row["low"], row["high"], row["pairs"]] == [
            pair.mean,
            pair.low,
            pair.high,
            pair.pairs,
        ]
    assert document["winner"] == results.winner("profit").arm


def test_a_date_can_be_set_and_what_came_of_it_is_printed(study, capsys):
    study.write_text(f'{STUDY}from = 10\n[arms.always]\n"firms.north.price" = 0.9\n')
    options = ("--set", "arms.service.from=20", "--set", "arms.service.until=25", "--workers", 1)
    code, out, _ = said(capsys, "run", study, *options)
    assert code == 0
    assert re.search(r"^service +service +20-24 +0", out, re.M)
    assert re.search(r"^service +after +25-29 +0", out, re.M)
    assert not re.search(r"^always +always", out, re.M)
    rows = json.loads(said(capsys, "run", study, *options, "--json")[1])["before_after"]
    assert [(row["window"], row["from"], row["until"]) for row in rows] == [
        ("before", 4, 20), ("service", 20, 25), ("after", 25, 30),
    ]  # fmt: skip
    assert (rows[0]["difference"], rows[0]["change"]) == (0, None)
    code, out, err = said(capsys, "run", study, "--set", "arms.service.from=30", "--workers", 1)
    assert (code, out) == (2, "")
    assert "arms.service.changes.service.from = 30 lies beyond the run (periods = 30)" in err[-1]


def test_groups_are_told_apart(study, capsys):
    study.write_text(f'{STUDY}[groups.rate]\nby = "purchase_rate"\nparts = 3\n')
    code, out, _ = said(capsys, "run", study.name, "--workers", 1)
    assert code == 0
    assert max(map(len, out.splitlines())) <= 100
    assert re.findall(r"^service +(rate_\w+) ", out, re.M) == ["rate_low", "rate_middle", "rate_high"]
    assert "rate by purchase_rate in 3 equal parts, before the first period" in " ".join(out.split())
    rows = json.loads(said(capsys, "run", study, "--workers", 1, "--json")[1])["groups"]
    assert len(rows) == 2 * 2 * 3  # KPIs x arms x groups
    assert set(rows[0]) == {"group", "arm", "kpi", "firm", "mean", "difference", "low", "high", "pairs"}
    results = abm.read(study.parent / "results" / "study")
    for row in rows:
        pair = results.paired(row["kpi"], row["arm"], group=row["group"])
        assert [row["firm"], row["difference"], row["high"]] == ["north", pair.mean, pair.high]


def test_json_has_null_for_what_has_no_value(study, capsys):
    study.write_text(STUDY.replace("replications = 3", "replications = 1"))
    row = json.loads(said(capsys, "run", study, "--json", "--workers", 1)[1])["table"][1]
    assert (row["low"], row["high"], row["pairs"]) == (None, None, 1)


EXPECT = """
[[expect]]
kpi = "csi"
arm = "service"
above = 0
why = "somebody 1999"
[[expect]]
kpi = "csi"
level = true
above = {level}
"""


def test_criteria_are_judged(study, capsys):
    study.write_text(STUDY + EXPECT.format(level=0))
    code, out, _ = said(capsys, "run", study.name, "--workers", 1, "--strict")
    assert code == 0
    assert max(map(len, out.splitlines())) <= 100
    assert re.search(r"^met +csi of north, service against none", out, re.M)
    assert "1999)" in out
    assert "Criteria: 2 met (0.95 confidence that all of these verdicts are right)" in out
    _, out, _ = said(capsys, "run", study, "--workers", 1, "--json")
    difference, level = json.loads(out)["expect"]
    judged = abm.judge(abm.read(study.parent / "results" / "study"))
    assert [difference[end] for end in ("low", "high")] == list(judged.loc[0, ["low", "high"]])
    assert (difference["against"], difference["group"], difference["verdict"]) == ("none", None, "met")
    assert (level["arm"], level["against"], level["claim"]) == ("none", None, "level above 0")


def test_a_changed_claim_finds_the_stored_runs_and_changes_the_report(study, capsys):
    page = study.parent / "results" / "study" / "report.html"
    said(capsys, "run", study, "--workers", 1)
    assert "Criteria" not in page.read_text()
    study.write_text(STUDY + EXPECT.format(level=99))
    code, out, err = said(capsys, "run", study, "--workers", 1)
    assert (code, err[-1]) == (0, "all 6 runs are stored already; nothing to do")
    assert "Criteria: 1 met, 1 not met" in out
    assert "csi of north, none: level above 99" in page.read_text()
    assert said(capsys, "run", study, "--workers", 1, "--strict")[0] == 1
    page.unlink()
    said(capsys, "report", page.parent)
    assert "csi of north, none: level above 99" in page.read_text()


def test_strict_lets_what_is_undecided_pass(study, capsys):
    study.write_text(STUDY + EXPECT.format(level=0))
    code, out, _ = said(capsys, "run", study, "--workers", 1, "--strict", "--replications", 1)
    assert code == 0
    assert "1 pair with a value, and it takes 2 or more" in " ".join(out.split())
    assert "Criteria: 2 undecided" in out


def test_strict_needs_criteria(study, capsys):
    code, out, err = said(capsys, "run", study, "--strict")
    assert (code, out) == (2, "")
    assert err == ["study.toml: --strict: judges criteria, and the study has none; write them as [[expect]]"]


def test_set_seed_and_replications_change_the_study(study, capsys):
    options = ("--set", "population.customers=20", "--set", "arms.service.firms.north.price=1.1", "--seed", 9)
    code, _, err = said(capsys, "run", study, *options, "--replications", 2, "--workers", 1)
    assert code == 0
    assert "2 arms x 2 replications = 4 runs of 20 customers" in err[0]
    table = tomllib.loads((study.parent / "results" / "study" / "manifest.toml").read_text())["experiment"]
    assert (table["seed"], table["scenario"]["population"]["customers"]) == (9, 20)
    assert table["arms"]["service"]["firms.north.price"] == 1.1


def test_equal_arms_have_no_winner(study, capsys):
    study.write_text(STUDY.replace('quality" = 0.98', 'quality" = 0.75'))
    code, out, _ = said(capsys, "run", study, "--workers", 1)
    assert code == 0
    assert (
        "no arm is shown to have the highest profit of north: 'none' and 'service' are equal in all 3 pairs"
        in " ".join(out.split())
    )


def test_a_large_difference_has_a_winner(study, capsys):
    study.write_text(STUDY.replace("[arms.none]", '[arms.none]\n"firms.north.fixed_cost" = 1e6'))
    assert json.loads(said(capsys, "run", study, "--json", "--workers", 1)[1])["winner"] == "service"


def test_failed_runs_are_said_and_exit_with_1(study, capsys, monkeypatch):
    whole = recording.record

    def broken(scenario, seed, replication=0, *rest, **named):
        if replication == 1:
            raise RuntimeError("lost its way")
        return whole(scenario, seed, replication, *rest, **named)

    monkeypatch.setattr(recording, "record", broken)
    code, out, err = said(capsys, "run", study, "--workers", 1, "--json")
    assert code == 1
    assert json.loads(out)["failed"] == 2
    assert err[-1].startswith(
        "2 of 6 runs failed, the first (arm 'none', point 0, replication 1) with RuntimeError: lost its"
    )
    monkeypatch.setattr(recording, "record", whole)
    assert said(capsys, "run", study, "--workers", 1)[0] == 0


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_interrupts_say_how_to_go_on(study, capsys, monkeypatch, number, code):
    whole, calls = recording.record, []

    def interrupted(*arguments, **named):
        calls.append(1)
        if len(calls) == 4:
            os.kill(os.getpid(), number)
        return whole(*arguments, **named)

    monkeypatch.setattr(recording, "record", interrupted)
    ended, out, err = said(capsys, "run", study, "--workers", 1)
    assert (ended, out) == (code, "")
    assert re.fullmatch(r"interrupted after [0-9]+ of 6 runs, all stored; the same command goes on from there", err[-1])
    monkeypatch.setattr(recording, "record", whole)
    ended, _, err = said(capsys, "run", study, "--workers", 1)
    assert ended == 0
    assert "were stored already" in err[-1]


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="sends a POSIX signal")
def test_a_terminated_process_goes_on_where_it_was(study):
    command = [*COMMAND, "run", "study.toml", "--workers", "2", "--replications", "4000"]
    process = subprocess.Popen(
        command, cwd=study.parent, env=ENVIRONMENT, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    segments = study.parent / "results" / "study" / "segments"
    end = time.monotonic() + 90
    while not list(segments.glob("*.parquet")) and time.monotonic() < end:
        time.sleep(0.05)
    process.send_signal(signal.SIGTERM)
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (143, b"")
    assert b"Traceback" not in err
    assert b"the same command goes on from there" in err
    stored = len(abm.read(segments.parent).runs) // 2
    assert 0 < stored < 8000


def test_compiling_is_announced_when_there_is_something_to_compile(study, capsys, monkeypatch):
    monkeypatch.setattr(Kernel, "is_cached", lambda loop: not COMPILED)
    announced = not os.environ.get("NUMBA_DISABLE_JIT")
    assert (doing.COMPILING in said(capsys, "run", study, "--workers", 1)[2]) == announced
    assert doing.COMPILING not in said(capsys, "run", study, "--workers", 1)[2]


@pytest.mark.skipif(bool(os.environ.get("NUMBA_DISABLE_JIT")), reason="nothing is compiled")
def test_a_kernel_that_has_run_is_cached(tmp_path, monkeypatch):
    loop = "def fill(x):\n    for i in range(x.shape[0]):\n        x[i] = 1.0\n"
    (tmp_path / "own_kernel.py").write_text(f"from abm.core.kernels import kernel\n\n\n@kernel\n{loop}")
    monkeypatch.syspath_prepend(str(tmp_path))
    fill = importlib.import_module("own_kernel").fill
    assert not fill.is_cached()
    fill(np.zeros(3, np.float32))
    assert fill.is_cached()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--cluster", "tcp://127.0.0.1:9"], "cluster: no Dask scheduler answers at tcp://127.0.0.1:9"),
        (["--cluster", "slurm.toml"], "slurm.toml: there is no such file"),
        (["--cluster", "tcp://127.0.0.1:9", "--workers", 2], "--workers = 2 counts processes of this machine"),
    ],
)
def test_a_cluster_that_is_not_there_is_refused(study, capsys, monkeypatch, options, message):
    monkeypatch.setattr(pytest.importorskip("abm.study.running.cluster"), "ANSWER", 0.5)
    code, out, err = said(capsys, "run", study, *options)
    assert (code, out) == (2, "")
    assert message in err[-1]


def test_of_a_cluster_nobody_knows_what_it_takes(study, capsys, monkeypatch):
    monkeypatch.setattr(pytest.importorskip("abm.study.running.cluster"), "ANSWER", 0.5)
    first = said(capsys, "run", study, "--cluster", "tcp://127.0.0.1:9")[2][0]
    runs = "study: 2 arms x 3 replications = 6 runs of 50 customers over 30 periods"
    assert first == f"{runs}, on the cluster tcp://127.0.0.1:9"


def test_the_manifest_has_the_command_but_nothing_of_the_machine(study, capsys):
    said(capsys, "run", study, "--workers", 1, "--out", "here", "--set", "population.customers=20", "--seed", 9)
    table = tomllib.loads(Path("here/manifest.toml").read_text())
    assert table["command"] == "patronage run study.toml --set population.customers=20 --seed 9"
    assert str(study.parent) not in Path("here/manifest.toml").read_text()


@pytest.mark.parametrize("number", [errno.EROFS, errno.EACCES, errno.ENOSPC])
def test_a_folder_that_cannot_be_written_is_one_plain_line(study, capsys, monkeypatch, number):
    def never(*_):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(files, "write_whole", never)
    for user in (stores, manifest):
        monkeypatch.setattr(user, "write_whole", never)
    code, out, err = said(capsys, "run", study, "--workers", 1)
    assert (code, out) == (2, "")
    advice = "put it right and run the same command again"
    assert err[-1] == f"{study.parent / 'results' / 'study'}: cannot be written: {os.strerror(number)}; {advice}"


def test_an_unwritable_place_is_refused(study, capsys):
    (study.parent / "taken").write_text("a file")
    code, out, err = said(capsys, "run", study, "--out", "taken", "--workers", 1)
    assert (code, out) == (2, "")
    assert "taken" in err[-1]


# report, verify


@pytest.mark.slow
def test_report_without_running(done, capsys):
    page = done / "report.html"
    before = page.read_bytes()
    page.unlink()
    code, out, err = said(capsys, "report", done)
    assert (code, out, err) == (0, f"{page}\n", [])
    assert page.read_bytes() == before


@pytest.mark.parametrize("verb", ["report", "verify"])
def test_a_folder_without_results_is_refused(verb, tmp_path, capsys):
    for folder, reason in ((tmp_path, "is not a results folder"), (tmp_path / "none", "there is no such folder")):
        code, out, err = said(capsys, verb, folder)
        assert (code, out) == (2, "")
        assert len(err) == 1
        assert reason in err[0]


def test_verify(done, capsys):
    assert said(capsys, "verify", done, "--sample", 3)[:2] == (0, "3 of 6 stored runs recomputed, 0 differ\n")
    document = json.loads(said(capsys, "verify", done, "--json")[1])
    assert (document["ok"], document["checked"], document["stored"]) == (True, 6, 6)
    assert said(capsys, "verify", done, "--sample", 0)[0] == 2


def test_verify_finds_what_was_changed(study, capsys, monkeypatch):
    said(capsys, "run", study, "--workers", 1)
    whole = recording.Record.summary
    monkeypatch.setattr(recording.Record, "summary", lambda self, kpis: np.nextafter(whole(self, kpis), np.inf))
    code, out, _ = said(capsys, "verify", study.parent / "results" / "study")
    assert code == 1
    assert "6 differ" in out


# new


@pytest.mark.slow
def test_new_study_runs_as_it_is(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    code, out, _ = said(capsys, "new", "first_study")
    path = Path("experiments/first_study.toml")
    assert code == 0
    assert f"next: patronage run {path}" in out
    experiment = abm.load(path)
    assert len(experiment.arms) >= 3
    assert experiment.question
    few = ("--replications", 2, "--set", "population.customers=30", "--set", "periods=60", "--workers", 1)
    assert said(capsys, "run", path, *few)[0] == 0
    assert Path("experiments/results/first_study/report.html").exists()
    uncommented = path.read_text().replace('# [design.factors]\n# "word', '[design.factors]\n"word')
    path.write_text(uncommented)
    assert len(abm.load(path).design) == 3


def test_new_never_overwrites(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    said(capsys, "new", "mine")
    Path("experiments/mine.toml").write_text("precious")
    code, out, err = said(capsys, "new", "mine")
    assert (code, out) == (2, "")
    assert err == ["experiments/mine.toml: is there already; choose another name, or remove it first"]
    assert Path("experiments/mine.toml").read_text() == "precious"


@pytest.mark.parametrize("name", ["", "a b", "../x", "a/b", "x.toml", "ü", "-x", "a" * 61, "con\n"])
def test_new_refuses_names_no_file_should_have(name, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    code, out, err = said(capsys, "new", "--", name)
    assert (code, out) == (2, "")
    assert len(err) == 1
    assert "is not a study's name; use up to 60 letters" in err[0]
    assert list(tmp_path.iterdir()) == []


# show


def test_assumed_parameters_come_first(capsys):
    code, out, _ = said(capsys, "show", "parameters")
    assert code == 0
    assert out.startswith("ASSUMED (")
    assert out.index("ASSUMED (") < out.index("CALIBRATED (") < out.index("MEASURED (")
    assert max(map(len, out.splitlines())) <= 100
    assert "(from memory)" in out


def test_one_parameter_in_detail(capsys):
    out = said(capsys, "show", "parameters", "word_of_mouth.contact_rate")[1]
    fields = dict(line.split(maxsplit=1) for line in out.splitlines())
    assert fields["unit"] == "1/story/tie"
    assert fields["bounds"] == "[0, 1]"
    assert fields["evidence"] == "assumed"


@pytest.mark.parametrize(
    ("what", "name", "key"),
    [
        ("parameters", "trust.growth", "parameter"), ("mechanisms", "trust", "mechanism"), ("kpis", "csi", "kpi"),
        ("presets", "contract", "preset"), ("sources", "BASS_1969", "source"),
    ],
)  # fmt: skip
def test_show_in_text_and_json(capsys, what, name, key):
    rows = json.loads(said(capsys, "show", what, "--json")[1])
    text = said(capsys, "show", what)[1]
    assert all(row[key] in text for row in rows)
    (one,) = json.loads(said(capsys, "show", what, name, "--json")[1])
    assert one in rows
    assert one[key] == name
    assert said(capsys, "show", what, name)[1].split()[1] == name


def test_presets_are_a_line_each_by_kind_and_all_they_set_is_shown_when_asked(capsys):
    rows = json.loads(said(capsys, "show", "presets", "--json")[1])
    lines = said(capsys, "show", "presets")[1].splitlines()
    kinds = dict.fromkeys(row["kind"] for row in rows)
    assert len(lines) == len(rows) + 2 * len(kinds) + 1
    assert max(map(len, lines)) <= 100
    at = lines.index('CARE (5 of 82): "firms.NAME.care" = { preset = "NAME" }')
    assert [line.split()[0] for line in lines[at + 1 : at + 6]] == sorted(
        row["preset"] for row in rows if row["kind"] == "care"
    )
    assert re.match(r"basic +level 1, basic: sells, and no more$", lines[at + 2])
    of_kind = said(capsys, "show", "presets", "care")[1]
    assert re.findall(r"^preset +(\w+)$", of_kind, re.M) == [line.split()[0] for line in lines[at + 1 : at + 6]]
    assert "settings  invitation = 1, follow_up = 1, regular_contact = 0.25" in of_kind


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["show", "parameter"], "nothing called 'parameter' to show; did you mean 'parameters'?"),
        (["show", "parameters", "contact_rte"], "no parameter 'contact_rte'; did you mean 'contact_rate'?"),
        (["show", "kpis", "market_shar3"], "no KPI 'market_shar3'; did you mean 'market_share'?"),
        (["show", "presets", "ponits"], "no preset 'ponits'; did you mean 'points'?"),
        (["show", "presets", "stratgy"], "no preset 'stratgy'; did you mean 'strategy'?"),
        (["show", "odd", "none.toml"], "none.toml: there is no such file"),
        (["show", "experiments"], "there is no folder experiments here"),
    ],
)
def test_show_refuses_in_one_line(capsys, tmp_path, monkeypatch, arguments, message):
    monkeypatch.chdir(tmp_path)
    code, out, err = said(capsys, *arguments, "--json")
    assert (code, out) == (2, "")
    assert len(err) == 1
    assert message in err[0]


def test_show_experiments(study, capsys):
    (study.parent / "experiments").mkdir()
    study.rename(study.parent / "experiments" / "study.toml")
    code, out, _ = said(capsys, "show", "experiments")
    assert code == 0
    assert re.search(r"^study +Which arm\?$", out, re.M)


def test_show_odd(study, capsys):
    code, out, _ = said(capsys, "show", "odd", study)
    assert code == 0
    assert out.startswith("# study (ODD)\n\n*Which arm?*\n")
    assert json.loads(said(capsys, "show", "odd", "--json")[1])["markdown"].startswith("# The customer model (ODD)")


def test_arms_are_matched_to_a_budget_and_the_values_said(study, capsys):
    study.write_text(f'{STUDY}[arms.cut]\nmatch = {{ by = "firms.north.price", kpi = "profit", plus = -3.0 }}\n')
    options = ("--set", "arms.cut.match.tolerance=0.02", "--workers", 1)
    code, out, err = said(capsys, "run", study, "--json", *options)
    assert code == 0
    (row,) = json.loads(out)["matched"]
    assert (row["arm"], row["by"], row["target"], row["tolerance"]) == ("cut", "firms.north.price", -3.0, 0.06)
    assert any(line.startswith(f"cut: firms.north.price = {row['value']:g} lowers profit by ") for line in err)
    page = (study.parent / "results" / "study" / "report.html").read_text()
    assert "solved for" in page
    assert f"{row['value']:g}" in page
    code, _, err = said(capsys, "run", study, "--set", "arms.cut.match.between=[0.99, 0.995]", "--workers", 1)
    assert code == 2
    assert "no value found that lowers profit by 3: firms.north.price = 0.99" in err[-1]
