"""Make the virtual environment and install the locks into it, unless that is done already.

    python -m servicebilling.embedded.install [--check] VENV LOCK [LOCK ...]

Runs on a Python with nothing installed. A stamp in the environment, written last, tells what
is in it: a half-made environment has none. `--check`, asked of the environment's own Python,
exits 0 if nothing is to be done.
"""

import fcntl
import hashlib
import importlib.util
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

PYTHON_MIN = (3, 11)
STAMP = "installed.json"


class CannotInstall(Exception):
    """The environment cannot be made; the message says what to do."""


def main(arguments: list[str]) -> int:
    if arguments[0] == "--check":
        own = "{}.{}".format(*sys.version_info)
        return 0 if _holds(Path(arguments[1]), arguments[2:], version=own) else 1
    venv, locks = Path(arguments[0]).absolute(), arguments[1:]
    venv.parent.mkdir(parents=True, exist_ok=True)
    try:
        # ./run and ./test may be started at the same moment in a new clone.
        with open(venv.with_name(f"{venv.name}.lock"), "w") as turn:
            fcntl.flock(turn, fcntl.LOCK_EX)
            if not _holds(venv, locks, version=_version(venv)):
                install(venv, locks)
    except (CannotInstall, OSError, subprocess.CalledProcessError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def _holds(venv: Path, locks: Sequence[str], *, version: str | None) -> bool:
    """Say whether exactly these locks are installed there, for this version of Python."""
    stamp = _read_stamp(venv)
    return stamp.get("python") == version is not None and all(
        stamp.get(lock) == _fingerprint(lock) for lock in locks
    )


def install(venv: Path, locks: Sequence[str]) -> None:
    """Install the locks, into the environment that is there if its Python is right."""
    print(f"Installing packages into {venv} (once, about half a minute) ...", flush=True)
    stamp = _read_stamp(venv)
    if _version(venv) is None or _version(venv) != stamp.get("python", _version(venv)):
        _clear(venv)
        _make(venv)
        stamp = {}
    _add_packages(venv, locks)
    stamp |= {lock: _fingerprint(lock) for lock in locks}
    stamp["python"] = str(_version(venv))
    (venv / STAMP).write_text(json.dumps(stamp, indent=2) + "\n")


def _version(venv: Path) -> str | None:
    """Return the version of the environment's Python, such as 3.11; None if it does not run
    (gone after an upgrade of the system) or is too old."""
    code = "import sys; print(*sys.version_info[:2], sep='.')"
    try:
        shown = subprocess.run(
            [venv / "bin" / "python", "-c", code],
            capture_output=True,
            text=True,
            check=True,
        ).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return None
    return shown if tuple(map(int, shown.split("."))) >= PYTHON_MIN else None


def _read_stamp(venv: Path) -> dict[str, str]:
    try:
        stamp: dict[str, str] = json.loads((venv / STAMP).read_text())
    except (OSError, ValueError):
        return {}
    return stamp


def _fingerprint(lock: str) -> str:
    return hashlib.sha256(Path(lock).read_bytes()).hexdigest()


def _clear(venv: Path) -> None:
    """Delete what is left of an environment, and nothing that is not one."""
    if not venv.exists() and not venv.is_symlink():
        return
    if not (venv / "pyvenv.cfg").is_file() and any(venv.iterdir()):
        raise CannotInstall(f"{venv} exists and is not a virtual environment.")
    shutil.rmtree(venv)


def _make(venv: Path) -> None:
    if shutil.which("uv") and _succeeds(
        "uv", "venv", "--quiet", "--python", sys.executable, venv
    ):
        return
    if importlib.util.find_spec("ensurepip") is None:
        _install_ensurepip()
    subprocess.run([sys.executable, "-m", "venv", "--clear", venv], check=True)


def _install_ensurepip() -> None:
    """Debian packs it apart. Root on Debian gets it; anybody else is told what to type."""
    package = "python{}.{}-venv".format(*sys.version_info)
    if shutil.which("apt-get") is None:
        raise CannotInstall("This Python has no `ensurepip`. Install it, or install uv.")
    if os.geteuid() != 0:
        raise CannotInstall(
            f"This Python cannot make virtual environments. Type\n  sudo apt-get install {package}"
        )
    print(f"Installing {package} ...", flush=True)
    _succeeds("apt-get", "update", "-q")
    subprocess.run(["apt-get", "install", "-qy", package], check=True)  # noqa: S607


def _add_packages(venv: Path, locks: Sequence[str]) -> None:
    python = venv / "bin" / "python"
    wanted = ["--require-hashes", *(part for lock in locks for part in ("-r", lock))]
    if shutil.which("uv"):
        # It reads no pip configuration, so behind a company mirror it may fail where pip works.
        if _succeeds("uv", "pip", "install", "--quiet", "--python", python, *wanted):
            return
        print("uv failed; trying pip ...", flush=True)
    if not (venv / "bin" / "pip").exists():
        subprocess.run([python, "-m", "ensurepip"], check=True, stdout=subprocess.DEVNULL)
    # Compiling what is never imported would take a third of the time.
    options = ["-qq", "--no-input", "--disable-pip-version-check", "--no-compile"]
    subprocess.run([python, "-m", "pip", "install", *options, *wanted], check=True)


def _succeeds(*command: str | Path) -> bool:
    return subprocess.run(command, stdin=subprocess.DEVNULL).returncode == 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
