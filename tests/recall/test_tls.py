"""What is asked again over TLS: of those alone whom the plan would trust."""

import time

import pytest

from reconciler.recall.connection import Connection
from reconciler.recall.exchange import Question
from tests.manifests import host as declare_host
from tests.manifests import model
from tests.recall.memories import recalled

VERSION = Question.of("GET", "", {})


def test_a_plan_over_tls_is_recalled(command, folder, host, authority, trusted):
    with authority.door(host.url) as url:
        declare_host(folder, "gpu", url)
        model(folder)
        assert command("apply", "--auto-approve").status == 0
        time.sleep(2.1)  # a file that is younger may still change without looking different
        told = command("plan")
        assert (told.status, "No changes." in told.out) == (0, True)
        host.seen.clear()
        assert recalled("plan") == told.out
        assert sorted(host.calls()) == ["tags", "version"]


def test_whoever_is_trusted_is_heard(host, authority, trusted):
    with authority.door(host.url) as url:
        connection = Connection.to("https", url.removeprefix("https://"))
        assert connection.ask(VERSION, "/api/version").status == 200
        connection.close()


@pytest.mark.parametrize("name", ["elsewhere.example", "127.0.0.1"])
def test_whoever_has_the_certificate_of_another_is_not(host, authority, trusted, name):
    with authority.door(host.url, name) as url, pytest.raises(OSError, match="Hostname mismatch"):
        Connection.to("https", url.removeprefix("https://"))
    assert host.calls() == []


def test_whoever_has_one_of_an_authority_that_nobody_knows_is_not(host, authority):
    with authority.door(host.url) as url, pytest.raises(OSError, match="unable to get local issuer"):
        Connection.to("https", url.removeprefix("https://"))
    assert host.calls() == []
