"""The first manifest of somebody who has none yet: real, small, and commented."""

SCHEMA_FILE = "reconciler.schema.json"  # beside the manifest, so that editors need no network

STARTER = f"""\
# yaml-language-server: $schema={SCHEMA_FILE}

# A model that every host should have. A plan that finds it missing creates it; one that finds it
# as it is declared here does nothing.
apiVersion: reconciler/v1
kind: Model
metadata:
  name: smollm2:135m            # the name on the host; no tag means :latest
spec:
  source:                       # or `ollama: llama3.2:1b`, `gguf: ./model.gguf`, `safetensors: ./folder`
    huggingface:
      repo: bartowski/SmolLM2-135M-Instruct-GGUF
      quantization: Q4_K_M      # 105 MB; `reconciler check hf:ORG/REPO` lists those that a repo has
  parameters:
    num_ctx: 4096
---
# A model that is built on it: seconds of CPU, and nothing is trained. It is built anew when this
# text, its examples or the content of its base change, and only then.
apiVersion: reconciler/v1
kind: FineTune
metadata:
  name: support-bot
spec:
  base: smollm2:135m
  system: You answer in one sentence.
  examples:
    - user: Where is my order?
      assistant: Tell me the number and I look.
  parameters:
    temperature: 0.2

# Without a Host there is one, `default`, at $OLLAMA_HOST. Several are declared like this:
#
# ---
# apiVersion: reconciler/v1
# kind: Host
# metadata:
#   name: gpu-01
#   labels: {{gpu: "true"}}       # a Model chooses by them: hosts: {{matchLabels: {{gpu: "true"}}}}
# spec:
#   url: https://gpu-01.example:11434
#   auth: {{bearerTokenEnv: GPU01_TOKEN}}   # the name of an environment variable, never the token
"""
