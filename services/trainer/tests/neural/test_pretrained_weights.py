import json
import os
import shutil
import subprocess
import sys
import threading
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from tokenizers import Tokenizer

from contract.manifest import sha256_of
from trainer.errors import TrainerError
from trainer.neural.weights import DEFAULT_PACKAGE, DEFAULT_SHA256, SAFETENSORS, open_pretrained

COMMIT = "0123456789abcdef0123456789abcdef01234567"
NAMES = ("config.json", "model.safetensors", "tokenizer.json", "pytorch_model.bin", "README.md")


def test_default_weights_are_the_expected_file():
    pretrained = open_pretrained(None)
    assert sha256_of(pretrained.files[0]) == DEFAULT_SHA256
    assert (pretrained.pad_id, pretrained.unknown_id) == (0, 100)


@pytest.mark.parametrize("content", [b"other weights", None])
def test_damaged_default_weights_are_refused_and_their_code_is_not_run(
    tmp_path, monkeypatch, content
):
    model = tmp_path / DEFAULT_PACKAGE / "model"
    model.mkdir(parents=True)
    (model.parent / "__init__.py").write_text("raise RuntimeError('imported')")
    if content:
        (model / SAFETENSORS).write_bytes(content)
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(TrainerError, match=r"is not the expected file .*: install its package"):
        open_pretrained(None)


def test_padding_and_truncation_settings_are_dropped(tiny_bert):
    assert json.loads((tiny_bert / "tokenizer.json").read_text())["padding"] is not None
    pretrained = open_pretrained(str(tiny_bert))
    content = json.loads(pretrained.tokenizer_json)
    assert content["padding"] is None
    assert content["truncation"] is None
    assert (pretrained.pad_id, pretrained.unknown_id) == (0, 1)


def test_vocabulary_alone_gives_the_same_ids(tiny_bert, tmp_path):
    directory = tmp_path / "old"
    shutil.copytree(tiny_bert, directory)
    (directory / "tokenizer.json").unlink()
    known = Tokenizer.from_file(str(tiny_bert / "tokenizer.json"))
    words = sorted(known.get_vocab(), key=known.get_vocab().__getitem__)
    (directory / "vocab.txt").write_text("\n".join(words) + "\n")
    text = "The flight to Lyon was lovely!"
    ids = [
        Tokenizer.from_str(open_pretrained(str(path)).tokenizer_json).encode(text).ids
        for path in (tiny_bert, directory)
    ]
    assert ids[0] == ids[1]


def test_byte_pairs_alone_give_the_same_ids_around_padding_1(tiny_encoders, tmp_path):
    directory = tmp_path / "old"
    shutil.copytree(tiny_encoders["roberta"], directory)
    content = json.loads((directory / "tokenizer.json").read_text())["model"]
    (directory / "tokenizer.json").unlink()
    (directory / "vocab.json").write_text(json.dumps(content["vocab"]))
    merges = (" ".join(merge) for merge in content["merges"])
    (directory / "merges.txt").write_text("\n".join(["#version: 0.2", *merges]) + "\n")
    text = "the flight to lyon was lovely"
    old, new = (open_pretrained(str(path)) for path in (directory, tiny_encoders["roberta"]))
    ids = [Tokenizer.from_str(each.tokenizer_json).encode(text).ids for each in (old, new)]
    assert ids[0] == ids[1]
    assert [(each.pad_id, each.unknown_id) for each in (old, new)] == [(1, 3)] * 2


def test_unknown_id_of_a_unigram_model_is_its_own(tiny_encoders):
    assert open_pretrained(str(tiny_encoders["camembert"])).unknown_id == 3


@pytest.mark.parametrize(
    ("missing", "message"),
    [
        ("config.json", "has no config.json"),
        ("model.safetensors", "has no model.safetensors"),
        ("tokenizer.json", "has none of tokenizer.json, vocab.txt, vocab.json"),
    ],
)
def test_incomplete_directory_is_refused(tiny_bert, tmp_path, missing, message):
    directory = tmp_path / "incomplete"
    shutil.copytree(tiny_bert, directory)
    (directory / missing).unlink()
    with pytest.raises(TrainerError, match=message):
        open_pretrained(str(directory))


@pytest.mark.parametrize("name", ["config.json", "tokenizer.json"])
def test_unreadable_file_is_named(tiny_bert, tmp_path, name):
    directory = tmp_path / "broken"
    shutil.copytree(tiny_bert, directory)
    (directory / name).write_text("{")
    with pytest.raises(TrainerError, match=r"config\.json is not JSON|tokenizer of .* cannot"):
        open_pretrained(str(directory))


def test_missing_directory_is_not_looked_for_on_the_hub(tmp_path):
    with pytest.raises(TrainerError, match="there is no directory"):
        open_pretrained(str(tmp_path / "nothing"))


@pytest.fixture
def hub(tiny_bert, tmp_path):
    """The address of a hub that has one model, `air/tiny`."""

    def size(name):
        file = tiny_bert / name
        return file.stat().st_size if file.is_file() else 1

    class Hub(SimpleHTTPRequestHandler):
        def do_HEAD(self):
            self.do_GET()

        def do_GET(self):
            path = self.path.partition("?")[0]
            name = path.rpartition("/")[2]
            if path.startswith("/api/models/air/tiny/tree/"):
                files = [{"type": "file", "oid": COMMIT, "path": name} for name in NAMES]
                self.answer(json.dumps([{**file, "size": size(file["path"])} for file in files]))
            elif path.startswith("/api/models/air/tiny/"):
                self.answer(json.dumps({"id": "air/tiny", "sha": COMMIT}))
            elif path.startswith("/air/tiny/resolve/") and (tiny_bert / name).is_file():
                self.answer((tiny_bert / name).read_bytes())
            else:
                self.send_error(404)

        def answer(self, body):
            body = body.encode() if isinstance(body, str) else body
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.send_header("ETag", f'"{hash(body):x}"')
            self.send_header("X-Repo-Commit", COMMIT)
            self.end_headers()
            if self.command == "GET":
                self.wfile.write(body)

        def log_message(self, *_):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Hub) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def opened(name, hub, home):
    """Open hub weights in a process of its own, since the address is read on import."""
    code = (
        "import sys\nfrom trainer.errors import TrainerError\n"
        "from trainer.neural.weights import open_pretrained\n"
        "try:\n    print(open_pretrained(sys.argv[1]).files[0].parent)\n"
        "except TrainerError as error:\n    print('refused:', error)\n"
    )
    environment = {**os.environ, "HF_ENDPOINT": hub, "HF_HOME": str(home)}
    environment.pop("HF_HUB_OFFLINE", None)
    return subprocess.run(
        [sys.executable, "-c", code, name],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    ).stdout


def test_hub_name_is_downloaded_without_files_of_other_formats(hub, tmp_path, tiny_bert):
    directory = Path(opened("air/tiny", hub, tmp_path).strip())
    assert {file.name for file in directory.iterdir()} == {
        "config.json",
        "model.safetensors",
        "tokenizer.json",
    }
    assert sha256_of(directory / SAFETENSORS) == sha256_of(tiny_bert / SAFETENSORS)


def test_unknown_hub_name_is_one_clear_line(hub, tmp_path):
    output = opened("air/nothing", hub, tmp_path)
    assert output.startswith("refused: the weights 'air/nothing' are no directory here and cannot")
    assert output.count("\n") == 1
