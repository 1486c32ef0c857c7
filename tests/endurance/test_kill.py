"""A sweep is killed again and again, at random: nothing is lost, nothing twice, and the same command goes on."""

import os
import random
import shutil
import signal
import time
from pathlib import Path

import pytest

BATCH = 4  # runs, as in the sweep
KILLS = {1: 34, 2: 33, 8: 33}  # workers -> how often


@pytest.mark.endurance
@pytest.mark.parametrize("workers", KILLS)
def test_random_kills_lose_a_batch_per_worker_at_most(sweep, killed, workers):
    luck = random.Random(workers)
    swept = sweep(400)
    stored = kills = finished = 0
    while kills < KILLS[workers]:
        begun = swept.begun()
        process = swept.start(workers)
        if luck.random() < 0.8:  # else killed while it starts
            process.stdout.readline()
        time.sleep(luck.random() * 2.0)
        if process.poll() is None:
            kills += 1
        killed(process)
        now = swept.stored()
        assert stored <= now, "a stored run is gone"
        assert swept.begun() - begun <= now - stored + workers * BATCH, "more than a batch per worker is lost"
        stored = now
        if stored == swept.total:
            swept.finish()
            shutil.rmtree(swept.folder)
            finished, stored = finished + 1, 0
    swept.finish()


@pytest.mark.endurance
def test_a_worker_that_is_killed_costs_its_batch(sweep):
    swept = sweep(200)
    process = swept.start(2)
    kills = 0
    for line in process.stdout:
        if line.strip().isdigit() and int(line) > 40 * (kills + 1) and kills < 4:
            (server,) = [child for child, command in children(process.pid) if "forkserver" in command]
            os.kill(children(server)[-1][0], signal.SIGKILL)
            kills += 1
    assert process.wait(60) == 0, process.stderr.read()
    assert kills == 4
    assert swept.begun() <= swept.total + kills * BATCH
    swept.finish()


@pytest.mark.endurance
@pytest.mark.parametrize("workers", [1, 2])
def test_two_processes_at_work_in_one_folder(sweep, workers):
    swept = sweep(150)
    both = [swept.start(workers), swept.start(workers)]
    for process in both:
        out, err = process.communicate(timeout=300)
        assert process.returncode == 0, err
        assert out.split()[-2:] == ["digest", swept.expected]
    swept.finish()


@pytest.mark.endurance
def test_one_of_two_processes_is_killed(sweep, killed):
    swept = sweep(150)
    first, second = swept.start(2), swept.start(2)
    first.stdout.readline()
    time.sleep(0.7)
    killed(first)
    out, err = second.communicate(timeout=300)
    assert second.returncode == 0, err
    assert out.split()[-1] == swept.expected
    swept.finish()


@pytest.mark.endurance
@pytest.mark.parametrize("workers", [1, 2, 8])
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_a_sweep_within_five_seconds(sweep, workers, number):
    swept = sweep(4000)
    process = swept.start(workers)
    while int(process.stdout.readline() or process.communicate()[1]) < 40:
        pass
    os.killpg(process.pid, number)
    began = time.monotonic()
    process.communicate(timeout=60)
    assert time.monotonic() - began < 5
    assert swept.begun() - swept.stored() <= workers, "no run that was finished is lost"


def children(parent):
    """Return (id, command line) of the processes that a process has started."""
    found = []
    for entry in filter(str.isdigit, os.listdir("/proc")):
        try:
            stat = Path(f"/proc/{entry}/stat").read_text().rpartition(")")[2].split()
            command = Path(f"/proc/{entry}/cmdline").read_text().replace("\0", " ")
        except OSError:
            continue
        if int(stat[1]) == parent and stat[0] != "Z":
            found.append((int(entry), command))
    return found
