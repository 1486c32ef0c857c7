"""The bits of varied markets are those that were recorded; a change of them is news."""

from __future__ import annotations

import pytest

from abm.scenario.scenario import Scenario
from tests.baselines import update
from tests.baselines.digests import digests, recorded
from tests.baselines.markets import MARKETS


@pytest.mark.parametrize("market", MARKETS)
def test_bits_are_those_recorded(market):
    expected, found = recorded()["markets"][market], digests(market)
    moved = [name for name in expected if name in found and found[name] != expected[name]]
    assert not moved
    unused = {column.name for one in Scenario.parse(MARKETS[market]).mechanisms() for column in one.owns}
    gone = [name for name in expected if name not in found and name not in unused]
    assert not gone, "a column or tally has left the model or has another name: python -m tests.baselines.update"


@pytest.mark.parametrize("market", ["all_at_work", "contracts_with_an_unknown_firm", "many_visits"])
def test_bits_do_not_depend_on_threads(market):
    assert digests(market, threads=3) == digests(market)


def test_moved_bits_need_a_line_of_news(tmp_path, monkeypatch, capsys):
    old = recorded()
    old["markets"]["default"]["trust"] = "another"
    path = tmp_path / "recorded.json"
    path.write_text(update.json.dumps(old), "utf-8")
    monkeypatch.setattr(update, "RECORDED", path)
    monkeypatch.setattr(update, "recorded", lambda: old)
    monkeypatch.setattr(update, "MARKETS", {"default": MARKETS["default"]})
    assert update.main() == 1
    assert "default: trust" in capsys.readouterr().out
    assert update.json.loads(path.read_text("utf-8")) == old, "nothing is recorded without its reason"
    monkeypatch.setattr(update, "news", lambda: [*old["numbers"], "Numbers: trust grows faster."])
    assert update.main() == 0
    assert (
        update.json.loads(path.read_text("utf-8"))["markets"]["default"]["trust"]
        == recorded()["markets"]["default"]["trust"]
    )
