"""Credentials from the environment, from a Key Vault over TLS, and none at all."""

import sys

import pytest

from trainer.baselines.service import BaselineError, connect

LANGUAGE = ("AZURE_LANGUAGE_ENDPOINT", "AZURE_LANGUAGE_KEY")
KEYS = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")


def forget(monkeypatch, *names):
    for name in names:
        monkeypatch.delenv(name)


def test_what_is_missing_is_named(azure, comprehend, monkeypatch):
    forget(monkeypatch, "AZURE_LANGUAGE_KEY")
    with pytest.raises(BaselineError) as caught:
        connect("azure")
    assert str(caught.value) == (
        "no credentials of Azure AI Language: set AZURE_LANGUAGE_KEY, or AZURE_KEY_VAULT_URL to "
        "the URL of a Key Vault that holds azure-language-key"
    )
    forget(monkeypatch, "AZURE_LANGUAGE_ENDPOINT")
    with pytest.raises(BaselineError, match=" and ".join(LANGUAGE)):
        connect("azure")
    forget(monkeypatch, *KEYS)
    with pytest.raises(BaselineError, match=" and ".join(KEYS)):
        connect("comprehend")


def test_a_region_is_asked_for(comprehend, monkeypatch):
    forget(monkeypatch, "AWS_REGION")
    with pytest.raises(BaselineError, match="no AWS region: set AWS_REGION"):
        connect("comprehend")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-3")
    assert connect("comprehend").endpoint == comprehend.url


def test_an_aws_profile_will_do(comprehend, monkeypatch, tmp_path):
    forget(monkeypatch, *KEYS)
    profile = tmp_path / "credentials"
    profile.write_text("[default]\naws_access_key_id=AKIDOFTHETEST\naws_secret_access_key=x\n")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(profile))
    assert connect("comprehend").ask(["positive"], "en")[0].sentiment == "positive"


@pytest.mark.parametrize(
    ("endpoint", "reason"),
    [
        ("http://name.cognitiveservices.azure.com", "unencrypted: use https://"),
        ("name.cognitiveservices.azure.com", "is no URL: it looks like https://"),
        ("https://[", "is no URL"),
    ],
)
def test_an_endpoint_that_the_key_may_not_go_to_is_refused(azure, monkeypatch, endpoint, reason):
    monkeypatch.setenv("AZURE_LANGUAGE_ENDPOINT", endpoint)
    with pytest.raises(BaselineError, match=reason):
        connect("azure")


def test_the_vault_holds_the_azure_key(azure, vault, monkeypatch):
    vault.secrets = {"azure-language-endpoint": azure.url, "azure-language-key": "wrong"}
    forget(monkeypatch, "AZURE_LANGUAGE_ENDPOINT")
    # What the environment says comes first.
    assert connect("azure").ask(["positive"], "en")[0].sentiment == "positive"
    vault.secrets["azure-language-key"] = "azure-key-of-the-test"
    forget(monkeypatch, "AZURE_LANGUAGE_KEY")
    assert connect("azure").ask(["negative"], "en")[0].sentiment == "negative"


def test_the_vault_holds_the_aws_keys(comprehend, vault, monkeypatch):
    vault.secrets = {"aws-access-key-id": "AKIDOFTHETEST", "aws-secret-access-key": "x"}
    forget(monkeypatch, *KEYS)
    assert connect("comprehend").ask(["positive"], "en")[0].sentiment == "positive"
    vault.secrets["aws-session-token"] = "session"
    connect("comprehend").ask(["positive"], "en")
    assert comprehend.requests[-1][1]["X-Amz-Security-Token"] == "session"


def test_a_vault_without_the_secret_says_which(azure, vault, monkeypatch):
    forget(monkeypatch, "AZURE_LANGUAGE_KEY")
    with pytest.raises(BaselineError, match="add azure-language-key to the Key Vault"):
        connect("azure")


@pytest.mark.usefixtures("no_pauses")
@pytest.mark.parametrize("identity", ["wrong", None])
def test_a_vault_that_does_not_open_is_one_line(azure, vault, monkeypatch, identity):
    forget(monkeypatch, "AZURE_LANGUAGE_KEY")
    if identity:
        monkeypatch.setenv("IDENTITY_HEADER", identity)
    else:
        monkeypatch.setenv("AZURE_KEY_VAULT_URL", "http://127.0.0.1:1")
    # Else azure-identity goes on to the accounts of this machine's developer tools.
    monkeypatch.setenv("AZURE_TOKEN_CREDENTIALS", "ManagedIdentityCredential")
    with pytest.raises(BaselineError, match="cannot read the Key Vault AZURE_KEY_VAULT_URL=") as e:
        connect("azure")
    assert "\n" not in str(e.value)


@pytest.mark.parametrize(
    ("name", "package", "module"),
    [
        ("azure", "azure-ai-textanalytics", "azure.ai.textanalytics"),
        ("comprehend", "boto3", "boto3"),
    ],
)
def test_without_the_sdk_it_is_said_what_to_install(monkeypatch, name, package, module):
    from trainer.baselines.service import SERVICES

    monkeypatch.delitem(sys.modules, SERVICES[name], raising=False)
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(BaselineError, match=rf"pip install {package} .*`baselines`"):
        connect(name)
