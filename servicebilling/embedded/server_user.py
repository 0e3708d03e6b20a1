"""The user that the embedded servers run as.

PostgreSQL refuses to run as root. Under root another existing user is borrowed; nobody is
added to the system and no folder is opened to others. An ordinary user runs them himself.
"""

import os
import pwd
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from servicebilling.embedded.errors import CannotStart

BORROWED = ("postgres", "nobody")


@dataclass(frozen=True)
class ServerUser:
    """A user other than the one that runs ./run."""

    uid: int
    gid: int
    name: str

    def subprocess_options(self) -> dict[str, Any]:
        """Return what `subprocess` needs to start a program as this user."""
        return {"user": self.uid, "group": self.gid, "extra_groups": [], "cwd": "/"}


def choose(data: Path | None = None) -> ServerUser | None:
    """Return the user to run servers as; None is the current one.

    Data that exists already keeps its owner. Raises CannotStart for a user id without a name, which
    PostgreSQL cannot run as.
    """
    if os.geteuid() != 0:
        try:
            pwd.getpwuid(os.geteuid())
        except KeyError:
            raise CannotStart(
                f"User id {os.geteuid()} has no name on this machine and PostgreSQL cannot"
                " run as a nameless user. Set DATABASE_URL to another database."
            ) from None
        return None
    owner = data.stat().st_uid if data is not None and data.exists() else 0
    for user in [owner] if owner else BORROWED:
        try:
            entry = pwd.getpwuid(user) if isinstance(user, int) else pwd.getpwnam(user)
        except KeyError:
            continue
        return ServerUser(entry.pw_uid, entry.pw_gid, entry.pw_name)
    raise CannotStart(
        "PostgreSQL does not run as root, and this machine has neither a user `postgres`"
        " nor `nobody`. Start ./run as an ordinary user, or set DATABASE_URL."
    )


def can_read(path: Path, *, user: ServerUser | None) -> bool:
    """Say whether `user` may read `path`, asked of the system rather than computed, so that
    access lists and mounts count too."""
    if user is None:
        return os.access(path, os.R_OK)
    test = subprocess.run(
        ["/bin/sh", "-c", 'test -r "$1"', "sh", str(path)],
        stderr=subprocess.DEVNULL,
        **user.subprocess_options(),
    )
    return test.returncode == 0


def socket_folder(*, user: ServerUser | None, prefix: str) -> Path:
    """Make a new short folder for sockets that only root, the current user and `user` can
    use. A socket's path may have 107 bytes, so it cannot lie under the data."""
    for parent in dict.fromkeys((tempfile.gettempdir(), "/tmp", "/var/tmp")):  # noqa: S108
        if len(parent) > 60 or not os.access(parent, os.W_OK | os.X_OK):
            continue
        folder = Path(tempfile.mkdtemp(prefix=prefix, dir=parent))
        if user is not None:
            folder.chmod(0o711)
        if can_read(folder if user is None else folder.parent, user=user):
            return folder
        shutil.rmtree(folder)
    raise CannotStart(
        "No temporary folder is short and open enough for the servers' sockets."
        " Set TMPDIR to one, such as TMPDIR=/tmp ./run"
    )
