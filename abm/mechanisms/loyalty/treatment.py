"""Special treatment: what a tier of a programme brings beyond the base tier.   An equation of two theories.

Claim: treatment is special as far as it is really worth something: a title without a discount or a bonus is none.
Source: the idea follows STEINHOFF_PALMATIER_2014 and SCHUMANN_2014 (preferential treatment); the form is assumed.
"""

from __future__ import annotations

from abm.core.functions import unit
from abm.core.kernels import equation


@equation
def extra_benefit(point_value, basket, price, earn_per_visit, earn_rate, discount, bonus):
    """Return what a tier brings on a visit beyond the base tier, in baskets of hers, at most one: points, discount.

    points at the full price: `earn_per_visit + earn_rate * basket * price`
    (points with discount and bonus - points at the full price) * point_value / basket + price * discount, in [0, 1]
    """
    plain = earn_per_visit + earn_rate * basket * price
    raised = (earn_per_visit + earn_rate * basket * price * (1.0 - discount)) * (1.0 + bonus)
    return unit((raised - plain) * point_value / basket + price * discount)


@equation
def part_noticed(benefit, noticed):
    """Return how much a benefit counts, 0-1: benefit / (benefit + noticed).  noticed: above 0, what counts half"""
    return benefit / (benefit + noticed)
