"""A real browser for the tests that need one.

It drives a Chromium that is already on the machine and downloads none. Without one these
tests are skipped and the end of the run says how many; with REQUIRE_BROWSER=1, as in
continuous integration, they fail.
"""

import os
import shutil
from collections.abc import Iterator

import pytest
from django.test import override_settings
from playwright.sync_api import Browser, ConsoleMessage, Page, expect, sync_playwright

PROGRAMS = ("chromium", "chromium-browser", "google-chrome")
REASON = "no Chromium (apt-get install chromium)"
LOAD_MILLISECONDS_MAX = 60_000


def find_chromium() -> str | None:
    """Return the program named by $CHROMIUM, else the first known one on the PATH."""
    names = [os.environ.get("CHROMIUM") or PROGRAMS[0], *PROGRAMS]
    return next(filter(None, map(shutil.which, names)), None)


@pytest.fixture(scope="session", autouse=True)
def static_files_come_from_the_sources() -> Iterator[None]:
    """The live server is one for the whole run, so its settings are, too."""
    with override_settings(WHITENOISE_AUTOREFRESH=True):
        yield


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    program = find_chromium()
    if program is None:
        if os.environ.get("REQUIRE_BROWSER") == "1":
            pytest.fail(f"REQUIRE_BROWSER=1, but {REASON}")
        pytest.skip(REASON)
    with sync_playwright() as playwright, pytest.MonkeyPatch.context() as environment:
        # Playwright keeps an event loop in this thread, which Django takes for async code.
        environment.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
        expect.set_options(timeout=LOAD_MILLISECONDS_MAX)
        chromium = playwright.chromium.launch(
            executable_path=program, chromium_sandbox=os.geteuid() != 0
        )
        yield chromium
        chromium.close()


@pytest.fixture
def page(browser: Browser, live_server) -> Iterator[Page]:
    """A page of a fresh browser profile on the running site; paths are enough for `goto`.

    The test fails when a script raised or the content security policy blocked something.
    """
    faults: list[str] = []
    context = browser.new_context(base_url=live_server.url)
    context.set_default_timeout(LOAD_MILLISECONDS_MAX)
    opened = context.new_page()
    opened.on("pageerror", lambda error: faults.append(str(error)))
    opened.on("console", lambda message: _note_blocked(message, faults))
    yield opened
    context.close()
    assert not faults, faults


def _note_blocked(message: ConsoleMessage, faults: list[str]) -> None:
    if message.type == "error" and "Content Security Policy" in message.text:
        faults.append(message.text)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    skipped = [
        report
        for report in terminalreporter.stats.get("skipped", [])
        if REASON in str(report.longrepr)
    ]
    if skipped:
        terminalreporter.write_line(f"{len(skipped)} browser tests skipped: {REASON}")
