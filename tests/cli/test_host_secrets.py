"""Secrets of hosts go only where whoever runs us has said that they may go."""

import pytest

from tests.fakes.ollama_server import FakeOllama
from tests.manifests import host as declare_host
from tests.manifests import model

BINDINGS = [
    ("GPU_TOKEN={url}", 0),
    ("OTHER=http://elsewhere GPU_TOKEN={url}/", 0),
    ("GPU_TOKEN=http://elsewhere:11434", 1),
    ("OTHER={url}", 1),
    ("GPU_TOKEN=https://127.0.0.1", 1),
    ("GPU_TOKEN=[nonsense", 1),
    ("", 1),
]


@pytest.mark.parametrize(("binding", "status"), BINDINGS)
def test_a_secret_that_is_bound_goes_to_its_origin_and_nowhere_else(reconciler, folder, monkeypatch, binding, status):
    with FakeOllama(token="s3cret") as server:
        declare_host(folder, "gpu", server.url, "auth: {bearerTokenEnv: GPU_TOKEN}")
        model(folder)
        monkeypatch.setenv("GPU_TOKEN", "s3cret")
        monkeypatch.setenv("RECONCILER_SECRETS", binding.format(url=server.url))
        result = reconciler("plan")
        assert result.status == status
        if status:
            assert server.seen == []
            assert "GPU_TOKEN may not be sent to" in result.out
            assert "RECONCILER_SECRETS" in result.out
        assert "s3cret" not in result.out + result.err
