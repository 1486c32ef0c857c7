"""How customers differ, estimated from their purchases: every fit of this package in one place.

fit_nbd                : purchase rates when nobody leaves; norms of repeat buying (nbd.py)
fit_bgnbd              : purchase rates and drop-out; expected purchases, probability alive (bgnbd.py)
fit_alike_drop_out     : purchase rates, and drop-out that is alike for all (alike_drop_out.py)
fit_gamma_gamma        : mean baskets, for customer value (baskets.py)
fit_lognormal_baskets  : mean baskets told from chance, purchase by purchase (baskets.py)

The fits take columns as `purchases.summary`, `purchase_counts` and `purchase_days` give them, and return
frozen results with their parameters, `log_likelihood`, `n` and `describe()`.
"""

from abm.logs.alike_drop_out import AlikeDropOut, fit_alike_drop_out
from abm.logs.baskets import (
    GammaGamma,
    LognormalBaskets,
    expected_mean_amount,
    fit_gamma_gamma,
    fit_lognormal_baskets,
)
from abm.logs.bgnbd import (
    BGNBD,
    bgnbd_probability,
    conditional_expected_purchases,
    expected_purchases,
    fit_bgnbd,
    probability_alive,
)
from abm.logs.nbd import (
    NBD,
    RepeatNorms,
    conditional_trend,
    fit_nbd,
    nbd_from_penetration,
    nbd_probability,
    repeat_norms,
)

__all__ = [
    "BGNBD",
    "NBD",
    "AlikeDropOut",
    "GammaGamma",
    "LognormalBaskets",
    "RepeatNorms",
    "bgnbd_probability",
    "conditional_expected_purchases",
    "conditional_trend",
    "expected_mean_amount",
    "expected_purchases",
    "fit_alike_drop_out",
    "fit_bgnbd",
    "fit_gamma_gamma",
    "fit_lognormal_baskets",
    "fit_nbd",
    "nbd_from_penetration",
    "nbd_probability",
    "probability_alive",
    "repeat_norms",
]
