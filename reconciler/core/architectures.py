"""Architectures of GGUFs, by the name in `general.architecture`, and which versions of Ollama know them. Pure.

Of 0.9.3 the tables of a real server were read: that of its llama.cpp and the models of its own engine (tests hold
this table against them). What came later is known from the threads of the Ollama project that name the release, and
from its source; where those do not tell which release was the first, nor does this table.
"""

from reconciler.core.abilities import TRIED
from reconciler.core.versions import older

_FIRST_UNTRIED = "0.9.4"  # hosts older than this know what the version that was tried knows, or less

_NAMES = {
    "llama.cpp": """
        arctic arwkv7 baichuan bailingmoe bert bitnet bloom chameleon chatglm codeshell cohere2 command-r dbrx deci
        deepseek deepseek2 exaone falcon gemma gemma2 gemma3 glm4 gpt2 gptj gptneox granite granitemoe grok internlm2
        jais jina-bert-v2 llama llama4 mamba minicpm minicpm3 mpt nemotron nomic-bert nomic-bert-moe olmo olmo2 olmoe
        openelm orion phi2 phi3 phimoe plamo plm qwen qwen2 qwen2moe qwen2vl qwen3 qwen3moe refact rwkv6 rwkv6qwen2
        rwkv7 stablelm starcoder starcoder2 t5 t5encoder wavtokenizer-dec xverse
    """,
    "later": """
        afmoe apertus arcee bailingmoe2 cogvlm dots1 dream ernie4_5 ernie4_5-moe exaone4 falcon-h1 gemma-embedding
        glm4moe gpt-oss granitehybrid grovemoe hunyuan-dense hunyuan-moe jamba jina-bert-v3 lfm2 lfm2moe llada
        llada-moe mamba2 minimax-m2 nemotron_h neo-bert pangu-embedded plamo2 qwen35 qwen35moe qwen3next rnd1 seed_oss
        smallthinker smollm3
    """,
}

IN_LLAMA_CPP = frozenset(_NAMES["llama.cpp"].split())
"""What the llama.cpp inside 0.9.3 knows."""

IN_OLLAMA = frozenset({"gemma3n", "mistral3", "mllama", "qwen25vl"})
"""What only Ollama's own engine knows in 0.9.3."""

IN_PATCHES = frozenset({"solar"})
"""What Ollama itself adds to its llama.cpp, and builds of others may lack."""

FIRST = {
    "deepseekocr": "0.13.0",
    "gemma4": "0.20.0",
    "glm4moelite": "0.14.3",
    "gptoss": "0.11.0",
    "nemotron_h_omni": "0.22.0",
    "qwen3vl": "0.12.7",
    "qwen3vlmoe": "0.12.7",
}
"""Architecture → the first release that knows it, of those that came later and whose first release is known."""

AT_THE_LATEST = "0.30.0"
LATER = frozenset(_NAMES["later"].split())
"""What 0.9.3 does not know and 0.30.0 does: which release in between was the first is not known here."""

_TRIED = IN_LLAMA_CPP | IN_OLLAMA | IN_PATCHES


def knows(architecture: str, version: str) -> bool | None:
    """Tell whether a host of this version can run an architecture; None where that is not known."""
    if architecture in _TRIED:
        return True
    if architecture in FIRST:
        return not older(version, FIRST[architecture])
    if older(version, _FIRST_UNTRIED):
        return False
    return True if architecture in LATER and not older(version, AT_THE_LATEST) else None


def needed(architecture: str) -> str:
    """Return what it takes to run an architecture, as `Ollama 0.20.0 or newer`; empty where 0.9.3 can, or for none."""
    if not architecture or architecture in _TRIED:
        return ""
    if architecture in FIRST:
        return f"Ollama {FIRST[architecture]} or newer"
    known = f"{AT_THE_LATEST} at the latest" if architecture in LATER else "if any knows it"
    return f"an Ollama newer than {TRIED} ({known})"
