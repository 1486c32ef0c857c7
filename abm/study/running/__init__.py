"""How runs are done: in this process, in worker processes, or on a cluster.

runner.py      run(): what is stored is skipped, what is missing is done
parallelism.py how many worker processes, and threads inside a run
work.py        RunExecutor: does a batch of runs in whichever process it is
pool.py        worker processes of this machine    starting_pool.py, preload.py, parent.py  their start and end
cluster.py     workers of Dask    cluster_connection.py  one connection for several studies    jobs.py  queueing systems
estimate.py    how long it will take, and how much memory
verify.py      recompute a sample and compare it bit for bit
"""
