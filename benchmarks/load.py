"""Load on an HTTP service from one process, cheap enough not to be what is measured.

In a closed loop each client asks again as soon as it is answered, which finds the most that a
service can do. In an open loop requests come when they come, whether the service keeps up or not,
and a request's time runs from the moment it was due: a service that stalls cannot hide that by
slowing its clients down.

    python -m benchmarks.load http://127.0.0.1:8000 --clients 64 --seconds 10
    python -m benchmarks.load http://127.0.0.1:8000 --rate 500 --seconds 10
"""

import argparse
import asyncio
import csv
import itertools
import json
import random
import re
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast
from urllib.parse import urlsplit

SAMPLE = Path(__file__).parents[1] / "services/trainer/src/trainer/data/sample.csv"
NO_ANSWER = 0
"""The status of a request whose connection broke or was refused."""
LENGTH = re.compile(rb"^content-length: *(\d+)", re.IGNORECASE | re.MULTILINE)
CLOSES = re.compile(rb"^connection: *close", re.IGNORECASE | re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Target:
    """A service: where it listens."""

    host: str
    port: int

    @classmethod
    def of(cls, url: str) -> "Target":
        """The target of a URL's host and port."""
        parts = urlsplit(url)
        return cls(parts.hostname or "127.0.0.1", parts.port or 80)

    def request(self, path: str, body: object, headers: Mapping[str, str] | None = None) -> bytes:
        """A POST of some JSON as the bytes of HTTP/1.1."""
        content = json.dumps(body).encode()
        lines = [
            f"POST {path} HTTP/1.1",
            f"Host: {self.host}:{self.port}",
            "Content-Type: application/json",
            f"Content-Length: {len(content)}",
            *(f"{name}: {value}" for name, value in (headers or {}).items()),
        ]
        return "\r\n".join(lines).encode() + b"\r\n\r\n" + content


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of one request.

    Attributes:
        status: HTTP's, or `NO_ANSWER`.
        due: seconds from the start of the load to when it was, or should have been, sent.
        seconds: from then to the answer's last byte.
        head: the lines of status and headers, as received.
        body: as received.
    """

    status: int
    due: float
    seconds: float
    head: bytes = b""
    body: bytes = b""

    @property
    def headers(self) -> dict[str, str]:
        """Names in small letters; parsed when asked for, since most are never looked at."""
        lines = self.head.decode("latin-1").split("\r\n")[1:]
        pairs = (line.partition(":") for line in lines)
        return {name.lower(): value.strip() for name, _, value in pairs}


@dataclass(slots=True)
class Report:
    """The answers of one load.

    Attributes:
        seconds: how long requests were sent.
        answers: in the order in which they came.
    """

    seconds: float
    answers: list[Answer]

    @property
    def statuses(self) -> Counter[int]:
        """How many answers had each status."""
        return Counter(answer.status for answer in self.answers)

    @property
    def per_second(self) -> float:
        """Requests a second that were answered with 200: the goodput."""
        return self.statuses[200] / self.seconds

    def quantile(self, share: float) -> float:
        """Seconds within which a share of the requests answered with 200 were."""
        times = sorted(answer.seconds for answer in self.answers if answer.status == 200)
        return times[min(int(share * len(times)), len(times) - 1)] if times else float("nan")

    def summary(self) -> str:
        """The report in one line."""
        times = ", ".join(
            f"p{share * 100:g} {self.quantile(share) * 1000:.1f} ms" for share in (0.5, 0.95, 0.99)
        )
        statuses = ", ".join(f"{status}: {n}" for status, n in sorted(self.statuses.items()))
        return f"{self.per_second:.0f} requests/s; {times}; {statuses}"


class Connection(asyncio.Protocol):
    """One HTTP/1.1 connection that carries one request at a time.

    It reads what these services send, answers with a `Content-Length`, and nothing else.
    """

    def __init__(self) -> None:
        self.transport: asyncio.Transport | None = None
        self.reusable = True
        self._buffer = b""
        self._answer: asyncio.Future[tuple[bytes, bytes]] | None = None

    @classmethod
    async def open(cls, target: Target) -> "Connection":
        """Connect.

        Raises:
            OSError: nobody listens.
        """
        loop = asyncio.get_running_loop()
        _, connection = await loop.create_connection(cls, target.host, target.port)
        return connection

    async def ask(self, request: bytes) -> tuple[bytes, bytes]:
        """Send a request; returns the lines of status and headers, and the body.

        Raises:
            ConnectionError: the connection ended before the answer did.
        """
        assert self.transport is not None
        if self.transport.is_closing():
            raise ConnectionResetError("the connection is closed")
        self._answer = asyncio.get_running_loop().create_future()
        self.transport.write(request)
        return await self._answer

    def abort(self) -> None:
        """Leave without a word, as a client does that is killed."""
        if self.transport is not None:
            self.transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """See `asyncio.Protocol`."""
        self.transport = cast(asyncio.Transport, transport)  # uvloop's is none by inheritance

    def connection_lost(self, exc: Exception | None) -> None:
        """See `asyncio.Protocol`."""
        self.reusable = False
        if self._answer and not self._answer.done():
            self._answer.set_exception(ConnectionResetError("the service closed the connection"))

    def data_received(self, data: bytes) -> None:
        """See `asyncio.Protocol`."""
        self._buffer += data
        end = self._buffer.find(b"\r\n\r\n")
        if end < 0:
            return
        head = self._buffer[:end]
        declared = LENGTH.search(head)
        if declared is None:
            raise ValueError("an answer without Content-Length")
        length = end + 4 + int(declared[1])
        if len(self._buffer) < length:
            return
        body, self._buffer = self._buffer[end + 4 : length], self._buffer[length:]
        if CLOSES.search(head):
            self.reusable = False
        if self._answer and not self._answer.done():
            self._answer.set_result((head, body))


class Clients:
    """Connections that are free, and what was answered over them."""

    def __init__(self, target: Target) -> None:
        self.answers: list[Answer] = []
        self.started = time.perf_counter()
        self._target = target
        self._free: list[Connection] = []

    async def ask(self, request: bytes, due: float | None = None) -> Answer:
        """Send a request over a free connection, or else a new one.

        Args:
            request: its bytes.
            due: seconds from the start at which it should be sent; now, if not given.
        """
        due = time.perf_counter() - self.started if due is None else due
        status, head, body = NO_ANSWER, b"", b""
        try:
            connection = await self._connection()
            head, body = await connection.ask(request)
            status = int(head.split(b" ", 2)[1])
            if connection.reusable:
                self._free.append(connection)
            elif connection.transport:
                connection.transport.close()
        except OSError:
            pass  # told by the status
        seconds = time.perf_counter() - self.started - due
        answer = Answer(status, due, seconds, head, body)
        self.answers.append(answer)
        return answer

    def close(self) -> None:
        """Close the connections."""
        for connection in self._free:
            connection.abort()

    async def _connection(self) -> Connection:
        while self._free:
            if (connection := self._free.pop()).reusable:
                return connection
        return await Connection.open(self._target)


async def closed_loop(
    target: Target, requests: Sequence[bytes], *, clients: int, seconds: float
) -> Report:
    """Ask from some clients at once, each again as soon as it is answered.

    Args:
        target: the service.
        requests: sent in turn, over and over.
        clients: requests that are on their way at the same time.
        seconds: how long.
    """
    asking, queue = Clients(target), itertools.cycle(requests)

    async def client() -> None:
        while time.perf_counter() - asking.started < seconds:
            if (await asking.ask(next(queue))).status == NO_ANSWER:
                await asyncio.sleep(0.01)  # else a service that is gone would be asked in a spin

    await asyncio.gather(*(client() for _ in range(clients)))
    asking.close()
    return Report(time.perf_counter() - asking.started, asking.answers)


async def open_loop(
    target: Target, requests: Sequence[bytes], *, rate: float, seconds: float, seed: int = 0
) -> Report:
    """Ask at some rate, however the service fares; arrivals are a Poisson process.

    Args:
        target: the service.
        requests: sent in turn, over and over.
        rate: requests a second.
        seconds: how long; answers are waited for after that too.
        seed: of the arrivals.
    """
    asking, queue = Clients(target), itertools.cycle(requests)
    waiting: set[asyncio.Future[Answer]] = set()
    for due in _arrivals(rate, seconds, seed):
        ahead = due - (time.perf_counter() - asking.started)
        if ahead > 0:
            await asyncio.sleep(ahead)
        task = asyncio.ensure_future(asking.ask(next(queue), due))
        waiting.add(task)
        task.add_done_callback(waiting.discard)
    await asyncio.gather(*waiting)
    asking.close()
    return Report(seconds, asking.answers)


def _arrivals(rate: float, seconds: float, seed: int) -> Iterator[float]:
    chance, due = random.Random(seed), 0.0
    while (due := due + chance.expovariate(rate)) < seconds:
        yield due


def sample_texts(path: Path = SAMPLE) -> list[str]:
    """The texts of a CSV file with a column `text`."""
    with path.open(encoding="utf-8", newline="") as file:
        return [row["text"] for row in csv.DictReader(file)]


def main() -> None:
    """Put a load on the API and print what came of it."""
    import uvloop

    parser = argparse.ArgumentParser(description="Put a load on the sentiment API.")
    parser.add_argument("url")
    parser.add_argument("--clients", type=int, default=8, help="closed loop: clients at once")
    parser.add_argument("--rate", type=float, help="open loop: requests a second")
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--batch", type=int, default=0, help="tweets in a request; 0: not a batch")
    options = parser.parse_args()
    target, texts = Target.of(options.url), sample_texts()
    if options.batch:
        groups = [texts[at : at + options.batch] for at in range(0, len(texts), options.batch)]
        requests = [target.request("/v1/predict/batch", {"texts": group}) for group in groups]
    else:
        requests = [target.request("/v1/predict", {"text": text}) for text in texts]
    if options.rate:
        load = open_loop(target, requests, rate=options.rate, seconds=options.seconds)
    else:
        load = closed_loop(target, requests, clients=options.clients, seconds=options.seconds)
    print(uvloop.run(load).summary())


if __name__ == "__main__":
    main()
