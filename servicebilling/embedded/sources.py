"""Tell whether the project changed since the database was prepared for it."""

import hashlib
import os
from pathlib import Path

from servicebilling.embedded.state import BASE_DIR

UNRELATED = {"var", "staticfiles", "tests", "docs", "benchmarks", "__pycache__"}


def fingerprint(folder: Path = BASE_DIR) -> str:
    """Return a digest of the names, sizes and times of the project's files.

    Migrations, catalogue, static files and the lock of the libraries (which bring
    migrations too) are among them. Reading them all would take longer than it saves.
    """
    digest = hashlib.sha256(str(folder).encode())
    for parent, folders, files in os.walk(folder):
        folders[:] = sorted(
            name for name in folders if name not in UNRELATED and name[0] != "."
        )
        for name in sorted(files):
            known = os.stat(os.path.join(parent, name))
            digest.update(
                f"{parent}/{name}\0{known.st_size}\0{known.st_mtime_ns}\n".encode()
            )
    return digest.hexdigest()
