"""The study that the tests of the page look at."""

STUDY = """\
name = "small"
question = "Is <service> & care worth its cost?"
seed = 7
replications = 4
kpis = ["profit", "csi", "share_of_wallet"]
[scenario]
periods = 30
burn_in = 4
[scenario.population]
customers = 80
[scenario.network]
neighbours = 4
[[scenario.firms]]
name = "north"
[[scenario.firms]]
name = "south"
[arms.none]
[arms.service]
label = "better service"
"firms.north.service.quality" = 0.9
[arms.cut]
from = 10
until = 20
"firms.north.price" = 0.9
"""
