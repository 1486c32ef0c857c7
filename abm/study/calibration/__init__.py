"""Which parameters show what is known of a market.

calibrate.py   calibrate(): trials until the plan is done    plan.py      what will be tried, checked
targets.py     what is known    log_targets.py  from a log   moments.py   what simulated runs show of it
waves.py       what is left of the space, and what to try in it: implausibility.py rules out, by what emulator.py says
journal.py     settings tried, and what Optuna proposes
findings.py    the answer       words.py  in sentences
"""
