"""Figures of queues: what they show by hand, and that their words can be read."""

from __future__ import annotations

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib import pyplot as plt

from abm.core.errors import Refusal
from abm.queues.serve import queue
from abm.view import queues
from tests.view.readable import assert_readable

mpl.use("Agg")
HAND = {"arrival": [0, 1, 2, 3, 10], "need": [4, 2, 3, 1, 1]}
KINDS = [{"name": "members", "share": 0.3}, {"name": "others", "share": 0.7, "rank": 1}]


@pytest.fixture(autouse=True)
def _closed():
    yield
    plt.close("all")


def test_the_line_over_time_by_hand():
    """One waits from 1, two from 2, three from 3, until services begin at 4, 6 and 9."""
    at, waiting = queues.line_over_time(queue(**HAND).customers)
    last = {time: int(n) for time, n in zip(at, waiting, strict=True)}
    assert last == {0: 0, 1: 1, 2: 2, 3: 3, 4: 2, 6: 1, 9: 0, 10: 0}


def test_a_trace_shows_the_line_and_the_waits():
    above, below = queue(**HAND).plot.trace()
    step = above.lines[0]
    assert max(step.get_ydata()) == 3
    np.testing.assert_array_equal(below.lines[0].get_ydata(), [0, 3, 4, 6, 0])
    assert_readable(above.figure)


def test_a_trace_tells_apart_how_comings_end():
    found = queue(rate=1.5, minutes=1.0, patience=1.0, room=4, customers=500)
    above, below = found.plot.trace()
    assert [text.get_text() for text in below.get_legend().get_texts()] == ["served", "abandoned", "denied"]
    assert_readable(above.figure)


def test_servers_have_a_bar_for_each_service():
    ax = queue(**HAND, servers=2).plot.servers()
    boxes = [path.get_extents() for bars in ax.collections for path in bars.get_paths()]
    assert sorted((box.x0, box.x1) for box in boxes) == [(0, 4), (1, 3), (3, 6), (4, 5), (10, 11)]
    assert_readable(ax.figure)


def test_servers_of_pools_are_named_and_kinds_have_colours():
    pools = [{"name": "desk", "servers": 2}, {"name": "specialists", "servers": 30, "pace": 30.0}]
    found = queue(rate=3.0, minutes=1.0, kinds=KINDS, pools=pools, customers=400)
    ax = found.plot.servers(minutes=100.0)
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["members", "others"]
    assert ax.get_yticklabels()[0].get_text() == "desk 1"
    assert_readable(ax.figure)


def test_shares_of_waits_add_to_one_with_those_who_did_not_wait():
    waited = np.concatenate((np.zeros(600), np.linspace(0.1, 10.0, 400)))
    ax = queues.waits(waited, ("by hand", lambda t: 0.4 * np.exp(-t)))
    heights = sum(patch.get_height() for patch in ax.patches)
    assert heights == pytest.approx(0.4, abs=0.005)
    assert "60.0 % did not wait" in ax.get_title(loc="left")
    assert ax.get_legend().get_texts()[0].get_text() == "by hand"
    assert ax.lines[0].get_ydata().sum() == pytest.approx(0.4 * (1 - np.exp(-ax.get_xlim()[1])))
    assert_readable(ax.figure)


def test_a_window_without_anybody_is_refused():
    found = queue(**HAND)
    with pytest.raises(Refusal, match=r"^start = 99 is after the last arrival; take an earlier time$"):
        found.plot.trace(start=99.0)
    with pytest.raises(Refusal, match=r"^replication = 1 is none of 1, from 0$"):
        found.plot.servers(replication=1)
    with pytest.raises(Refusal, match="nobody was served in this time; take another"):
        queue(arrival=[0, 20], need=[1, 5]).plot.servers(start=5.0, minutes=5.0)


def test_pictures_are_those_that_have_something_to_show():
    assert [drawn.file for drawn in queues.pictures(queue(**HAND))] == list(queues.FILES)
    alone = queue(rate=0.5, bot={"contained": 1.0}, minutes=1.0, customers=30)
    assert [drawn.file for drawn in queues.pictures(alone)] == ["trace.png"]
