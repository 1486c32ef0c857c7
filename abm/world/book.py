"""The book of visits: what keeps a period's visits while the whole market is looked at.

A list of visits lives while its tile is worked on. Where a market phase has to see the visits of everybody, every tile
writes its list into the book and reads it back afterwards; in between the visits of firm j are the entries
`book_visit[book_start[j]]` up to that of j + 1, in the order of rows and occasions. Each tile has a place of its
own in the book, as long as its list can be; of the memory reserved for it only what is written is ever used.
"""

from __future__ import annotations

import numpy as np

from abm.core.kernels import kernel
from abm.world.columns import MOST_OCCASIONS
from abm.world.visits import SERVED

_MOST = np.int64(MOST_OCCASIONS)


@kernel
def serve_everybody(visit_outcome, visit_count):
    """Let every visitor be served, unless something happens.  visit_outcome (visits,)  [written]"""
    for v in range(visit_count[0]):
        visit_outcome[v] = SERVED


@kernel
def keep_length(tile_length, tile_first, visit_count, tile_rows, counted_part, lo):
    """Write into the book how many visits a tile has, and its first row.

    Tiles are numbered through; the last of a group of customers may be shorter, so that the next begins within it.

    tile_length, tile_first (tiles,)  [written]
    """
    tile = np.int64(lo) // tile_rows[0] + counted_part
    tile_length[tile] = visit_count[0]
    tile_first[tile] = lo


@kernel
def keep_visits(kept, passed, visit_count, lo):
    """Write an entry of every visit of a tile into the book.  kept (book,)  [written]"""
    first = np.int64(lo) * _MOST
    for v in range(visit_count[0]):
        kept[first + v] = passed[v]


@kernel
def fetch_length(visit_count, tile_length, tile_rows, counted_part, lo):
    """Read from the book how many visits a tile has.  visit_count (1,)  [written]"""
    visit_count[0] = tile_length[np.int64(lo) // tile_rows[0] + counted_part]


@kernel
def fetch_visits(passed, kept, visit_count, lo):
    """Read an entry of every visit of a tile from the book.  passed (visits,)  [written]"""
    first = np.int64(lo) * _MOST
    for v in range(visit_count[0]):
        passed[v] = kept[first + v]


@kernel(per="market")
def index_by_firm(book_start, book_visit, chosen, tile_length, tile_first):
    """List the visits of each firm in the order of rows and occasions.

    book_start (m + 1,), book_visit (book,)  [written]      chosen (book,)  the firm of each visit
    """
    m = book_start.shape[0] - 1
    for j in range(m + 1):
        book_start[j] = 0
    for k in range(tile_length.shape[0]):
        first = tile_first[k] * _MOST
        for v in range(first, first + tile_length[k]):
            book_start[chosen[v] + 1] += 1
    for j in range(m):
        book_start[j + 1] += book_start[j]
    for k in range(tile_length.shape[0]):
        first = tile_first[k] * _MOST
        for v in range(first, first + tile_length[k]):
            j = chosen[v]
            book_visit[book_start[j]] = v
            book_start[j] += 1
    for back in range(m):  # the places have moved to the end of their firm, which is where the next begins
        book_start[m - back] = book_start[m - back - 1]
    book_start[0] = 0


@kernel
def pick_served(served, served_count, visit_count, visit_outcome, visit_firm, visits):
    """Pick the visitors who were served; the others do not count as visits.

    served (visits,)  place on the list  [written]      served_count (1,)  [written]      visits  tally [written]
    """
    found = 0
    for v in range(visit_count[0]):
        served[found] = v
        found += 1 if visit_outcome[v] == SERVED else 0
        visits[visit_firm[v]] -= 0 if visit_outcome[v] == SERVED else 1
    served_count[0] = found


@kernel
def close_ranks(passed, served, served_count):
    """Leave on the list an entry of every visitor who was served.  passed (visits,)  [written]"""
    for k in range(served_count[0]):
        passed[k] = passed[served[k]]


@kernel
def cut_list(visit_count, served_count):
    """Cut the list to the visitors who were served.  visit_count (1,)  [written]"""
    visit_count[0] = served_count[0]
