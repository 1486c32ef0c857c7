"""Word of mouth: delighted and disappointed customers talk, and what is heard counts by how much room it has.

Neighbours are read after everybody has finished the period: what is said in t acts on choices from t + 1.
Claim: telling is U-shaped in satisfaction and steeper below.  What hearers make of it, and who learns of a firm
otherwise, stand on pages of their own.
Source: ANDERSON_1998 (asymmetric U); DE_MATOS_ROSSI_2008 (commitment).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from abm.core.citations import cite
from abm.core.kernels import equation, kernel
from abm.core.sources import ANDERSON_1998, EAST_HAMMOND_LOMAX_2008, EAST_HAMMOND_WRIGHT_2007, PROTOTYPE
from abm.core.spec import param
from abm.core.streams import philox, uniform
from abm.mechanisms.mechanism import Mechanism, Schedule
from abm.mechanisms.phases import Phase
from abm.mechanisms.social.awareness import add_match, learn_of_firms, note_patronage
from abm.mechanisms.social.hearing import hear
from abm.world.columns import Column, Tally

_NOTHING = np.float32(1e-20)  # far below what moves a choice, far above where float32 gets slow


@equation
def telling_probability(
    transaction, commitment, base, delight, disappointment, devotion, delighted_from, disappointed_below
):
    """Return the probability of telling a story: a U that is lowest between the two marks."""
    above = max(transaction - delighted_from, np.float32(0.0)) / (1.0 - delighted_from)
    below = max(disappointed_below - transaction, np.float32(0.0)) / disappointed_below
    return base + delight * above + disappointment * below + devotion * commitment


@kernel
def tell(
    story, reluctance, visit_count, visit_customer, visit_nth, visit_firm, visit_pair, transaction,
    affective_commitment_at, customer_id, positive_messages, negative_messages, base, delight, disappointment, devotion,
    praise_from, delighted_from, disappointed_below, key, replication, lo, hi, t,
):  # fmt: skip
    """Forget last period's stories, and decide who tells one now, of which firm (draw 0, block nth, word 0).

    A story is good if the visit's satisfaction is `praise_from` or more, else bad. A customer passes on one story a
    period at most, the latest; every story told is counted.

    story (n,)  2 (firm + 1) + [good], 0 = none  [written]
    reluctance (visits,)  the draw less the probability of telling: a story is told below 0  [written]
    positive_messages, negative_messages  tallies [written]
    """
    for i in range(lo, hi):
        story[i] = 0
    for v in range(visit_count[0]):
        word = philox(customer_id[visit_customer[v]], t, visit_nth[v], replication, key)[0]
        reluctance[v] = uniform(word)
    for v in range(visit_count[0]):
        commitment = affective_commitment_at[visit_pair[v]]
        reluctance[v] -= telling_probability(
            transaction[v], commitment, base, delight, disappointment, devotion, delighted_from, disappointed_below
        )
    for v in range(visit_count[0]):
        j = visit_firm[v]
        if reluctance[v] < 0.0:
            good = transaction[v] >= praise_from
            positive_messages[j] += 1 if good else 0
            negative_messages[j] += 0 if good else 1
            story[visit_customer[v]] = 2 * (j + 1) + (1 if good else 0)


@kernel
def add_word_of_mouth(utility, word_of_mouth, word_of_mouth_weight, lo, hi):
    """Add what was heard of each firm to its utility: `word_of_mouth_weight * word_of_mouth`.

    utility (m, tile)  logit units  [written]
    """
    for j in range(utility.shape[0]):
        for i in range(lo, hi):
            utility[j, i - lo] += word_of_mouth_weight * word_of_mouth[j, i]


@kernel
def fade(word_of_mouth, decay, lo, hi):
    """Let the stock of what was heard fade, to nothing in the end.

    `decay` of it is left, and nothing below 10^-20 in size.

    word_of_mouth (m, n)  logit units  [written]
    """
    for j in range(word_of_mouth.shape[0]):
        for i in range(lo, hi):
            left = decay * word_of_mouth[j, i]
            word_of_mouth[j, i] = left if abs(left) > _NOTHING else np.float32(0.0)


class WordOfMouth(Mechanism):
    """Who tells, who hears, who learns of a firm."""

    name = "word_of_mouth"
    standard = True
    owns = (
        Column("story", ("customer",), 0, "code", "told this period: 2 (firm + 1), + 1 if good; 0 = none", "uint8"),
        Column("patronage", ("customer",), 0, "bits", "bit j: uses firm j, before this period's purchases", "uint32"),
        Column("match", ("firm", "customer"), 0, "0-1", "quality added by the customer's fit with the firm"),
        Column("word_of_mouth", ("firm", "customer"), 0, "logit units", "stock of what was heard about the firm"),
    )
    scratch = (
        Column("reluctance", ("visit",), 0, "probability", "the draw less that of telling; below 0 = tells"),
        Column("speaker", ("row",), 0, "row", "who has a story, of some customers at a time", "uint32"),
        Column("teller", ("row",), 0, "row", "who tells over a tie, some ties at a time", "uint32"),
        Column("hearer", ("row",), 0, "row", "whom she tells", "uint32"),
        Column("strength", ("row",), 0, "weight", "of the tie"),
        Column("resistance", ("row",), 0, "probability", "the draw less that of passing the tie; below 0 = passes"),
    )
    writes = ("aware", "expectation")
    counts = (
        Tally("positive_messages", "stories", "good stories told"),
        Tally("negative_messages", "stories", "bad stories told"),
        Tally("heard", "stories", "stories that reached a neighbour"),
        Tally("learned", "customers", "customers who learned of the firm"),
        Tally("referred", "customers", "of these, through a tie"),
    )
    base: float = param(
        0.02, unit="1/visit", bounds=(0, 1), evidence="calibrated", source=cite(PROTOTYPE, "run"),
        doc="chance of telling after an ordinary visit",
    )  # fmt: skip
    delight: float = param(
        0.36, unit="1/visit", bounds=(0, 1), evidence="calibrated",
        source=cite(EAST_HAMMOND_WRIGHT_2007, "abstract: positive to negative about 3 to 1; size tuned to it"),
        doc="added chance at full satisfaction",
    )  # fmt: skip
    disappointment: float = param(
        0.59, unit="1/visit", bounds=(0, 1), evidence="calibrated",
        source=cite(ANDERSON_1998, "abstract: asymmetric U; size tuned"), doc="added chance at no satisfaction",
    )  # fmt: skip
    devotion: float = param(
        0.0, unit="1/visit", bounds=(0, 1), evidence="assumed", doc="added chance at full affective commitment"
    )
    praise_from: float = param(
        0.60, unit="0-1", bounds=(0, 1), evidence="assumed", doc="satisfaction from which a story is good"
    )
    contact_rate: float = param(
        0.25, unit="1/story/tie", bounds=(0, 1), evidence="assumed",
        doc="chance that a story passes a tie of weight 1",
    )  # fmt: skip
    decay: float = param(
        0.92,
        unit="kept/period",
        bounds=(0, 1),
        evidence="calibrated",
        doc="part of the stock kept from period to period",
    )
    praise: float = param(
        1.2, unit="logit units", bounds=(0, 10), evidence="calibrated",
        source=cite(EAST_HAMMOND_LOMAX_2008, "abstract: headroom; size tuned"),
        doc="effect of a good story at full headroom",
    )  # fmt: skip
    blame: float = param(
        1.2, unit="logit units", bounds=(0, 10), evidence="calibrated",
        source=cite(EAST_HAMMOND_LOMAX_2008, "abstract: headroom; size tuned"),
        doc="effect of a bad story at full headroom",
    )  # fmt: skip
    nudge: float = param(0.05, unit="1/story", bounds=(0, 1), evidence="assumed", doc="pull of a story on expectation")
    good_target: float = param(
        0.95, unit="0-1", bounds=(0, 1), evidence="calibrated", source=cite(PROTOTYPE, "run"),
        doc="expectation a good story suggests",
    )  # fmt: skip
    bad_target: float = param(
        0.15, unit="0-1", bounds=(0, 1), evidence="calibrated", source=cite(PROTOTYPE, "run"),
        doc="expectation a bad story suggests",
    )  # fmt: skip
    discovery: float = param(
        0.005, unit="1/period", bounds=(0, 1), evidence="assumed", doc="chance of learning of a firm without a tie"
    )
    weak_tie: float = param(
        0.01, unit="1/neighbour/period", bounds=(0, 1), evidence="assumed",
        doc="chance of learning from a weakly tied customer",
    )  # fmt: skip
    strong_tie: float = param(
        0.04, unit="1/neighbour/period", bounds=(0, 1), evidence="assumed",
        doc="chance of learning from a strongly tied customer",
    )  # fmt: skip
    referral_match: float = param(
        0.05, unit="0-1", bounds=(0, 1), evidence="assumed", doc="better fit of customers who come through a tie"
    )
    referral_expectation: float = param(
        0.05, unit="0-1", bounds=(0, 1), evidence="assumed", doc="their higher expectation"
    )

    word_of_mouth_weight: float = param(
        1.0, unit="ratio", bounds=(0, 50), evidence="calibrated", source=cite(PROTOTYPE, "run"),
        doc="weight of the stock in utility",
    )  # fmt: skip

    delighted_from: float = param(
        0.70, unit="0-1", bounds=(0, 0.99), evidence="assumed", doc="satisfaction above which telling rises"
    )
    disappointed_below: float = param(
        0.60, unit="0-1", bounds=(0.01, 1), evidence="calibrated", doc="satisfaction below which telling rises"
    )
    unlikely_below: float = param(
        0.1, unit="0-1", bounds=(0, 1), evidence="assumed", doc="preference that a good story is up against"
    )
    likely_above: float = param(
        0.7, unit="0-1", bounds=(0, 1), evidence="assumed", doc="preference that a bad story is up against"
    )
    opposed_part: float = param(
        0.5, unit="share", bounds=(0, 1), evidence="assumed", doc="part of a story's room against a settled preference"
    )
    own_brand_part: float = param(
        0.25, unit="share", bounds=(0, 1), evidence="calibrated",
        source=cite(EAST_HAMMOND_LOMAX_2008, "abstract: own brand; size tuned"),
        doc="part of a bad story's room when it is about the hearer's provider",
    )  # fmt: skip
    own_experience: float = param(
        8.0, unit="visits", bounds=(0.01, 1e6), evidence="calibrated", doc="own visits after which a story counts half"
    )
    strong_from: float = param(0.5, unit="weight", bounds=(0, 1), evidence="assumed", doc="weight of a strong tie")

    def schedule(self, policies: Sequence[Any]) -> Schedule:
        """Return the term of utility, the telling, the fading of the stock, the hearing, the learning of firms."""
        telling = tuple((Phase.TELLING, k) for k in (note_patronage, tell, fade))
        terms = ((Phase.VALUATION, add_word_of_mouth), (Phase.DELIVERY, add_match))
        return (*terms, *telling, (Phase.HEARING, hear), (Phase.AWARENESS, learn_of_firms))
