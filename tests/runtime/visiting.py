"""A newcomer with a browser: over HTTP, to the processes that ./run started."""

import email
import re
import time
from collections.abc import Callable
from email.policy import default as POLICY
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx

GOOD_CARD = "4242424242424242"
PAID_SECONDS_MAX = 120


class Visitor:
    """Keeps cookies and follows where the site, and the stand-in's pay page, lead."""

    def __init__(self, url: str, *, mail: Path) -> None:
        self.browser = httpx.Client(base_url=url, follow_redirects=True, timeout=60)
        self.mail = mail

    def __enter__(self) -> "Visitor":
        return self

    def __exit__(self, *_: object) -> None:
        self.browser.close()

    def sign_up(self, *, address: str, organization: str) -> None:
        """Confirm the address by the letter that lies in the folder of letters, and name
        the organization."""
        self.fill(
            "/accounts/signup/",
            email=address,
            password1="a long enough passphrase",
            organization=organization,
        )
        self.fill(self._link_in_letter_to(address))
        named = self.fill(
            "/organizations/new",
            name=organization,
            timezone="Europe/London",
            currency="USD",
        )
        assert named.url.path == "/dashboard", named.text

    def fill(self, path: str, **answers: str) -> httpx.Response:
        """Open a page and send its form."""
        assert self.browser.get(path).status_code == 200
        sent = self.browser.post(
            path, data=answers | {"csrfmiddlewaretoken": self.browser.cookies["csrftoken"]}
        )
        assert sent.status_code == 200, sent.text
        return sent

    def read(self, path: str) -> Any:
        answer = self.browser.get(path)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def buy(self, **wanted: str) -> httpx.Response:
        """Ask for a pay page, pay there by card; return the page one is sent back to."""
        asked = self.browser.post(
            "/api/billing/create-checkout-session",
            json=wanted,
            headers={"X-CSRFToken": self.browser.cookies["csrftoken"]},
        )
        assert asked.status_code == 200, asked.text
        url = asked.json()["checkout_url"]
        assert "Card number" in self.browser.get(url).text
        return self.browser.post(url, data={"card": GOOD_CARD})

    def _link_in_letter_to(self, address: str) -> str:
        for path in sorted(self.mail.iterdir(), reverse=True):
            letter = email.message_from_bytes(path.read_bytes(), policy=POLICY)
            if letter["To"] == address:
                text = letter.get_body().get_content()
                return urlsplit(re.search(r"https?://[^\s\"]+", text)[0]).path
        raise AssertionError(f"no letter to {address}")


def wait_until(is_so: Callable[[], bool], *, what: str) -> None:
    deadline = time.monotonic() + PAID_SECONDS_MAX
    while not is_so():
        assert time.monotonic() < deadline, f"waited in vain: {what}"
        time.sleep(0.1)
