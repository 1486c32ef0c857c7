"""The bits of varied markets are those that were recorded; a change of them is news."""

from __future__ import annotations

import pytest

from abm.scenario.scenario import Scenario
from abm.study.provenance import revisions, sources
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


def test_sources_are_those_recorded():
    known = revisions.recorded()
    edited = [name for name in sources.names() if name in known and known[name]["source"] != sources.source(name)]
    assert not edited, "their code is not the one whose bits were recorded: python -m tests.baselines.update"


def test_a_theory_does_not_have_the_name_of_what_all_share():
    assert len({*sources.names()}) == len(sources.names())


OLD = {name: {"revision": 3, "source": "old"} for name in ("market", "kpis", "trust", "need", "rare")}


@pytest.mark.parametrize(
    ("edited", "news", "raised"),
    [
        ((), False, ()),
        (("trust", "market", "kpis"), False, ()),
        (("trust",), True, ("trust",)),
        (("trust", "market"), True, ("trust", "market")),
        ((), True, ("market",)),
        (("rare", "need"), False, ("rare",)),
    ],
    ids=["nothing", "clearer", "theory", "two", "libraries", "unseen"],
)
def test_a_revision_is_new_where_numbers_may_be(edited, news, raised):
    now = {name: "new" if name in edited else "old" for name in OLD}
    found = update.revised(OLD, now, {"market", "kpis", "trust", "need"}, news)
    assert {name for name in found if found[name]["revision"] == 4} == set(raised)
    assert {name: entry["source"] for name, entry in found.items()} == now


def test_a_new_theory_has_revision_1_and_one_that_comes_back_goes_on():
    now = dict.fromkeys(OLD, "old")
    assert update.revised(OLD, {**now, "fresh": "new"}, {"fresh"}, True)["fresh"] == {"revision": 1, "source": "new"}
    gone = update.revised(OLD, {name: "old" for name in now if name != "trust"}, {*now}, False)
    assert gone["trust"] == {"revision": 3, "source": ""}
    assert update.revised(gone, now, {*now}, False)["trust"] == {"revision": 4, "source": "old"}


@pytest.fixture
def elsewhere(tmp_path, monkeypatch):
    """Record into another folder, and only one market."""
    for name in ("RECORDED", "REVISIONS", "REMEMBERED"):
        path = tmp_path / getattr(update, name).name
        path.write_bytes(getattr(update, name).read_bytes())
        monkeypatch.setattr(update, name, path)
    monkeypatch.setattr(update, "MARKETS", {"default": MARKETS["default"]})
    return tmp_path


def test_a_moved_default_needs_a_line_of_news(elsewhere, monkeypatch, capsys):
    standing = update.defaults()
    monkeypatch.setattr(update, "defaults", lambda: standing | {"switching_cost.trait_precision": 99.0})
    assert update.main() == 1
    assert "defaults: switching_cost.trait_precision" in capsys.readouterr().out


def test_moved_bits_need_a_line_of_news(elsewhere, monkeypatch, capsys):
    old = recorded()
    old["markets"]["default"]["trust"] = "another"
    path = elsewhere / "recorded.json"
    path.write_text(update.json.dumps(old), "utf-8")
    numbers = (elsewhere / "revisions.json").read_bytes()
    monkeypatch.setattr(update, "recorded", lambda: old)
    assert update.main() == 1
    assert "default: trust" in capsys.readouterr().out
    assert update.json.loads(path.read_text("utf-8")) == old, "nothing is recorded without its reason"
    assert (elsewhere / "revisions.json").read_bytes() == numbers
    monkeypatch.setattr(update, "news", lambda: [*old["numbers"], "Numbers: trust grows faster."])
    assert update.main() == 0
    assert (elsewhere / "revisions.json").read_bytes() != numbers
    assert (
        update.json.loads(path.read_text("utf-8"))["markets"]["default"]["trust"]
        == recorded()["markets"]["default"]["trust"]
    )
