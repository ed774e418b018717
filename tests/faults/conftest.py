"""What the fault tests share: how long they take, and the figures they leave.

AGI_GATE_FAULTS=long (`make faults`) is the long form, which writes the table of docs/reliability.md.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager

import pytest

from tests.faults import report
from tests.faults.ledger import Figures
from tests.faults.stage import NOT_INJECTED, Form, Stage, staged

FIGURES: list[Figures] = []
OpenStage = Callable[..., AbstractContextManager[Stage]]


@pytest.fixture(scope="session")
def form() -> Form:
    return Form.chosen()


@pytest.fixture(scope="session")
def figures() -> list[Figures]:
    return FIGURES


@pytest.fixture(scope="module")
def open_stage(form: Form, figures: list[Figures], tmp_path_factory: pytest.TempPathFactory) -> OpenStage:
    """A stage of one's own: `with open_stage(store_url, *changes) as stage`."""
    def opened(store_url: str, *changes: tuple[str, str], **options: object) -> AbstractContextManager[Stage]:
        return staged(tmp_path_factory.mktemp("stage"), store_url, form, figures, *changes, **options)  # type: ignore[arg-type]
    return opened


@pytest.fixture(scope="session", autouse=True)
def written(form: Form, figures: list[Figures]) -> Iterator[None]:
    """At the end, the figures as JSON; in the long form the table, too."""
    yield
    if figures:
        report.write(figures, form.long)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say in one line what the faults came to, and loudly what could not be injected here."""
    if FIGURES:
        terminalreporter.write_line(report.summary(FIGURES))
    for reason in sorted({str(report.longrepr[2]) for report in terminalreporter.stats.get("skipped", ())
                          if isinstance(report.longrepr, tuple) and NOT_INJECTED in str(report.longrepr[2])}):
        terminalreporter.write_sep("!", reason.removeprefix("Skipped: "), red=True, bold=True)
