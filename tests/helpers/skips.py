"""A plugin for pytest: with S2R_NO_SKIPS=1 a run fails where a test was skipped for any other
reason than that there is no GPU."""

import os
import re

import pytest


def refused(config: pytest.Config) -> dict[str, str]:
    """Why each test or file was skipped that must not be, by its name."""
    terminal = config.pluginmanager.get_plugin("terminalreporter")
    # The processes of pytest-xdist have no terminal: what they skip is reported to the first one.
    if terminal is None or os.environ.get("S2R_NO_SKIPS") != "1":
        return {}
    reasons = {report.nodeid: report.longrepr[2] for report in terminal.stats.get("skipped", [])}
    return {name: why for name, why in reasons.items() if not re.search(r"\bGPUs?\b", why)}


def pytest_sessionfinish(session: pytest.Session) -> None:
    if session.exitstatus == pytest.ExitCode.OK and refused(session.config):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter, config: pytest.Config) -> None:
    skipped = refused(config)
    if skipped:
        terminalreporter.section("S2R_NO_SKIPS=1: skipped for another reason than a GPU", red=True)
        for name, why in skipped.items():
            terminalreporter.line(f"{name}: {why.removeprefix('Skipped: ')}")
