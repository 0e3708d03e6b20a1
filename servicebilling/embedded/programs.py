"""The command lines of the processes that make the site.

The same as the Procfile's, but for the worker's pool: threads take a third of the memory.
"""

import sys
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from servicebilling.embedded.processes import Program
from servicebilling.embedded.state import BASE_DIR


@dataclass(frozen=True)
class Ground:
    """What the site's processes share."""

    environment: Mapping[str, str]
    logs: Path
    kept_files: tuple[int, ...]

    def python(
        self,
        name: str,
        *command: str,
        stop_seconds_max: float = 15,
        file: int | None = None,
    ) -> Program:
        """Return a Python program of this project; `file` is one more open file it gets."""
        return Program(
            name=name,
            command=[sys.executable, *command],
            log=self.logs / f"{name}.log",
            environment=self.environment,
            stop_seconds_max=stop_seconds_max,
            kept_files=self.kept_files if file is None else (*self.kept_files, file),
        )


def manage(ground: Ground, *command: str) -> Program:
    """Return a management command, its output in a log named after it."""
    return ground.python(command[0], str(BASE_DIR / "manage.py"), *command)


def fill(ground: Ground, *command: str) -> Program:
    """Return a command that runs after `prepare`, which has checked the project: checking
    loads every page."""
    return manage(ground, *command, "--skip-checks")


def seed_demo(ground: Ground, *, output: Path) -> Program:
    """Return the command that makes the demo; who can sign in to it goes to `output`."""
    return replace(fill(ground, "seed_demo", "--json"), output=output)


def web(ground: Ground, *, listener: int) -> Program:
    """Return gunicorn on the listening socket that the supervisor has opened."""
    return ground.python(
        "web",
        "-m",
        "gunicorn",
        "--config",
        str(BASE_DIR / "deploy" / "gunicorn.conf.py"),
        "--bind",
        f"fd://{listener}",
        "servicebilling.wsgi",
        stop_seconds_max=20,
        file=listener,
    )


def worker(ground: Ground) -> Program:
    return _celery(
        ground,
        "worker",
        "--pool=threads",
        "--concurrency=4",
        "--without-mingle",
        "--without-gossip",
    )


def beat(ground: Ground) -> Program:
    # Without a file of its process id, none can be left over to block the next start.
    return _celery(ground, "beat", "--pidfile=")


def _celery(ground: Ground, name: str, *options: str) -> Program:
    return ground.python(
        name,
        "-m",
        "celery",
        "--app=servicebilling.celery",
        f"--workdir={BASE_DIR}",
        name,
        "--loglevel=INFO",
        *options,
        stop_seconds_max=20,
    )
