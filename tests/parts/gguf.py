"""Tiny GGUF files, made in milliseconds: real enough to be created, converted, quantised and copied by a server."""

from pathlib import Path

import numpy as np
from gguf import GGUFReader, GGUFWriter, Keys, PoolingType

from reconciler.core.digest import Digest

CHATML = (
    "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}<|im_start|>assistant\n"
)
WIDTH = 32
HIDDEN = 64
HEADS = 2
_TOKENS = ["<unk>", "<s>", "</s>", *"▁abcdefghijkl"]
_F16 = 1  # general.file_type; with F32 (0) the server refuses to quantise


def tiny_model(
    path: Path,
    *,
    seed: int = 0,
    architecture: str = "llama",
    chat_template: str = "",
    tokens: bool = True,
    embeds: bool = False,
    ballast: int = 0,
) -> Digest:
    """Write a model of one layer in F16 and return its digest; every seed gives other weights.

    `ballast` bytes of weights that nothing uses make it as large as a real one.
    """
    writer = GGUFWriter(path, architecture)
    writer.add_name(f"tiny {seed}")
    writer.add_context_length(64)
    writer.add_embedding_length(WIDTH)
    writer.add_block_count(1)
    writer.add_feed_forward_length(HIDDEN)
    writer.add_head_count(HEADS)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_rope_dimension_count(WIDTH // HEADS)
    writer.add_vocab_size(len(_TOKENS))
    if tokens:
        _add_vocabulary(writer)
    if embeds:
        writer.add_pooling_type(PoolingType.MEAN)
    if chat_template:
        writer.add_chat_template(chat_template)
    writer.add_quantization_version(2)
    writer.add_file_type(_F16)
    for name, rows, columns in _MATRICES:
        writer.add_tensor(name, _random(seed, name, rows, columns).astype(np.float16))
    for name in ("output_norm.weight", "blk.0.attn_norm.weight", "blk.0.ffn_norm.weight"):
        writer.add_tensor(name, np.ones(WIDTH, dtype=np.float32))
    if ballast:
        writer.add_tensor("ballast.weight", np.random.default_rng(seed).integers(-128, 128, ballast, dtype=np.int8))
    return _written(writer, path)


def tiny_adapter(path: Path, *, seed: int = 0, architecture: str = "llama") -> Digest:
    """Write a LoRA adapter for `tiny_model` and return its digest."""
    writer = GGUFWriter(path, architecture)
    writer.add_type("adapter")
    writer.add_string(Keys.Adapter.TYPE, "lora")
    writer.add_float32(Keys.Adapter.LORA_ALPHA, 16.0)
    writer.add_file_type(_F16)
    name = "blk.0.attn_q.weight"
    writer.add_tensor(f"{name}.lora_a", _random(seed, "a", 4, WIDTH))
    writer.add_tensor(f"{name}.lora_b", _random(seed, "b", WIDTH, 4))
    return _written(writer, path)


def tiny_projector(path: Path, *, seed: int = 0) -> Digest:
    """Write what a server takes for a vision projector and return its digest."""
    writer = GGUFWriter(path, "clip")
    writer.add_type("projector")
    writer.add_clip_has_vision_encoder(True)
    writer.add_vision_block_count(1)
    writer.add_file_type(_F16)
    writer.add_tensor("v.blk.0.attn_q.weight", _random(seed, "v", WIDTH, WIDTH))
    return _written(writer, path)


_MATRICES = (
    ("token_embd.weight", len(_TOKENS), WIDTH),
    ("output.weight", len(_TOKENS), WIDTH),
    ("blk.0.attn_q.weight", WIDTH, WIDTH),
    ("blk.0.attn_k.weight", WIDTH, WIDTH),
    ("blk.0.attn_v.weight", WIDTH, WIDTH),
    ("blk.0.attn_output.weight", WIDTH, WIDTH),
    ("blk.0.ffn_gate.weight", HIDDEN, WIDTH),
    ("blk.0.ffn_up.weight", HIDDEN, WIDTH),
    ("blk.0.ffn_down.weight", WIDTH, HIDDEN),
)


def _add_vocabulary(writer: GGUFWriter) -> None:
    writer.add_tokenizer_model("llama")
    writer.add_token_list(_TOKENS)
    writer.add_token_scores([0.0] * len(_TOKENS))
    writer.add_token_types([2, 3, 3] + [1] * (len(_TOKENS) - 3))
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(2)


def _random(seed: int, name: str, rows: int, columns: int) -> "np.ndarray[tuple[int, ...], np.dtype[np.float32]]":
    source = np.random.default_rng([seed, *name.encode()])
    return source.standard_normal((rows, columns), dtype=np.float32)


def _written(writer: GGUFWriter, path: Path) -> Digest:
    _write(writer)
    return Digest.of(path.read_bytes())


def _write(writer: GGUFWriter) -> None:
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def in_parts(whole: Path, tensors: int) -> list[Path]:
    """Split a GGUF, with so many tensors in a part, into files beside it that are named as everybody names them."""
    reader = GGUFReader(whole)
    architecture = str(reader.fields[Keys.General.ARCHITECTURE].contents())
    writer = GGUFWriter(whole, architecture, split_max_tensors=tensors)
    for field in reader.fields.values():
        if not field.name.startswith("GGUF.") and field.name != Keys.General.ARCHITECTURE:
            inner = field.types[-1] if len(field.types) > 1 else None
            writer.add_key_value(field.name, field.contents(), field.types[0], sub_type=inner)
    for tensor in reader.tensors:
        writer.add_tensor(tensor.name, tensor.data, raw_dtype=tensor.tensor_type)
    _write(writer)
    return sorted(whole.parent.glob(f"{whole.stem}-?????-of-?????.gguf"))
