"""`manage.py prepare`: all that must be done before the site starts, in one process."""

import argparse
import hashlib
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.staticfiles.finders import get_finders
from django.core.management import call_command
from django.core.management.base import BaseCommand


class Command(BaseCommand):
    help = (
        "Migrate, load the catalogue and collect the static files if they changed."
        " Safe to repeat; fast when there is nothing to do."
    )

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument(
            "--app-role", help="also give this database role the rights of the site"
        )

    def handle(self, *, app_role: str | None, **options: Any) -> None:
        with self.timed("migrate"):
            call_command("migrate", interactive=False, verbosity=0)
        if app_role:
            with self.timed("grant_app_role"):
                call_command("grant_app_role", app_role)
        with self.timed("load_catalogue"):
            call_command("load_catalogue")
        if not settings.DEBUG:
            with self.timed("collectstatic"):
                collect_static_if_changed(Path(settings.STATIC_ROOT))

    @contextmanager
    def timed(self, name: str) -> Iterator[None]:
        began = time.monotonic()
        yield
        self.stdout.write(f"{name}: {time.monotonic() - began:.1f} s")


def collect_static_if_changed(root: Path) -> None:
    """Collect, hash and compress the static files, unless these very files are there."""
    stamp = root / ".collected"
    found = _fingerprint_of_static_files()
    if stamp.is_file() and stamp.read_text() == found:
        return
    call_command("collectstatic", interactive=False, clear=True, verbosity=0)
    stamp.write_text(found)


def _fingerprint_of_static_files() -> str:
    """Tell files apart by name, size and time: reading them all takes too long."""
    digest = hashlib.sha256(settings.STORAGES["staticfiles"]["BACKEND"].encode())
    for finder in get_finders():
        for name, storage in finder.list([]):
            known = Path(storage.path(name)).stat()
            digest.update(f"{name}\0{known.st_size}\0{known.st_mtime_ns}\n".encode())
    return digest.hexdigest()
