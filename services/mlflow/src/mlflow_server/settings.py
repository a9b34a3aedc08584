"""What the environment says of the server."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self

LOOPBACK = ("localhost", "127.0.0.1")
ANY_ADDRESS = ("0.0.0.0", "::")
LOCAL_FOLDER = Path(".radar")


class SettingsError(ValueError):
    """A variable that cannot be used; the message names it."""


@dataclass(frozen=True)
class Settings:
    """Where the server listens and what it keeps.

    Attributes:
        backend_store_uri: SQLAlchemy URL of runs and registry.
        artifacts_destination: folder or object store of artifacts; clients reach it through the
            server only, so they need no credentials for it.
        host: address to listen on.
        port: port to listen on.
        allowed_hosts: names that a request may give as its `Host`. MLflow answers `/health` for
            any name, but its API with 403 for those not listed.
    """

    backend_store_uri: str
    artifacts_destination: str
    host: str
    port: int
    allowed_hosts: tuple[str, ...]

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Self:
        """Read `MLFLOW_*`; every one has a default that suits one machine.

        Raises:
            SettingsError: `MLFLOW_PORT` is no port.
        """
        port = _port(environment.get("MLFLOW_PORT") or "5000")
        listed = environment.get("MLFLOW_SERVER_ALLOWED_HOSTS") or ""
        names = [name.strip() for name in listed.split(",") if name.strip()]
        # Always among them, so that the server's own health check is answered.
        local = [name for host in LOOPBACK for name in (host, f"{host}:{port}")]
        return cls(
            backend_store_uri=with_driver(
                environment.get("MLFLOW_BACKEND_STORE_URI")
                or f"sqlite:///{(LOCAL_FOLDER / 'mlflow.db').resolve()}"
            ),
            artifacts_destination=environment.get("MLFLOW_ARTIFACTS_DESTINATION")
            or str((LOCAL_FOLDER / "artifacts").resolve()),
            host=environment.get("MLFLOW_HOST") or "127.0.0.1",
            port=port,
            allowed_hosts=tuple(dict.fromkeys([*names, *local])),
        )

    @property
    def address(self) -> str:
        """URL of the server, from its own machine."""
        host = LOOPBACK[1] if self.host in ANY_ADDRESS else self.host
        return f"http://{host}:{self.port}"


def with_driver(uri: str) -> str:
    """Name the PostgreSQL driver that is installed: SQLAlchemy 2.1 takes another by default."""
    for scheme in ("postgres://", "postgresql://"):
        if uri.startswith(scheme):
            return f"postgresql+psycopg2://{uri.removeprefix(scheme)}"
    return uri


def _port(given: str) -> int:
    if not given.isdecimal() or not 0 < int(given) < 65_536:
        raise SettingsError(f"MLFLOW_PORT is {given!r}: give a number from 1 to 65535")
    return int(given)
