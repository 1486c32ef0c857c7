"""Time and memory estimated on paper, and what is refused for it."""

import time

import pytest

from abm.core.errors import Refusal
from abm.engine import recording
from abm.engine.kept import ROOM
from abm.scenario.scenario import Scenario
from abm.study.plan.design import grid
from abm.study.running import estimate as paper
from abm.study.running import parallelism
from abm.study.running.estimate import PROCESS_BYTES, duration_in_words, estimate
from abm.study.running.parallelism import Parallelism


@pytest.fixture(autouse=True)
def a_machine(monkeypatch):
    monkeypatch.setattr(paper, "memory", lambda: 1 << 36)


def test_time_grows_with_runs_and_shrinks_with_processes(study):
    one = estimate(study(), 100, Parallelism(1, 1)).seconds
    assert estimate(study(), 200, Parallelism(1, 1)).seconds == pytest.approx(2 * one)
    assert estimate(study(), 100, Parallelism(4, 1)).seconds == pytest.approx(one / 4)
    assert estimate(study(), 1, Parallelism(4, 1)).seconds == pytest.approx(one / 100)  # one run is not shared out
    assert estimate(study(), 0, Parallelism(4, 1)).seconds == 0


def test_time_grows_with_customers_periods_and_visits(study, world):
    def seconds(**changes):
        large = {"population.customers": 50_000, "periods": 100} | {k.replace("__", "."): v for k, v in changes.items()}
        return estimate(study(scenario=world.replace(large)), 1, Parallelism(1, 1)).seconds

    assert seconds(periods=200) == pytest.approx(2 * seconds(), rel=0.1)
    assert seconds(population__customers=100_000) == pytest.approx(2 * seconds(), rel=0.1)
    assert seconds(population__purchase_rate=2.0) > 3 * seconds()


def test_memory_is_that_of_the_largest_world_in_every_process(study, world):
    arms = {"none": {}, "large": {"population.customers": 1_000_000}}
    needed = world.replace(arms["large"]).estimated_bytes()
    study = study(arms=arms)
    assert estimate(study, 10, Parallelism(1, 1)).memory == pytest.approx(PROCESS_BYTES + needed, rel=1e-3)
    assert estimate(study, 10, Parallelism(3, 1)).memory == pytest.approx(4 * PROCESS_BYTES + 3 * needed, rel=1e-3)


def test_worlds_that_are_kept_beside_the_one_that_runs_are_counted_as_far_as_there_is_room(study, world):
    small = world.replace({"population.customers": 1000})
    alike, one = Parallelism(1, 1), small.estimated_bytes()
    kept = estimate(study(scenario=small, arms={"a": {}, "b": {}, "c": {}}), 10, alike).memory
    assert kept == pytest.approx(PROCESS_BYTES + 3 * one, rel=1e-3)
    many = {f"arm_{k}": {} for k in range(2 * ROOM // one)}
    assert estimate(study(scenario=small, arms=many), 10, alike).memory == pytest.approx(
        PROCESS_BYTES + one + ROOM, rel=1e-2
    )


def test_the_last_point_counts_too(study):
    growing = study(design=grid({"population.customers": [60, 600_000]}))
    assert estimate(growing, 10, Parallelism(1, 1)).memory > 1.2 * estimate(study(), 10, Parallelism(1, 1)).memory


def test_points_that_cannot_run_cost_nothing(study, monkeypatch):
    monkeypatch.setattr("abm.study.plan.checks.MOST_POINTS_CHECKED", 0)
    broken = study(design=grid({"burn_in": [0, 4], "periods": [2, 8]}))
    assert parallelism.worlds(broken)[0].periods == 2
    assert estimate(broken, 10, Parallelism(1, 1)).seconds > 0


def test_in_words(study):
    said = str(estimate(study(), 1000, Parallelism(1, 1)))
    assert said == "about 2 s and 0.2 GiB of memory"


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "1 s"), (0.4, "1 s"), (40, "40 s"), (89, "89 s"), (100, "2 min"), (700, "12 min"), (5 * 3600, "5 h"),
        (40 * 3600, "40 h"), (9 * 86400, "9 days"), (50 * 365 * 86400, "50 years"), (1e15, "31,709,792 years"),
    ],
)  # fmt: skip
def test_a_time_in_the_unit_that_suits_it(seconds, words):
    assert duration_in_words(seconds) == words


def test_years_are_refused(study, world):
    endless = study(
        scenario=world.replace({"population.customers": 10_000_000, "periods": 10_000}), replications=10_000
    )
    with pytest.raises(Refusal) as refusal:
        estimate(endless, len(endless), Parallelism(2, 1))
    assert "20,000 runs would take about 4 years and " in str(refusal.value)
    assert "a study may take a year at most, so take fewer replications, points, arms, customers" in str(refusal.value)


def test_more_memory_than_there_is_is_refused(study, world, monkeypatch):
    monkeypatch.setattr(paper, "memory", lambda: 1 << 30)
    with pytest.raises(
        Refusal, match=r"16 processes would take about 1 s and 4\.2 GiB of memory, and this machine has 1\.0"
    ):
        estimate(study(), 100, Parallelism(16, 1))
    monkeypatch.setattr(paper, "memory", lambda: 0)  # a machine whose memory is not known
    assert estimate(study(), 100, Parallelism(16, 1)).memory > 1 << 30


@pytest.mark.endurance
@pytest.mark.parametrize(("customers", "periods"), [(200, 30), (2_000, 100), (20_000, 50), (100_000, 20)])
def test_it_is_about_right(study, customers, periods):
    world = Scenario(population={"customers": customers}, periods=periods)
    recording.record(world, 1)
    began = time.perf_counter()
    for replication in range(3):
        recording.record(world, 1, replication)
    took = (time.perf_counter() - began) / 3
    assert 1 / 6 < estimate(study(scenario=world, arms={}), 1, Parallelism(1, 1)).seconds / took < 6


def test_what_is_recorded_is_estimated(study):
    record = {"persons": {"columns": ["trust", "basket"], "at": [2, 4], "sample": 0.5}}
    experiment = study(record=record)
    customers, firms = experiment.scenario.population.customers, len(experiment.scenario.firms)
    assert paper.recorded_bytes(experiment) == 2 * 0.5 * customers * 8 * (4 + 2 * firms)
    assert "of persons and visits" in str(estimate(experiment, 4, Parallelism(1, 1)))
    assert "persons" not in str(estimate(study(), 4, Parallelism(1, 1)))


def test_more_than_a_disk_holds_is_refused(study, monkeypatch):
    monkeypatch.setattr(paper, "MOST_RECORDED", 1e6)
    experiment = study(record={"visits": {"columns": ["transaction"]}})
    with pytest.raises(Refusal, match="GiB of persons and visits; record a smaller sample"):
        estimate(experiment, 10**7, Parallelism(16, 1))
