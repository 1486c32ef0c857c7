"""Orders of goods: by what chance of meeting demand, how much, how often, how soon they come, and how much of them.

Claim: an order that is placed every R periods and takes L to come has to cover R periods of visitors, L periods ahead,
so that what is held against errors grows with the root of R + L, and what is held between orders with R, while orders
cost as 1 / R: of a steady demand D, orders that cost K and keeping that costs h a unit, R = sqrt(2 K / (h D)) is the
cheapest. A supplier who has to guess what will be ordered cannot deliver an order far above its guess; one who is told
ahead can.
Source: definitions (newsvendor, periodic review, economic order quantity: Harris 1913, from memory); that suppliers are
told and what that does after Lee, So & Tang 2000, Management Science (from memory), in a form of our own.
"""

from __future__ import annotations

import numpy as np

from abm.core.functions import normal32
from abm.core.kernels import equation, kernel

LEAST_FRACTILE, MOST_FRACTILE = 0.001, 0.999  # beyond them a normal quantile says nothing of counts
AVAILABILITY, NEWSVENDOR, CONTRIBUTION = 1, 2, 3  # codes of the rules by which a firm orders
MOST_LEAD = 12  # periods that a delivery may take
NO_ORDER = -1.0  # what a supplier expects who has had no order yet


@equation(double=True)
def newsvendor_fractile(shortage_cost, surplus_cost):
    """Return C_u / (C_u + C_o), in [0.001, 0.999]: the chance that demand is met at which the next unit pays no more.

    Where neither costs anything the least fractile is returned.

    shortage_cost : C_u, margin of a unit that is missing, below 0 as 0      surplus_cost : C_o, cost of a unit left
    """
    missed = max(0.0, shortage_cost)
    share = missed / (missed + surplus_cost) if missed + surplus_cost > 0.0 else 0.0
    return min(max(share, LEAST_FRACTILE), MOST_FRACTILE)


@equation(double=True)
def fractile_of(rule, availability, price, unit_cost, unit_basket, service_cost, holding_cost, kept_share, interval):
    """Return the fractile by which a firm orders: its lever, or the newsvendor's.

    A unit that is missing costs the margin of the goods, (price - unit_cost) unit_basket; under rule contribution less
    service_cost, cents, which a visitor who is not served does not cost. One that is left at the end of an interval
    costs holding_cost for each period of the next if it keeps, as a part kept_share does, and unit_cost unit_basket if
    it perishes, as the rest does: the mean of both.
    """
    surplus = interval * (kept_share * holding_cost) + (1.0 - kept_share) * unit_cost * unit_basket
    margin = (price - unit_cost) * unit_basket
    if rule == CONTRIBUTION:
        margin -= service_cost / 100.0
    return availability if rule == AVAILABILITY else newsvendor_fractile(margin, surplus)


@equation(double=True)
def there_when_it_comes(on_hand, deliveries_due, j, mean, kept_share, lead):
    """Return the units that will be there when an order of firm j comes, lead periods ahead, by the firm's reckoning.

    In each of these periods the mean of visitors takes what it can, kept_share of the rest keeps, and what is due in
    the next joins it. What is due later still counts as there, too.

    deliveries_due (places, m)  units, place k in k + 1 periods
    """
    there = np.float64(on_hand)
    for k in range(lead):
        there = kept_share * max(0.0, there - mean) + deliveries_due[k, j]
    for k in range(lead, deliveries_due.shape[0]):
        there += deliveries_due[k, j]
    return there


@equation(double=True)
def errors_covered(kept_share, lead, interval):
    """Return how many times the variance of a period's visitors an order has to cover: R + kept + kept² + … + kept^L.

    The errors of the periods until it comes reach it through what is kept.
    """
    kept, covered = 1.0, np.float64(interval)
    for _ in range(lead):
        kept *= kept_share
        covered += kept
    return covered


@equation(double=True)
def ordered(mean, variance, z, there, covered, interval):
    """Return how many units are ordered: up to R mean + z sqrt(covered variance), rounded half up, at least 0."""
    return max(np.int64(0), np.int64(np.floor(interval * mean + z * np.sqrt(variance * covered) - there + 0.5)))


@equation(double=True)
def deliverable(units, expected, capacity, sharing):
    """Return how many units of an order a supplier delivers, rounded half up.

    That is at most capacity times what it is prepared for: of its own guess, expected, and of the order itself the part
    that it has been told, sharing. A capacity of 0 stands for a supplier who delivers whatever is ordered, and so does
    one who has had no order yet (`NO_ORDER`).
    """
    if capacity == 0.0 or expected < 0.0:
        return np.int64(units)
    prepared = capacity * ((1.0 - sharing) * expected + sharing * units)
    return min(np.int64(units), np.int64(np.floor(prepared + 0.5)))


@kernel(per="market")
def receive_goods(on_hand, deliveries_due, stock_rule, units_opening, units_delivered):
    """Receive what is due at firms that hold stock; all else that is due is then due a period sooner.

    on_hand (m,), deliveries_due (places, m)  units  [written]
    units_opening (on hand before anything is received), units_delivered  tallies [written]
    """
    for j in range(stock_rule.shape[0]):
        if stock_rule[j] > 0:
            units_opening[j] += on_hand[j]
            units_delivered[j] += deliveries_due[0, j]
            on_hand[j] += deliveries_due[0, j]
            for k in range(1, deliveries_due.shape[0]):
                deliveries_due[k - 1, j] = deliveries_due[k, j]
            deliveries_due[deliveries_due.shape[0] - 1, j] = 0


@kernel(per="market", double=True)
def place_orders(
    order_placed, next_order, on_hand, deliveries_due, stock_rule, availability, price, unit_cost, unit_basket,
    service_cost, holding_cost, expected_part, made_to_order, order_interval, expediting, visits_forecast,
    visits_variance, logged_until, usual_visits, order_expense, kept_share, lead_time, units_ordered, ordering, t,
):  # fmt: skip
    """Order, for firms that hold stock and whose next order is due, all in float64; then the next is an interval ahead.

    Mean and variance of a period's visitors are `visits_forecast` and `visits_variance`; without a forecast of period
    t (-1, or `logged_until` is not t - 1) both are `expected_part * usual_visits`. Of these a part q = 1 -
    made_to_order takes goods from the shelf: mean q mean, variance q² variance + q (1 - q) mean. Ordered is `ordered`,
    at z, the normal score (in float32) of `fractile_of`, of what is there lead_time - expediting periods ahead, at
    least 0. What is foretold of this period is taken for every period that an order covers.

    order_placed (m,)  units ordered in this period, next_order (m,)  period  [written]
    units_ordered, ordering (order_expense for each order of a unit or more, cents)  tallies [written]
    """
    for j in range(stock_rule.shape[0]):
        order_placed[j] = 0
        if stock_rule[j] > 0 and t >= next_order[j]:
            mean, variance = visits_forecast[j], visits_variance[j]
            if mean < 0.0 or logged_until[j] != t - 1:
                mean = np.float64(expected_part[j]) * usual_visits[j]
                variance = mean
            shelf = 1.0 - np.float64(made_to_order[j])
            variance = shelf * shelf * variance + shelf * (1.0 - shelf) * mean
            mean *= shelf
            interval, lead = np.int64(order_interval[j]), max(np.int64(0), np.int64(lead_time) - expediting[j])
            fractile = fractile_of(
                stock_rule[j], np.float64(availability[j]), np.float64(price[j]), np.float64(unit_cost[j]),
                unit_basket[j], np.float64(service_cost[j]), np.float64(holding_cost[j]), np.float64(kept_share),
                interval,
            )  # fmt: skip
            z = np.float64(normal32(np.float32(fractile)))
            there = there_when_it_comes(on_hand[j], deliveries_due, j, mean, np.float64(kept_share), lead)
            covered = errors_covered(np.float64(kept_share), lead, interval)
            units = ordered(mean, variance, z, there, covered, interval)
            order_placed[j], next_order[j] = units, t + interval
            units_ordered[j] += units
            ordering[j] += order_expense[j] if units > 0 else 0


@kernel(per="market", double=True)
def deliver_orders(
    on_hand, deliveries_due, supplier_expects, order_placed, stock_rule, expediting, forecast_sharing, expedite_expense,
    lead_time, supplier_capacity, supplier_memory, units_delivered, units_short, units_held, expedite_spend,
):  # fmt: skip
    """Let suppliers deliver what was ordered, or what they can of it, all in float64.

    Delivered is `deliverable` of the order; what is short is not made up for later. It comes at once, or in lead_time -
    expediting periods; each period sooner costs `expedite_expense` a unit, in 1/100 cent. What a supplier expects moves
    by `supplier_memory` of the way to each order of a unit or more, and is the first one. Capacity, memory and sharing
    are the numbers that float32 holds.

    on_hand (m,), deliveries_due (places, m), supplier_expects (m,)  units  [written]
    units_delivered (at once), units_short, units_held (on hand thereafter), expedite_spend  tallies [written]
    """
    for j in range(stock_rule.shape[0]):
        if stock_rule[j] > 0:
            wanted, expected = order_placed[j], supplier_expects[j]
            units = deliverable(wanted, expected, np.float64(supplier_capacity), np.float64(forecast_sharing[j]))
            if wanted > 0:
                step = np.float64(supplier_memory) * (wanted - expected)
                supplier_expects[j] = expected + step if expected >= 0.0 else np.float64(wanted)
            lead = max(np.int64(0), np.int64(lead_time) - expediting[j])
            if lead > 0:
                deliveries_due[lead - 1, j] += units
            else:
                on_hand[j] += units
                units_delivered[j] += units
            units_short[j] += wanted - units
            units_held[j] += on_hand[j]
            expedite_spend[j] += units * expedite_expense[j] * (np.int64(lead_time) - lead)
