"""Public ratings: a wall of stars for each firm, which those read who do not know it yet.   Uses no neighbours.

Posts of period t act on choices from t + 1.
Claim: who is delighted or angry posts, others seldom, so that what a wall shows is not what visitors found; who has not
used a firm goes by what is shown, the less the fewer rated it, and by how many did, who knows it goes by experience. As
who is rated more is found more, and who is found more is rated more, an early lead can last. Inviting visitors brings
more ratings, and more of those in the middle; a reply takes some of its sting from a bad one.
Source: You, Vadakkepatt & Joshi 2015, Journal of Marketing (elasticities of sales of .236 for volume and .417 for
valence, abstract read; `valence_weight` and `volume_weight` are fitted to them where the test says how); Muchnik, Aral
& Taylor 2013 (anchoring on what is shown, from memory). Forms and all other sizes are assumed.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from abm.core.spec import param
from abm.core.streams import stream_key
from abm.kpis.kpi import FloatArray, Tallied, kpi
from abm.mechanisms.mechanism import Mechanism, Schedule
from abm.mechanisms.phases import Phase
from abm.mechanisms.policy import CENTS, Held, Policy
from abm.mechanisms.social.ratings_kernels import (
    book_ratings,
    draw_readers,
    find_on_wall,
    judge_wall,
    post_ratings,
    read_wall,
    renew_wall,
)
from abm.world.columns import CENT, Column, Tally
from abm.world.world import World


@kpi(unit="stars", better="more", nan="nobody rated the firm")
def posted_stars(c: Tallied) -> FloatArray:
    """Mean stars of the ratings that were posted."""
    return c.stars_posted / c.ratings_posted


@kpi(unit="stars", nan="nobody rated the firm")
def selection_gap(c: Tallied) -> FloatArray:
    """Mean stars of the ratings that were posted less those that all visits together would have given: what who posts,
    and what she sees before she does, have made of it."""
    return c.stars_posted / c.ratings_posted - c.stars_deserved / c.visits


@kpi(unit="1/visit", nan="nobody visited the firm")
def ratings_per_visit(c: Tallied) -> FloatArray:
    """Ratings posted / visits."""
    return c.ratings_posted / c.visits


@kpi(unit="ratings", better="more", nan="the market has no ratings")
def ratings_shown(c: Tallied) -> FloatArray:
    """Ratings on the firm's wall as a period ends, mean over periods."""
    return c.wall_size / c.wall_periods


class RatingsPolicy(Policy):
    """What a firm does about its ratings."""

    name: ClassVar = "ratings"
    given: ClassVar = {
        "invite_cost": "what a request costs is given to a firm",
        "reply_cost": "what an hour of staff costs is given to a firm",
    }
    invite: float = param(
        0.0, unit="share", bounds=(0, 0.99), evidence="assumed", doc="visitors who are asked for a rating"
    )
    reply: float = param(
        0.0, unit="share", bounds=(0, 0.99), evidence="assumed", doc="bad ratings that the firm replies to"
    )
    invite_cost: float = param(
        0.3, unit="cu/visit", bounds=(0, 1e4), evidence="assumed", doc="scale of -ln(1 - invite)"
    )
    reply_cost: float = param(
        3.0, unit="cu/bad rating", bounds=(0, 1e4), evidence="assumed", doc="scale of -ln(1 - reply)"
    )

    def worked_out(self, firm: Any) -> dict[str, tuple[Held, Any]]:
        """Return what requests cost a visit, and replies a bad rating, in 1/100 cent: each further step costs more."""
        return {
            "invite_expense": (CENTS, -100.0 * self.invite_cost * math.log1p(-self.invite)),
            "reply_expense": (CENTS, -100.0 * self.reply_cost * math.log1p(-self.reply)),
        }


class Ratings(Mechanism):
    """Who rates, what the wall shows, who reads it."""

    name = "ratings"
    serves = ("E26",)
    policy = RatingsPolicy
    owns = (
        Column("reads", ("customer",), 0, "bool", "reads ratings, for life", "uint8"),
        Column("posted", ("customer",), 0, "code", "this period: 10 firm + stars, + 5 with a reply; 0 = none", "uint8"),
        Column("posts_of", ("firm", "rating_window"), 0, "ratings", "posted in each period of the window", "int64"),
        Column("stars_of_posts", ("firm", "rating_window"), 0, "stars", "of these, sum", "int64"),
        Column("replies_of", ("firm", "rating_window"), 0, "ratings", "of these, bad ones with a reply", "int64"),
        Column("wall_ratings", ("firm",), 0, "ratings", "on the wall", "int64"),
        Column("wall_stars", ("firm",), 0, "stars", "of these, sum", "int64"),
        Column("wall_replied", ("firm",), 0, "ratings", "of these, bad ones with a reply", "int64"),
        Column("wall_pull", ("firm",), 0, "logit units", "what the wall is worth to who knows nothing else"),
        Column("wall_found", ("firm",), 0, "1/period", "chance that a reader finds the firm on the wall"),
    )
    writes = ("aware", "learned")
    counts = (
        Tally("ratings_posted", "ratings", "ratings posted"),
        Tally("stars_posted", "stars", "sum of their stars"),
        Tally("bad_posted", "ratings", "of these, bad ones"),
        Tally("ratings_replied", "ratings", "of these, bad ones with a reply"),
        Tally("visitors_invited", "visits", "visits after which a rating was asked for"),
        Tally("stars_deserved", "stars", "sum over visits of the stars that the visitor would give unmoved"),
        Tally("wall_size", "ratings", "ratings on the wall as a period ends, sum over periods"),
        Tally("wall_periods", "periods", "periods in this sum"),
        Tally("invite_spend", "cu", "cost of asking for ratings", CENT / 100, account="lever"),
        Tally("reply_spend", "cu", "cost of replies to ratings", CENT / 100, account="lever"),
    )
    kpis = (posted_stars, selection_gap, ratings_per_visit, ratings_shown)
    readers: float = param(0.8, unit="share", bounds=(0, 1), evidence="assumed", doc="customers who read ratings")
    window: int = param(
        52, unit="periods", bounds=(1, 10_000), evidence="assumed", doc="how long a rating stays on the wall"
    )
    base: float = param(
        0.01, unit="1/visit", bounds=(0, 1), evidence="assumed", doc="chance of posting after an ordinary visit"
    )
    praising: float = param(
        0.10, unit="1/visit", bounds=(0, 1), evidence="assumed", doc="added chance at full satisfaction"
    )
    scolding: float = param(
        0.20, unit="1/visit", bounds=(0, 1), evidence="assumed", doc="added chance at no satisfaction"
    )
    praised_from: float = param(
        0.7, unit="0-1", bounds=(0, 0.99), evidence="assumed", doc="satisfaction above which posting rises"
    )
    scolded_below: float = param(
        0.5, unit="0-1", bounds=(0.01, 1), evidence="assumed", doc="satisfaction below which posting rises"
    )
    taken_up: float = param(
        0.15, unit="share", bounds=(0, 1), evidence="assumed",
        doc="of those who are asked and would not have posted, who do",
    )  # fmt: skip
    anchoring: float = param(
        0.1, unit="share", bounds=(0, 1), evidence="assumed", doc="pull of what is shown on what is posted"
    )
    bad_upto: int = param(2, unit="stars", bounds=(0, 5), evidence="assumed", doc="most stars of a bad rating")
    softened: float = param(
        1.0, unit="stars", bounds=(0, 4), evidence="assumed",
        doc="stars more that a bad rating with a reply counts for with readers",
    )  # fmt: skip
    neutral_stars: float = param(
        3.5, unit="stars", bounds=(1, 5), evidence="assumed", doc="stars that a reader takes an unrated firm to have"
    )
    prior: float = param(
        10.0, unit="ratings/1000 customers", bounds=(0, 1e6), evidence="assumed",
        doc="ratings that count as much as what a reader takes for granted",
    )  # fmt: skip
    few: float = param(
        10.0, unit="ratings/1000 customers", bounds=(0.001, 1e6), evidence="assumed",
        doc="ratings with which a firm is seen by half of those who look",
    )  # fmt: skip
    valence_weight: float = param(
        0.46, unit="logit/star", bounds=(0, 50), evidence="calibrated", doc="weight of a star in utility"
    )
    volume_weight: float = param(
        1.1, unit="logit units", bounds=(0, 50), evidence="calibrated", doc="weight of the number of ratings in utility"
    )
    own_experience: float = param(
        5.0, unit="visits", bounds=(0.01, 1e6), evidence="assumed", doc="own visits after which ratings count half"
    )
    listing: float = param(
        0.05, unit="1/period", bounds=(0, 1), evidence="assumed",
        doc="chance that a reader finds a firm with endless ratings",
    )  # fmt: skip

    def schedule(self, policies: Sequence[Any]) -> Schedule:
        """Return posts, the wall, who reads it and who learns of firms by it; costs, if any firm asks or replies."""
        told = ((Phase.TELLING, post_ratings), (Phase.HEARING, renew_wall), (Phase.HEARING, judge_wall))
        read = ((Phase.VALUATION, read_wall), (Phase.AWARENESS, find_on_wall))
        paid = any(policy.invite > 0 or policy.reply > 0 for policy in policies)
        return (*told, *read, *(((Phase.BOOKS, book_ratings),) if paid else ()))

    def axes(self) -> Mapping[str, int]:
        """Return how many periods the wall goes back."""
        return {"rating_window": self.window}

    def begin(self, world: World, seed: int) -> None:
        """Draw who reads ratings."""
        c = world.customers
        if "reads" in c:
            draw_readers(c.reads, c.customer_id, self.readers, stream_key(seed, self.name), world.replication)
