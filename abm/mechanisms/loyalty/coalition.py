"""Coalition: a firm's programme also earns points with partners in other trades.   Reads only its own customer.

Claim: partners' points bring the reward nearer without a visit here, so that a reward comes sooner and each visit earns
a smaller part of what is paid out; a partner's failure is put down to the firm in part, less so by who is treated
specially here.
Each member deals with every partner as often as she has occasions here.
Source: SCHUMANN_2014 (failures spill over, special treatment is a buffer: sign); sizes are assumed.  How much a visit
here pulls follows from what it earns of a reward (`visit_share` of progress): partners' points are no part of it. They
count in what membership is worth, and in how soon a reward is reached.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, ClassVar

from abm.core.citations import cite
from abm.core.errors import Refusal
from abm.core.sources import SCHUMANN_2014
from abm.core.spec import param
from abm.kpis.kpi import FloatArray, Tallied, kpi
from abm.mechanisms.loyalty.partners import claim_with_partners, credit_partners, expect_partners, meet_failures
from abm.mechanisms.mechanism import Mechanism, Schedule
from abm.mechanisms.phases import Phase
from abm.mechanisms.policy import Held, Policy
from abm.world.columns import CENT, FIXED_POINT, Tally

_HUNDREDTHS_OF_A_CENT = Held("int64", lambda cu: math.floor(10_000 * cu + 0.5), lambda held: held / 10_000.0)


@kpi(unit="share", nan="no points were issued")
def partner_point_share(c: Tallied) -> FloatArray:
    """Points earned with partners / points issued."""
    return c.partner_points / c.points_issued


@kpi(unit="1/member/period", better="less", nan="nobody had a card in use")
def partner_failure_rate(c: Tallied) -> FloatArray:
    """Failures of partners that members met / members with a card in use."""
    return c.partner_failures / c.coalition_members


@kpi(unit="0-1", better="less", nan="no member met a failure of a partner")
def spill_over_loss(c: Tallied) -> FloatArray:
    """Trust in the firm that was lost with failures of partners / these failures."""
    return c.spilled_trust / c.partner_failures


@kpi(unit="cu/customer/year", better="more")
def partner_net_income(c: Tallied) -> FloatArray:
    """What partners pay for points less the cost of the coalition, per customer of the market and year."""
    return (c.partner_money - c.coalition_spend) / c.population * c.year


class CoalitionPolicy(Policy):
    """With whom a firm shares its programme, and on what terms."""

    name: ClassVar = "coalition"
    given: ClassVar = {
        "partner_price": "what partners pay for a point is a going price",
        "coalition_fee": "what running a coalition costs is a going price",
        "control_cost": "what its inputs cost is given to a firm",
    }
    free: ClassVar = {
        "partner_redemption": "where a reward may be claimed is a rule; each that is claimed is paid for",
    }
    partners: int = param(0, unit="partners", bounds=(0, 20), evidence="assumed", doc="how many; 0 = no coalition")
    partner_earn: float = param(
        0.4, unit="points/dealing", bounds=(0, 100), evidence="assumed",
        doc="points that a member earns when she deals with a partner",
    )  # fmt: skip
    partner_price: float = param(
        0.8, unit="ratio", bounds=(0, 1), evidence="assumed",
        doc="what partners pay per cu that points stand for (reward / goal); not all of them are ever redeemed",
    )  # fmt: skip
    partner_redemption: float = param(
        0.0, unit="1/period", bounds=(0, 1), evidence="assumed",
        doc="chance that what is due is claimed with a partner, without a visit here",
    )  # fmt: skip
    coalition_fee: float = param(
        0.005, unit="cu/member/partner/period", bounds=(0, 1e3), evidence="assumed", doc="cost of running the coalition"
    )
    quality_control: float = param(
        0.0, unit="0-1", bounds=(0, 0.99), evidence="assumed", doc="part of partners' failures that control prevents"
    )
    control_cost: float = param(
        0.01, unit="cu/member/partner/period", bounds=(0, 1e3), evidence="assumed",
        doc="scale of -ln(1 - quality_control)",
    )  # fmt: skip

    def worked_out(self, firm: Any) -> dict[str, tuple[Held, Any]]:
        """Return what partners pay for a point, and what the coalition costs a member and period, in 1/100 cent."""
        each = self.coalition_fee - self.control_cost * math.log1p(-self.quality_control)
        face = 0.0 if firm.program is None else firm.program.reward / firm.program.goal
        return {
            "point_price": (_HUNDREDTHS_OF_A_CENT, self.partner_price * face),
            "coalition_expense": (_HUNDREDTHS_OF_A_CENT, self.partners * each),
        }


class Coalition(Mechanism):
    """Programmes that are shared with partners in other trades."""

    name = "coalition"
    serves = ("E1",)
    policy = CoalitionPolicy
    writes = (
        "points", "given", "points_elsewhere", "trust", "points_issued", "points_outstanding", "points_redeemed",
        "rewards_redeemed", "rewards_cost",
    )  # fmt: skip
    counts = (
        Tally("partner_points", "points", "points earned with partners", CENT),
        Tally("partner_money", "cu", "paid by partners for points", CENT / 10_000, account="revenue"),
        Tally("coalition_spend", "cu", "cost of the coalition and of its quality control", CENT / 100, account="lever"),
        Tally("coalition_members", "customers", "members with a card in use"),
        Tally("partner_failures", "customers", "of these, who met a failure of a partner"),
        Tally("spilled_trust", "0-1", "trust in the firm lost with these failures", 1 / FIXED_POINT),
    )
    kpis = (partner_point_share, partner_failure_rate, spill_over_loss, partner_net_income)
    partner_failure: float = param(
        0.05, unit="1/dealing", bounds=(0, 1), evidence="assumed",
        doc="dealings with a partner on which something goes wrong, without quality control",
    )  # fmt: skip
    failure_cost: float = param(
        0.2, unit="share", bounds=(0, 1), evidence="assumed",
        doc="part of trust that is lost with a failure for which the firm is blamed in full",
    )  # fmt: skip
    spill_over: float = param(
        0.3, unit="share", bounds=(0, 1), evidence="assumed", source=cite(SCHUMANN_2014, "abstract: sign"),
        doc="part of a partner's failure for which the firm is blamed by who is not treated specially",
    )  # fmt: skip
    noticed: float = param(
        0.05, unit="baskets/visit", bounds=(1e-4, 10), evidence="assumed",
        doc="benefit of a tier beyond the base tier at which treatment is half special",
    )  # fmt: skip

    def schedule(self, policies: Sequence[Any]) -> Schedule:
        """Return what is expected of partners, also of none any more; points, claims if any, failures."""
        partnered = [policy for policy in policies if policy.partners > 0]
        expected = ((Phase.NEED, expect_partners),)
        if not partnered:
            return expected
        elsewhere = any(policy.partner_redemption > 0 for policy in partnered)
        claimed = ((Phase.LEARNING, claim_with_partners),) if elsewhere else ()
        return (*expected, (Phase.LEARNING, credit_partners), *claimed, (Phase.LEARNING, meet_failures))

    def fits(self, market: Any) -> None:
        """Refuse partners of a programme that there is not."""
        for firm in market.firms:
            if firm.policy(CoalitionPolicy).partners > 0 and firm.program is None:
                raise Refusal(
                    f"firm {firm.name!r} sets coalition.partners = {firm.policy(CoalitionPolicy).partners}, but has no "
                    f'programme to share; set firms.{firm.name}.program = {{ preset = "points" }}, or partners = 0'
                )
