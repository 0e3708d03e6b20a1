"""The whole product on this machine, from nothing to an answering page and back."""

import contextlib
import http.client
import os
import socket
import time
from dataclasses import dataclass, field
from pathlib import Path

import environ

from servicebilling.embedded import (
    banner,
    demo,
    environment,
    home,
    locks,
    ports,
    postgres,
    programs,
    servers,
    sources,
    stand_ins,
    state,
)
from servicebilling.embedded.errors import CannotStart
from servicebilling.embedded.home import Home
from servicebilling.embedded.options import Options, check
from servicebilling.embedded.processes import Program
from servicebilling.embedded.supervisor import SITE, Child, StopAsked, Supervisor

ANSWER_SECONDS_MAX = 60


def run(options: Options) -> int:
    """Start the site, keep it up until Ctrl-C or SIGTERM, stop it; return the exit code.

    Raises CannotStart, with nothing left running, when it cannot come up.
    """
    if state.env_file().is_file():
        environ.Env.read_env(state.env_file())
    var = _make_var()
    # Held until this process ends, however it ends.
    ours = locks.take(var / "run.lock")
    if ours is None:
        raise CannotStart(_already_running(var))
    supervisor = Supervisor(say=say)
    supervisor.listen_to_signals()
    site = Site(options, var, supervisor)
    try:
        site.start()
        supervisor.watch()
    except StopAsked:
        pass
    finally:
        if supervisor.children:
            say("Stopping ...")
        supervisor.stop()
        site.clean_up()
    say("Stopped.")
    return 0


def say(line: str) -> None:
    """Print; a terminal that has gone must not keep the site from stopping in order."""
    with contextlib.suppress(OSError):
        print(line, flush=True)


@dataclass
class Site:
    """One start of the site; `home` is None when DATABASE_URL names the database."""

    options: Options
    var: Path
    supervisor: Supervisor
    home: Home | None = None
    cluster: postgres.Cluster | None = None
    found: demo.Found = field(default_factory=demo.Found)
    sockets: str = ""
    kept_files: tuple[int, ...] = ()
    environment: dict[str, str] = field(default_factory=dict)
    owner_database_url: str = ""
    url: str = ""
    # Every socket that is handed down.
    listeners: contextlib.ExitStack = field(default_factory=contextlib.ExitStack)
    playing: list[stand_ins.Running] = field(default_factory=list)

    def start(self) -> None:
        """Bring everything up and print the banner."""
        if not os.environ.get("DATABASE_URL"):
            self.home = home.locate(self.var)
        self._outlive_an_earlier_run()
        if self.options.reset:
            self._reset()
        listener = self._listen()
        self._start_servers()
        if self.home is not None and self.cluster is not None:
            self._look_for_demo(self.home, self.cluster)
        self._start_stand_ins()
        self._prepare_database()
        self._fill()
        self._start_site(listener)
        say(banner.text(self._facts()))

    def clean_up(self) -> None:
        """Remove what only a running site needs."""
        self.listeners.close()
        if self.kept_files:
            # Otherwise it still tells of the earlier run that we could not outlive.
            state.remove(self.var)
        servers.remove_sockets(self.sockets)

    def _outlive_an_earlier_run(self) -> None:
        """Let the processes of a crashed run end; take their lock for the new ones."""
        earlier = state.read(self.var)
        places = [state.BASE_DIR, self.var, *([self.home.folder] if self.home else [])]
        lock = locks.take_after_orphans(
            self.var / "children.lock",
            orphans=list(earlier.children.values()) if earlier else [],
            signs=[str(place) for place in places],
        )
        self.kept_files = (lock,)
        if earlier:
            servers.remove_sockets(earlier.sockets)
            state.remove(self.var)

    def _reset(self) -> None:
        if self.home is None:
            raise CannotStart(
                "--reset deletes only the embedded database, but DATABASE_URL names another."
            )
        say("Deleting the embedded database ...")
        self.home.delete()
        stand_ins.forget(self.var)

    def _listen(self) -> socket.socket:
        listener = self.listeners.enter_context(
            ports.listen(self.options.host, port=self.options.port)
        )
        port = listener.getsockname()[1]
        if port != self.options.port:
            say(f"Port {self.options.port} is taken; using {port}.")
        self.url = environment.url(self.options.host, port=port)
        self.environment = environment.of_site(
            given=os.environ, var=self.var, url=self.url, host=self.options.host
        )
        return listener

    def _start_servers(self) -> None:
        needs_broker = "REDIS_URL" not in self.environment
        self.owner_database_url = self.environment.get("DATABASE_URL", "")
        if self.home is not None or needs_broker:
            sockets = servers.make_sockets(user=self.home.user if self.home else None)
            self.sockets = str(sockets)
            ground = servers.Ground(
                self.supervisor, sockets, self.var / "log", self.kept_files
            )
        if self.home is not None:
            say("Starting PostgreSQL ...")
            self.cluster = cluster = servers.start_postgres(ground, home=self.home)
            self.environment["DATABASE_URL"] = cluster.url(postgres.APP_ROLE)
            self.owner_database_url = cluster.url(postgres.OWNER_ROLE)
        if needs_broker:
            self.environment["REDIS_URL"] = servers.start_valkey(ground)
        self.supervisor.changed = self._record
        self._record()

    def _start_stand_ins(self) -> None:
        wanted = stand_ins.wanted(self.environment, is_local=self.options.is_local)
        if wanted:
            say(f"Starting stand-ins for {', '.join(one.title for one in wanted)} ...")
        self.playing = stand_ins.start(
            wanted,
            self.supervisor,
            self.environment,
            var=self.var,
            site_url=self.url,
            kept_files=self.kept_files,
            opened=self.listeners,
        )
        self._record()

    def _prepare_database(self) -> None:
        found = sources.fingerprint() + os.environ.get("DEBUG", "")
        has_static_files = (state.BASE_DIR / "staticfiles").is_dir()
        if self.home is not None and self.home.prepared_for == found and has_static_files:
            return
        say("Preparing the database ...")
        roles = [f"--app-role={postgres.APP_ROLE}"] if self.home else []
        owner = self.environment | {"DATABASE_URL": self.owner_database_url}
        self.supervisor.run(programs.manage(self._ground(owner), "prepare", *roles))
        if self.home is not None:
            self.home.note_prepared(found)

    def _look_for_demo(self, place: Home, cluster: postgres.Cluster) -> None:
        self.found = demo.find(cluster)
        if self.found.is_half:
            say("The demo was interrupted while it was made; beginning anew ...")
            postgres.empty_database(cluster)
            place.note_prepared("")
            stand_ins.forget(self.var)
            self.found = demo.Found()
        check(self.options, found=self.found)

    def _fill(self) -> None:
        """Make the demo, and bring the catalogue to the stand-ins meanwhile: two cores may
        work, and neither looks at what the other writes."""
        ground = self._ground(self.environment)
        steps = self._steps_to_demo(ground)
        found = sources.fingerprint()
        untold = [one.stand_in for one in self.playing if self._is_untold(one, found)]
        for one in untold:
            say(f"Bringing the catalogue to the stand-in for {one.title} ...")
            steps.append(programs.fill(ground, *one.prepare))
        self.supervisor.run(*steps)
        for one in untold:
            if self.home is not None:
                self.home.note_told_of(one.name, found)

    def _is_untold(self, running: stand_ins.Running, found: str) -> bool:
        one = running.stand_in
        is_known = self.home is not None and self.home.was_told_of(one.name, found)
        return bool(one.prepare) and (running.is_new or not is_known)

    def _steps_to_demo(self, ground: programs.Ground) -> list[Program]:
        """Once, in an empty database and never among somebody's own data."""
        if self.home is None or not self.options.demo:
            return []
        if self.found.is_made or self.found.has_data:
            return []
        say("Making the demo, once: this takes half a minute ...")
        return [programs.seed_demo(ground, output=self.home.demo_logins)]

    def _start_site(self, listener: socket.socket) -> None:
        say("Starting web, worker and beat ...")
        ground = self._ground(self.environment)
        web_program = programs.web(ground, listener=listener.fileno())
        web = self.supervisor.start(web_program, stage=SITE)
        # First the page somebody waits for; all at once they would share few cores.
        self._wait_for_answer(web, *listener.getsockname()[:2])
        for program in (programs.worker(ground), programs.beat(ground)):
            self.supervisor.start(program, stage=SITE)

    def _wait_for_answer(self, web: Child, host: str, port: int) -> None:
        deadline = time.monotonic() + ANSWER_SECONDS_MAX
        while time.monotonic() < deadline:
            self.supervisor.expect(web)
            connection = http.client.HTTPConnection(host, port, timeout=2)
            with contextlib.suppress(OSError, http.client.HTTPException):
                connection.request("GET", "/livez")
                # Any answer: with ALLOWED_HOSTS of the user's own this name may be refused.
                connection.getresponse()
                return
            connection.close()
            time.sleep(0.05)
        raise CannotStart(self.supervisor.last_words(web.program))

    def _ground(self, environment: dict[str, str]) -> programs.Ground:
        return programs.Ground(environment, self.var / "log", self.kept_files)

    def _record(self) -> None:
        """Write the state file, by which commands run beside this site find its servers."""
        names = [
            *("DATABASE_URL", "REDIS_URL", "WEBSITE_URL", "EMAIL_URL"),
            *stand_ins.variables(self.playing),
        ]
        state.write(
            self.var,
            state.State(
                process=os.getpid(),
                url=self.url,
                environment={name: self.environment[name] for name in names},
                owner_database_url=self.owner_database_url,
                sockets=self.sockets,
                children={
                    child.program.name: child.process.pid
                    for child in self.supervisor.children
                },
            ),
        )

    def _facts(self) -> banner.Facts:
        return banner.Facts(
            url=self.url,
            var=self.var,
            data=str(self.home.data) if self.home else "the database of DATABASE_URL",
            has_mail=self.environment["EMAIL_URL"].startswith("filemail:"),
            stand_ins=[
                (one.stand_in.title, one.url, one.stand_in.hints) for one in self.playing
            ],
            logins=demo.read_logins(self.home.demo_logins) if self.home else [],
            staff_code=demo.staff_code(self.home.demo_logins) if self.home else "",
        )


def _make_var() -> Path:
    """Make the folder for everything made on this machine, or refuse another user's."""
    var = state.var_dir()
    try:
        # Others may pass through it (the user that runs PostgreSQL), not look around.
        var.mkdir(mode=0o711, parents=True, exist_ok=True)
    except OSError as error:
        raise CannotStart(f"{var} cannot be made: {error.strerror}.") from None
    if var.stat().st_uid != os.geteuid():
        raise CannotStart(
            f"{var} belongs to another user. Start ./run as that user, or delete the folder"
            " (the embedded database lies in it)."
        )
    return var


def _already_running(var: Path) -> str:
    earlier = state.read(var)
    if earlier is None:
        return "ServiceBilling is already starting from this folder."
    return (
        f"ServiceBilling already runs from this folder: {earlier.url}\n"
        f"Stop it with Ctrl-C in its window, or with: kill {earlier.process}"
    )
