"""A Dask scheduler and workers in processes of their own, on loopback: the same bits, whichever of them is killed."""

import os
import re
import signal
import sys
import time

import pytest

from abm.study.storage.results import read

pytest.importorskip("distributed")
pytestmark = pytest.mark.endurance
STUDY = """
kpis = ["profit"]
[scenario]
periods = 40
[scenario.population]
customers = 2000
[arms.none]
[arms.dearer]
"firms.north.price" = 1.0001
[arms.dearest]
"firms.north.price" = 1.0002
"""
TARGETS = "kpi,value,tolerance\ncsi,72,2\nrepeat_rate,0.8,0.1\n"
SEARCHES = {
    "compare": ["--kpi", "profit", "--zone", "0.0001", "--max-runs", "240"],
    "calibrate": ["--factor", "switching_cost.switching_weight=[0, 6]", "--replications", "3", "--trials", "40"],
}  # fmt: skip


@pytest.fixture
def dask(sweep, killed):
    """Start a scheduler and two workers that can import the sweep; yield it, the address and these processes."""
    swept = sweep(150)
    python = (sys.executable, "-m", "distributed.cli.dask_scheduler")
    started = [swept.launch(*python, "--host", "127.0.0.1", "--port", "0", "--no-dashboard")]
    address = answered(started[0], r"Scheduler at: +(\S+)")
    worker = (sys.executable, "-m", "distributed.cli.dask_worker", address, "--nthreads", "1", "--no-dashboard")
    started += [swept.launch(*worker, "--local-directory", swept.folder.parent / "dask") for _ in range(2)]
    for process in started[1:]:
        answered(process, r"Registered to:")
    yield swept, address, started
    for process in started:
        killed(process)


def answered(process, pattern):
    """Wait until a process says something; return what of it is in brackets."""
    for line in process.stderr:
        if found := re.search(pattern, line):
            return found.groups()[0] if found.groups() else ""
    raise AssertionError("ended before it said so")


def test_the_same_bits_as_in_one_process(dask):
    swept, address, _ = dask
    out, err = swept.start(address).communicate(timeout=300)
    assert out.split()[-2:] == ["digest", swept.expected], err
    assert swept.begun() == swept.total
    swept.finish()


def test_a_worker_that_is_killed_only_delays(dask):
    swept, address, (_, worker, _) = dask
    process = swept.start(address)
    while int(process.stdout.readline() or process.communicate()[1]) < 80:
        pass
    os.killpg(worker.pid, signal.SIGKILL)
    out, err = process.communicate(timeout=300)
    assert out.split()[-2:] == ["digest", swept.expected], err
    swept.finish()


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_the_same_command_goes_on_where_it_was_stopped(dask, number):
    swept, address, _ = dask
    process = swept.start(address)
    while int(process.stdout.readline() or process.communicate()[1]) < 80:
        pass
    os.killpg(process.pid, number)
    process.communicate(timeout=10)
    assert 80 <= swept.total - read(swept.folder).missing < swept.total
    out, err = swept.start(address).communicate(timeout=300)
    assert out.split()[-2:] == ["digest", swept.expected], err


def test_a_scheduler_that_is_killed_is_said_plainly(dask):
    swept, address, (scheduler, *_) = dask
    process = swept.start(address)
    while int(process.stdout.readline() or process.communicate()[1]) < 80:
        pass
    os.killpg(scheduler.pid, signal.SIGKILL)
    _, err = process.communicate(timeout=120)
    assert re.search(r"Refusal: cluster: the Dask scheduler is gone .* the same command goes on", err.splitlines()[-1])
    swept.finish()


@pytest.fixture
def searching(dask):
    """Start a command that asks for runs time after time, on the cluster or on one process of this machine."""
    swept, address, _ = dask
    folder = swept.folder.parent
    (folder / "study.toml").write_text(STUDY)
    (folder / "targets.csv").write_text(TARGETS)

    def start(verb, there):
        where = ["--cluster", address] if there else ["--workers", "1"]
        out = folder / ("there" if there else "here")
        targets = ["--targets", folder / "targets.csv"] if verb == "calibrate" else []
        asked = [verb, folder / "study.toml", *targets, *SEARCHES[verb], "--json", "--out", out]
        return swept.launch(sys.executable, "-m", "abm", *asked, *where)

    return start, folder


def said(process):
    """Wait for the end of a command; return its exit code and its document without the names of folders."""
    out, err = process.communicate(timeout=300)
    assert "Traceback" not in err
    return process.returncode, re.sub(r"/(there|here)\b", "", out)


@pytest.mark.parametrize("verb", SEARCHES)
def test_comparisons_and_calibrations_say_the_same_and_go_on(searching, verb):
    start, folder = searching
    process, segments = start(verb, True), folder / "there" / "segments"
    while len(list(segments.glob("*.parquet"))) < 2 and process.poll() is None:
        time.sleep(0.02)
    os.killpg(process.pid, signal.SIGINT)
    _, err = process.communicate(timeout=30)
    assert process.returncode == 130, err
    there, here = said(start(verb, True)), said(start(verb, False))
    assert there == here
    assert read(folder / "there").canonical() == read(folder / "here").canonical()


def test_a_search_whose_scheduler_is_killed_ends_in_one_line(searching, dask):
    start, folder = searching
    process, segments = start("compare", True), folder / "there" / "segments"
    while not list(segments.glob("*.parquet")) and process.poll() is None:
        time.sleep(0.02)
    os.killpg(dask[2][0].pid, signal.SIGKILL)
    _, err = process.communicate(timeout=120)
    assert process.returncode == 2
    said, last = err.splitlines()
    assert said.startswith("study: 3 arms, first 10 replications = 30 runs")
    assert re.match(r"cluster: the Dask scheduler is gone .* the same command goes on from there$", last)


def test_jobs_of_a_queueing_system_talk_behind_tls(sweep):
    pytest.importorskip("cryptography")
    swept = sweep(40)
    jobs = swept.folder.parent / "jobs.toml"
    jobs.write_text(f'kind = "local"\njobs = 1\ncores = 1\nmemory = "1 GB"\nshared_temp_directory = "{jobs.parent}"\n')
    out, err = swept.start(jobs).communicate(timeout=300)
    assert out.split()[-2:] == ["digest", swept.expected], err
    assert not list(jobs.parent.glob(".dask-jobqueue*")), "the keys are gone with the jobs"
    swept.finish()
