"""What numbers of paired runs say; knows arrays, not experiments.

paired.py      differences of two arms over replications     intervals.py  of a mean, a quantile, a ratio
winner.py      which arm is best, and how sure that is
"""
