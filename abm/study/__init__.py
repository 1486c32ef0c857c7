"""How runs are compared: an experiment, its design, the runs it asks for, where they are kept, what they say.

What is asked    experiment.py  scenario, arms, design, replications, seed, KPIs; one TOML file   checks.py  refusals
                 design.py      the points at which arms are compared: given.py one by one or as a grid, or drawn
                                from what factors.py says they may be by sampling.py              overrides.py  --set
                 inputs.py      logs and graphs beside the study file
Which runs       sheet.py       every run in order, each with its id                              digest.py  identity
How they go      runner.py      run(): what is stored is skipped, what is missing is done         staff.py  how many
                 work.py        batches of runs    pool.py  worker processes                      warm.py  their start
                 cluster.py     workers of Dask    jobs.py  of a queueing system    reach.py  for several runs
                 estimate.py    how long it will take, and how much memory
Where they stay  store.py       segments in one folder      segment.py  one Parquet file         compact.py  fewer files
                 rows.py        what goes in and out
                 manifest.py    what the folder belongs to    versions.py  what made it           files.py  whole or not
Which arm wins   compare.py     compare(): the best arm with a stated probability     robust.py  which arm wins where
                 question.py    what is asked    races.py   races on the store    selection.py  who is eliminated when
                 verdict.py     what is said
What they say    results.py     tidy tables, paired differences (statistics.py), the best arm (winner.py)
                 sensitivity.py which factors matter: indices.py works it out, influence.py says it
                 intervals.py   of a mean, a quantile, a ratio    multiple.py  of many differences at once
How many         warmup.py      which periods to leave out    power.py  what so many replications show
                 precision.py   run_until(): as many replications as an interval takes
And again        verify.py      recompute a sample and compare it bit for bit
"""
