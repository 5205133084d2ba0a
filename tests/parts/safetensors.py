"""Tiny models and adapters in safetensors, made in milliseconds: real enough to be converted by a server."""

import json
import struct
from collections.abc import Mapping
from pathlib import Path

import numpy as np

WIDTH, HIDDEN, VOCABULARY = 64, 128, 16
_TOKENS = ["<unk>", "<s>", "</s>", *"abcdefghijklm"]

Array = "np.ndarray[tuple[int, ...], np.dtype[np.float16 | np.float32]]"
Files = dict[str, bytes]

CONFIG = {
    "architectures": ["LlamaForCausalLM"],
    "model_type": "llama",
    "hidden_size": WIDTH,
    "intermediate_size": HIDDEN,
    "num_hidden_layers": 1,
    "num_attention_heads": 2,
    "num_key_value_heads": 2,
    "vocab_size": VOCABULARY,
    "max_position_embeddings": 64,
    "rms_norm_eps": 1e-5,
    "bos_token_id": 1,
    "eos_token_id": 2,
}
TOKENIZER = {
    "version": "1.0",
    "added_tokens": [{"id": i, "content": _TOKENS[i], "special": True} for i in range(3)],
    "pre_tokenizer": None,
    "model": {"type": "BPE", "vocab": {token: i for i, token in enumerate(_TOKENS)}, "merges": []},
}


def tiny_llama(*, seed: int = 0, parts: int = 1) -> Files:
    """Return the files of a model of one layer, with an index where there are several parts."""
    tensors = _tensors(seed)
    files = {"config.json": _json(CONFIG), "tokenizer.json": _json(TOKENIZER)}
    if parts == 1:
        return {**files, "model.safetensors": written(tensors)}
    names = {name: f"model-{n % parts + 1:05}-of-{parts:05}.safetensors" for n, name in enumerate(tensors)}
    for path in set(names.values()):
        files[path] = written({name: tensor for name, tensor in tensors.items() if names[name] == path})
    return {**files, "model.safetensors.index.json": _json({"metadata": {}, "weight_map": names})}


def tiny_lora(*, seed: int = 0) -> Files:
    """Return the files of a LoRA adapter for `tiny_llama`."""
    stem, source = "base_model.model.model.layers.0.self_attn.q_proj", np.random.default_rng(seed)
    tensors = {
        f"{stem}.lora_A.weight": source.standard_normal((4, WIDTH)).astype(np.float32),
        f"{stem}.lora_B.weight": source.standard_normal((WIDTH, 4)).astype(np.float32),
    }
    config = {"r": 4, "lora_alpha": 8, "peft_type": "LORA", "base_model_name_or_path": "tiny", "target_modules": "all"}
    return {"adapter_config.json": _json(config), "adapter_model.safetensors": written(tensors)}


def put(folder: Path, files: Mapping[str, bytes]) -> Path:
    """Write files into a folder, and return it."""
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return folder


def written(tensors: Mapping[str, "Array"]) -> bytes:
    """Return a safetensors file."""
    header: dict[str, object] = {}
    data = b""
    for name, tensor in tensors.items():
        content = tensor.tobytes()
        kind = {"float16": "F16", "float32": "F32"}[str(tensor.dtype)]
        header[name] = {
            "dtype": kind,
            "shape": list(tensor.shape),
            "data_offsets": [len(data), len(data) + len(content)],
        }
        data += content
    head = json.dumps(header).encode()
    return struct.pack("<Q", len(head)) + head + data


def _tensors(seed: int) -> "dict[str, Array]":
    source, layer = np.random.default_rng(seed), "model.layers.0."
    shapes = {
        "model.embed_tokens.weight": (VOCABULARY, WIDTH),
        "lm_head.weight": (VOCABULARY, WIDTH),
        **{f"{layer}self_attn.{part}_proj.weight": (WIDTH, WIDTH) for part in "qkvo"},
        f"{layer}mlp.gate_proj.weight": (HIDDEN, WIDTH),
        f"{layer}mlp.up_proj.weight": (HIDDEN, WIDTH),
        f"{layer}mlp.down_proj.weight": (WIDTH, HIDDEN),
    }
    norms = ("model.norm.weight", f"{layer}input_layernorm.weight", f"{layer}post_attention_layernorm.weight")
    matrices = {name: source.standard_normal(shape).astype(np.float16) for name, shape in shapes.items()}
    return {**matrices, **{name: np.ones(WIDTH, np.float16) for name in norms}}


def _json(value: object) -> bytes:
    return json.dumps(value).encode()
