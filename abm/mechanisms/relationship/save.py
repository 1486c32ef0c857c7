"""Saving customers: campaigns to those who might leave, whom they are aimed at, and what they do.   No neighbours.

Every `every` periods a firm picks targets among the customers it knows, holds a part of them out by lot, and contacts
the others with a voucher. What became of both by the next campaign is what it knows of the effect.
Claim: a contact attracts by what it offers, and makes a customer compare, which loosens her from her provider; so it
may drive away whom it was to keep, and the riskiest customers are not those with whom it does most.
Source: ASCARZA_IYENGAR_SCHLEICHER_2016 (contacts that raise churn); ASCARZA_2018 (aim at lift, not at risk); sizes are
assumed.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any, ClassVar, Literal

import numpy as np
from pydantic import model_validator

from abm.core.citations import cite
from abm.core.errors import Refusal
from abm.core.sources import ASCARZA_IYENGAR_SCHLEICHER_2016
from abm.core.spec import param
from abm.kpis.kpi import FloatArray, Tallied, kpi
from abm.mechanisms.mechanism import AtDates, Mechanism, Schedule
from abm.mechanisms.phases import Phase
from abm.mechanisms.policy import CENTS, WHOLE, Held, Policy
from abm.mechanisms.relationship.save_kernels import (
    approach_targets,
    ask_to_compare,
    awaken,
    draw_lots,
    draw_order,
    foresee_gain,
    offer_to_targets,
    wake,
)
from abm.mechanisms.relationship.targets import (
    CONTACTED,
    HELD_OUT,
    OUTCOMES,
    TARGET,
    cells_of,
    nearest,
    picked,
    shrunk_effects,
)
from abm.world.columns import Column, Tally
from abm.world.world import World

RULES = ("risk", "value_risk", "uplift", "random", "oracle")
_RISK, _VALUE_RISK, _UPLIFT, _RANDOM, _ORACLE = range(len(RULES))
_UNWAKEABLE = {  # rules under which the cost of leaving in utility does not, or hardly, say which firm is chosen
    "threshold": "weighs the cost of leaving by itself",
    "satisfice": "keeps a provider who is good enough whatever leaving costs",
    "eba": "compares firms on aspects, of which the cost of leaving is none",
}
_NOBODY_JUDGED = "no campaign has ended, nobody was contacted, or nobody was held out"


@kpi(unit="contacts/customer/period")
def save_contact_rate(c: Tallied) -> FloatArray:
    """Targets of save campaigns who were contacted / customers of the market, per period."""
    return c.save_contacted / c.population


@kpi(unit="difference of shares", better="more", nan=_NOBODY_JUDGED)
def save_effect(c: Tallied) -> FloatArray:
    """Of contacted targets the share whom the firm saw by the next campaign, less that of those held out: what the firm
    itself can measure."""
    return c.contacted_seen / c.contacted_judged - c.held_out_seen / c.held_out_judged


@kpi(unit="customers/1,000 contacts", better="more", nan=_NOBODY_JUDGED)
def kept_per_thousand(c: Tallied) -> FloatArray:
    """Of 1,000 contacted targets those whose latest choice was the firm when the next campaign began, less those of
    1,000 held out: in truth, as by lot both would have been alike. Below 0 contacts drive customers away."""
    return 1000.0 * (c.contacted_kept / c.contacted_judged - c.held_out_kept / c.held_out_judged)


class SavePolicy(Policy):
    """How a firm tries to keep customers who might leave."""

    name = "save"
    free: ClassVar = {"targeting": "a rule says for whom; each contact costs what it costs"}
    save_rate: float = param(
        0.0, unit="share", bounds=(0, 1), evidence="assumed",
        doc="known customers who are targets of a campaign; 0 = there is none",
    )  # fmt: skip
    targeting: Literal["risk", "value_risk", "uplift", "random", "oracle"] = param(
        "risk", unit="name", evidence="assumed",
        doc="who is a target: the highest warning, warning times spend seen, estimated effect of a contact, a lot, or "
        "the true effect, which no firm knows: for comparison only",
    )  # fmt: skip
    save_offer: float = param(
        0.0, unit="cu", bounds=(0, 1e4), evidence="assumed", doc="voucher that a contact brings; paid when redeemed"
    )
    holdout: float = param(
        0.1, unit="share", bounds=(0, 0.95), evidence="assumed",
        doc="targets who are not contacted, by lot, to learn from",
    )  # fmt: skip
    explore: float = param(
        0.2, unit="share", bounds=(0, 1), evidence="assumed", doc="targets who are chosen by lot whatever the rule"
    )

    def worked_out(self, firm: Any) -> dict[str, tuple[Held, Any]]:
        """Return the voucher in cents, and whether the firm ranks by the truth."""
        truth = self.save_rate > 0 and self.targeting == RULES[_ORACLE]
        return {"save_voucher": (CENTS, self.save_offer), "ranks_by_truth": (WHOLE, truth)}


class Save(Mechanism):
    """Campaigns to keep customers: targets, vouchers, and inertia that a contact takes away."""

    name = "save"
    serves = ("D8", "D11")
    needs = ("information", "contacts", "offers")
    policy = SavePolicy
    owns = (
        Column(
            "save_state", ("firm", "customer"), 0, "code", "latest campaign: 1 target, 2 contacted, 3 held out", "uint8"
        ),
        Column("save_cell", ("firm", "customer"), 0, "code", "cell of warning and visits she was in then", "int16"),
        Column("save_luck", ("firm", "customer"), 0, "0-1", "her place in an order by lot"),
        Column("save_gain", ("firm", "customer"), 0, "visits/contact", "what a contact would truly bring the firm"),
        Column("save_record", ("save_outcome", "save_cell", "firm"), 0, "customers", "judged so far", "int64"),
        Column("awake_until", ("customer",), -1, "period", "last one in which she compares, -1 = never", "int32"),
    )
    counts = (
        Tally("save_contacted", "customers", "targets who were contacted"),
        Tally("save_held_out", "customers", "targets who were held out"),
        Tally("contacted_judged", "customers", "contacted targets of the campaign before the one that begins"),
        Tally("contacted_seen", "customers", "of these, whom the firm has seen since"),
        Tally("contacted_kept", "customers", "of these, who chose the firm last"),
        Tally("held_out_judged", "customers", "targets held out of the campaign before the one that begins"),
        Tally("held_out_seen", "customers", "of these, whom the firm has seen since"),
        Tally("held_out_kept", "customers", "of these, who chose the firm last"),
    )
    kpis = (save_contact_rate, save_effect, kept_per_thousand)
    every: int = param(13, unit="periods", bounds=(1, 10_000), evidence="assumed", doc="time between two campaigns")
    waking: float = param(
        0.15, unit="share", bounds=(0, 1), evidence="assumed",
        source=cite(ASCARZA_IYENGAR_SCHLEICHER_2016, "abstract: contacts lower inertia"),
        doc="part of what leaving would cost her that counts no longer for who has been contacted",
    )  # fmt: skip
    awake_for: int = param(
        26, unit="periods", bounds=(1, 10_000), evidence="assumed", doc="for which she compares, that of the contact on"
    )
    warning_edges: tuple[float, ...] = param(
        (0.5, 0.95), unit="0-1", evidence="assumed", doc="warnings at which the next bin of cells begins, ascending"
    )
    visit_edges: tuple[int, ...] = param(
        (3, 8), unit="visits", evidence="assumed", doc="visits seen at which the next bin of cells begins, ascending"
    )
    shrinkage: float = param(
        20.0, unit="customers", bounds=(0, 1e9), evidence="assumed",
        doc="evidence at which the estimated effect of a cell counts half",
    )  # fmt: skip

    @model_validator(mode="after")
    def _edges_ascend(self) -> Save:
        for name in ("warning_edges", "visit_edges"):
            edges = getattr(self, name)
            if any(a >= b for a, b in pairwise(edges)):
                raise Refusal(f"{name} = {list(edges)} does not ascend; give each edge once, the lowest first")
            if len(edges) > 9:
                raise Refusal(f"{name} has {len(edges)} entries; at most 9 are allowed")
        return self

    def schedule(self, policies: Sequence[Any]) -> Schedule:
        """Return nothing without campaigns; else the choice of targets, lots, letters, and inertia that is lost."""
        if not any(policy.save_rate > 0 for policy in policies):
            return ()
        chosen = ((Phase.OPENING, AtDates(self.choose, self.every)), (Phase.CONTACT, draw_lots))
        letters = (approach_targets, ask_to_compare, offer_to_targets)
        sent = (*((Phase.CONTACT, kernel) for kernel in letters), (Phase.NEED, awaken))
        woken = ((Phase.VALUATION, wake),) if self.waking > 0 else ()
        truth = any(policy.save_rate > 0 and policy.targeting == RULES[_ORACLE] for policy in policies)
        foreseen = ((Phase.CHOICE, foresee_gain),) if truth else ()
        return (*chosen, *sent, *woken, *foreseen, (Phase.WINDOWS, draw_order))

    def axes(self) -> dict[str, int]:
        """Return how many outcomes and cells there are."""
        cells = (len(self.warning_edges) + 1) * (len(self.visit_edges) + 1)
        return {"save_outcome": len(OUTCOMES), "save_cell": cells}

    def fits(self, market: Any) -> None:
        """Refuse campaigns of a firm that knows nobody, and a rule of choice whose stayers a contact could not wake."""
        saving = [firm for firm in market.firms if firm.policy(SavePolicy).save_rate > 0]
        for firm in saving:
            known = firm.information
            if known.data_coverage == 0 and not known.omniscient:
                raise Refusal(
                    f"firm {firm.name!r} sets save.save_rate, but knows nobody; give it information.data_coverage > 0"
                )
        rule = market.choice.rule
        if saving and self.waking > 0 and rule in _UNWAKEABLE:
            raise Refusal(
                f"choice.rule = {rule!r} {_UNWAKEABLE[rule]}, so that save.waking could not act; "
                "take another rule, or waking = 0"
            )

    def choose(self, world: World, t: int) -> None:
        """Judge the campaign before, and pick the targets of a new one; in period 0 nothing is done.

        First the campaign before is judged (`_judge`), then everybody's `save_state` is 0 again, at all firms. All that
        is read is as the period before ended. `save_cell` is written for all whom a firm knows that has a `save_rate`.

        Of k customers whom a firm knows, the whole number nearest to `save_rate * k` are targets, halves rounded up;
        of these the whole number nearest to the share `explore` by the order of the lot, the others by the rule. By
        estimated or true effect nobody is taken whose effect is 0 or less; of equals the first in the order of the
        lot, then the lowest identity, is taken. Before a firm has judged anybody, `uplift` takes all by lot.
        """
        if t == 0:
            return
        c, levers = world.customers, world.firms
        self._judge(world, t)
        c.save_state.fill(0)
        for j in np.flatnonzero(levers.save_rate > 0).tolist():
            rows = np.flatnonzero(c.known[j] > 0)
            k = nearest(levers.save_rate[j], rows.size)
            c.save_cell[j, rows] = cells_of(
                c.warning[j, rows], c.seen_visits[j, rows], self.warning_edges, self.visit_edges
            )
            scores = self.scores(world, j, rows)
            explored = k if scores is None else nearest(levers.explore[j], k)
            order = scores if scores is not None else np.zeros(rows.size)
            only_above = levers.targeting[j] in (_UPLIFT, _ORACLE)
            chosen = picked(k, explored, order, c.save_luck[j, rows], c.customer_id[rows], only_above)
            c.save_state[j, rows[chosen]] = TARGET

    def scores(self, world: World, j: int, rows: np.ndarray) -> np.ndarray | None:
        """Return what firm j picks customers in rows (k,) by, the more the sooner; None = by lot alone."""
        c, rule = world.customers, world.firms.targeting[j]
        if rule == _RISK:
            return c.warning[j, rows].astype(np.float64)
        if rule == _VALUE_RISK:
            return c.warning[j, rows].astype(np.float64) * c.seen_spend[j, rows]
        if rule == _ORACLE:
            return c.save_gain[j, rows].astype(np.float64)
        if rule == _UPLIFT and c.save_record[:, :, j].any():
            return shrunk_effects(c.save_record[:, :, j], self.shrinkage)[c.save_cell[j, rows]]
        return None

    def _judge(self, world: World, t: int) -> None:
        """Count what became of the targets of the campaign before, for the books and for what the firm learns.

        Of those with state 2 and of those with state 3: how many they are; how many the firm has seen,
        `seen_last >= t - every`, so that the period of the contact counts; how many are its own, whose provider it is
        and who have not left the category. `save_record` grows by the first two, in the cell in which each was when
        she was picked.
        """
        c, rows = world.customers, np.arange(world.n)
        seen = c.seen_last >= t - self.every
        kept = (c.provider == np.arange(world.m)[:, None]) & (c.exited < 0)
        for place, (name, state) in enumerate((("contacted", CONTACTED), ("held_out", HELD_OUT))):
            there = c.save_state == state
            world.count(f"{name}_judged", rows, there)
            world.count(f"{name}_seen", rows, there & seen)
            world.count(f"{name}_kept", rows, there & kept)
            for j in range(world.m):
                np.add.at(c.save_record[2 * place, :, j], c.save_cell[j, there[j]], 1)
                np.add.at(c.save_record[2 * place + 1, :, j], c.save_cell[j, there[j] & seen[j]], 1)
