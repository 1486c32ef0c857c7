"""A points club that customers join by themselves, held against the same customers without it, and against others."""

from abm.facts.laboratory import Laboratory
from abm.facts.programmes import naive_and_true


def replicate(paper):
    """Return what each claim comes to, by replication."""
    study = paper.study
    found = naive_and_true(Laboratory(study.scenario, study.replications, study.seed))
    true = found["true effect"]
    return {
        "members' share of wallet above others' / what the programme does to it": found["naive gap / true effect"],
        "what the programme does to members' share of wallet": true,
        "the same, upper side: it is small": true,
        "members' share of wallet above others' less the true effect, members drawn by lot": found[
            "naive gap less true effect, members by lot"
        ],
    }
