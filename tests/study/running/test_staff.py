"""Staffing: how many processes and threads."""

import multiprocessing

import pytest

from abm.core.errors import Refusal
from abm.study.running import staff
from abm.study.running.staff import Staff, processors, staffing


@pytest.fixture(autouse=True)
def eight_processors(monkeypatch):
    monkeypatch.setattr(staff, "processors", lambda: 8)
    monkeypatch.setattr(staff, "memory", lambda: 1 << 36)


@pytest.fixture
def large(study, world):
    return study(scenario=world.replace({"population.customers": 200_000, "periods": 100}))


def test_many_small_runs_begin_here_and_may_have_all_processors(study):
    assert staffing(study(), 100, None, None) == Staff(8, 1, free=True, trial=True)


def test_large_runs_go_to_worker_processes_at_once(large):
    assert staffing(large, 100, None, None) == Staff(8, 1, free=True, trial=False)


def test_few_large_runs_share_the_processors_as_threads(large):
    assert staffing(large, 2, None, None) == Staff(2, 4, free=True)
    assert staffing(large, 1, None, None) == Staff(1, 8, free=True)


def test_few_small_runs_get_no_threads(study):
    assert staffing(study(), 2, None, None).threads == 1


def test_what_is_asked_for_is_granted(large):
    assert staffing(large, 2, 3, 5) == Staff(3, 5)
    assert staffing(large, 100, 1, None) == Staff(1, 1)


def test_no_runs_need_one_process(study):
    assert staffing(study(), 0, None, None).workers == 1


def test_no_more_runs_at_once_than_memory_holds(large, monkeypatch):
    needed = large.scenario.estimated_bytes()
    monkeypatch.setattr(staff, "memory", lambda: 4 * needed)
    assert staffing(large, 100, None, None).workers == 3  # three fill four fifths of it
    monkeypatch.setattr(staff, "memory", lambda: needed - 1)
    with pytest.raises(Refusal, match=r"one run needs about .* GiB of memory and this machine has"):
        staffing(large, 100, None, None)


def test_a_machine_that_does_not_tell_its_memory_is_trusted(large, monkeypatch):
    monkeypatch.setattr(staff, "memory", lambda: 0)
    assert staffing(large, 100, None, None).workers == 8


def test_a_daemon_has_no_children(study, monkeypatch):
    monkeypatch.setattr(multiprocessing.current_process(), "_config", {"daemon": True})
    assert staffing(study(), 100, None, None).workers == 1


def test_a_script_without_a_guard_is_told_so(study, monkeypatch):
    monkeypatch.setattr(multiprocessing.current_process(), "_inheriting", True, raising=False)
    with pytest.raises(Refusal, match="__main__"):
        staffing(study(), 100, 2, None)


@pytest.mark.parametrize("wrong", [0, -1, 1.5, True, "two"])
def test_numbers_of_workers_and_threads(study, wrong):
    with pytest.raises(Refusal, match="workers = "):
        staffing(study(), 1, wrong, None)
    with pytest.raises(Refusal, match="threads = "):
        staffing(study(), 1, None, wrong)


def test_the_processors_of_this_process():
    assert processors() >= 1
