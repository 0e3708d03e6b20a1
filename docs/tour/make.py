"""Take the pictures of the tour, from the site as it is.

    python docs/tour/make.py                        starts the demo with ./run, and stops it
    python docs/tour/make.py --at http://localhost:8000     a demo that runs already

Writes a picture of every page, wide and light and on a telephone and dark, as
docs/tour/*.webp, and their list, docs/tour.md. Needs a Chromium (apt-get install chromium).
Wide pictures end after some height: a tour shows what a page is, not all its rows.
"""

import argparse
import base64
import os
import shutil
import subprocess
import sys
import time
import urllib.request
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
PORT = 8765
STARTS_IN_SECONDS = 900
QUALITY = 45
SIZES = {"wide": (1200, 800, 1500, "light"), "phone": (390, 844, 1500, "dark")}
PASSWORD = "only-for-the-demo"  # noqa: S105


@dataclass(frozen=True)
class Stop:
    name: str
    path: str
    title: str
    # A demo login; empty: nobody.
    who: str = ""


OWNER = "owner@bright-smile.example"
STOPS = (
    Stop("home", "/", "The front page"),
    Stop("pricing", "/pricing", "Prices, with an estimate by minutes"),
    Stop("sign-in", "/accounts/login/", "Signing in"),
    Stop("sign-up", "/accounts/signup/", "Signing up"),
    Stop("reset", "/accounts/password/reset/", "A forgotten password"),
    Stop("not-found", "/no-such-page", "A page that does not exist"),
    Stop("overview", "/dashboard", "Overview", OWNER),
    Stop("calls", "/dashboard/calls", "Calls", OWNER),
    Stop("usage", "/dashboard/usage", "Usage", OWNER),
    Stop("plans-compared", "/dashboard/usage/plans", "Your usage on every plan", OWNER),
    Stop("billing", "/dashboard/billing", "Billing", OWNER),
    Stop("history", "/dashboard/billing/history", "Every booking", OWNER),
    Stop("documents", "/dashboard/billing/documents", "Invoices and receipts", OWNER),
    Stop("success", "/dashboard/billing/success", "After a payment", OWNER),
    Stop("alerts", "/dashboard/alerts", "Alerts and limits", OWNER),
    Stop("refusals", "/dashboard/alerts/refused", "What refused callers hear", OWNER),
    Stop("team", "/dashboard/team", "Team", OWNER),
    Stop("api-keys", "/dashboard/api-keys", "API keys", OWNER),
    Stop("downloads", "/dashboard/exports", "Downloads", OWNER),
    Stop("settings", "/dashboard/settings", "Settings", OWNER),
    Stop("own-data", "/dashboard/settings/data", "Your data", OWNER),
    Stop("close", "/dashboard/settings/close", "Closing the organization", OWNER),
    Stop("sign-ins", "/accounts/sessions/", "Where you are signed in", OWNER),
    Stop("two-factor", "/accounts/2fa/", "Two-factor sign-in", OWNER),
)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--at", default="", help="address of a running demo")
    at = parser.parse_args().at.rstrip("/")
    if at:
        take(at)
        return 0
    with subprocess.Popen([ROOT / "run", "--port", str(PORT)], cwd=ROOT) as demo:
        try:
            at = f"http://127.0.0.1:{PORT}"
            _wait_for(at, demo)
            take(at)
        finally:
            demo.terminate()
            demo.wait(timeout=60)
    return 0


def take(at: str) -> None:
    """Take all pictures and write the list."""
    program = os.environ.get("CHROMIUM") or shutil.which("chromium")
    if not program:
        sys.exit("There is no Chromium (apt-get install chromium).")
    for old in HERE.glob("*.webp"):
        old.unlink()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=program, chromium_sandbox=os.geteuid() != 0
        )
        for size in SIZES:
            _walk(browser, at, size)
        browser.close()
    _write_list()
    taken = list(HERE.glob("*.webp"))
    total = sum(path.stat().st_size for path in taken)
    print(f"{len(taken)} pictures, {total / 1e6:.1f} MB")


def _walk(browser: Browser, at: str, size: str) -> None:
    width, height, longest, theme = SIZES[size]
    pages: dict[str, Page] = {}
    for stop in STOPS:
        if stop.who not in pages:
            context = browser.new_context(
                base_url=at,
                viewport={"width": width, "height": height},
                color_scheme="dark" if theme == "dark" else "light",
            )
            context.set_default_timeout(120_000)
            pages[stop.who] = context.new_page()
            if stop.who:
                _sign_in(pages[stop.who], stop.who)
        page = pages[stop.who]
        page.goto(stop.path)
        _picture(page, HERE / f"{stop.name}-{size}.webp", width, longest)
    for page in pages.values():
        page.context.close()


def _sign_in(page: Page, email: str) -> None:
    page.goto("/accounts/login/")
    page.fill("[name=login]", email)
    page.fill("[name=password]", PASSWORD)
    page.locator("main button[type=submit]").first.click()
    page.wait_for_url("**/dashboard**")


def _picture(page: Page, path: Path, width: int, longest: int) -> None:
    height = page.evaluate("document.documentElement.scrollHeight")
    taken = page.context.new_cdp_session(page).send(
        "Page.captureScreenshot",
        {
            "format": "webp",
            "quality": QUALITY,
            "captureBeyondViewport": True,
            "clip": {
                "x": 0,
                "y": 0,
                "width": width,
                "height": min(height, longest),
                "scale": 1,
            },
        },
    )
    path.write_bytes(base64.b64decode(taken["data"]))


def _write_list() -> None:
    lines = [
        "# A tour of the customer's site",
        "",
        "Made by `python docs/tour/make.py` from the demo, wide and light and on a telephone",
        "and dark. Make it again after a change of pages, so that it never lies.",
    ]
    for stop in STOPS:
        lines += ["", f"## {stop.title}", "", f"`{stop.path}`", ""]
        lines += [
            f'<img src="tour/{stop.name}-wide.webp" width="640" alt="{stop.title}, wide">'
            f' <img src="tour/{stop.name}-phone.webp" width="208"'
            f' alt="{stop.title}, on a telephone">'
        ]
    (HERE.parent / "tour.md").write_text("\n".join(lines) + "\n", encoding="utf-8")


def _wait_for(at: str, demo: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + STARTS_IN_SECONDS
    while time.monotonic() < until:
        if demo.poll() is not None:
            sys.exit("The demo did not start.")
        try:
            with urllib.request.urlopen(f"{at}/readyz", timeout=5):  # noqa: S310
                return
        except OSError:
            time.sleep(1)
    sys.exit("The demo was not ready in time.")


if __name__ == "__main__":
    main()
