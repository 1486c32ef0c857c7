"""The phases of a period: the model's schedule, in the order in which it runs.

A *tile* phase works on a few thousand customers at a time, and all tile phases in a row are done on one tile before the
next; a kernel there reads and writes its own customers' rows and visits. A *market* phase begins when everybody has
finished the phase before, and sees all customers; the phases after it begin when it has ended.
"""

from __future__ import annotations

from enum import Enum
from functools import total_ordering
from typing import Literal

Scope = Literal["tile", "market"]


@total_ordering
class Phase(Enum):
    """A part of every period: its scope, and what happens in it."""

    OPENING = ("market", "levers move, rivals look at each other")
    CONTACT = ("tile", "firms approach customers")
    NEED = ("tile", "what raises or lowers need")
    OCCASIONS = ("tile", "occasions arise")
    STAKES = ("tile", "what leaving the provider would cost")
    VALUATION = ("tile", "what each firm is worth to each customer, term by term")
    CHOICE = ("tile", "a firm, or none, on each occasion")
    ARRIVAL = ("tile", "visitors arrive at the firms they have chosen")
    OPERATIONS = ("market", "visitors of one firm meet: lines, capacity")
    ADMISSION = ("tile", "what becomes of those who are not served")
    SEATING = ("tile", "only who is served stays on the list")
    DELIVERY = ("tile", "what is paid, what may go wrong, what is delivered, term by term")
    ENCOUNTER = ("tile", "what the visit is like")
    JUDGEMENT = ("tile", "satisfaction with the visit, term by term")
    VOICE = ("tile", "who complains")
    CENTRE = ("market", "contacts of all customers are handled")
    RECOVERY = ("tile", "amends")
    LEARNING = ("tile", "satisfaction, expectation, trust and bonds move")
    LOYALTY = ("tile", "programmes at the till")
    TELLING = ("tile", "who tells a story")
    RELATION = ("tile", "who leaves, who falls silent")
    BOOKING = ("tile", "money of the visits")
    WINDOWS = ("tile", "qualifying windows close, points lapse")
    STANDING = ("market", "members and classes are counted")
    PROGRESS = ("tile", "what a programme will add to the next choice")
    HEARING = ("market", "stories are carried to neighbours")
    AWARENESS = ("tile", "who learns of a firm")
    CLOSING = ("tile", "yearly books close")
    BOOKS = ("market", "what does not depend on visits is booked")

    def __init__(self, scope: Scope, words: str) -> None:
        self.scope, self.words = scope, words
        self.place = len(type(self).__members__)

    def __lt__(self, other: object) -> bool:
        return self.place < other.place if isinstance(other, Phase) else NotImplemented

    @property
    def label(self) -> str:
        """The phase as tables print it: "word of mouth" for WORD_OF_MOUTH."""
        return self.name.lower().replace("_", " ")


def markets_between(first: Phase, last: Phase) -> bool:
    """Return whether a market phase lies between two phases, neither of them counted."""
    return any(first < phase < last and phase.scope == "market" for phase in Phase)
