"""The table of `ollama list`."""

from hypothesis import given
from hypothesis import strategies as st

from reconciler.manifest.foreign.ollama_list import convert
from tests.manifest.foreign.reading import names, told, valid

TABLE = """\
NAME                      ID              SIZE      MODIFIED
llama3.2:1b               baf6a787fdff    1.3 GB    2 days ago
hf.co/org/m-GGUF:Q4_K_M   0123456789ab    -         About an hour ago

reconciler-staging/0a1b:latest   0123456789ab    1 GB    now
m:cloud                   0123456789ab    -         2 days ago
not a row
"""


def test_each_row_becomes_a_model_with_its_id_in_a_comment():
    found = convert(TABLE, "list.txt")
    assert names(found) == ["llama3.2:1b", "hf.co/org/m-GGUF:Q4_K_M", "m:cloud"]
    assert told(found) == ["7:1 this is no row of the table that `ollama list` prints"]
    assert "ID baf6a787fdff" in found.drafts[0].comments[0]
    loaded = valid(found)
    assert loaded is not None
    assert [str(item.name) for item in loaded.manifests.resources] == ["hf.co/org/m-GGUF:Q4_K_M", "llama3.2:1b"]


@given(text=st.lists(st.sampled_from(TABLE.split()) | st.sampled_from(["\n", " "]) | st.text(max_size=3)).map(" ".join))
def test_text_of_any_kind_ends_in_a_valid_manifest(text):
    valid(convert(text, "-"))
