"""Some customers begin, others follow if enough of their neighbours have: how many have adopted in the end."""

import abm

CLAIMS = (
    "1.5 ties, 1 % first adopters", "3 ties, .5 % first adopters", "4 ties, .5 % first adopters",
    "6 ties, 1 % first adopters", "7 ties, .1 % first adopters", "7 ties, .5 % first adopters",
    "8 ties, .5 % first adopters", "8 ties, 1 % first adopters",
)  # fmt: skip


def replicate(paper):
    """Return what each claim comes to."""
    cells = zip(paper.settings["ties"], paper.settings["first"], strict=True)
    arms = {f"cell_{k}": {"network.neighbours": z, "adoption.initial_adopters": p} for k, (z, p) in enumerate(cells)}
    results = abm.run(paper.study.replace(arms=arms), workers=1)
    ends = [results.course("adoption_share", arm, results.firms[0])[0, :, -1] for arm in arms]
    found = {f"adopted in the end, {claim}": end for claim, end in zip(CLAIMS, ends, strict=True)}
    few, more = (found[f"adopted in the end, 7 ties, {first} % first adopters"] for first in (".1", ".5"))
    return {**found, "7 ties: .5 % first adopters less .1 %": more - few}
