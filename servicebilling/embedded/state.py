"""What a site started by ./run leaves under var/ for the commands that run beside it.

    var/secrets/NAME   one secret per file, made once, kept
    var/state.json     where the running site's servers are; gone when it stops
    var/postgres/      the embedded database
    var/mail/          letters, one file each
    var/log/           one file per process

Read by settings, so it imports nothing but the standard library.
"""

import json
import os
import secrets
from collections.abc import MutableMapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

BASE_DIR = Path(__file__).resolve().parent.parent.parent
SECRETS = ("SECRET_KEY", "VAPI_WEBHOOK_SECRET", "METRICS_TOKEN")


@dataclass(frozen=True)
class State:
    """A running site: `environment` is what its processes were given and others need."""

    process: int
    url: str
    environment: dict[str, str]
    # The role that owns the tables; the site itself connects with a lesser one.
    owner_database_url: str
    sockets: str = ""
    children: dict[str, int] = field(default_factory=dict)


def var_dir() -> Path:
    """Return the folder for everything made on this machine: VAR_DIR, else var/."""
    return Path(os.environ.get("VAR_DIR") or BASE_DIR / "var").resolve()


def env_file() -> Path:
    """Return the file of settings: ENV_FILE, else .env; it need not exist."""
    return Path(os.environ.get("ENV_FILE") or BASE_DIR / ".env")


def complete(environment: MutableMapping[str, str], *, var: Path) -> None:
    """Fill in what `environment` lacks from the secrets and the running site in `var`.

    An empty variable counts as lacking, as in a copied .env.example.
    """
    try:
        state = read(var)
        found = read_secrets(var) | (state.environment if state else {})
    except PermissionError:
        # Another user's site: as good as none, settings then say what is missing.
        return
    for name, value in found.items():
        if not environment.get(name):
            environment[name] = value


def read(var: Path) -> State | None:
    """Return the state that a running site wrote, or None. After a crash it may be stale."""
    try:
        return State(**json.loads((var / "state.json").read_text()))
    except (FileNotFoundError, NotADirectoryError, ValueError, TypeError):
        return None


def write(var: Path, state: State) -> None:
    write_private(var / "state.json", json.dumps(asdict(state), indent=2) + "\n")


def remove(var: Path) -> None:
    (var / "state.json").unlink(missing_ok=True)


def read_secrets(var: Path) -> dict[str, str]:
    """Return the secrets made so far, by the name of their variable."""
    return {
        name: (var / "secrets" / name).read_text().strip()
        for name in SECRETS
        if (var / "secrets" / name).is_file()
    }


def make_secrets(var: Path) -> dict[str, str]:
    """Make the secrets that do not exist yet, readable by this user alone; return all."""
    folder = var / "secrets"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    for name in SECRETS:
        if not (folder / name).is_file():
            write_private(folder / name, secrets.token_urlsafe(48) + "\n")
    return read_secrets(var)


def write_private(path: Path, text: str) -> None:
    """Write by renaming, so that no reader ever sees half a file or one open to others."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(text)
    draft.replace(path)
