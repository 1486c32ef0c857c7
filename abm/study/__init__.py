"""How runs are compared: an experiment, its design, the runs it asks for, where they are kept, what they say.

What is asked    experiment.py  scenario, arms, design, replications, seed, KPIs; one TOML file   checks.py  refusals
                 design.py      the points at which arms are compared                             overrides.py  --set
                 inputs.py      logs and graphs beside the study file
Which runs       sheet.py       every run in order, each with its id                              digest.py  identity
How they go      runner.py      run(): what is stored is skipped, what is missing is done         staff.py  how many
                 work.py        batches of runs    pool.py  worker processes                      warm.py  their start
Where they stay  store.py       Parquet segments in one folder    rows.py  what goes in and out  compact.py  fewer files
                 manifest.py    what the folder belongs to    versions.py  what made it           files.py  whole or not
What they say    results.py     tidy tables, paired differences (statistics.py), the best arm (winner.py)
                 verify.py      recompute a sample and compare it bit for bit
"""
