"""Where the embedded database lies, whose it is, and whether it holds the demo."""

import hashlib
import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from servicebilling.embedded import server_user
from servicebilling.embedded.server_user import ServerUser

# For root alone: when the clone lies where the borrowed user cannot go, as in /root.
ELSEWHERE = Path("/var/lib/servicebilling")

# The demo is being made, in a database that was empty before: nothing else would be lost.
BEGUN_IN_NEW, BEGUN, WHOLE = "begun in a new database", "begun", "whole"


@dataclass(frozen=True)
class Home:
    folder: Path
    user: ServerUser | None

    @property
    def data(self) -> Path:
        return self.folder / "data"

    @property
    def demo(self) -> str:
        """How far the demo is: one of the words below, or empty. While it is not, logins
        with public passwords exist here."""
        note = self.folder / "demo"
        return note.read_text().strip() if note.is_file() else ""

    def note_demo(self, word: str) -> None:
        """Remember how far the demo is, in the folder that goes with the database."""
        (self.folder / "demo").write_text(f"{word}\n")

    @property
    def prepared_for(self) -> str:
        """The fingerprint of the sources that the database was last prepared for."""
        note = self.folder / "prepared"
        return note.read_text() if note.is_file() else ""

    def note_prepared(self, fingerprint: str) -> None:
        (self.folder / "prepared").write_text(fingerprint)

    def delete(self) -> None:
        if self.folder.exists():
            shutil.rmtree(self.folder)


def locate(var: Path) -> Home:
    """Return the place of the embedded database of the site in `var`; makes its folder."""
    beside = var / "postgres"
    elsewhere = ELSEWHERE / hashlib.sha256(str(var).encode()).hexdigest()[:12]
    for folder in (beside, elsewhere):
        if os.access(folder / "data", os.F_OK):
            return Home(folder, server_user.choose(folder / "data"))
    user = server_user.choose()
    beside.mkdir(mode=0o755, parents=True, exist_ok=True)
    if server_user.can_read(beside, user=user):
        return Home(beside, user)
    elsewhere.mkdir(mode=0o755, parents=True, exist_ok=True)
    return Home(elsewhere, user)


def make_room(home: Home, *, reset: bool) -> Iterator[str]:
    """Delete a database that is to go, saying so: one that `reset` asks to delete, or one
    whose first start was interrupted, so that it holds half a demo and nothing else."""
    if reset:
        yield "Deleting the embedded database ..."
        home.delete()
    elif home.demo == BEGUN_IN_NEW:
        yield "The first start was interrupted while it made the demo; beginning anew ..."
        home.delete()
