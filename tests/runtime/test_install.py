"""The virtual environment behind ./run and ./test."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from servicebilling.embedded import install, state

pytestmark = pytest.mark.runtime


@pytest.fixture
def lock(tmp_path: Path) -> Path:
    """A lock of no packages: making the environment is slow enough."""
    (tmp_path / "lock.txt").write_text("# nothing\n")
    return tmp_path / "lock.txt"


def is_installed(venv: Path, lock: Path) -> bool:
    """Ask as ./run does, with the environment's own Python."""
    command = ["-m", "servicebilling.embedded.install", "--check", str(venv), str(lock)]
    try:
        return subprocess.run([venv / "bin" / "python", *command]).returncode == 0
    except OSError:
        return False


def test_half_made_environment_is_made_anew_and_installed_once(tmp_path, lock, capfd):
    venv = tmp_path / "an environment"
    (venv / "bin").mkdir(parents=True)
    (venv / "pyvenv.cfg").write_text("")
    assert not is_installed(venv, lock)
    assert install.main([str(venv), str(lock)]) == 0
    assert is_installed(venv, lock)
    assert "Installing packages" in capfd.readouterr().out
    assert install.main([str(venv), str(lock)]) == 0
    assert capfd.readouterr().out == ""
    lock.write_text("# another nothing\n")
    assert not is_installed(venv, lock)


def test_folder_that_is_no_environment_is_not_deleted(tmp_path, lock, capsys):
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "holiday.jpg").write_text("precious")
    assert install.main([str(tmp_path / "photos"), str(lock)]) == 1
    assert (tmp_path / "photos" / "holiday.jpg").read_text() == "precious"
    assert "is not a virtual environment" in capsys.readouterr().err


def test_python_without_venv_is_told_what_to_type(monkeypatch):
    monkeypatch.setattr(install.shutil, "which", lambda name: f"/usr/bin/{name}")
    monkeypatch.setattr(install.os, "geteuid", lambda: 1000)
    with pytest.raises(install.CannotInstall) as refused:
        install._install_ensurepip()
    version = "{}.{}".format(*sys.version_info)
    assert f"sudo apt-get install python{version}-venv" in str(refused.value)


@pytest.mark.parametrize("wanted", ["", "1"])
def test_bytecode_is_kept_also_where_none_is_wanted_beside_the_sources(tmp_path, wanted):
    """Each process would compile all packages again."""
    asked = "import sys; print(sys.dont_write_bytecode, sys.pycache_prefix)"
    script = f'. servicebilling/embedded/install.sh; keep_bytecode; "$0" -c "{asked}"'
    shown = subprocess.run(
        ["sh", "-eu", "-c", script, sys.executable],
        cwd=state.BASE_DIR,
        env={
            "PATH": os.environ["PATH"],
            "SERVICEBILLING_VENV": str(tmp_path),
            "PYTHONDONTWRITEBYTECODE": wanted,
        },
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert shown == f"False {tmp_path / 'bytecode' if wanted else None}\n"
