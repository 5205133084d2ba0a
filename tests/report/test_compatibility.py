"""The answer of `check`: every line of the text, the JSON by its schema, and YAML that means what was meant."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from reconciler.core.compatibility import judge
from reconciler.core.found import Alternative, Format, Found, Variant
from reconciler.report.compatibility import check_json, check_text, yaml_text

SCHEMA = json.loads(Path("schemas/report.schema.json").read_text(encoding="utf-8"))
REPO = Found(
    asked="hf:org/M-GGUF@main",
    type="huggingface",
    options=(("repo", "org/M-GGUF"),),
    architecture="llama",
    parameters=8_030_261_312,
    context_length=131072,
    quantization="Q4_K_M",
    size=4_920_734_272,
    variants=(
        Variant("M-Q4_K_M.gguf", 4_920_734_272, "Q4_K_M"),
        Variant("M-F16-00001-of-00002.gguf", 16_068_891_392, "F16", 2, "split into 2 files"),
        Variant("M.gguf", 17_000_000_000),
    ),
    license="llama3.1",
    access="gated",
)
TEXT = """\
hf:org/M-GGUF@main  works
  hint: it is gated: HF_TOKEN has to be set wherever it is planned or applied

  format        GGUF, model
  architecture  llama
  parameters    8.0 billion
  context       131072 tokens
  quantisation  Q4_K_M
  size          4.9 GB
  licence       llama3.1
  access        gated

     QUANTISATION  SIZE     FILE
  *  Q4_K_M        4.9 GB   M-Q4_K_M.gguf              recommended
     F16           16.1 GB  M-F16-00001-of-00002.gguf  split into 2 files
     ?             17.0 GB  M.gguf

In a manifest:

  apiVersion: reconciler/v1
  kind: Model
  metadata:
    name: m:q4_k_m
  spec:
    source:
      huggingface:
        repo: org/M-GGUF
        quantization: Q4_K_M
"""
PICKLE = Found(
    asked="hf:org/M@main",
    type="huggingface",
    options=(("repo", "org/M"),),
    format=Format.PICKLE,
    parameters=1234,
    alternatives=(Alternative("a/M-GGUF", 1, derived=True), Alternative("b/M\x1b[31m-GGUF", 12, derived=False)),
)
NOTHING = """\
hf:org/M@main  does not work: Model needs GGUF format: its weights are pickled
  hint: pickles can run code and are never opened

  format      pickle, model
  parameters  1234
  access      open

What would work, found on the hub:
  hf:a/M-GGUF  (1 download, made from it)
  hf:b/M\\x1b[31m-GGUF  (12 downloads)
"""
BARE = Found("x.txt", "gguf", (), Format.NONE, trouble=("x.txt is not a GGUF file", "Model needs GGUF format"))
DENIED = replace(REPO, denied=("org/M-GGUF is gated", "ask"), parameters=134_515_008)


def test_the_text_of_a_model_that_works() -> None:
    assert check_text(REPO, judge(REPO), colour=False) == TEXT


def test_the_text_of_a_model_that_does_not() -> None:
    assert check_text(PICKLE, judge(PICKLE), colour=False) == NOTHING


def test_the_text_of_what_is_no_model() -> None:
    told = "x.txt  does not work: x.txt is not a GGUF file\n  hint: Model needs GGUF format\n"
    assert check_text(BARE, judge(BARE), colour=False) == told


def test_what_could_not_be_found_out_recommends_nothing() -> None:
    told = check_text(DENIED, judge(DENIED), colour=False)
    assert told.startswith("hf:org/M-GGUF@main  could not be found out: org/M-GGUF is gated\n  hint: ask\n")
    assert "parameters    134.5 million" in told
    assert "recommended" not in told
    assert "In a manifest" not in told


def test_parts_are_counted_and_what_they_take_is_said() -> None:
    found = replace(REPO, variants=(Variant("M-00001-of-00003.gguf", 10**9, "Q8_0", 3),), size=10**9)
    told = check_text(found, judge(found), colour=False)
    assert "hint: hosts before Ollama 0.30 get its parts merged" in told
    assert "size          1.0 GB in 3 parts" in told


def test_what_it_works_with_is_in_the_first_line() -> None:
    found = replace(REPO, projectors=("mmproj.gguf",))
    assert check_text(found, judge(found), colour=False).startswith(
        "hf:org/M-GGUF@main  works with its projector mmproj.gguf"
    )


def test_colours_mark_the_verdict_and_the_recommendation() -> None:
    lines = check_text(REPO, judge(REPO), colour=True).splitlines()
    assert [line for line in lines if line.startswith("\x1b[32m")] == [lines[0], lines[13]]
    assert "recommended" in lines[13]


@pytest.mark.parametrize("found", [REPO, PICKLE, BARE, DENIED], ids=["works", "does not", "no model", "denied"])
def test_the_json_is_what_its_schema_says(found: Found) -> None:
    told = json.loads(check_json(found, judge(found)))
    Draft202012Validator(SCHEMA).validate(told)
    assert told["verdict"] == judge(found).outcome.value
    assert ("manifest" in told) == judge(found).declarable


def test_the_json_marks_what_is_recommended() -> None:
    told = json.loads(check_json(REPO, judge(REPO)))
    assert [item["recommended"] for item in told["variants"]] == [True, False, False]
    assert [item.get("obstacle") for item in told["variants"]] == [None, "split into 2 files", None]


ODD = st.sampled_from(["yes", "1:30", "~", "a: b", "./x", 'a"b\\c', "\U000e0001"])


@given(st.text(alphabet=st.characters(exclude_categories=["Cs"])) | ODD)
def test_yaml_says_what_was_meant(value: str) -> None:
    text = yaml_text((("outer", (("inner", value), ("flag", True))),))
    assert yaml.safe_load(text) == {"outer": {"inner": value, "flag": True}}
