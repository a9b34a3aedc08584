"""Local servers that behave as the services document, and what points the SDKs to them."""

import datetime
import ipaddress
import json
import ssl
import threading
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace
from urllib.parse import parse_qs, urlsplit

import pytest

AZURE_KEY = "azure-key-of-the-test"
AWS_KEY = "AKIDOFTHETEST"
MODEL = "2026-01-01"
SCORES = {  # negative, neutral, positive
    "negative": (0.9, 0.07, 0.03),
    "neutral": (0.1, 0.6, 0.3),
    "positive": (0.02, 0.08, 0.9),
    "mixed": (0.5, 0.1, 0.4),
}


def sentiment_of(text):
    """The first word that is a sentiment decides."""
    return next((word for word in text.split() if word in SCORES), "neutral")


@dataclass
class Site:
    """What a server does, and what it was asked.

    Attributes:
        script: what becomes of the next requests: None is the documented answer, a number of
            seconds is waited first, a tuple is sent as status, headers and body.
        requests: path, headers and decoded body of each request.
        times: when each came, in seconds.
        secrets: of a Key Vault.
    """

    url: str = ""
    script: list = field(default_factory=list)
    requests: list = field(default_factory=list)
    times: list = field(default_factory=list)
    secrets: dict = field(default_factory=dict)

    @property
    def texts(self):
        """Texts of each request."""
        return [self.texts_of(body) for _, _, body in self.requests]


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    content_type = "application/json"
    site: Site

    def log_message(self, *_):
        pass

    def do_GET(self):
        self.do_POST()

    def do_POST(self):
        raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        site = self.site
        body = json.loads(raw) if raw else None
        site.requests.append((self.path, dict(self.headers), body))
        site.times.append(time.monotonic())
        step = site.script.pop(0) if site.script else None
        if isinstance(step, float):
            time.sleep(step)
            step = None
        self.answer(*(step or self.reply(body)))

    def answer(self, status, headers, body):
        payload = body if isinstance(body, bytes) else json.dumps(body).encode()
        try:
            self.send_response(status)
            for name, value in {"Content-Type": self.content_type, **headers}.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(payload)))
            self.end_headers()
            self.wfile.write(payload)
        except OSError:  # a client that did not wait
            self.close_connection = True


class AzureHandler(Handler):
    """POST {endpoint}/language/:analyze-text, in its version of 2023-04-01."""

    def reply(self, body):
        if self.headers["Ocp-Apim-Subscription-Key"] != AZURE_KEY:
            message = "Access denied due to invalid subscription key or wrong API endpoint."
            return 401, {}, {"error": {"code": "401", "message": message}}
        if urlsplit(self.path).path != "/language/:analyze-text":
            return 404, {}, {"error": {"code": "404", "message": "Resource not found"}}
        documents = body["analysisInput"]["documents"]
        if len(documents) > 10:
            inner = {"code": "InvalidDocumentBatch", "message": "Max 10 records are permitted."}
            error = {"code": "InvalidRequest", "message": "Invalid batch", "innererror": inner}
            return 400, {}, {"error": error}
        results = {"documents": [], "errors": [], "modelVersion": MODEL}
        for document in documents:
            if "unreadable" in document["text"]:
                inner = {"code": "InvalidDocument", "message": "It cannot be read."}
                error = {"code": "InvalidArgument", "message": "Invalid", "innererror": inner}
                results["errors"].append({"id": document["id"], "error": error})
                continue
            sentiment = sentiment_of(document["text"])
            scores = dict(zip(("negative", "neutral", "positive"), SCORES[sentiment], strict=True))
            sentence = {
                "sentiment": "neutral" if sentiment == "mixed" else sentiment,
                "confidenceScores": scores,
                "offset": 0,
                "length": len(document["text"]),
                "text": document["text"],
            }
            results["documents"].append(
                {
                    "id": document["id"],
                    "sentiment": sentiment,
                    "confidenceScores": scores,
                    "sentences": [sentence],
                    "warnings": [],
                }
            )
        return 200, {}, {"kind": "SentimentAnalysisResults", "results": results}


class ComprehendHandler(Handler):
    """BatchDetectSentiment in AWS's JSON 1.1 protocol."""

    content_type = "application/x-amz-json-1.1"

    def reply(self, body):
        if f"Credential={AWS_KEY}/" not in self.headers["Authorization"]:
            message = "The security token included in the request is invalid."
            return 400, {}, {"__type": "UnrecognizedClientException", "message": message}
        texts = body["TextList"]
        if len(texts) > 25:
            return 400, {}, {"__type": "BatchSizeLimitExceededException", "Message": "25"}
        if any(len(text.encode()) > 5000 for text in texts):
            return 400, {}, {"__type": "TextSizeLimitExceededException", "Message": "5000"}
        results, errors = [], []
        for place, text in enumerate(texts):
            if "unreadable" in text:
                message = "It cannot be read."
                errors.append(
                    {"Index": place, "ErrorCode": "INTERNAL_SERVER_ERROR", "ErrorMessage": message}
                )
                continue
            sentiment = sentiment_of(text)
            negative, neutral, positive = SCORES[sentiment]
            scores = {"Negative": negative, "Neutral": neutral, "Positive": positive, "Mixed": 0.0}
            results.append(
                {"Index": place, "Sentiment": sentiment.upper(), "SentimentScore": scores}
            )
        return 200, {}, {"ResultList": results, "ErrorList": errors}


class VaultHandler(Handler):
    """Key Vault's secrets, and beside them the token endpoint of a managed identity."""

    def reply(self, body):
        url = urlsplit(self.path)
        if url.path == "/token":
            if self.headers["X-IDENTITY-HEADER"] != "identity":
                return 401, {}, {}
            assert parse_qs(url.query)["resource"]
            expires = int(time.time()) + 3600
            token = {"access_token": "opened", "expires_on": str(expires), "token_type": "Bearer"}
            return 200, {}, {**token, "resource": "vault"}
        if self.headers["Authorization"] != "Bearer opened":
            # The SDK asks that the vault's name ends with the resource's.
            resource = f"https://0.0.1:{self.server.server_port}"
            challenge = f'Bearer authorization="{resource}/tenant", resource="{resource}"'
            return 401, {"WWW-Authenticate": challenge}, {}
        name = url.path.split("/")[2]
        value = self.site.secrets.get(name)
        if value is None:
            return 404, {}, {"error": {"code": "SecretNotFound", "message": "not there"}}
        return 200, {}, {"id": f"{self.site.url}/secrets/{name}/1", "value": value}


@pytest.fixture
def serve(monkeypatch):
    """A function that starts a server of one handler, and returns its site."""
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"):
        monkeypatch.delenv(name, raising=False)
    started = []

    def start(handler, context=None):
        site = Site()
        server = ThreadingHTTPServer(("127.0.0.1", 0), type("Served", (handler,), {"site": site}))
        if context:
            server.socket = context.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        started.append((server, thread))
        site.url = f"{'https' if context else 'http'}://127.0.0.1:{server.server_port}"
        return site

    yield start
    for server, thread in started:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def no_pauses(monkeypatch):
    """The SDKs try again at once."""
    monkeypatch.setattr("azure.core.pipeline.transport.HttpTransport.sleep", lambda *_: None)
    monkeypatch.setattr("botocore.endpoint.time", SimpleNamespace(sleep=lambda _: None))


@pytest.fixture(autouse=True)
def no_credentials(monkeypatch, tmp_path):
    """Nothing of the machine's own accounts is found."""
    for name in (
        "AZURE_LANGUAGE_ENDPOINT",
        "AZURE_LANGUAGE_KEY",
        "AZURE_KEY_VAULT_URL",
        "AWS_ACCESS_KEY_ID",
        "AWS_SECRET_ACCESS_KEY",
        "AWS_SESSION_TOKEN",
        "AWS_PROFILE",
        "AWS_REGION",
        "AWS_DEFAULT_REGION",
    ):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "no-config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "no-credentials"))


@pytest.fixture
def azure(serve, monkeypatch):
    """A Language resource, and the environment that names it."""
    site = serve(AzureHandler)
    site.texts_of = lambda body: [item["text"] for item in body["analysisInput"]["documents"]]
    monkeypatch.setenv("AZURE_LANGUAGE_ENDPOINT", site.url)
    monkeypatch.setenv("AZURE_LANGUAGE_KEY", AZURE_KEY)
    return site


@pytest.fixture
def comprehend(serve, monkeypatch):
    """Amazon Comprehend, and the environment that names it."""
    site = serve(ComprehendHandler)
    site.texts_of = lambda body: body["TextList"]
    monkeypatch.setenv("AWS_ENDPOINT_URL_COMPREHEND", site.url)
    monkeypatch.setenv("AWS_REGION", "eu-west-1")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", AWS_KEY)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    return site


@pytest.fixture
def vault(serve, monkeypatch, tmp_path):
    """A Key Vault over TLS, the only way its SDK goes, opened by a managed identity."""
    certificate, context = certified(tmp_path)
    site = serve(VaultHandler, context)
    identity = serve(VaultHandler)
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificate))
    monkeypatch.setenv("IDENTITY_ENDPOINT", f"{identity.url}/token")
    monkeypatch.setenv("IDENTITY_HEADER", "identity")
    monkeypatch.setenv("AZURE_KEY_VAULT_URL", site.url)
    return site


def certified(folder):
    """A certificate of 127.0.0.1 that signs itself, and a server's context with it."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.datetime.now(datetime.UTC)
    address = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([address]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    public, private = folder / "vault.pem", folder / "vault.key"
    public.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    private.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(public, private)
    return public, context
