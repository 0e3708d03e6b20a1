"""The settings that the site's processes are given."""

import socket
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import quote_plus

from servicebilling.embedded import state

EVERY_ADDRESS = ("0.0.0.0", "::")  # noqa: S104


def url(host: str, *, port: int) -> str:
    """Return where a browser on this machine finds a site that listens on `host`."""
    name = "127.0.0.1" if host in EVERY_ADDRESS else host
    return f"http://{f'[{name}]' if ':' in name else name}:{port}"


def of_site(*, given: Mapping[str, str], var: Path, url: str, host: str) -> dict[str, str]:
    """Return the environment: what is given, else what fits this machine.

    Makes the secrets that are missing. An empty variable counts as not given.
    """
    names = ["localhost", "127.0.0.1", "[::1]"]
    if host in EVERY_ADDRESS:
        names.append(socket.gethostname())
    else:
        names.append(f"[{host}]" if ":" in host else host)
    mail = quote_plus(str(var / "mail"), safe="/")
    fitting = state.make_secrets(var) | {
        "WEBSITE_URL": url,
        "ALLOWED_HOSTS": ",".join(dict.fromkeys(names)),
        "EMAIL_URL": f"filemail:///{mail}",
    }
    # A shell may carry another project's DJANGO_SETTINGS_MODULE.
    forced = {"DJANGO_SETTINGS_MODULE": "servicebilling.settings", "PYTHONUNBUFFERED": "1"}
    return fitting | {name: value for name, value in given.items() if value} | forced
