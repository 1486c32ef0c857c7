"""Sources of methods: what graphs, random numbers and calibration are taken from, and how it was seen."""

from __future__ import annotations

from abm.core.citations import Source

# Networks, numbers
WATTS_STROGATZ_1998 = Source(
    "WATTS_STROGATZ_1998",
    "Watts & Strogatz 1998, Nature 393:440–442",
    "memory",
    "10.1038/30918",
)
BARABASI_ALBERT_1999 = Source(
    "BARABASI_ALBERT_1999",
    "Barabási & Albert 1999, Science 286:509–512",
    "memory",
    "10.1126/science.286.5439.509",
)
ERDOS_RENYI_1959 = Source(
    "ERDOS_RENYI_1959",
    "Erdős & Rényi 1959, Publicationes Mathematicae Debrecen",
    "memory",
)
BATAGELJ_BRANDES_2005 = Source(
    "BATAGELJ_BRANDES_2005",
    "Batagelj & Brandes 2005, Physical Review E",
    "memory",
)
COLEMAN_1958 = Source(
    "COLEMAN_1958",
    "Coleman 1958, Relational Analysis, Human Organization 17(4):28–36",
    "memory",
)
XULVI_BRUNET_SOKOLOV_2004 = Source(
    "XULVI_BRUNET_SOKOLOV_2004",
    "Xulvi-Brunet & Sokolov 2004, Physical Review E 70:066102",
    "memory",
)
SALMON_2011 = Source(
    "SALMON_2011",
    "Salmon et al. 2011, Parallel Random Numbers: As Easy as 1, 2, 3 (SC11)",
    "memory",
    "10.1145/2063384.2063405",
)
GILES_2012 = Source("GILES_2012", "Giles 2012, in GPU Computing Gems Jade Edition", "memory")

# Calibration
CRAIG_1997 = Source(
    "CRAIG_1997", "Craig, Goldstein, Seheult & Smith 1997, Pressure matching for hydrocarbon reservoirs", "abstract"
)
VERNON_GOLDSTEIN_BOWER_2010 = Source(
    "VERNON_GOLDSTEIN_BOWER_2010",
    "Vernon, Goldstein & Bower 2010, Bayesian Analysis 5(4):619–669",
    "abstract",
    "10.1214/10-BA524",
)
PUKELSHEIM_1994 = Source("PUKELSHEIM_1994", "Pukelsheim 1994, The American Statistician 48(2):88–91", "secondary")
