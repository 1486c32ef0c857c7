"""Kernels of durables: how units age and fail, who comes for what, and how a firm is chosen for it.   No neighbours.

Part of `durable`, where claim, sources and what firms set are; what is paid and handed over is in `durable_books`.
Draws are of the stream of `durable`: draw 0 the start, draw 1 the life of a unit in a period, draw 2 its occasions.
"""

from __future__ import annotations

import numpy as np

from abm.core.functions import exp32, exp64
from abm.core.kernels import equation, kernel
from abm.core.streams import uniform4
from abm.mechanisms.sums import UNCONSIDERED
from abm.world.calendar import NEVER, periods_of
from abm.world.visits import NO_OCCASION, PURCHASE, SERVICE

NOT_DUE, REMEMBERED, FORGOTTEN = (np.uint8(code) for code in range(3))  # what has become of a service that is due
_MOST_PROBLEMS = 65_535  # what 16 bits hold


@equation
def chance_within(rate, years):
    """Return the chance that something of so many a year happens within some years: 1 - e**-(rate * years)."""
    return 1.0 - exp32(-(rate * years))


@equation(double=True)
def wear_out(age, scale, shape):
    """Return the cumulated hazard of wearing out up to an age, (age / scale)**shape, by `shape` multiplications.

    age, scale : periods      shape : whole number, 1 or more
    """
    reached = 1.0
    for _ in range(shape):
        reached *= age / scale
    return reached


@equation(double=True)
def chance_of_replacing(age, scale, shape, restlessness, liking):
    """Return the chance that an owner sets about replacing a unit in the period in which it reaches `age` periods.

    1 - e**-((wear_out(age) - wear_out(age - 1)) * (1 + restlessness * (1 - liking)))
    """
    rise = wear_out(age, scale, shape) - wear_out(age - 1.0, scale, shape)
    return 1.0 - exp64(-(rise * (1.0 + restlessness * (1.0 - liking))))


@equation(double=True)
def chance_of_wanting(owns, first, age, scale, shape, restlessness, liking):
    """Return the chance that a customer sets about buying: `first` without a unit, else `chance_of_replacing`.

    All of it is float64, of float32 parameters, `first` and liking.
    """
    replacing = chance_of_replacing(np.float64(age), scale, shape, np.float64(restlessness), np.float64(liking))
    return replacing if owns else np.float64(first)


@equation
def problem_hazard(age, early, rate, early_rate, wear, neglect, unserviced, build_quality):
    """Return the problems a year of a unit: (early_rate while `early`, else rate * (1 + wear * age)) times
    (1 + neglect * unserviced) * (1 - build_quality).

    age, unserviced : years since it was bought, and since it was bought or serviced last
    """
    usual = early_rate if early else rate * (1.0 + wear * age)
    return usual * (1.0 + neglect * unserviced) * (1.0 - build_quality)


@equation
def service_worth(basket, years, most_worn):
    """Return what a service is worth at price index 1, cu: a basket for each year since the last one, at most
    `most_worn` of them."""
    return basket * min(years, most_worn)


@equation
def occasion_worth(kind, basket, purchase_multiple, unserviced, most_worn):
    """Return what an occasion is about at price index 1, cu: `purchase_multiple` baskets for a purchase,
    `service_worth` of the years since the last service for a service, and a basket without an occasion."""
    worth = service_worth(basket, unserviced, most_worn) if kind == SERVICE else basket
    return purchase_multiple * basket if kind == PURCHASE else worth


@equation
def upkeep(price, service_discount, warranty, mean_life):
    """Return what services of a unit will cost its owner at the firm that sells it, in baskets: those of the years
    without warranty.

    price * (1 - service_discount) * max(0, mean_life - warranty)      warranty, mean_life : years
    """
    return price * (1.0 - service_discount) * max(mean_life - warranty, np.float32(0.0))


@equation(double=True)
def with_this_one(left):
    """Return the periods of a warranty, this one included, of which so many are left after it: 0 of none."""
    return left + 1 if left > 0 else np.int64(0)


@kernel
def draw_owners(
    owned_from, unit_age, unit_liking, since_service, until_due, warranty_left, customer_id, sells, quality, warranty,
    service_interval, owning_at_start, mean_life, periods_per_year, key, replication,
):  # fmt: skip
    """Draw who owns a unit at the start, of which firm that sells units, how old it is, and when it is due.

    The uniforms are words 0 to 3 of period 0, draw 0, block 0. She owns one if the first is below `owning_at_start`;
    of the k firms that sell, in their order, it is number min(k - 1, floor(k * second)); its age is floor(third *
    `mean_life` in periods), and the time since its last service floor(fourth * interval), at most the age, the interval
    `service_interval` of its firm in periods, 1 or more; products are float32. It is due after the rest of the interval
    and under warranty for what is left of it (`with_this_one`). She likes it as much as `quality` of its firm.

    owned_from … warranty_left (n,)  [written, of owners alone]
    """
    selling = 0
    for j in range(sells.shape[0]):
        selling += 1 if sells[j] > 0 else 0
    life = np.float32(periods_of(mean_life, periods_per_year))
    for i in range(customer_id.shape[0]):
        owns, of, old, served = uniform4(key, customer_id[i], 0, 0, replication)
        if owns < owning_at_start and selling > 0:
            wanted = min(selling - 1, np.int64(np.float32(selling) * of))
            f, before = 0, 0
            for j in range(sells.shape[0]):
                if sells[j] > 0:
                    f = j if before == wanted else f
                    before += 1
            interval = max(np.int64(1), periods_of(service_interval[f], periods_per_year))
            age = np.int64(old * life)
            owned_from[i] = f
            unit_age[i] = age
            since_service[i] = min(age, np.int64(served * np.float32(interval)))
            until_due[i] = interval - since_service[i]
            warranty_left[i] = with_this_one(periods_of(warranty[f], periods_per_year) - age)
            unit_liking[i] = quality[f]


@kernel
def use_units(
    unit_age, since_service, since_own_service, since_due, until_due, warranty_left, unit_problems, unit_liking,
    satisfaction, owned_from, exited, encounters, customer_id, build_quality, warranty_repair_expense, running_in,
    problem_rate, early_rate, wear, neglect, annoyance, warranty_relief, unit_problems_met, warranty_problems,
    warranty_repairs, periods_per_year, key, replication, lo, hi, t,
):  # fmt: skip
    """Let each unit be a period older, and have a problem or none.

    Of owners who have not left the category age and times grow by 1, those of 2^30 (not yet) apart, and the times until
    a service is due and under warranty fall by 1, the latter to 0 at least. A unit is under warranty in the period if
    some is left then. It is new (`early`) while its age does not exceed `running_in` in periods. It has a problem if
    word 0 of draw 1, block 0, is below `chance_within` of `problem_hazard`, in 1 / `periods_per_year` years, all
    float32, with times in years float32(periods) / float32(periods_per_year). A problem takes `felt = annoyance * (1 -
    warranty_relief)` under warranty, else `annoyance`, of her liking and, if she has used the firm that sold it
    (encounters above 0), of satisfaction with it. Under warranty that firm repairs it for `warranty_repair_expense`, in
    cents.

    unit_age … warranty_left (n,)  periods, unit_problems (n,)  at most 65,535, unit_liking (n,)  0-1  [written]
    satisfaction (m, n)  0-1  [written]      unit_problems_met, warranty_problems, warranty_repairs  tallies [written]
    """
    year = np.float32(periods_per_year)
    new_until = periods_of(running_in, periods_per_year)
    for i in range(lo, hi):
        f = owned_from[i]
        if f >= 0 and exited[i] < 0:
            warranty_left[i] = max(warranty_left[i] - 1, np.int32(0))
            covered = warranty_left[i] > 0
            unit_age[i] += 1
            since_service[i] += 1
            since_own_service[i] = min(since_own_service[i] + 1, NEVER)
            since_due[i] = min(since_due[i] + 1, NEVER)
            until_due[i] -= 1
            hazard = problem_hazard(
                np.float32(unit_age[i]) / year, unit_age[i] <= new_until, problem_rate, early_rate, wear, neglect,
                np.float32(since_service[i]) / year, build_quality[f],
            )  # fmt: skip
            if uniform4(key, customer_id[i], t, 1 << 16, replication)[0] < chance_within(hazard, 1.0 / year):
                felt = annoyance * (1.0 - warranty_relief) if covered else annoyance
                unit_problems[i] = min(np.int32(unit_problems[i]) + 1, _MOST_PROBLEMS)
                unit_liking[i] *= 1.0 - felt
                if encounters[f, i] > 0.0:
                    satisfaction[f, i] *= 1.0 - felt
                unit_problems_met[f] += 1
                warranty_problems[f] += 1 if covered else 0
                warranty_repairs[f] += warranty_repair_expense[f] if covered else 0


@kernel
def fall_due(
    occasion_kind, wants_unit, due_state, since_due, owned_from, unit_age, unit_liking, until_due, need, need_of_care,
    exited, customer_id, first_purchase_rate, shopping_rate, promptness, remembering, life_scale, life_shape,
    restlessness, periods_per_year, key, replication, lo, hi, t,
):  # fmt: skip
    """Decide what each customer has an occasion for, at most one: a purchase, or the service that is due.

    u are the uniforms of draw 2, block 0. Who has left the category has none. Who does not want a unit begins to if
    u[0] is below `chance_within(first_purchase_rate, 1 / periods_per_year)`, float32, without one, else below
    `chance_of_replacing`, in float64, with `scale = life_scale * periods_per_year` periods. Who wants one has a
    purchase occasion if u[1] is below `chance_within(shopping_rate * need, 1 / periods_per_year)`.

    A service is due from `until_due = 0` on, also below it. In the first such period `since_due` is set to 0, and it is
    remembered if u[2] is below `remembering`, else forgotten; a reminder that is taken up, which makes `need_of_care`
    exceed 1, lets her remember it. Who remembers, and has no purchase occasion, has a service occasion if u[3] is below
    `chance_within(promptness * need, 1 / periods_per_year)`.

    occasion_kind, wants_unit, due_state (n,)  codes, since_due (n,)  periods  [written]
    """
    year = np.float32(periods_per_year)
    scale = np.float64(life_scale) * np.float64(periods_per_year)
    first = chance_within(first_purchase_rate, 1.0 / year)
    for i in range(lo, hi):
        kind = NO_OCCASION
        if exited[i] < 0:
            u = uniform4(key, customer_id[i], t, 2 << 16, replication)
            owns = owned_from[i] >= 0
            wanting = chance_of_wanting(owns, first, unit_age[i], scale, life_shape, restlessness, unit_liking[i])
            if wants_unit[i] == 0 and np.float64(u[0]) < wanting:
                wants_unit[i] = 1
            if wants_unit[i] > 0 and u[1] < chance_within(shopping_rate * need[i - lo], 1.0 / year):
                kind = PURCHASE
            if owns and until_due[i] <= 0:
                if due_state[i] == NOT_DUE:
                    due_state[i] = REMEMBERED if u[2] < remembering else FORGOTTEN
                    since_due[i] = 0
                if need_of_care[i - lo] > 1.0:
                    due_state[i] = REMEMBERED
                comes = u[3] < chance_within(promptness * need[i - lo], 1.0 / year)
                if kind == NO_OCCASION and due_state[i] == REMEMBERED and comes:
                    kind = SERVICE
        occasion_kind[i] = kind


@kernel
def list_due(
    visit_count, visit_customer, visit_nth, visit_provider, basket, occasion_kind, since_service, service_basket,
    provider, purchase_multiple, most_worn, periods_per_year, occasions, lo, hi,
):  # fmt: skip
    """List the occasions of the tile, and let the basket be what each is about.

    That is, at price index 1, `purchase_multiple * service_basket`, or `service_worth` of the years since the last
    service, float32(periods) / float32(periods_per_year); without an occasion it is `service_basket`.

    visit_count (1,), visit_customer, visit_nth (0), visit_provider (visits,)  [written]
    basket (n,)  cu, occasions (nobody,)  tally  [written]
    """
    v = 0
    for i in range(lo, hi):
        kind = occasion_kind[i]
        unserviced = np.float32(since_service[i]) / np.float32(periods_per_year)
        basket[i] = occasion_worth(kind, service_basket[i], purchase_multiple, unserviced, most_worn)
        if kind != NO_OCCASION:
            visit_customer[v] = i
            visit_nth[v] = 0
            visit_provider[v] = provider[i]
            v += 1
    visit_count[0] = v
    occasions[-1] += v


@kernel
def weigh_units(
    utility, occasion_kind, owned_from, warranty_left, price_response, price, sells, warranty, service_discount,
    seller_pull, warranty_pull, foresight, mean_life, purchase_multiple, lo, hi,
):  # fmt: skip
    """Add what an occasion for a unit makes of each firm.

    For a purchase, firms that do not sell units cannot be chosen (-1e30 is added), and of others `price_response *
    foresight * upkeep / purchase_multiple` is taken away: `upkeep` of a life of `mean_life`, in prices of the unit. For
    a service, `price_response * price * service_discount` is added for every firm but one that does it under warranty,
    for which it is `price_response * price`; for the firm that sold the unit, `seller_pull` and, under warranty,
    `warranty_pull` besides. Without an occasion nothing is added.

    utility (m, tile)  logit units  [written]
    """
    for j in range(utility.shape[0]):
        ahead = foresight * upkeep(price[j], service_discount[j], warranty[j], mean_life) / purchase_multiple
        for i in range(lo, hi):
            if occasion_kind[i] == PURCHASE:
                utility[j, i - lo] += -(price_response[i] * ahead) if sells[j] > 0 else UNCONSIDERED
            if occasion_kind[i] == SERVICE:
                own = owned_from[i] == np.int32(j)
                covered = own and warranty_left[i] > 0
                saved = np.float32(1.0) if covered else service_discount[j]
                pull = (seller_pull if own else np.float32(0.0)) + (warranty_pull if covered else np.float32(0.0))
                utility[j, i - lo] += price_response[i] * price[j] * saved + pull


@kernel
def discount_services(visit_discount, visit_count, visit_customer, visit_firm, occasion_kind, service_discount):
    """Take `service_discount` off what is left of the price of each service.  visit_discount (visits,)  [written]"""
    for v in range(visit_count[0]):
        if occasion_kind[visit_customer[v]] == SERVICE:
            visit_discount[v] += service_discount[visit_firm[v]] * (1.0 - visit_discount[v])
