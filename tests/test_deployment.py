"""Set up as in production, Django's own deployment check finds nothing."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PRODUCTION = {
    "SECRET_KEY": "a-key-of-fifty-and-more-characters-that-no-one-has-ever-used-0123",
    "DATABASE_URL": "postgresql://nobody@127.0.0.1:1/nothing",
    "WEBSITE_URL": "https://billing.example.com",
    "ALLOWED_HOSTS": "billing.example.com",
    "TRUSTED_PROXY": "true",
    "DEBUG": "false",
}


def _manage(*words: str, env: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "manage.py", *words],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], **env},
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_deployment_check_is_clean() -> None:
    done = _manage("check", "--deploy", "--fail-level", "WARNING", env=PRODUCTION)
    assert done.returncode == 0, done.stderr


def test_without_a_secret_key_or_database_nothing_starts(tmp_path) -> None:
    for missing in ("SECRET_KEY", "DATABASE_URL"):
        env = {name: value for name, value in PRODUCTION.items() if name != missing}
        # Far from what a running site beside this checkout may have left.
        env |= {"VAR_DIR": str(tmp_path), "ENV_FILE": str(tmp_path / "none")}
        done = _manage("check", env=env)
        assert done.returncode != 0
        assert missing in done.stderr
