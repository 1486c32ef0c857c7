"""How runs are compared: an experiment, its design, the runs it asks for, where they are kept, what they say.

experiment.py  Experiment: scenario, arms, design, replications, seed, KPIs; one TOML file
design.py      the points at which the arms are compared: grid, none
sheet.py       the list of all runs of an experiment, in order, each with its id
runner.py      run(): does what is missing, in worker processes (work.py, pool.py)
store.py       Parquet segments in one folder; manifest.py: what the folder belongs to
results.py     tidy tables, paired differences (statistics.py), the canonical digest
verify.py      recompute a sample of a folder's runs and compare them bit for bit
"""
