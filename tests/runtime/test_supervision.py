"""Children end when told, in order, and never outlive whoever started them."""

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from servicebilling.embedded import locks, ports, processes
from servicebilling.embedded.errors import CannotStart
from servicebilling.embedded.processes import Program
from servicebilling.embedded.supervisor import BROKER, DATABASE, SITE, StopAsked, Supervisor

# Writes its name on SIGTERM and goes.
POLITE = """
import signal, sys, time
def leave(*_):
    open(sys.argv[2], "a").write(sys.argv[1] + " ")
    sys.exit(0)
signal.signal(signal.SIGTERM, leave)
print("ready", flush=True)
while True: time.sleep(0.01)
"""
DEAF = POLITE.replace("leave)", "signal.SIG_IGN)")


@pytest.fixture
def supervisor() -> Supervisor:
    supervisor = Supervisor(say=lambda line: said.append(line))
    said: list[str] = []
    supervisor.said = said
    yield supervisor
    supervisor.stop()


def python(
    tmp_path: Path, code: str, *arguments: object, name: str = "child", **more
) -> Program:
    command = [sys.executable, "-c", code, *map(str, arguments)]
    return Program(name=name, command=command, log=tmp_path / f"{name}.log", **more)


def wait_for(condition, seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def is_ready(program: Program) -> bool:
    return "ready" in processes.last_lines(program.log, count=5)


def test_children_stop_site_first_and_database_last(supervisor, tmp_path):
    left = tmp_path / "left"
    for name, stage in (("database", DATABASE), ("broker", BROKER), ("site", SITE)):
        program = python(tmp_path, POLITE, name, left, name=name)
        supervisor.start(program, stage=stage)
        wait_for(lambda program=program: is_ready(program))
    supervisor.stop()
    assert left.read_text() == "site broker database "


def test_child_that_does_not_listen_is_killed_after_its_time(supervisor, tmp_path):
    program = python(tmp_path, DEAF, "deaf", tmp_path / "left", stop_seconds_max=0.2)
    child = supervisor.start(program, stage=SITE)
    wait_for(lambda: is_ready(program))
    supervisor.stop()
    assert child.process.returncode == -signal.SIGKILL


def test_stopped_child_is_woken_to_end(supervisor, tmp_path):
    program = python(tmp_path, POLITE, "frozen", tmp_path / "left")
    child = supervisor.start(program, stage=SITE)
    wait_for(lambda: is_ready(program))
    child.process.send_signal(signal.SIGSTOP)
    supervisor.stop()
    assert child.process.returncode == 0


def test_dead_child_is_started_again_later_each_time(supervisor, tmp_path):
    child = supervisor.start(python(tmp_path, "raise SystemExit(3)"), stage=SITE)
    watching = threading.Thread(target=stop_after_deaths, args=(supervisor, 2))
    watching.start()
    supervisor.watch()
    watching.join()
    assert [line.split(". See")[0] for line in supervisor.said] == [
        "child ended (code 3); starting it again in 1 s",
        "child ended (code 3); starting it again in 2 s",
    ]
    assert child.deaths == 2


def stop_after_deaths(supervisor: Supervisor, count: int) -> None:
    try:
        wait_for(lambda: len(supervisor.said) == count)
    finally:
        supervisor.stop_asked.set()


def test_step_that_fails_tells_its_last_words(supervisor, tmp_path):
    step = python(tmp_path, "raise SystemExit('the disk is full')", name="migrate")
    with pytest.raises(CannotStart, match=r"(?s)`migrate` failed.*the disk is full"):
        supervisor.run(step)


def test_steps_run_at_once_and_one_that_fails_stops_the_others(supervisor, tmp_path):
    left = tmp_path / "left"
    polite = python(tmp_path, POLITE, "seed", left, name="seed")
    fails = f"""
import pathlib, sys, time
while "ready" not in pathlib.Path({str(polite.log)!r}).read_text(): time.sleep(0.01)
sys.exit("no such plan")
"""
    with pytest.raises(CannotStart, match=r"(?s)`sync` failed.*no such plan"):
        supervisor.run(polite, python(tmp_path, fails, name="sync"))
    assert left.read_text() == "seed "
    supervisor.run(*[python(tmp_path, "pass", name=f"step {n}") for n in range(3)])
    supervisor.run()


def test_step_is_interrupted_by_ctrl_c(supervisor, tmp_path):
    supervisor.stop_asked.set()
    with pytest.raises(StopAsked):
        supervisor.run(python(tmp_path, POLITE, "step", tmp_path / "left"))


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="a feature of Linux")
def test_child_ends_when_its_parent_is_killed(tmp_path):
    parent = f"""
from pathlib import Path
from servicebilling.embedded.processes import Program, start
child = start(Program("child", ["sleep", "60"], Path({str(tmp_path / "log")!r})))
print(child.pid, flush=True)
child.wait()
"""
    with subprocess.Popen(
        [sys.executable, "-c", parent], stdout=subprocess.PIPE
    ) as process:
        child = int(process.stdout.readline())
        os.kill(child, 0)
        process.kill()
    wait_for(lambda: not is_running(child))


def is_running(process: int) -> bool:
    try:
        return "State:\tZ" not in Path(f"/proc/{process}/status").read_text()
    except OSError:
        return False


def test_lock_of_the_children_is_free_when_the_last_of_them_is_gone(tmp_path):
    lock = locks.take(tmp_path / "lock")
    child = processes.start(
        python(tmp_path, POLITE, "child", tmp_path / "left", kept_files=(lock,))
    )
    os.close(lock)
    assert locks.take(tmp_path / "lock") is None
    child.kill()
    child.wait()
    os.close(locks.take(tmp_path / "lock"))


def test_orphan_of_this_folder_is_ended_and_a_stranger_is_not(tmp_path, monkeypatch):
    monkeypatch.setattr(locks, "PATIENCE_SECONDS", 0)
    lock = locks.take(tmp_path / "lock")
    ours = python(tmp_path, POLITE, "orphan", tmp_path / "left", kept_files=(lock,))
    orphan, stranger = processes.start(ours), subprocess.Popen(["sleep", "60"])
    os.close(lock)
    reaper = threading.Thread(target=orphan.wait)
    reaper.start()
    wait_for(lambda: is_ready(ours))
    taken = locks.take_after_orphans(
        tmp_path / "lock", orphans=[orphan.pid, stranger.pid], signs=[str(tmp_path)]
    )
    os.close(taken)
    reaper.join()
    assert stranger.poll() is None
    stranger.kill()
    stranger.wait()


def test_taken_port_gives_way_to_the_next_free_one():
    with ports.listen("127.0.0.1", port=18400) as first:
        wanted = first.getsockname()[1]
        with ports.listen("127.0.0.1", port=wanted) as second:
            assert wanted < second.getsockname()[1] <= wanted + ports.TRIES


def test_address_of_another_machine_is_refused_in_words():
    with pytest.raises(CannotStart, match=r"Cannot listen on 192\.0\.2\.1"):
        ports.listen("192.0.2.1", port=8000)
