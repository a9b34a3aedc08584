"""Training on several devices: two logical CPUs stand in for two GPUs."""

import subprocess
import sys

import pytest

from trainer.errors import TrainerError
from trainer.neural.strategy import strategy_scope

pytestmark = pytest.mark.slow

TRAINING = """
import pickle, sys
from dataclasses import replace
from trainer.neural.backend import load_keras
load_keras()
import tensorflow as tf
cpu = tf.config.list_physical_devices("CPU")[0]
tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
from trainer.neural.strategy import strategy_scope
from trainer.progress import NoProgress
from trainer.recipes.spec import RecipeSpec
with open(sys.argv[1], "rb") as file:
    toy = pickle.load(file)
spec = RecipeSpec.parse(f"bert:epochs=1:batch_size=16:dropout=0:weights={sys.argv[2]}")
logits = []
for strategy in ("one", "mirrored"):
    with strategy_scope(strategy, kind="CPU"):
        model = spec.fit(toy, NoProgress())
        if strategy == "mirrored":
            assert tf.distribute.get_strategy().num_replicas_in_sync == 2
    logits.append(model.predict_logits(toy.test.texts))
model.to_onnx()
print(abs(logits[0] - logits[1]).max(), model.history["loss"][0])
"""


def test_two_devices_learn_what_one_does(toy, write_encoder, tmp_path):
    import pickle

    # Without dropout, the one thing that devices draw for themselves.
    changes = {"num_hidden_layers": 1, "hidden_dropout_prob": 0.0}
    weights = write_encoder(tmp_path / "encoder", "bert", **changes)
    # 225 texts in batches of 16: the last is of one text, which only one device gets.
    cut = type(toy)(**{**vars(toy), "train": toy.train.head(225)})
    (tmp_path / "toy").write_bytes(pickle.dumps(cut))
    done = subprocess.run(
        [sys.executable, "-c", TRAINING, str(tmp_path / "toy"), str(weights)],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    difference, loss = map(float, done.stdout.split())
    assert difference < 0.02
    assert 0 < loss < 5


def test_no_gpu_is_one_clear_line():
    from trainer.neural.backend import load_keras

    load_keras()
    import tensorflow as tf

    if tf.config.list_physical_devices("GPU"):
        pytest.skip("this machine has a GPU")
    with (
        pytest.raises(TrainerError, match=r"finds no GPU: install .*, or leave the option out"),
        strategy_scope("mirrored"),
    ):
        pass
