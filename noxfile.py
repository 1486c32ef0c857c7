"""Longer checks: `nox -s tests` on every Python, `-s endurance` for what takes minutes, `-s docs` for the pages."""

import nox


@nox.session(python=["3.11", "3.12", "3.13"])
def tests(session: nox.Session) -> None:
    """Run the tests."""
    session.install("-e", ".[test]")
    session.run("pytest", "-m", "not endurance", *session.posargs)


@nox.session
def thorough(session: nox.Session) -> None:
    """Try every property on ten times as many examples as usual."""
    session.install("-e", ".[test]")
    session.run("pytest", *session.posargs, env={"HYPOTHESIS_PROFILE": "thorough"})


@nox.session
def interpreted(session: nox.Session) -> None:
    """Run the tests of single theories without compiling, for coverage."""
    session.install("-e", ".[test]")
    session.run("pytest", "tests/core", "tests/mechanisms", *session.posargs, env={"NUMBA_DISABLE_JIT": "1"})


@nox.session
def mutants(session: nox.Session) -> None:
    """Alter equations one at a time, and count how many of the errors the tests of their theories notice."""
    session.install("-e", ".[test]")
    session.run("python", "benchmarks/mutants.py", *session.posargs)


@nox.session
def endurance(session: nox.Session) -> None:
    """Run what takes minutes."""
    session.install("-e", ".[test]")
    session.run("pytest", "-m", "endurance", *session.posargs)


@nox.session
def docs(session: nox.Session) -> None:
    """Build the documentation; a warning, a link that leads nowhere or a request to another host fails."""
    session.install("-e", ".[docs,test]")
    session.run("python", "docs/_notebooks.py")
    session.run("sphinx-build", "-W", "--keep-going", "-b", "html", "docs", "docs/_build", *session.posargs)
    session.run(
        "pytest", "-n", "0", "-m", "endurance or not endurance", "tests/docs/test_site.py", "tests/docs/test_links.py"
    )
