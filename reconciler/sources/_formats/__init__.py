"""What is in a file or a set of files: GGUF, safetensors, pickles; by headers and names, wherever they lie."""
