"""The pytest plugin: the fixture `gradcheck`, what an inconclusive check is, and a report of all checks.

It is loaded in every run of every project that has nudgegrad installed, so it imports nothing but pytest;
the rest comes when a test asks for `gradcheck`.
"""

from __future__ import annotations

import pytest

TYPE_CHECKING = False  # as type checkers read it
if TYPE_CHECKING:
    from collections.abc import Generator
    from typing import Any

CHOICES = ("fail", "skip", "pass")
INI = "nudgegrad_inconclusive"
RECORDS = (
    "nudgegrad_checks"  # the attribute of a test's report that carries its checks, also out of a worker
)
FOUND = pytest.StashKey["list[dict[str, Any]]"]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """The ini option and the command line's."""
    parser.addini(INI, "what an inconclusive gradient check is: fail, skip or pass", default="fail")
    group = parser.getgroup("nudgegrad", "gradient checks")
    group.addoption(
        "--nudgegrad-report", metavar="FILE", help="write all gradient checks of the run to FILE, as JSON"
    )


def pytest_configure(config: pytest.Config) -> None:
    """Refuse what the ini option cannot be, and listen where all reports arrive if a file is asked for."""
    given = config.getini(INI)
    if given not in CHOICES:
        raise pytest.UsageError(f"{INI} = {given} is unknown: one of {', '.join(CHOICES)}")
    file = config.getoption("--nudgegrad-report")
    if file and not hasattr(config, "workerinput"):  # a worker's reports arrive at the one that started it
        config.pluginmanager.register(Reporter(file), "nudgegrad-report")


class GradCheck:
    """What the fixture `gradcheck` gives: called like `nudgegrad.check`, it asserts."""

    def __init__(self, inconclusive: str, records: list[dict[str, Any]]) -> None:
        self._inconclusive = inconclusive
        self._records = records

    def __call__(self, *arguments: Any, **options: Any) -> None:
        """Nothing where the gradient is right.

        Raises
        ------
        AssertionError
            If it is wrong; if the check is inconclusive, what the ini option says.
        """
        __tracebackhide__ = True
        found = self.result(*arguments, **options)
        if found:
            return
        if found.verdict == "inconclusive":
            if self._inconclusive == "pass":
                return
            if self._inconclusive == "skip":
                pytest.skip(f"gradient check inconclusive: {found.reason}")
        from .assertions import message

        raise AssertionError(message(found))

    def result(self, *arguments: Any, **options: Any) -> Any:
        """The Check, whatever its verdict; the arguments are those of `nudgegrad.check`."""
        __tracebackhide__ = True
        from .entry import check
        from .record import record

        found = check(*arguments, **options)
        self._records.append(record(found))
        return found


@pytest.fixture
def gradcheck(request: pytest.FixtureRequest) -> GradCheck:
    """Check a hand-written gradient: ``gradcheck(f, x, grad=backprop, args=(X, Y))``."""
    records = request.node.stash.setdefault(FOUND, [])
    return GradCheck(request.config.getini(INI), records)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """A test's last report carries its checks: so they come out of xdist's workers as well."""
    report = yield
    if call.when == "teardown" and FOUND in item.stash:
        setattr(report, RECORDS, [{"test": item.nodeid, **found} for found in item.stash[FOUND]])
    return report


class Reporter:
    """The checks of a session, of all workers, written to one file when it ends.

    Parameters
    ----------
    file : str
    """

    def __init__(self, file: str) -> None:
        self.file = file
        self.checks: list[dict[str, Any]] = []

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Take a test's checks off its report."""
        self.checks += getattr(report, RECORDS, [])

    def pytest_sessionfinish(self) -> None:
        """Write the file."""
        import json

        verdicts = {check["verdict"] for check in self.checks}
        worst = next((v for v in ("fail", "inconclusive", "pass") if v in verdicts), None)
        document = {"schema": 1, "command": "pytest", "checks": self.checks, "verdict": worst}
        with open(self.file, "w", encoding="ascii") as out:  # noqa: PTH123 - pathlib is not pytest
            out.write(json.dumps(document, indent=2, allow_nan=False) + "\n")
