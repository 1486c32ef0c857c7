"""Columns: arrays by name, written in place; tallies in their units; and what a kernel's parameter may name."""

from __future__ import annotations

import pickle
from copy import deepcopy
from typing import ClassVar

import numpy as np
import pytest

from abm.core.errors import Refusal
from abm.engine.building import build_world
from abm.scenario.scenario import Scenario
from abm.world.columns import FACETS, MOST_OCCASIONS, TILE, Block, Column, Columns, Tally
from abm.world.network.ties import Ties
from abm.world.world import World


@pytest.fixture
def world():
    ties = Ties(np.zeros(4, np.int64), np.empty(0, np.int32), np.empty(0, np.float32))
    made = World(3, ("north", "south"), {"price": np.ones(2, np.float32)}, ties, periods=4, replication=5, workers=2)
    made.allocate(
        [
            Column("mood", ("customer",), 0.5, "0-1", "a mood"),
            Column("liking", ("firm", "customer"), float("nan"), "0-1", "NaN until met"),
            Column("bill", ("firm", "customer"), 0, "cents", "owed", "int64"),
            Column("visit_mood", ("visit",), 0, "0-1", "of the visit"),
            Column("visit_total", ("one",), 0, "visits", "how many", "int64"),
        ],
        [Tally("money", "cu", "paid", 0.01), Tally("cards", "cards", "held", stock=True)],
    )
    return made


class TestColumns:
    def test_items_are_attributes(self):
        columns = Columns({"trust": np.zeros(3)})
        assert columns.trust is columns["trust"]
        assert list(columns) == ["trust"]
        assert len(columns) == 1
        assert "trust" in columns
        with pytest.raises(AttributeError, match="trsut"):
            _ = columns.trsut

    def test_are_written_in_place_and_never_rebound(self):
        columns = Columns({"trust": np.zeros(3)})
        with pytest.raises(AttributeError, match=r"columns are written in place: trust\[:\] = "):
            columns.trust = np.ones(3)
        columns.trust[:] = 1.0
        assert columns["trust"].tolist() == [1.0, 1.0, 1.0]

    def test_survive_a_trip_to_another_process(self):
        copy = pickle.loads(pickle.dumps(Columns({"trust": np.arange(3)})))
        np.testing.assert_array_equal(copy.trust, [0, 1, 2])


class TestWorld:
    def test_columns_have_their_shape_type_and_default(self, world):
        c = world.customers
        assert (c.mood.shape, c.mood.dtype) == ((3,), np.float32)
        assert c.mood.tolist() == [0.5] * 3
        assert (c.liking.shape, np.isnan(c.liking).all()) == ((2, 3), True)
        assert (c.bill.shape, c.bill.dtype) == ((2, 3), np.int64)

    def test_what_passes_within_a_period_is_each_workers_own(self, world):
        first, second = world.passing
        assert first.visit_mood.shape == (3 * MOST_OCCASIONS,)
        assert first.visit_total.shape == (1,)
        first.visit_mood[0] = 1.0
        assert second.visit_mood[0] == 0.0
        assert "visit_mood" not in world.customers

    def test_passing_columns_hold_a_tile_at_most(self):
        scenario = Scenario.parse({"periods": 1, "population": {"customers": 2 * TILE + 1}})
        assert build_world(scenario, 1).passing[0].visit_customer.shape == (2 * TILE * MOST_OCCASIONS,)
        often = scenario.replace({"population.purchase_rate": 1.0})
        assert build_world(often, 1).passing[0].visit_customer.shape == (TILE * MOST_OCCASIONS,)
        always = scenario.replace({"need.process": "every_period"})
        assert build_world(always, 1).tile == TILE

    def test_a_parameter_names_columns_tallies_levers_ties_and_numbers(self, world):
        assert world.lookup("mood", 0) is world.customers.mood
        assert world.lookup("visit_mood", 1) is world.passing[1].visit_mood
        assert world.lookup("price", 0) is world.firms.price
        assert world.lookup("tie_start", 0) is world.ties.start
        assert [world.lookup(name, 0) for name in ("replication", "periods", "burn_in", "periods_per_year")] == [
            5,
            4,
            0,
            52,
        ]
        assert world.lookup("nothing", 0) is None
        world.lookup("liking_at", 0)[world.n + 1] = 0.5  # firm 1, customer 1
        assert world.customers.liking[1, 1] == 0.5
        world.lookup("money", 1)[0] = 7
        assert world.counted[:, 0, 0].tolist() == [0, 7]

    def test_everything_that_may_be_named_is_listed_and_found(self, world):
        given_by_the_run = {"key", "lo", "hi", "t"}
        for name in set(world.names()) - given_by_the_run:
            assert world.lookup(name, 0) is not None, name
        assert given_by_the_run <= set(world.names())

    def test_tallies_are_read_in_their_unit(self, world):
        world.history[2, 0] = [1250, 50, 0]
        assert world.tallied("money").tolist() == [[0, 0, 0], [0, 0, 0], [12.5, 0.5, 0], [0, 0, 0]]
        assert world.tallied("cards").dtype == np.float64

    def test_a_tally_with_further_axes_has_an_entry_for_each(self):
        ties = Ties(np.zeros(2, np.int64), np.empty(0, np.int32), np.empty(0, np.float32))
        world = World(1, ("north", "south"), {}, ties, periods=4, workers=2, axes={"bin": 3})
        plain, shaped = Tally("plain", "1", "one row"), Tally("sums", "cu", "by bin", 0.01, axes=("bin", "bin"))
        last, absent = Tally("last", "1", "one row", stock=True), Tally("away", "1", "not there", axes=("bin",))
        world.allocate([], [plain, shaped, last], absent=[absent])
        assert dict(world.rows) == {"plain": 0, "sums": slice(1, 10), "last": 10}
        assert world.layout.stocks.tolist() == [0] * 10 + [1]
        seen = world.lookup("sums", 1)
        assert (seen.shape, seen.flags.c_contiguous) == ((3, 3, 3), True)
        seen[1, 2, 0] = 250
        assert world.counted[1, 1 + 3 + 2].tolist() == [250, 0, 0]
        world.history[2] = world.counted[1]
        assert world.tallied("sums").shape == (4, 3, 3, 3)
        assert world.tallied("sums")[2, 1, 2, 0] == 2.5
        assert world.lookup("away", 0) is None
        assert (world.tallied("away").shape, np.isnan(world.tallied("away")).all()) == ((4, 3, 3), True)
        with pytest.raises(KeyError):
            world.tallied("nothing")

    def test_memory_counts_every_array(self, world):
        small = sum(a.nbytes for a in (*world.customers.values(), *world.firms.values(), world.counted, world.history))
        passing = sum(a.nbytes for worker in world.passing for a in worker.values())
        assert world.bytes() == small + passing + world.ties.start.nbytes


class TestBlock:
    GIVEN: ClassVar = {
        "flag": np.array([1, 0, 1], np.uint8),
        "cents": np.array([[5, 6], [7, 8]], np.int64),
        "share": np.zeros(()),
    }

    def test_arrays_are_copies_that_lie_side_by_side(self):
        block = Block(self.GIVEN)
        assert {name: array.tolist() for name, array in block.items()} == {
            "flag": [1, 0, 1], "cents": [[5, 6], [7, 8]], "share": 0.0,
        }  # fmt: skip
        before = block.memory.copy()
        block.cents[1, 0] = 9
        assert self.GIVEN["cents"][1, 0] == 7
        assert block.memory.tobytes() != before.tobytes()
        block.memory[:] = before
        assert block.cents[1, 0] == 7
        assert all(array.flags.aligned and array.flags.c_contiguous for array in block.values())

    @pytest.mark.parametrize("copied", [deepcopy, lambda block: pickle.loads(pickle.dumps(block))])
    def test_a_copy_has_a_memory_of_its_own(self, copied):
        again = copied(block := Block(self.GIVEN))
        again.flag[:] = 0
        assert block.flag.tolist() == [1, 0, 1]
        again.memory[:] = block.memory
        assert again.flag.tolist() == [1, 0, 1]


def test_an_account_is_one_that_a_firm_has():
    assert Tally("takings", "cu", "money received", 0.01, account="revenue").account == "revenue"
    with pytest.raises(Refusal, match="tally 'takings' has no account 'revenu'; did you mean 'revenue'"):
        Tally("takings", "cu", "money received", 0.01, account="revenu")
    with pytest.raises(Refusal, match=r"accounts: revenue, goods, lever, forgone, fixed"):
        Tally("takings", "cu", "money received", 0.01, account="xyz")


def test_the_estimate_of_memory_is_about_what_a_run_takes():
    scenario = Scenario.parse({"periods": 20, "population": {"customers": 30_000}})
    assert scenario.estimated_bytes() == pytest.approx(build_world(scenario, 1).bytes(), rel=0.1)


def test_every_column_and_tally_says_what_it_is():
    mechanisms = Scenario().mechanisms()
    for described in [d for m in mechanisms for d in (*m.owns, *m.counts)]:
        assert described.unit, described.name
        assert described.meaning, described.name
    assert len(FACETS) == 8
