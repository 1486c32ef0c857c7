"""What may be sent to other processes by any pool: experiments, KPIs, verdicts, collectors, and abm.run itself."""

import multiprocessing
import pickle
from concurrent.futures import ProcessPoolExecutor

import pytest

import abm
from abm.agents.model import CustomerModel
from abm.kpis.readings import gini_of_spend
from abm.kpis.value import profit

pytestmark = pytest.mark.slow


def again(thing):
    return pickle.loads(pickle.dumps(thing))


@pytest.mark.parametrize("measure", [profit, gini_of_spend], ids=["kpi", "reading"])
def test_a_measure_is_the_one_that_its_module_defines(measure):
    assert again(measure) is measure


def test_a_measure_that_stands_nowhere_goes_by_its_fields():
    other = abm.Kpi("mine", "cu", len, "", "", "")
    assert again(other) == other


def test_an_experiment_is_equal_and_has_the_same_runs(study):
    made = study(kpis=("profit", "gini_of_spend"))
    assert again(made) == made
    assert again(made).sheet == made.sheet


def test_verdicts_and_collectors(study, tmp_path):
    verdict = abm.compare(study(), "profit", zone=50.0, workers=1)
    assert again(verdict).statement == verdict.statement
    model = CustomerModel(customers=20, periods=2, seed=1, kpis=["profit"])
    model.step()
    assert again(model.datacollector).get_model_vars_dataframe().equals(model.datacollector.get_model_vars_dataframe())


@pytest.mark.endurance
def test_studies_are_run_by_a_pool_of_ones_own(study):
    studies = [study(seed=seed) for seed in (1, 2)]
    with ProcessPoolExecutor(2, multiprocessing.get_context("spawn")) as pool:
        found = list(pool.map(abm.run, studies))
    assert [one.canonical() for one in found] == [abm.run(one, workers=1).canonical() for one in studies]
