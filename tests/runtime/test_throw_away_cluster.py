"""./test leaves nothing behind, however it ends."""

import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from servicebilling.embedded import locks
from servicebilling.embedded.state import BASE_DIR
from tests import cluster
from tests.runtime import project

# By then the server runs; making the tables in it would only take time.
WAITING = """
import time

def test_waits(capsys):
    with capsys.disabled():
        print("waiting", flush=True)
    time.sleep(60)
"""


@pytest.fixture
def temporary() -> Iterator[Path]:
    """A short folder for everything temporary, as the servers' sockets need."""
    folder = Path(tempfile.mkdtemp(prefix="sb-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def ctrl_c_is_heard() -> Iterator[None]:
    """What a shell starts with `&` ignores Ctrl-C, and so do all processes below it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.runtime
@pytest.mark.usefixtures("ctrl_c_is_heard")
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_interrupted_run_leaves_nothing(temporary, how):
    (temporary / "test_waiting.py").write_text(WAITING)
    command = ["-m", "pytest", "-p", "tests.cluster", "--rootdir", BASE_DIR]
    command += ["-c", BASE_DIR / "pyproject.toml", "-p", "no:cacheprovider", temporary]
    with subprocess.Popen(
        [sys.executable, *map(str, command)],
        cwd=BASE_DIR,
        env=project.environment() | {"TMPDIR": str(temporary)},
        stdout=subprocess.PIPE,
        text=True,
    ) as run:
        said = iter(run.stdout.readline, "")
        assert any("waiting" in line for line in said)
        assert list(temporary.glob(f"{cluster.PREFIX}*"))
        run.send_signal(how)
        run.stdout.read()
        assert run.wait() == pytest.ExitCode.INTERRUPTED
    assert list(temporary.glob(f"{cluster.PREFIX}*")) == []
    assert project.processes_with(str(temporary)) == []


def test_folders_of_killed_runs_are_removed_and_those_of_living_ones_kept(temporary):
    killed, living = (
        temporary / f"{cluster.PREFIX}killed",
        temporary / f"{cluster.PREFIX}living",
    )
    for folder in (killed, living):
        folder.mkdir()
        (folder / "lock").touch()
    held = locks.take(living / "lock")
    cluster._remove_leftovers(temporary)
    assert not killed.exists()
    assert living.exists()
    cluster.os.close(held)
