"""Start the servers the site stands on, and wait until each answers."""

import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from servicebilling.embedded import binaries, postgres, server_user, valkey
from servicebilling.embedded.home import Home
from servicebilling.embedded.server_user import ServerUser
from servicebilling.embedded.supervisor import BROKER, DATABASE, Supervisor

SOCKETS_PREFIX = "servicebilling-"


@dataclass(frozen=True)
class Ground:
    """What both servers need: who starts them, where they write, what they keep open."""

    supervisor: Supervisor
    sockets: Path
    logs: Path
    kept_files: tuple[int, ...]


def make_sockets(*, user: ServerUser | None, prefix: str = SOCKETS_PREFIX) -> Path:
    """Make the folder of both sockets; within it one that belongs to PostgreSQL's user."""
    sockets = server_user.socket_folder(user=user, prefix=prefix)
    own = sockets / "postgres"
    own.mkdir(mode=0o700)
    if user is not None:
        os.chown(own, user.uid, user.gid)
    return sockets


def remove_sockets(sockets: str) -> None:
    """Remove a folder that `make_sockets` made; leave anything else alone."""
    if Path(sockets).name.startswith(SOCKETS_PREFIX):
        shutil.rmtree(sockets, ignore_errors=True)


def start_postgres(ground: Ground, *, home: Home) -> postgres.Cluster:
    """Start the embedded PostgreSQL, made first where there is none; return it ready."""
    found = binaries.find_postgres()
    home.folder.mkdir(mode=0o755, parents=True, exist_ok=True)
    cluster = postgres.Cluster(
        data=home.data,
        sockets=ground.sockets / "postgres",
        postgres=postgres.make_reachable(found, user=home.user, folder=home.folder),
        user=home.user,
    )
    postgres.create(cluster)
    program = postgres.program(
        cluster, log=ground.logs / "postgres.log", kept_files=ground.kept_files
    )
    child = ground.supervisor.start(program, stage=DATABASE)
    postgres.wait_until_ready(cluster, check=lambda: ground.supervisor.expect(child))
    postgres.make_database(cluster)
    return cluster


def start_valkey(ground: Ground) -> str:
    """Start the embedded broker and cache; return its REDIS_URL."""
    program = valkey.program(
        binaries.find_valkey(),
        sockets=ground.sockets,
        log=ground.logs / "valkey.log",
        kept_files=ground.kept_files,
    )
    child = ground.supervisor.start(program, stage=BROKER)
    valkey.wait_until_ready(ground.sockets, check=lambda: ground.supervisor.expect(child))
    return valkey.url(ground.sockets)
