"""Digests: equal things have equal texts, different things different ones, and own code counts."""

import functools
import importlib
import json
import linecache
import math
import sys
import threading

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from abm.core.errors import Refusal
from abm.core.spec import Spec, param
from abm.kpis.behaviour import churn_rate, market_share
from abm.kpis.kpi import Kpi
from abm.kpis.standard import KPIS, READINGS
from abm.scenario.scenario import Scenario
from abm.study.provenance.digest import canonical, digest, own_code, plain
from abm.study.running.runner import run

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=10,
)

THEORY = """
import numpy as np

from abm.core.kernels import equation, kernel
from abm.core.spec import param
from abm.mechanisms.mechanism import Mechanism
from abm.mechanisms.phases import Phase
from abm.world.columns import Column

CEILING = {ceiling}
START = np.float32({start})
COST = Column("cost", ("customer",), START, "utility", "cost of leaving")
UNUSED = {unused}

@equation
def grown(cost, growth):
    return cost + {factor} * growth

@kernel
def build(cost, growth, lo, hi, t):
    for i in range(lo, hi):
        cost[i] = min(CEILING, grown(cost[i], growth))

class Growing(Mechanism):
    def schedule(self, policies):
        return ((Phase.{phase}, build),)

class Habit(Growing):
    name = "habit"
    owns = (COST,)
    growth: float = param(0.1, unit="utility", evidence="assumed")
"""

AS_IT_WAS = {"ceiling": 2.0, "unused": 1, "factor": 1.0, "start": 0.0, "phase": "LEARNING"}


class Left(Spec):
    size: float = param(1.0, unit="1", evidence="assumed")


@given(values)
def test_canonical_text_is_read_back_exactly(value):
    assert json.loads(canonical(value)) == value


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_canonical_keeps_every_bit_of_a_number(number):
    back = json.loads(canonical(number))
    assert back == number
    assert math.copysign(1, back) == math.copysign(1, number)


def test_order_of_keys_does_not_count_but_order_of_items_does():
    assert canonical({"a": 1, "b": [1, 2]}) == canonical({"b": [1, 2], "a": 1}) == '{"a":1,"b":[1,2]}'
    assert canonical([1, 2]) != canonical([2, 1])


def test_one_number_and_one_text_differ():
    assert len({canonical(value) for value in (1, 1.0, "1", True, None)}) == 5


def test_plain_turns_specs_tuples_and_numpy_into_toml():
    assert plain({"spec": Left(), "list": (1, np.float64(0.5)), "n": np.int32(3)}) == {
        "spec": {"size": 1.0},
        "list": [1, 0.5],
        "n": 3,
    }


def test_digest_is_blake2b_of_16_bytes():
    assert digest(b"").hex() == "cae66941d9efbd404e4d88758ea67670"


def test_shipped_code_is_not_own_code():
    assert own_code(Scenario(), [market_share]) == []


@pytest.fixture
def habit(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(str(tmp_path))

    def write(**edits):
        monkeypatch.delitem(sys.modules, "habit_theory", raising=False)
        (tmp_path / "habit_theory.py").write_text(THEORY.format(**{**AS_IT_WAS, **edits}))
        importlib.invalidate_caches()
        linecache.clearcache()
        return dict(own_code(Scenario().adding(importlib.import_module("habit_theory").Habit())))

    sys.dont_write_bytecode, before = True, sys.dont_write_bytecode
    yield write
    sys.dont_write_bytecode = before


@pytest.mark.parametrize("edit", [{"factor": 2.0}, {"ceiling": 3.0}, {"start": 0.5}, {"phase": "ENCOUNTER"}])
def test_an_edited_equation_constant_column_or_base_is_other_code(habit, edit):
    before = habit()
    assert habit(**edit) != before
    assert habit(unused=2) == before


def test_a_kpi_counts_by_what_it_computes():
    made = {}
    for k in (1.0, 2.0):
        made[k] = own_code([Kpi("mine", "cu", lambda t, k=k: k * t.revenue, "", "", "")])
    assert made[1.0] != made[2.0]
    shipped = [own_code([Kpi("mine", "cu", one.function, "", "", "")]) for one in (market_share, churn_rate)]
    assert shipped[0] != shipped[1]
    assert own_code(KPIS, READINGS) == []


def test_what_cannot_be_read_is_refused_with_the_name_of_the_kpi():
    lock = threading.Lock()
    with pytest.raises(Refusal, match=r"^mine: uses a _thread\.lock, whose content cannot be read"):
        own_code([Kpi("mine", "cu", lambda t: lock, "", "", "")])


def test_an_edited_kpi_does_not_find_old_numbers(study, tmp_path):
    """Whatever a number hides in: an argument, what a function encloses, an object that is called."""
    kinds = {
        "default": lambda k: lambda t, k=k: k * t.revenue,
        "closure": lambda k: lambda t: k * t.revenue,
        "partial": lambda k: functools.partial(_times, k=k),
        "object": _Times,
    }
    for kind, make in kinds.items():
        found = [
            run(study(arms={}, kpis=(Kpi("mine", "cu", make(k), "", "", ""),)), tmp_path / kind, workers=1).runs["mine"]
            for k in (1.0, 10.0)
        ]
        np.testing.assert_allclose(10 * found[0], found[1], err_msg=kind)


def _times(t, k):
    return k * t.revenue


class _Times:
    def __init__(self, k):
        self.k = k

    def __call__(self, t):
        return self.k * t.revenue
