"""One resumable HTTP download into a partial file."""

import re
from pathlib import Path

import requests

from trainer.errors import DataError
from trainer.progress import Progress

TIMEOUT = (10.0, 30.0)
"""Seconds to connect, and between two pieces."""

PIECE = 1 << 16
RETRIED = frozenset({408, 425, 429, 500, 502, 503, 504})
CONTENT_RANGE = re.compile(r"bytes (\d+)-\d+/(\d+|\*)")


class TransferError(Exception):
    """A transfer that broke off and may be tried again."""


class Connection:
    """A partial file and the server it comes from.

    Beside the partial file lies the validator of the edition it is part of (a strong ETag or a
    modification date): with `If-Range`, a server that meanwhile has another edition sends the
    whole of it instead of a wrong rest (RFC 9110, section 13.1.5).
    """

    def __init__(self, url: str, size: int, partial: Path) -> None:
        """See `receive`.

        Args:
            url: of the file.
            size: in bytes, which the file must have.
            partial: where its first bytes are, or will be.
        """
        self._url, self._size, self._partial = url, size, partial
        self._validator = partial.with_name(partial.name + ".validator")

    @property
    def position(self) -> int:
        """Bytes received so far."""
        return self._partial.stat().st_size if self._partial.exists() else 0

    def forget(self) -> None:
        """Remove the validator: the file is whole."""
        self._validator.unlink(missing_ok=True)

    def discard(self) -> None:
        """Start from nothing."""
        self._partial.unlink(missing_ok=True)
        self.forget()

    def receive(self, progress: Progress) -> None:
        """Ask once for what is missing and append it.

        Raises:
            TransferError: the connection failed or the server is busy; what came is kept.
            DataError: the server has no such file, or one of another size.
        """
        headers = {"Accept-Encoding": "identity"}
        start = self.position
        if start and self._validator.is_file():
            edition = self._validator.read_text(encoding="utf-8")
            headers |= {"Range": f"bytes={start}-", "If-Range": edition}
        try:
            with requests.get(self._url, headers=headers, stream=True, timeout=TIMEOUT) as response:
                self._accept(response, start)
                self._append(response, progress)
        except (
            requests.ConnectionError,
            requests.Timeout,
            requests.exceptions.ChunkedEncodingError,
        ) as error:
            raise TransferError(_reason(error)) from error
        except requests.RequestException as error:
            raise DataError(f"cannot download {self._url}: {error}") from error
        if self.position < self._size:
            raise TransferError("the connection closed early")

    def _accept(self, response: requests.Response, start: int) -> None:
        """Check that what follows is what is missing; else start from nothing."""
        status = response.status_code
        if status in RETRIED:
            raise TransferError(f"the server answered {status}")
        if status == requests.codes.requested_range_not_satisfiable:
            self.discard()
            raise TransferError("the server does not have the rest of this edition")
        if status == requests.codes.partial_content:
            found = CONTENT_RANGE.fullmatch(response.headers.get("Content-Range", ""))
            if found is None or int(found[1]) != start or found[2] not in (str(self._size), "*"):
                self.discard()
                raise TransferError("the server sent another part than asked for")
            return
        if status != requests.codes.ok:
            raise DataError(f"cannot download {self._url}: the server answered {status}")
        length = response.headers.get("Content-Length")
        if length is not None and length != str(self._size):
            raise DataError(
                f"{self._url} has {length} bytes, not {self._size}: it is not the expected "
                "archive; if you trust it, give its --size and --sha256"
            )
        self.discard()
        if validator := _validator(response):
            self._validator.write_text(validator, encoding="utf-8")

    def _append(self, response: requests.Response, progress: Progress) -> None:
        progress.start(f"downloading {self._partial.stem}", self._size)
        if self.position:
            progress.advance(self.position)
        with self._partial.open("ab") as file:
            for piece in response.iter_content(PIECE):
                if file.tell() + len(piece) > self._size:
                    raise DataError(
                        f"{self._url} has more than {self._size} bytes: it is not the expected "
                        "archive; if you trust it, give its --size and --sha256"
                    )
                file.write(piece)
                progress.advance(len(piece))


def _validator(response: requests.Response) -> str | None:
    etag = response.headers.get("ETag", "")
    if etag.startswith('"'):  # a weak one may not be used with If-Range
        return etag
    return response.headers.get("Last-Modified")


def _reason(error: requests.RequestException) -> str:
    if isinstance(error, requests.Timeout):
        return "the server does not answer in time"
    if isinstance(error, requests.exceptions.SSLError):
        return "the server's certificate cannot be verified"
    if isinstance(error, requests.exceptions.ChunkedEncodingError):
        return "the connection broke off"
    return "the server cannot be reached, or the connection broke off"
