"""One classifier in every form that is served: Keras model, bundle, and two MLflow versions."""

import json
import os
import shutil
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from benchmarks.serving.workdir import (
    PEERS,
    BenchmarkError,
    Workdir,
    digest,
    holds,
    sources,
)

import contract
import trainer
from contract.manifest import QUANTISED_MODEL, Manifest
from trainer.progress import Progress

RECIPE = "bert"
"""All-MiniLM-L6-v2 with one layer on top, fine-tuned on the bundled sample."""
NAME = "tweet-sentiment"
KERAS_NAME = "keras"


@dataclass(frozen=True)
class ServedModel:
    """The same weights in every form.

    Attributes:
        keras: the Keras model, a file.
        bundle: the bundle, with its int8 graph.
        transformers: the int8 graph as a Hugging Face folder.
        tracking_uri: of the MLflow store that has both versions.
        champion: address of the version that the trainer registered.
        keras_version: address of the version that holds the Keras model.
    """

    keras: str
    bundle: str
    transformers: str
    tracking_uri: str
    champion: str = f"models:/{NAME}@champion"
    keras_version: str = f"models:/{KERAS_NAME}/1"

    @property
    def labels(self) -> tuple[str, ...]:
        """Names by index."""
        return Manifest.read(Path(self.bundle)).labels


def prepare_model(workdir: Workdir, progress: Progress) -> ServedModel:
    """The model, made if it was not yet, or of other code.

    Raises:
        BenchmarkError: its int8 graph was refused by the exporter.
        TrainerError: the weights are missing, or the export failed a check.
    """
    folder = workdir.model
    forms = ServedModel(
        keras=str(folder / "trained" / "model.keras"),
        bundle=str(folder / "trained" / "bundle"),
        transformers=str(folder / "transformers"),
        tracking_uri=f"sqlite:///{folder / 'registry' / 'mlflow.db'}",
    )
    code, training = Path(contract.__file__).parent, Path(trainer.__file__).parent
    trained = digest(RECIPE, *sources(code, training / "export", training / "neural"))
    registered = digest(
        trained,
        *sources(training / "tracking"),
        *(PEERS / f"{name}.py" for name in ("keras_text", "mlflow_keras")),
        Path(__file__),
    )
    for part, wanted, make in (
        ("trained", trained, _train),
        ("registry", registered, _register),
        ("transformers", registered, _write_transformers),
    ):
        stamp = folder / part / "made-of"
        if not holds(stamp, wanted):
            shutil.rmtree(folder / part, ignore_errors=True)
            (folder / part).mkdir(parents=True)
            make(forms, progress)
            stamp.write_text(wanted, encoding="utf-8")  # last: half of it does not count
    return forms


def _train(forms: ServedModel, progress: Progress) -> None:
    from trainer.data.dataset import Split
    from trainer.data.loading import load_dataset
    from trainer.export.bundle_writer import export_model
    from trainer.export.quantisation import add_int8
    from trainer.neural.prediction import KerasLogits
    from trainer.recipes.spec import RecipeSpec

    dataset, _ = load_dataset("sample", progress=progress)
    fitted = RecipeSpec.parse(RECIPE).fit(dataset, progress)
    reference = fitted.predict_logits
    assert isinstance(reference, KerasLogits)  # the recipe's
    reference.model.save(forms.keras)
    directory = Path(forms.bundle)
    bundle = export_model(
        fitted, dataset, name=NAME, recipe=RECIPE, directory=directory, progress=progress
    )
    # All rows: on the sample's few test rows alone, a single tweet would be more than is allowed.
    splits = (dataset.train, dataset.validation, dataset.test)
    rows = Split(
        [text for split in splits for text in split.texts],
        np.concatenate([split.labels for split in splits]),
    )
    int8 = add_int8(directory, bundle, rows, bundle.probabilities(rows.texts), progress)
    if not int8.acceptable:
        raise BenchmarkError(
            f"the int8 graph was refused ({int8}), and most peers serve it: "
            "train longer, by RECIPE in benchmarks/serving/model.py"
        )


def _register(forms: ServedModel, progress: Progress) -> None:
    from trainer.tracking.model import log_bundle
    from trainer.tracking.run import training_run
    from trainer.tracking.store import URI_VARIABLE, tracking_session

    os.environ[URI_VARIABLE] = forms.tracking_uri
    progress.start("register", 2)
    with tracking_session() as client, training_run(client, NAME, RECIPE) as run_id:
        version = log_bundle(client, Path(forms.bundle), name=NAME, run_id=run_id, tags={})
        client.set_registered_model_alias(NAME, "champion", version.version)
        progress.advance()
        _log_keras(forms)
        progress.advance()


def _log_keras(forms: ServedModel) -> None:
    import mlflow
    from mlflow.models import ModelSignature
    from mlflow.types import ColSpec, DataType, Schema

    text = Schema([ColSpec(DataType.string, "text")])
    logged = mlflow.pyfunc.log_model(
        name="keras",
        python_model=str(PEERS / "mlflow_keras.py"),
        code_paths=[str(PEERS / "keras_text.py")],
        artifacts={"keras": forms.keras, "bundle": forms.bundle},
        signature=ModelSignature(inputs=text),
        # Given, so that MLflow does not load the model to find them; the environment has them.
        pip_requirements=["mlflow"],
    )
    mlflow.register_model(logged.model_uri, KERAS_NAME)


def _write_transformers(forms: ServedModel, progress: Progress) -> None:
    """The int8 graph as infinity reads it: a folder as on the Hugging Face hub."""
    import onnx

    folder, bundle = Path(forms.transformers), Path(forms.bundle)
    (folder / "onnx").mkdir()
    graph = onnx.load(bundle / QUANTISED_MODEL)
    (ids,) = graph.graph.input
    for node in graph.graph.node:
        for place, name in enumerate(node.input):
            if name == ids.name:
                node.input[place] = "input_ids"
    ids.name = "input_ids"
    onnx.save_model(graph, folder / "onnx" / "model_quantized.onnx")
    manifest = Manifest.read(bundle)
    shutil.copy(bundle / "tokenizer.json", folder)
    names = dict(enumerate(manifest.labels))
    config = {
        "architectures": ["BertForSequenceClassification"],
        "model_type": "bert",
        "num_labels": len(manifest.labels),
        "id2label": names,
        "label2id": {name: place for place, name in names.items()},
        "max_position_embeddings": manifest.max_length,
        "pad_token_id": manifest.pad_id,
    }
    (folder / "config.json").write_text(json.dumps(config), encoding="utf-8")
    tokenizer = {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "model_max_length": manifest.max_length,
        "pad_token": "[PAD]",
        "unk_token": "[UNK]",
        "cls_token": "[CLS]",
        "sep_token": "[SEP]",
        "model_input_names": ["input_ids", "attention_mask"],
    }
    (folder / "tokenizer_config.json").write_text(json.dumps(tokenizer), encoding="utf-8")
