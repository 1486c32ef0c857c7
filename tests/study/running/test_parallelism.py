"""How many processes and threads a study gets, by its runs, the processors and the memory there is."""

import multiprocessing

import pytest

from abm.core.errors import Refusal
from abm.study.running import parallelism
from abm.study.running.parallelism import Parallelism, choose_parallelism, processors


@pytest.fixture(autouse=True)
def eight_processors(monkeypatch):
    monkeypatch.setattr(parallelism, "processors", lambda: 8)
    monkeypatch.setattr(parallelism, "memory", lambda: 1 << 36)


@pytest.fixture
def large(study, world):
    return study(scenario=world.replace({"population.customers": 200_000, "periods": 100}))


def test_many_small_runs_begin_here_and_may_have_all_processors(study):
    assert choose_parallelism(study(), 100, None, None) == Parallelism(8, 1, by_default=True, try_here_first=True)


def test_large_runs_go_to_worker_processes_at_once(large):
    assert choose_parallelism(large, 100, None, None) == Parallelism(8, 1, by_default=True, try_here_first=False)


def test_few_large_runs_share_the_processors_as_threads(large):
    assert choose_parallelism(large, 2, None, None) == Parallelism(2, 4, by_default=True)
    assert choose_parallelism(large, 1, None, None) == Parallelism(1, 8, by_default=True)


def test_few_small_runs_get_no_threads(study):
    assert choose_parallelism(study(), 2, None, None).threads == 1


def test_what_is_asked_for_is_granted(large):
    assert choose_parallelism(large, 2, 3, 5) == Parallelism(3, 5)
    assert choose_parallelism(large, 100, 1, None) == Parallelism(1, 1)


def test_no_runs_need_one_process(study):
    assert choose_parallelism(study(), 0, None, None).workers == 1


def test_no_more_runs_at_once_than_memory_holds(large, monkeypatch):
    needed = large.scenario.estimated_bytes()
    monkeypatch.setattr(parallelism, "memory", lambda: 4 * needed)
    assert choose_parallelism(large, 100, None, None).workers == 3  # three fill four fifths of it
    monkeypatch.setattr(parallelism, "memory", lambda: needed - 1)
    with pytest.raises(Refusal, match=r"one run needs about .* GiB of memory and this machine has"):
        choose_parallelism(large, 100, None, None)


def test_a_machine_of_unknown_memory_may_use_all_processors(large, monkeypatch):
    monkeypatch.setattr(parallelism, "memory", lambda: 0)
    assert choose_parallelism(large, 100, None, None).workers == 8


def test_a_daemon_has_no_children(study, monkeypatch):
    monkeypatch.setattr(multiprocessing.current_process(), "_config", {"daemon": True})
    assert choose_parallelism(study(), 100, None, None).workers == 1


def test_a_script_without_a_guard_is_refused_with_advice(study, monkeypatch):
    monkeypatch.setattr(multiprocessing.current_process(), "_inheriting", True, raising=False)
    with pytest.raises(Refusal, match="__main__"):
        choose_parallelism(study(), 100, 2, None)


@pytest.mark.parametrize("wrong", [0, -1, 1.5, True, "two"])
def test_numbers_of_workers_and_threads(study, wrong):
    with pytest.raises(Refusal, match="workers = "):
        choose_parallelism(study(), 1, wrong, None)
    with pytest.raises(Refusal, match="threads = "):
        choose_parallelism(study(), 1, None, wrong)


def test_the_processors_of_this_process():
    assert processors() >= 1
