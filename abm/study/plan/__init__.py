"""What is asked: one experiment, checked before anything runs, and every run it asks for.

experiment.py  scenario, arms, design, replications, seed, KPIs; one TOML file       checks.py     refusals
design.py      the points at which arms are compared: given.py one by one or as a grid, or drawn from what
               factors.py says they may be by sampling.py                            overrides.py  --set
sheet.py       every run in order, each with its id                                  criteria.py   what is claimed
"""
