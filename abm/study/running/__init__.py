"""How runs are done.

runner.py      run(): what is stored is skipped, what is missing is done         staff.py  how many processes, threads
work.py        batches of runs    pool.py  worker processes    hiring.py, warm.py  their start
cluster.py     workers of Dask    jobs.py  of a queueing system                  reach.py  for several studies
estimate.py    how long it will take, and how much memory
verify.py      recompute a sample and compare it bit for bit
"""
