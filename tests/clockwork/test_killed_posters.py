"""Real processes that post letters, killed without warning: none lost, one twice per kill."""

import os
import random
import re
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest
from django.db import connection
from django.utils import timezone

from billing.letters import writing
from billing.letters.wording import Words
from billing.models import Letter
from tests.factories import accounts

ROOT = Path(__file__).resolve().parent.parent.parent
LETTERS, KILLS = 300, 6
POSTING = """
import django
django.setup()
from django.utils import timezone
from billing.letters import posting
print("begins", flush=True)
posting.post_due(now=timezone.now())
"""

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(not os.environ.get("LONG"), reason="starts processes, kills them"),
]


def sent(folder: Path) -> Counter[str]:
    texts = [file.read_text() for file in folder.glob("*.log")]
    return Counter(re.findall(r"^Message-ID: (\S+)", "".join(texts), re.M))


def test_killed_posters_lose_nothing(tmp_path, capsys):
    organization, now = accounts.make_organization(), timezone.now()
    words = Words("News", "Something happened", ("It did.",))
    for number in range(LETTERS):
        writing.write(
            "payment_failed", words, organization=organization, about=str(number), now=now
        )
    at = connection.settings_dict
    host = at["HOST"] or at["OPTIONS"]["host"]
    environment = os.environ | {
        "DJANGO_SETTINGS_MODULE": "servicebilling.settings",
        "DATABASE_URL": f"postgresql://{at['USER']}@/{at['NAME']}?host={host}",
        "EMAIL_URL": f"filemail:///{tmp_path}",
    }

    def begin() -> subprocess.Popen:
        process = subprocess.Popen(
            [sys.executable, "-c", POSTING],
            cwd=ROOT,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        assert process.stdout is not None
        with process.stdout as said:
            assert said.readline() == b"begins\n"
        return process

    killed = 0
    for _ in range(KILLS):
        process = begin()
        time.sleep(random.uniform(0.05, 0.6))
        if process.poll() is None:
            process.kill()
            killed += 1
        process.wait()
        # As when the lease has ended.
        waiting = Letter.objects.filter(state="waiting")
        waiting.update(next_attempt_at=timezone.now())
    assert begin().wait(120) == 0
    assert set(Letter.objects.values_list("state", flat=True)) == {"delivered"}
    times = sent(tmp_path)
    twice = sum(count - 1 for count in times.values())
    with capsys.disabled():
        print(f"\n{LETTERS} letters, {killed} kills: {len(times)} arrived, {twice} twice")
    assert len(times) == LETTERS
    assert twice <= killed
