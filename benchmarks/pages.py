"""What each page of the customer's site costs with the demo's data.

    DATABASE_URL=postgresql://… python benchmarks/pages.py [--email OWNER] [--rounds 5]

The database must hold the demo (`manage.py seed_demo`). Times are those of the server alone:
from the request to the whole answer, in this process, medians; bytes are of the page itself
before compression.
"""

import argparse
import os
import statistics
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))
ROW = "{:<44}{:>9}{:>9}{:>10}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--email", default="owner@bright-smile.example")
    parser.add_argument("--rounds", type=int, default=5)
    asked = parser.parse_args()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "servicebilling.settings")
    import django

    django.setup()
    measure(asked.email, asked.rounds)


def measure(email: str, rounds: int) -> None:
    from django.conf import settings
    from django.db import connection
    from django.test import Client
    from django.test.utils import CaptureQueriesContext

    from accounts.models import User
    from tests.pages.site_pages import INSIDE

    settings.ALLOWED_HOSTS = ["testserver"]
    settings.SECURE_SSL_REDIRECT = False
    settings.CACHES["default"]["BACKEND"] = "django.core.cache.backends.locmem.LocMemCache"
    browser = Client()
    browser.force_login(
        User.objects.get(email=email),
        backend="allauth.account.auth_backends.AuthenticationBackend",
    )
    print(ROW.format("page", "ms", "queries", "bytes"))
    for url in INSIDE:
        browser.get(url)
        times = []
        for _ in range(rounds):
            began = time.perf_counter()
            answer = browser.get(url)
            times.append((time.perf_counter() - began) * 1000)
        with CaptureQueriesContext(connection) as queries:
            browser.get(url)
        milliseconds = f"{statistics.median(times):.0f}"
        size = f"{len(answer.content):,}"
        print(ROW.format(url, milliseconds, len(queries), size), flush=True)


if __name__ == "__main__":
    main()
