"""Credentials from the environment, or from Azure Key Vault."""

import os
from collections.abc import Sequence

from trainer.baselines.service import BaselineError

VAULT_VARIABLE = "AZURE_KEY_VAULT_URL"


def secret_name(variable: str) -> str:
    """Name of the secret that stands for a variable; Key Vault allows no underscores."""
    return variable.lower().replace("_", "-")


def find(variables: Sequence[str]) -> dict[str, str]:
    """Values of variables, each from the environment, else from Key Vault if one is named.

    `AZURE_KEY_VAULT_URL` names the vault. It is opened as azure-identity finds a way: a service
    principal in `AZURE_CLIENT_ID` and its companions, a managed identity, or `az login`.

    Returns:
        The values that were found; empty ones count as absent.

    Raises:
        BaselineError: the vault cannot be read.
    """
    found = {name: value for name in variables if (value := os.environ.get(name, "").strip())}
    missing = [name for name in variables if name not in found]
    vault = os.environ.get(VAULT_VARIABLE, "").strip()
    if missing and vault:
        found |= _from_vault(vault, missing)
    return found


def missing_message(variables: Sequence[str]) -> str:
    """What to do about variables that were not found."""
    names, secrets = (
        " and ".join(items) for items in (variables, [secret_name(name) for name in variables])
    )
    if os.environ.get(VAULT_VARIABLE):
        return f"set {names}, or add {secrets} to the Key Vault that {VAULT_VARIABLE} names"
    return f"set {names}, or {VAULT_VARIABLE} to the URL of a Key Vault that holds {secrets}"


def _from_vault(url: str, variables: Sequence[str]) -> dict[str, str]:
    from azure.core.exceptions import AzureError, ResourceNotFoundError
    from azure.identity import DefaultAzureCredential
    from azure.keyvault.secrets import SecretClient

    found = {}
    try:
        with (
            DefaultAzureCredential() as credential,
            SecretClient(url, credential) as client,
        ):
            for name in variables:
                try:
                    value = client.get_secret(secret_name(name)).value
                except ResourceNotFoundError:
                    continue
                if value:
                    found[name] = value
    except (AzureError, ValueError) as error:
        reason = str(error).strip().splitlines()[0]
        raise BaselineError(
            f"cannot read the Key Vault {VAULT_VARIABLE}={url}: {reason}"
        ) from error
    return found
