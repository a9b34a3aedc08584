"""The demonstration itself: train what is missing, promote the best, serve until told to stop."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from http.client import NOT_FOUND, OK
from pathlib import Path
from typing import NoReturn

from .checks import (
    FIRST_START_BYTES,
    NEXT_START_BYTES,
    check_disk,
    check_ports,
)
from .errors import DemoError
from .health import Endpoint, get
from .replay import ReplayError, read_sample, replay
from .services import CHAMPION_PATH, Ports, Services, example_curl, names
from .state import Source, State, sample_file
from .supervisor import Supervisor

READY_SECONDS = 120.0
REFUSED_STATUS = 3
"""Exit status of `trainer promote` where the gate refuses."""
EXAMPLE_TWEET = "Three hours at the gate and nobody tells us anything. Never again!"

Say = Callable[[str], None]


@dataclass(frozen=True)
class Options:
    """What the user chose.

    Attributes:
        source: the tweets to train on.
        recipes: names of the recipes to train, in order.
        ports: where the services listen.
        state: folder that is kept between starts.
    """

    source: Source
    recipes: tuple[str, ...]
    ports: Ports
    state: Path


class Demo:
    """One run of the demonstration.

    Attributes:
        ready: whether everything answered.
        state: what is kept between starts.
    """

    def __init__(
        self, options: Options, commands: Mapping[str, Path], supervisor: Supervisor, say: Say
    ) -> None:
        """Check what can be checked; nothing is started.

        Raises:
            DemoError: a port is taken, the disk is too full, or the state cannot be kept.
        """
        check_ports(options.ports.by_option())
        self._options = options
        self._supervisor = supervisor
        self._say = say
        self._began = time.monotonic()
        self._starting: list[Endpoint] = []
        self.ready = False
        self.state = State(options.state, options.source)
        missing = self._missing()
        check_disk(self.state.folder, FIRST_START_BYTES if missing else NEXT_START_BYTES)
        self._services = Services(commands, self.state, options.ports)
        self._environment = self._services.environment(keep_texts=options.source.is_sample)

    def run(self) -> NoReturn:
        """Start everything, say where it is, and watch it until the end.

        Raises:
            DemoError: a service ended or did not become ready, or a training failed.
            StopRequestedError: a signal asked for the end.
        """
        mlflow, api, page = self._services.mlflow, self._services.api, self._services.page
        self._start(mlflow)
        reusing = not self._missing()
        if reusing:  # the API keeps the champion's bundle, so that it need not wait for MLflow
            self._start(api, page)
        self._wait(mlflow)
        if reusing and get(mlflow.port, CHAMPION_PATH)[0] == NOT_FOUND:
            self._say("the registry has no champion any more: training again")
            self.state.record([])
        missing = self._missing()
        self._train(missing)
        if not reusing:  # they import while the best is chosen; the API follows the alias
            self._start(api, page)
        if missing:
            self._promote()
        else:
            self._say("reusing the champion of an earlier start")
        self._wait(api, page)
        self._announce()
        self.ready = True
        if self._options.source.is_sample and not self.state.replayed.exists():
            self._replay()
        while True:
            self._supervisor.tick()

    def _missing(self) -> list[str]:
        trained = self.state.trained()
        return [recipe for recipe in self._options.recipes if recipe not in trained]

    def _start(self, *endpoints: Endpoint) -> None:
        for endpoint in endpoints:
            self._supervisor.start(
                endpoint.name,
                self._services.command(endpoint),
                self._environment,
                self._services.log(endpoint),
            )
            self._starting.append(endpoint)

    def _wait(self, *endpoints: Endpoint) -> None:
        """Until these are ready; any other that becomes ready meanwhile is told too."""
        began = time.monotonic()
        while late := [endpoint for endpoint in endpoints if endpoint in self._starting]:
            self._supervisor.tick()
            for endpoint in [item for item in self._starting if item.ready()]:
                self._starting.remove(endpoint)
                self._say(f"{endpoint.name} ready at {self._seconds():.1f} s: {endpoint.address}")
            if time.monotonic() - began > READY_SECONDS:
                logs = ", ".join(str(self._services.log(endpoint)) for endpoint in late)
                raise DemoError(f"{names(late)} not ready within {READY_SECONDS:.0f} s; see {logs}")

    def _train(self, recipes: Sequence[str]) -> None:
        source = self._options.source
        for recipe in recipes:
            self._say(f"training {recipe} on {source.argument}")
            self._run(f"trainer train {recipe}", self._services.training(recipe, source))
            self.state.record([*self.state.trained(), recipe])

    def _promote(self) -> None:
        self._say("promoting the best")
        fine = (0, REFUSED_STATUS) if self._champion() else (0,)
        status = self._run("trainer promote", self._services.promotion(), fine=fine)
        if status == REFUSED_STATUS:
            self._say("the gate refused it: the champion of an earlier start goes on")

    def _champion(self) -> bool:
        return get(self._services.mlflow.port, CHAMPION_PATH)[0] == OK

    def _run(self, name: str, command: Sequence[str], *, fine: Sequence[int] = (0,)) -> int:
        began = time.monotonic()
        try:
            status = self._supervisor.run(name, command, self._environment, fine=fine)
        except DemoError:
            check_disk(self.state.folder, NEXT_START_BYTES)  # the likelier reason, if it holds
            raise
        self._say(f"{name} took {time.monotonic() - began:.0f} s")
        return status

    def _replay(self) -> None:
        """Give every page something to see; without it the rest of the demonstration goes on."""
        self._say("replaying the sample, so that every page has something to see")
        try:
            replay(self._services.api.port, read_sample(sample_file()), self._supervisor.tick)
        except ReplayError as error:
            self._say(
                f"the sample was not replayed to its end: {error}; the next start tries again"
            )
        else:
            self.state.replayed.touch()
            self._say("the sample is replayed: see the page's radar and alerts")

    def _announce(self) -> None:
        services = self._services
        self._say(
            f"""
Ready after {self._seconds():.0f} s.

  page    {services.page.address}
  API     {services.api.address}/docs
  MLflow  {services.mlflow.address}

Ask about a tweet:

  {example_curl(services.api, EXAMPLE_TWEET)}

State and logs are in {self.state.root}. Ctrl-C stops everything."""
        )

    def _seconds(self) -> float:
        return time.monotonic() - self._began
