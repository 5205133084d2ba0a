"""Hosts behind TLS: trusted by the authorities of this machine, or by the one that the manifest names."""

from tests.manifests import host as declare_host
from tests.manifests import model


def test_a_host_is_trusted_by_the_authority_that_is_named(reconciler, folder, host, authority):
    with authority.door(host.url) as url:
        (folder / "authority.pem").write_bytes(authority.file.read_bytes())
        declare_host(folder, "gpu", url, "tls: {caFile: authority.pem}")
        model(folder)
        assert reconciler("apply", "--auto-approve").status == 0
        assert reconciler("plan", "--detailed-exitcode").status == 0


def test_a_host_is_trusted_by_the_authorities_of_this_machine(reconciler, folder, host, authority, trusted):
    with authority.door(host.url) as url:
        declare_host(folder, "gpu", url)
        model(folder)
        assert reconciler("apply", "--auto-approve").status == 0


def test_a_host_of_an_authority_that_nobody_knows_is_not_talked_to(reconciler, folder, host, authority):
    with authority.door(host.url) as url:
        assert "unable to get local issuer" in _refused(reconciler, folder, url)
    assert host.calls() == []


def test_a_host_with_the_certificate_of_another_is_not_talked_to(reconciler, folder, host, authority, trusted):
    with authority.door(host.url, "elsewhere.example") as url:
        assert "Hostname mismatch" in _refused(reconciler, folder, url)
    assert host.calls() == []


def _refused(reconciler, folder, url):
    """Return what is said of a host that is not trusted."""
    declare_host(folder, "gpu", url)
    model(folder)
    result = reconciler("plan")
    assert (result.status, "TLS failed" in result.out) == (1, True), result.out + result.err
    return result.out
