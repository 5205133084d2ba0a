"""Two applies at once, and other people at work: one writer a server, and nobody's model is overwritten."""

import json
import signal
import time
from threading import Event
from urllib.request import Request, urlopen

import pytest

from tests.fakes.hf_server import Fault
from tests.faults.places import files_on_fake, hub_on_fake
from tests.manifests import host, model, write


@pytest.fixture
def slow(tmp_path):
    """Give a scene whose next create goes on only when it is let, the process that asked for it, and what lets it."""
    with files_on_fake(tmp_path, None) as scene:
        go_on, asked = Event(), Event()
        handle = scene.server.fault

        def held(call):
            if call == "create":
                asked.set()
                go_on.wait(60)
            return handle(call)

        scene.server.fault = held
        with scene.process() as process:
            assert asked.wait(60)
            yield scene, process, go_on
            go_on.set()


def test_a_second_apply_is_refused_and_says_who_is_at_work(slow):
    scene, first, go_on = slow
    with scene.process() as second:
        seen = scene.ended(second)
    assert seen.status == 3
    assert "it is being written to by" in seen.words
    go_on.set()
    assert scene.ended(first).status == 0
    assert scene.converges() == "in sync"


def test_a_second_apply_that_may_wait_comes_after_the_first_and_plans_anew(slow):
    scene, first, go_on = slow
    with scene.process("--auto-approve", "--lease-timeout", "20") as second:
        second.stderr.readline()  # it says for whom it waits
        go_on.set()
        out, err = second.communicate(timeout=60)
    assert scene.ended(first).status == 0
    assert second.returncode == 0, err
    assert "planned_anew" in err
    assert "somebody else applied" in err
    assert "No changes." in out


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_wait_for_another_run_ends_with_a_signal(slow, number):
    scene, first, go_on = slow
    with scene.process("--auto-approve", "--lease-timeout", "60") as second:
        second.stderr.readline()  # it says for whom it waits
        began = time.monotonic()
        second.send_signal(number)
        _, err = second.communicate(timeout=20)
    assert (second.returncode, time.monotonic() - began < 2) == (128 + number, True), err
    assert "nothing was done" in err
    go_on.set()
    assert scene.ended(first).status == 0


def test_another_name_of_the_same_server_is_no_way_around_the_lease(slow):
    scene, first, go_on = slow
    host(scene.manifests, "a", scene.gate.url.replace("127.0.0.1", "localhost"))
    with scene.process() as second:
        seen = scene.ended(second)
    assert seen.status == 3
    assert "it is being written to by" in seen.words
    go_on.set()
    assert scene.ended(first).status == 0


def test_two_hosts_that_are_one_server_are_worked_on_one_after_the_other(tmp_path):
    with files_on_fake(tmp_path, None) as scene:
        (scene.manifests / f"{scene.name}.yaml").unlink()
        for word, name in (("one", "127.0.0.1"), ("two", "localhost")):
            about = f"kind: Host\nmetadata: {{name: host-{word}, labels: {{is: {word}}}}}\n"
            write(
                scene.manifests, f"host-{word}", f"{about}spec: {{url: '{scene.gate.url.replace('127.0.0.1', name)}'}}"
            )
            model(scene.manifests, word, more=f"hosts: {{matchLabels: {{is: {word}}}}}")
        fake, busy, together = scene.server, [], []
        handle = fake.fault

        def watched(call):
            if call == "create":
                busy.append(call)
                time.sleep(0.2)
                together.append(len(busy))
                busy.pop()
            return handle(call)

        fake.fault = watched
        with scene.process() as process:
            assert scene.ended(process).status == 0
        assert set(together) == {1}
        assert len(together) == 2


def test_a_model_that_somebody_made_during_the_download_is_left_alone(tmp_path):
    with hub_on_fake(tmp_path, None) as scene:
        scene.content.server.fail(Fault(delay=0.004, download=True))
        with scene.process() as process:
            scene.wait_for_download()
            _by_hand(scene, "theirs")
            seen = scene.ended(process)
        assert seen.status == 3, seen
        assert "the plan saw" in seen.words
        assert scene.answers() == "theirs"


def test_a_new_name_that_somebody_took_during_the_download_is_left_alone(tmp_path):
    with hub_on_fake(tmp_path, None) as scene:
        scene.apply()
        scene.host().delete(scene.model)
        scene.declare("newer")
        scene.content.server.fail(Fault(delay=0.004, download=True))
        base = scene.server.store.blobs
        weights = next(digest for digest, content in base.items() if content.startswith(b"GGUF"))
        with scene.process() as process:
            scene.wait_for_download()
            _by_hand(scene, "theirs", files={"m.gguf": weights})
            seen = scene.ended(process)
        assert seen.status == 3, seen
        assert scene.answers() == "theirs"


def _by_hand(scene, system, **fields):
    body = {"model": scene.name, "system": system, "stream": False, **(fields or {"from": scene.name})}
    with urlopen(Request(f"{scene.server.url}/api/create", json.dumps(body).encode())) as answer:
        assert b"success" in answer.read()
