"""Sales force: salespeople call on prospects and customers, for a salary and a commission.   No neighbours.

Claim: a sales force has so many calls to make. A call makes the firm known and draws who is called to it for a time,
the less the more calls have done already; calls to prospects win trials, calls to customers keep them, and how to
divide them is a choice. A commission makes salespeople call more and promise more: who was called expects what she was
told, and is disappointed by what is delivered. Who has been called is a lead, by her first purchase a trial, and by
her next one a customer. What salespeople say of their calls adds up to a forecast of the period's sales.
Source: Basu, Lal, Srinivasan & Staelin 1985, Marketing Science (salary against commission, effort that pays; from
memory); the stages of a funnel as they are taught (销售漏斗); that a commission makes salespeople promise too much, and
all sizes, are assumed. Salespeople do not leave, and are all alike.

What a call to a known customer does as a contact is a matter of the theory `contacts`: it costs, it does not reach whom
the firm's data do not, and too many annoy. Prospects are called from lists, as in `win_back`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Literal

from abm.core.errors import Refusal
from abm.core.spec import param
from abm.kpis.kpi import FloatArray, Tallied, kpi
from abm.mechanisms.mechanism import Mechanism, Schedule
from abm.mechanisms.phases import Phase
from abm.mechanisms.policy import CENTS, Held, Policy
from abm.mechanisms.relationship.sales_force_kernels import (
    add_call_pull,
    aim_calls,
    approach_called,
    book_salaries,
    count_funnel,
    make_calls,
    note_sales,
    plan_calls,
)
from abm.world.columns import CENT, FIXED_POINT, Column, Tally
from abm.world.world import World

_NO_CALLS = "the firm made no such calls"
_NO_FORECAST = "those who were called in periods that have ended bought nothing"


@kpi(unit="calls/customer/period")
def sales_call_rate(c: Tallied) -> FloatArray:
    """Calls of salespeople, whether or not they reach anybody / customers of the market, per period."""
    return (c.suspect_calls + c.lead_calls + c.customer_calls) / c.population


@kpi(unit="share", better="more", nan=_NO_CALLS)
def prospect_hit_rate(c: Tallied) -> FloatArray:
    """Calls to suspects and leads after which they bought at the firm in the period / calls to them, also those who
    would have bought without."""
    return c.prospect_hits / (c.suspect_calls + c.lead_calls)


@kpi(unit="share", better="more", nan=_NO_CALLS)
def customer_hit_rate(c: Tallied) -> FloatArray:
    """Calls to customers after which they bought at the firm in the period / calls to them, also those who would have
    bought without."""
    return c.customer_hits / c.customer_calls


@kpi(unit="share")
def lead_share(c: Tallied) -> FloatArray:
    """Leads: customers whom the firm's salespeople have called and who have not bought / customers of the market; over
    several periods their mean."""
    return c.funnel_leads / c.population


@kpi(unit="1/lead/period", better="more", nan="the firm had no leads")
def trial_rate(c: Tallied) -> FloatArray:
    """First purchases of leads / leads at the end of the period and those who have just bought: chance of a trial."""
    return c.lead_trials / (c.funnel_leads + c.lead_trials)


@kpi(unit="1/trial/period", better="more", nan="nobody had bought just once after a call")
def return_rate(c: Tallied) -> FloatArray:
    """Second purchases of those who came by a call / those who have bought once, and those who have just returned."""
    return c.trial_returns / (c.funnel_trials + c.trial_returns)


@kpi(unit="cu/trial", better="less", nan="no lead bought")
def cost_per_trial(c: Tallied) -> FloatArray:
    """Salaries and commissions of the sales force, also what they are paid for customers / first purchases of leads."""
    return (c.salary_bill + c.commission_paid) / c.lead_trials


@kpi(unit="ratio", nan=_NO_FORECAST)
def sales_forecast_bias(c: Tallied) -> FloatArray:
    """Sales that salespeople foresaw of their calls / those that came of them, less 1: above 0 they foresee too many.

    A forecast is the sum over a period's calls of the chance stated for each, a sale somebody who buys in the period.
    """
    return c.sales_foreseen / c.sales_made - 1.0


@kpi(unit="ratio", better="less", nan=_NO_FORECAST)
def sales_forecast_error(c: Tallied) -> FloatArray:
    """Sum over periods of |sales foreseen - sales made| / sales made, of those who were called."""
    return c.sales_missed / c.sales_made


class SalesPolicy(Policy):
    """How large a sales force is, on whom it calls, and how it is paid."""

    name = "sales_force"
    given: ClassVar = {"salary": "wages are those of the labour market"}
    free: ClassVar = {
        "prospect_share": "calls are divided and not added; each is paid for by the salary",
        "to_leads": "calls are divided and not added; each is paid for by the salary",
        "aim": "a call takes as long whoever in the buying centre is talked with",
    }
    salespeople: float = param(
        0.0, unit="persons/1,000 customers", bounds=(0, 100), evidence="assumed",
        doc="who sell, by customers of the market; 0 = no sales force",
    )  # fmt: skip
    salary: float = param(
        20.0, unit="cu/person/period", bounds=(0, 1e6), evidence="assumed", doc="paid whatever is sold"
    )
    commission: float = param(
        0.0, unit="share", bounds=(0, 0.9), evidence="assumed",
        doc="paid on what customers spend who have been called of late",
    )  # fmt: skip
    prospect_share: float = param(
        0.5,
        unit="share",
        bounds=(0, 1),
        evidence="assumed",
        doc="of calls to suspects and leads; the rest to customers",
    )
    to_leads: float = param(
        0.5, unit="share", bounds=(0, 1), evidence="assumed",
        doc="of these, those to leads, who have been called before; the rest to suspects",
    )  # fmt: skip
    aim: Literal["nobody", "user", "approver", "evaluator", "decider"] = param(
        "nobody", unit="name", evidence="assumed", doc="with whom in a buying centre salespeople talk"
    )

    def worked_out(self, firm: Any) -> dict[str, tuple[Held, Any]]:
        """Return what salaries cost a period, by 1,000 customers of the market."""
        return {"salary_expense": (CENTS, self.salespeople * self.salary)}


class SalesForce(Mechanism):
    """Calls of salespeople, and what comes of them."""

    name = "sales_force"
    needs = ("information", "contacts")
    serves = ("E19", "E27")
    policy = SalesPolicy
    owns = (
        Column(
            "called",
            ("firm", "customer"),
            0,
            "code",
            "called in the period: 1 suspect … 3 customer; + 4 bought",
            "uint8",
        ),
        Column(
            "called_last", ("firm", "customer"), -1, "period", "of the latest call that reached her, -1 = none", "int32"
        ),
        Column("funnel", ("firm", "customer"), 0, "code", "0 none, 1 lead, 2 trial by a call, 3 customer", "uint8"),
        Column("call_pull", ("firm", "customer"), 0, "0-1", "what calls have done that has not faded"),
        Column("call_chance", ("firm", "call_group"), 0, "0-1", "of a call to a suspect, a lead, a customer"),
        Column("hit_rate", ("firm", "call_group"), 0, "0-1", "sales by a call, as the firm has learned them, by group"),
    )
    writes = ("aware", "learned", "expectation")
    counts = (
        Tally("suspect_calls", "calls", "calls of salespeople to suspects"),
        Tally("lead_calls", "calls", "calls of salespeople to leads"),
        Tally("customer_calls", "calls", "calls of salespeople to customers"),
        Tally("prospect_hits", "customers", "suspects and leads who bought in the period of a call"),
        Tally("customer_hits", "customers", "customers who bought in the period of a call"),
        Tally("lead_trials", "customers", "first purchases of leads"),
        Tally("trial_returns", "customers", "second purchases of those who came by a call"),
        Tally("credited_visits", "visits", "visits on which commission is paid"),
        Tally("commission_paid", "cu", "commission of salespeople", CENT, account="lever"),
        Tally("salary_bill", "cu", "salaries of salespeople", CENT / 1000, account="lever"),
        Tally("sales_foreseen", "sales", "foreseen by salespeople of the period before", 1 / FIXED_POINT),
        Tally("sales_made", "sales", "customers called in the period before who bought in it"),
        Tally("sales_missed", "sales", "difference of the two, without its sign", 1 / FIXED_POINT),
        Tally("funnel_suspects", "customers", "who have not been called, nor bought, at the end of the period"),
        Tally("funnel_leads", "customers", "who have been called and have not bought, at the end of the period"),
        Tally("funnel_trials", "customers", "who came by a call and have bought once, at the end of the period"),
        Tally("funnel_customers", "customers", "other customers, at the end of the period"),
    )
    kpis = (
        sales_call_rate, prospect_hit_rate, customer_hit_rate, lead_share, trial_rate, return_rate, cost_per_trial,
        sales_forecast_bias, sales_forecast_error,
    )  # fmt: skip
    calls_each: float = param(
        20.0, unit="contacts/period", bounds=(0, 1e4), evidence="assumed", doc="that a salesperson can make"
    )
    persuasiveness: float = param(
        0.5, unit="1/call", bounds=(0, 1), evidence="assumed", doc="part of the most that calls can do that one does"
    )
    call_weight: float = param(
        1.5, unit="logit units", bounds=(0, 20), evidence="assumed", doc="utility that the most calls can do adds"
    )
    call_kept: float = param(
        0.85, unit="kept/period", bounds=(0, 0.9999), evidence="assumed", doc="part of what calls have done that stays"
    )
    said_pull: float = param(
        0.3, unit="1/call", bounds=(0, 1), evidence="assumed",
        doc="pull of what is said on the expectation of who has not used the firm",
    )  # fmt: skip
    zeal: float = param(
        0.5, unit="ratio", bounds=(0, 10), evidence="assumed", doc="calls that the largest commission adds to each"
    )
    exaggeration: float = param(
        0.15, unit="shift of 0-1", bounds=(0, 1), evidence="assumed",
        doc="added to the promise by the largest commission",
    )  # fmt: skip
    half_commission: float = param(
        0.05, unit="share", bounds=(1e-6, 1), evidence="assumed", doc="commission that makes half as eager as any can"
    )
    credited_for: int = param(
        4, unit="periods", bounds=(1, 10_000), evidence="assumed",
        doc="periods of purchases on which commission is paid, that of the call included",
    )  # fmt: skip
    first_hit_rate: float = param(
        0.1, unit="1/call", bounds=(0, 1), evidence="assumed", doc="sales by a call that a new sales force believes in"
    )
    hit_memory: float = param(
        0.1, unit="1/period", bounds=(0, 1), evidence="assumed", doc="weight of the latest period in what is learned"
    )
    optimism: float = param(
        0.2, unit="ratio", bounds=(-1, 10), evidence="assumed", doc="what salespeople add to what they have learned"
    )

    def schedule(self, policies: Sequence[Any]) -> Schedule:
        """Return nothing without salespeople; else plan, calls, their term of utility, sales, funnel and salaries."""
        if not any(policy.salespeople > 0 for policy in policies):
            return ()
        aimed = any(policy.salespeople > 0 and policy.aim != "nobody" for policy in policies)
        talks = ((Phase.CONTACT, aim_calls),) if aimed else ()
        return (
            (Phase.OPENING, plan_calls), (Phase.CONTACT, make_calls),
            (Phase.CONTACT, approach_called), *talks, (Phase.VALUATION, add_call_pull),
            (Phase.BOOKING, note_sales), (Phase.CLOSING, count_funnel), (Phase.BOOKS, book_salaries),
        )  # fmt: skip

    def fits(self, market: Any) -> None:
        """Refuse to aim at persons in buying centres that the market does not have."""
        for firm in market.firms:
            absent = market.buying_centre is None or "buying_centre" in market.off
            if firm.policy(SalesPolicy).aim != "nobody" and absent:
                raise Refusal(
                    f"firm {firm.name!r} sets sales_force.aim, but nobody has a buying centre; give the scenario a "
                    'section [scenario.buying_centre], or aim = "nobody"'
                )

    def axes(self) -> Mapping[str, int]:
        """Return how many groups of customers are told apart in calling them."""
        return {"call_group": 3}

    def begin(self, world: World, seed: int) -> None:
        """Let a new sales force believe in `first_hit_rate` for each group."""
        if "hit_rate" in world.customers:
            world.customers.hit_rate.fill(self.first_hit_rate)
