"""What is compared: every service that a user might pick, how it is started and how it is asked."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

CORES = 2
"""That servers and load share; settings below divide them between processes and threads."""

Choice = Mapping[str, str]
"""Settings of a peer that are tried together, as environment variables."""


@dataclass(frozen=True)
class Peer:
    """A service with the same weights, tokenizer and text steps as the API.

    In `command` and `environment`, `{...}` stands for a fact of the run (`python` and `bin` of its
    environment, `peers`, `empty`, `port`, `grpc_port`, `metrics_port`, and the fields of
    `ServedModel`) or for a variable of the choice.

    Attributes:
        name: what `--peers` calls it.
        key: of its ratio in the last line.
        includes: what it does for a tweet, for the report.
        requirements: its environment, `peers/NAME.txt`.
        command: that starts it.
        environment: variables of it.
        health: path that answers 200 when it is ready.
        path: that is asked.
        body: the request's JSON for a tweet.
        label: of an answer's JSON, a name or an index.
        choices: settings to try; the best serves in the comparison.
        optional: whether the comparison goes on without it.
        text_steps: whether it applies the text steps; else it gets tweets that went through them.
    """

    name: str
    key: str
    includes: str
    requirements: str
    command: tuple[str, ...]
    health: str
    path: str
    body: Callable[[str], object]
    label: Callable[[Any], str | int]
    choices: tuple[Choice, ...]
    environment: Mapping[str, str]
    optional: bool = False
    text_steps: bool = True


PATIENCE = {"UVICORN_TIMEOUT_WORKER_HEALTHCHECK": "120"}
"""Uvicorn takes a worker for dead that says nothing for 5 s, as it does while TensorFlow loads."""


def _largest(values: list[float]) -> int:
    return max(range(len(values)), key=values.__getitem__)


def _mlflow(name: str, key: str, includes: str, requirements: str, uri: str) -> Peer:
    return Peer(
        name=name,
        key=key,
        includes=includes,
        requirements=requirements,
        command=(
            *("{bin}/mlflow", "models", "serve", "--env-manager", "local"),
            *("--model-uri", uri, "--port", "{port}", "--workers", "{WORKERS}"),
        ),
        environment={
            "MLFLOW_TRACKING_URI": "{tracking_uri}",
            "MLFLOW_DISABLE_TELEMETRY": "true",
            "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
            "TF_NUM_INTRAOP_THREADS": "{THREADS}",
            "TF_NUM_INTEROP_THREADS": "1",
            **PATIENCE,
        },
        health="/ping",
        path="/invocations",
        body=lambda text: {"dataframe_split": {"columns": ["text"], "data": [[text]]}},
        label=lambda answer: str(answer["predictions"][0]["label"]),
        choices=WORKERS,
    )


def _fastapi(name: str, key: str, includes: str, way: str) -> Peer:
    return Peer(
        name=name,
        key=key,
        includes=includes,
        requirements="keras",
        command=(
            *("{python}", "-m", "uvicorn", "--app-dir", "{peers}", "fastapi_keras:app"),
            *("--host", "127.0.0.1", "--port", "{port}", "--workers", "{WORKERS}"),
            "--no-access-log",
        ),
        environment={
            "KERAS_MODEL": "{keras}",
            "BUNDLE": "{bundle}",
            "WAY": way,
            "TF_NUM_INTRAOP_THREADS": "{THREADS}",
            "TF_NUM_INTEROP_THREADS": "1",
            **PATIENCE,
        },
        health="/health",
        path="/predict",
        body=lambda text: {"text": text},
        label=lambda answer: str(answer["label"]),
        choices=WORKERS,
    )


WORKERS: tuple[Choice, ...] = (
    {"WORKERS": "1", "THREADS": "2"},
    {"WORKERS": "2", "THREADS": "1"},
)

PEERS = (
    _mlflow(
        "mlflow-keras",
        "vs_mlflow_keras",
        "`mlflow models serve`; `model.predict` of the Keras model, fp32",
        "mlflow-keras",
        "{keras_version}",
    ),
    _mlflow(
        "mlflow-ours",
        "vs_mlflow_ours",
        "`mlflow models serve` of the version that the trainer registered; ONNX Runtime, fp32",
        "mlflow-bundle",
        "{champion}",
    ),
    _fastapi(
        "fastapi-predict",
        "vs_fastapi_predict",
        "a FastAPI route around `model.predict`, fp32",
        "predict",
    ),
    _fastapi(
        "fastapi-function",
        "vs_fastapi_function",
        "a FastAPI route around one `tf.function`, fp32",
        "function",
    ),
    Peer(
        name="litserve",
        key="vs_litserve",
        includes="LitServe with its batching; the int8 graph in ONNX Runtime",
        requirements="litserve",
        command=("{python}", "{peers}/litserve_onnx.py"),
        environment={"BUNDLE": "{bundle}", "PORT": "{port}"},
        health="/health",
        path="/predict",
        body=lambda text: {"text": text},
        label=lambda answer: str(answer["label"]),
        choices=tuple(
            {
                "WORKERS": workers,
                "THREADS": threads,
                "API_SERVERS": servers,
                "BATCH": batch,
                "BATCH_SECONDS": wait,
                "FAST_QUEUE": queue,
            }
            for workers, threads, servers, batch, wait, queue in (
                ("2", "1", "1", "1", "0", "0"),
                ("2", "1", "1", "1", "0", "1"),
                ("2", "1", "1", "8", "0.001", "0"),
                ("2", "1", "1", "8", "0.001", "1"),
                ("2", "1", "1", "16", "0.005", "0"),
                ("2", "1", "1", "32", "0.01", "0"),
                ("2", "1", "2", "16", "0.005", "0"),
                ("1", "2", "1", "16", "0.005", "0"),
                ("1", "1", "1", "16", "0.005", "0"),
            )
        ),
    ),
    Peer(
        name="mlserver",
        key="vs_mlserver",
        includes="MLServer with adaptive batching; the int8 graph in ONNX Runtime",
        requirements="mlserver",
        command=("{bin}/mlserver", "start", "{empty}"),
        environment={
            "BUNDLE": "{bundle}",
            "PYTHONPATH": "{peers}",
            "MLSERVER_HOST": "127.0.0.1",
            "MLSERVER_HTTP_PORT": "{port}",
            "MLSERVER_GRPC_PORT": "{grpc_port}",
            "MLSERVER_METRICS_PORT": "{metrics_port}",
            "MLSERVER_DEBUG": "false",
            "MLSERVER_MODEL_NAME": "sentiment",
            "MLSERVER_MODEL_IMPLEMENTATION": "mlserver_onnx.Sentiment",
        },
        health="/v2/models/sentiment/ready",
        path="/v2/models/sentiment/infer",
        body=lambda text: {
            "inputs": [{"name": "text", "shape": [1], "datatype": "BYTES", "data": [text]}]
        },
        label=lambda answer: _largest(answer["outputs"][0]["data"]),
        choices=tuple(
            {
                "MLSERVER_PARALLEL_WORKERS": workers,
                "THREADS": threads,
                "MLSERVER_MODEL_MAX_BATCH_SIZE": batch,
                "MLSERVER_MODEL_MAX_BATCH_TIME": wait,
            }
            for workers, threads, batch, wait in (
                ("0", "1", "0", "0"),
                ("0", "1", "16", "0.005"),
                ("0", "2", "16", "0.005"),
                ("0", "1", "32", "0.01"),
                ("1", "1", "16", "0.005"),
                ("2", "1", "16", "0.005"),
            )
        ),
        optional=True,
    ),
    Peer(
        name="infinity",
        key="vs_infinity",
        includes="infinity's ONNX engine on the int8 graph; tweets come with the text steps done",
        requirements="infinity",
        command=(
            *("{bin}/infinity_emb", "v2", "--model-id", "{transformers}", "--engine", "optimum"),
            *("--served-model-name", "sentiment", "--device", "cpu", "--no-bettertransformer"),
            *(
                "--onnx-disable-optimize",
                "--no-model-warmup",
                "--host",
                "127.0.0.1",
                "--port",
                "{port}",
            ),
            *("--batch-size", "{BATCH}", "--log-level", "warning"),
        ),
        environment={"DO_NOT_TRACK": "1", "HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "{THREADS}"},
        health="/health",
        path="/classify",
        body=lambda text: {"model": "sentiment", "input": [text]},
        label=lambda answer: str(max(answer["data"][0], key=lambda item: item["score"])["label"]),
        choices=tuple(
            {"BATCH": batch, "THREADS": threads} for batch, threads in (("8", "2"), ("32", "2"))
        ),
        optional=True,
        text_steps=False,
    ),
)
"""All of them, slowest kind first; the API itself and the bare loop are apart."""

BARE_LOOP = "bare-loop"
BARE_CHOICES: tuple[Choice, ...] = tuple(
    {"PIECE": piece, "TOKENS": tokens}
    for piece in ("256", "1024")
    for tokens in ("512", "1024", "2048", "4096")
)
"""Tweets that the bare loop sorts together, and ids in one of its batches."""
