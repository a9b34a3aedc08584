"""Work on the store that the settings name, for commands."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from inference.problems import ServiceError
from inference.settings import Settings, SettingsError, read_settings
from inference.store import migrate
from inference.store.engine import make_engine
from inference.store.errors import reason_of
from inference.store.store import Store

OPENING_SECONDS = 30.0
"""For which a database may be away when a command begins."""

Result = TypeVar("Result")


class UnusableStoreError(Exception):
    """The store cannot be worked on; the message says why in one line, and how to mend it."""


def in_store(work: Callable[[Connection], Result]) -> Result:
    """Do some work in one transaction; what it raises passes.

    Raises:
        UnusableStoreError: a setting, the database or its schema cannot be used.
    """
    try:
        url = read_settings().store_url
    except SettingsError as error:
        raise UnusableStoreError(str(error)) from None
    engine = make_engine(url)
    try:
        if url.get_backend_name() == "sqlite" and url.database:
            Path(url.database).parent.mkdir(parents=True, exist_ok=True)
            if migrate.current_revision(engine) is None:  # as the API does for a new file
                migrate.upgrade(engine)
        migrate.require_head(engine)
        with engine.begin() as connection:
            return work(connection)
    except migrate.SchemaError as error:
        raise UnusableStoreError(str(error)) from None
    except (SQLAlchemyError, OSError) as error:
        shown = url.render_as_string()
        raise UnusableStoreError(
            f"DATABASE_URL: {shown} cannot be used: {reason_of(error)}"
        ) from error
    finally:
        engine.dispose()


def open_store(settings: Settings) -> Store:
    """The store of some settings, once it is open.

    Raises:
        ServiceError: (store unavailable) it does not open.
    """
    store = Store(settings.store_url, migrate=settings.store_url.get_backend_name() == "sqlite")
    store.open()
    until = time.monotonic() + OPENING_SECONDS
    while True:
        try:
            store.check()
        except ServiceError:
            if time.monotonic() > until:
                store.close()
                raise
            time.sleep(0.05)
        else:
            return store
