"""How many replications are enough.

warmup.py      which periods to leave out
power.py       what so many replications show
precision.py   run_until(): as many as an interval takes
multiple.py    of many differences, which are real
"""
