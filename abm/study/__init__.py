"""How runs are compared: an experiment, its design, the runs it asks for, where they are kept, what they say.

Each imports only what stands above it, and the last four do not know each other:

provenance     when two runs are the same, files that are whole or not there, input files, versions
plan           what is asked: experiment, arms, designs, the run sheet
statistics     what numbers of paired runs say: differences, intervals, the best arm
storage        where runs stay: segments in a folder, its manifest, the tables read from it
running        how runs are done: here, in worker processes, on a cluster; how long it takes; done again to verify

replications   how many are enough: warm-up, power, precision, many comparisons at once
comparison     which arm is best, with a stated probability; which arm wins where
sensitivity    which factors matter
calibration    which parameters show what is known of a market

What users call is in `abm`. Elsewhere a name is imported from the module that defines it: packages export nothing, so
that a worker process loads no more than it uses.
"""
