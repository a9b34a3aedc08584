"""Whether keys are asked for."""

from inference.loopback import is_loopback
from inference.settings import Settings, SettingsError

CHOICE = (
    "set ACCESS=keys and make keys with `inference keys create`, "
    "or ACCESS=open if something before the API decides who may ask"
)


def keys_are_asked(settings: Settings, host: str) -> bool:
    """Decide by the settings and the address that the API listens on.

    Without a word in the settings nobody but this machine's developer goes without a key.

    Raises:
        SettingsError: others could ask, and nothing says whether they may.
    """
    if settings.access != "auto":
        return settings.access == "keys"
    if settings.environment != "development":
        raise SettingsError(f"ACCESS: in {settings.environment} it must be said: {CHOICE}")
    if not is_loopback(host):
        raise SettingsError(f"ACCESS: other machines may reach {host}: {CHOICE}")
    return False
