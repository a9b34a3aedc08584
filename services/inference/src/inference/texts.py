"""What is done to a text apart from predicting it: checks, fingerprint, the form it is kept in."""

import hashlib
import hmac
import os
import secrets
import tempfile
import unicodedata
from pathlib import Path

from contract.errors import TextRefusedError
from contract.text.pipeline import refuse_lone_surrogates
from inference.privacy.redaction import redacted
from inference.problems import Failure, ServiceError
from inference.settings import Settings

KEY_FILE = "text-hmac.key"


def check_text(text: str, max_characters: int) -> None:
    """Refuse a text that cannot be predicted.

    Raises:
        ServiceError: it is too long, or not valid Unicode.
    """
    if len(text) > max_characters:
        raise ServiceError(
            Failure.TEXT_TOO_LONG,
            f"the text has {len(text)} characters; at most {max_characters} are read",
        )
    try:
        refuse_lone_surrogates(text)
    except TextRefusedError as error:
        raise ServiceError(Failure.TEXT_REFUSED, str(error)) from None


def keepable(text: str) -> str:
    """What may be kept of a text: redacted, and in a form that both databases take."""
    return storable(redacted(text))


def storable(text: str) -> str:
    """The text as it is kept: without U+0000, which PostgreSQL cannot store.

    Dropped on SQLite too, so that both keep the same; no tokenizer reads it as anything.
    """
    return text.replace("\0", "")


class Fingerprints:
    """Keyed fingerprints by which a text is found again without being kept."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def of(self, text: str) -> str:
        """HMAC-SHA-256, in hexadecimal, of the text under NFKC with single spaces."""
        normalised = " ".join(unicodedata.normalize("NFKC", text).split())
        return hmac.new(self._key, normalised.encode(), hashlib.sha256).hexdigest()


def fingerprint_key(settings: Settings) -> bytes:
    """The key of the settings, else, in development, one made once and kept in the data folder.

    Raises:
        OSError: the data folder cannot be written or the key file not read.
    """
    if settings.text_hmac_key:
        return settings.text_hmac_key.encode()
    path = settings.data_dir / KEY_FILE
    if not path.exists():
        settings.data_dir.mkdir(parents=True, exist_ok=True)
        _make_key(path)
    return path.read_text(encoding="ascii").strip().encode()


def _make_key(path: Path) -> None:
    # Written aside and linked: of two processes that start at once, both use the first one's key,
    # and neither ever reads half of it. mkstemp makes files of mode 0600.
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")
    try:
        with os.fdopen(handle, "w", encoding="ascii") as file:
            file.write(secrets.token_hex(32) + "\n")
        os.link(temporary, path)
    except FileExistsError:
        pass
    finally:
        Path(temporary).unlink()
