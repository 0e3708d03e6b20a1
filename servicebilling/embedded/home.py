"""Where the embedded database lies and whose it is."""

import hashlib
import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from servicebilling.embedded import server_user
from servicebilling.embedded.server_user import ServerUser

# For root alone: when the clone lies where the borrowed user cannot go, as in /root.
ELSEWHERE = Path("/var/lib/servicebilling")


@dataclass(frozen=True)
class Home:
    """A folder with the data of one cluster and with notes that go when the data goes."""

    folder: Path
    user: ServerUser | None

    @property
    def data(self) -> Path:
        return self.folder / "data"

    @property
    def demo_logins(self) -> Path:
        """What `seed_demo --json` printed."""
        return self.folder / "demo.json"

    @property
    def prepared_for(self) -> str:
        """The fingerprint of the sources that the database was last prepared for."""
        note = self.folder / "prepared"
        return note.read_text() if note.is_file() else ""

    def note_prepared(self, fingerprint: str) -> None:
        (self.folder / "prepared").write_text(fingerprint)

    def was_told_of(self, service: str, fingerprint: str) -> bool:
        """Say whether this database holds what that stand-in gave it for these sources."""
        note = self.folder / f"sandbox-{service}"
        return note.is_file() and note.read_text() == fingerprint

    def note_told_of(self, service: str, fingerprint: str) -> None:
        (self.folder / f"sandbox-{service}").write_text(fingerprint)

    def delete(self) -> None:
        """Delete the cluster with everything in it."""
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
