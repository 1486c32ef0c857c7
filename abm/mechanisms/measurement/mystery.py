"""Mystery shopping: what test visits find.   Uses no customers.

Claim: somebody who knows what to look for and is not a customer measures what is delivered, and not how it is taken.
Source: definition; what a test visit costs is assumed.
"""

from __future__ import annotations

import numpy as np

from abm.core.functions import in_steps, normal32, unit
from abm.core.kernels import kernel
from abm.core.streams import uniform4
from abm.kpis.kpi import FloatArray, Tallied, kpi


@kernel(per="market")
def shop_in_secret(
    mystery_visits, mystery_cents, quality, spread, failure_rate, severity_low, severity_high, mystery_count,
    mystery_sum, mystery_bill, key, replication, t,
):  # fmt: skip
    """Make test visits: what they find is quality as it is delivered, and no visit of a customer.

    In the k-th test visit of a period to firm j quality is `quality + spread * z`, z standard normal, less the severity
    of a failure, in [0, 1]. Its address is (j, t, draw 3, block k): the number of the firm stands in the place of the
    customer's id. Word 0 gives z; it fails if word 1 is below `failure_rate`; word 2 gives the severity, uniform on
    [`severity_low`, `severity_high`].

    mystery_count, mystery_sum, mystery_bill  tallies [written]
    """
    for j in range(mystery_visits.shape[0]):
        for k in range(mystery_visits[j]):
            a, b, c, _ = uniform4(key, j, t, (3 << 16) | k, replication)
            found = quality[j] + spread[j] * normal32(a)
            fell = severity_low + (severity_high - severity_low) * c
            found -= fell if b < failure_rate[j] else np.float32(0.0)
            mystery_sum[j] += in_steps(unit(found))
            mystery_count[j] += 1
            mystery_bill[j] += mystery_cents[j]


@kpi(unit="0-1", better="more", nan="the firm had no test visits made")
def mystery_quality(c: Tallied) -> FloatArray:
    """Mean quality that test visits found, failures included."""
    return c.mystery_sum / c.mystery_count
