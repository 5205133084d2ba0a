"""What Ollama can do with weights, and which ones to prefer, as tables; `compatibility` judges by them.

Names of architectures are those that a repo's config.json gives, as Ollama's converter compares them: on 0.9.3
they were tried, of 0.33 they are known from its source.
"""

TRIED = "0.9.3"
READ = "0.33"

_CONVERTED = {
    TRIED: """
        BertModel CohereForCausalLM Gemma2ForCausalLM Gemma3ForCausalLM Gemma3ForConditionalGeneration
        Gemma3nForConditionalGeneration GemmaForCausalLM Llama4ForConditionalGeneration LlamaForCausalLM
        Mistral3ForConditionalGeneration MixtralForCausalLM MllamaForConditionalGeneration Phi3ForCausalLM
        Qwen2ForCausalLM Qwen2_5_VLForConditionalGeneration
    """,
    READ: """
        DeepseekOCRForCausalLM DeepseekV3ForCausalLM Gemma3TextModel Gemma4ForConditionalGeneration
        Glm4MoeLiteForCausalLM GlmOcrForConditionalGeneration GptOssForCausalLM LagunaForCausalLM Lfm2ForCausalLM
        Lfm2MoeForCausalLM Lfm2VlForConditionalGeneration Ministral3ForCausalLM NemotronHForCausalLM NomicBertModel
        NomicBertMoEModel Olmo3ForCausalLM Qwen3NextForCausalLM Qwen3VLForConditionalGeneration
        Qwen3VLMoeForConditionalGeneration Qwen3_5ForConditionalGeneration Qwen3_5MoeForConditionalGeneration
    """,
}
CONVERTED = {name: since for since, names in _CONVERTED.items() for name in names.split()}
"""Architecture → the first version of Ollama that is known to convert its safetensors."""

CONVERTED_TO = {
    "BertModel": "bert",
    "Gemma2ForCausalLM": "gemma2",
    "Gemma3ForCausalLM": "gemma3",
    "GemmaForCausalLM": "gemma",
    "LlamaForCausalLM": "llama",
    "Phi3ForCausalLM": "phi3",
    "Qwen2ForCausalLM": "qwen2",
}
"""Architecture → what the GGUF that it becomes calls it, of those that were tried."""

ADAPTED = frozenset({"gemma2", "llama"})
"""Architectures, as a GGUF calls them, whose adapters are converted from safetensors."""

CONVERTED_TYPES = frozenset({"BF16", "F16", "F32"})
"""Types of tensors that every converting version reads; others are quantisations of another kind (GPTQ, AWQ, …)."""

PREFERRED = (
    *("Q4_K_M", "Q5_K_M", "Q4_K_S", "Q5_K_S", "Q6_K", "Q8_0", "MXFP4", "MXFP4_MOE", "Q4_K_L", "Q5_K_L", "Q6_K_L"),
    *("UD-Q4_K_XL", "UD-Q5_K_XL", "UD-Q6_K_XL", "IQ4_XS", "IQ4_NL", "Q5_1", "Q5_0", "Q4_1", "Q4_0"),
    *("Q3_K_L", "Q3_K_M", "BF16", "F16", "FP16", "F32"),
)
"""Quantisations, the best bargain of quality for size first; any other is taken only where there is none of these."""
