"""A throw-away PostgreSQL for one run of the tests.

./test loads this plugin before Django reads its settings (`-p tests.cluster`); nothing of
`.env` or of a running ./run reaches the tests. With DATABASE_URL in the environment that
server is used and none is started.
"""

import os
import secrets
import shutil
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from psycopg import sql

from servicebilling.embedded import (
    binaries,
    locks,
    postgres,
    processes,
    server_user,
    servers,
    valkey,
)

PREFIX = "servicebilling-test-"
FOLDER = pytest.StashKey[Path]()
CLUSTER = pytest.StashKey[postgres.Cluster]()


@pytest.hookimpl(wrapper=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> Iterator[None]:
    """Choose what the settings will read. The workers of xdist inherit it."""
    user = server_user.choose()
    folder = servers.make_sockets(user=user, prefix=PREFIX)
    early_config.add_cleanup(lambda: shutil.rmtree(folder, ignore_errors=True))
    # Held until this process ends: whoever finds the folder unlocked may remove it.
    locks.take(folder / "lock")
    _remove_leftovers(folder.parent)
    early_config.stash[FOLDER] = folder
    if not os.environ.get("DATABASE_URL"):
        cluster = _plan(folder, user)
        early_config.stash[CLUSTER] = cluster
        os.environ["DATABASE_URL"] = cluster.url(postgres.OWNER_ROLE)
    # No server listens there: what needs one asks for the fixture `valkey_url`.
    os.environ["REDIS_URL"] = valkey.url(folder)
    os.environ["ENV_FILE"] = os.devnull
    os.environ["VAR_DIR"] = str(folder / "var")
    os.environ["SECRET_KEY"] = secrets.token_urlsafe(48)
    return (yield)


@pytest.hookimpl(tryfirst=True)
def pytest_sessionstart(session: pytest.Session) -> None:
    """Start the server, in the one process that planned it and not in xdist's workers."""
    cluster = session.config.stash.get(CLUSTER, None)
    if cluster is None:
        return
    # As on Ctrl-C: what was started is stopped, what was made is removed.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    postgres.create(cluster)
    program = postgres.program(cluster, log=session.config.stash[FOLDER] / "postgres.log")
    process = processes.start(program)
    session.config.add_cleanup(lambda: processes.stop(process, program))
    postgres.wait_until_ready(cluster, check=lambda: _expect(process, program))
    postgres.make_database(cluster)
    with cluster.connect() as connection:
        role = sql.Identifier(postgres.OWNER_ROLE)
        connection.execute(sql.SQL("ALTER ROLE {} CREATEDB").format(role))
        # Lets a test break a row that triggers guard, to see that it is found out.
        allowed = "GRANT SET ON PARAMETER session_replication_role TO {}"
        connection.execute(sql.SQL(allowed).format(role))


def pytest_report_header(config: pytest.Config) -> str:
    cluster = config.stash.get(CLUSTER, None)
    if cluster is None:
        return "database: the one of DATABASE_URL"
    return f"database: throw-away PostgreSQL {cluster.postgres.version}"


def _plan(folder: Path, user: server_user.ServerUser | None) -> postgres.Cluster:
    found = binaries.find_postgres()
    return postgres.Cluster(
        data=folder / "cluster" / "data",
        sockets=folder / "postgres",
        postgres=postgres.make_reachable(found, user=user, folder=folder),
        user=user,
        is_throw_away=True,
    )


def _expect(process: subprocess.Popen[bytes], program: processes.Program) -> None:
    if process.poll() is not None:
        pytest.exit(
            "The throw-away PostgreSQL did not start:\n"
            + processes.last_lines(program.log, count=15),
            returncode=1,
        )


def _remove_leftovers(parent: Path) -> None:
    """Remove the folders of runs that were killed: nobody holds their locks."""
    for folder in parent.glob(f"{PREFIX}*"):
        try:
            is_left = (folder / "lock").is_file() and folder.stat().st_uid == os.geteuid()
            lock = locks.take(folder / "lock") if is_left else None
        except OSError:
            continue
        if lock is not None:
            os.close(lock)
            shutil.rmtree(folder, ignore_errors=True)
