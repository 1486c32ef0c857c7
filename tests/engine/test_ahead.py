"""Compiling ahead: every kernel of the periods, from the last to the first, without drawing anybody."""

from __future__ import annotations

from abm.core.kernels import Kernel
from abm.engine import ahead
from abm.engine.engine import Engine
from abm.mechanisms.mechanism import Mechanism
from abm.scenario.scenario import Scenario


def test_kernels_are_compiled_from_the_last_to_the_first(monkeypatch):
    scenario = Scenario.parse({"periods": 2, "population": {"customers": 3}, "off": ["defection"]})
    engine, met = Engine(scenario, seed=1), []
    expected = [call.kernel.name for program in engine.programs for _, calls in program.stages for call in calls]
    entry = Kernel.entry

    def noted(kernel, arguments):
        met.append((kernel.name, entry(kernel, arguments)))

    monkeypatch.setattr(Kernel, "entry", noted)
    ahead.compile_last_first(scenario)
    assert [name for name, _ in met] == expected[-2::-1]  # all but the record, which is no mechanism's
    by_name = {call.kernel.name: call for program in engine.programs for _, cs in program.stages for call in cs}
    assert all(entry(by_name[name].kernel, by_name[name].arguments) == address for name, address in met)


def test_nobody_is_drawn(monkeypatch):
    def refuse(*args):
        raise AssertionError

    monkeypatch.setattr(Mechanism, "begin", refuse)
    monkeypatch.setattr("abm.world.population.Population.begin", refuse)
    ahead.compile_last_first(Scenario.parse({"periods": 1, "population": {"customers": 2}}))


def test_it_ends_when_nobody_wants_it_any_more(monkeypatch):
    met = []
    monkeypatch.setattr(Kernel, "entry", lambda kernel, arguments: met.append(kernel.name))
    ahead.compile_last_first(Scenario.parse({"periods": 1, "population": {"customers": 2}}), lambda: len(met) < 3)
    assert len(met) == 3
