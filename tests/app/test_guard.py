"""Requests that do not come from the page itself are refused."""

import stat

import pytest

from master_thesis.app.guard import POLICY, read_token

SECRET = "open the address that master_thesis app printed: it carries the secret of this page"


def test_the_secret_opens_the_page_and_becomes_a_cookie(client):
    answer = client("GET", f"/?token={client.page.token}", Cookie="")
    assert answer.status == 200
    assert answer.headers["set-cookie"] == (
        f"master_thesis_{client.page.port}={client.page.token}; Path=/; HttpOnly; SameSite=Strict; Max-Age=31536000"
    )
    assert "set-cookie" not in client("GET", "/").headers


@pytest.mark.parametrize("path", ["/", "/page/editor.js", "/api/sessions", "/?token=wrong", "/?token="])
def test_without_the_secret_nothing_is_answered(client, path):
    assert client("GET", path, Cookie="").error == SECRET
    assert client("GET", path, Cookie="master_thesis_1=x; other=y").error == SECRET


@pytest.mark.parametrize("host", ["example.org", "127.0.0.1", "127.0.0.1:1", "evil.127.0.0.1.nip.io:{port}"])
def test_other_names_of_this_machine_are_refused(client, host):
    answer = client("GET", "/", Host=host.format(port=client.page.port))
    assert answer.error == f"this page is at http://127.0.0.1:{client.page.port} alone"
    assert client("GET", "/", Host=f"localhost:{client.page.port}").status == 200


def test_requests_from_other_sites_are_refused(client):
    refusal = "requests from other sites are refused"
    assert client("POST", "/api/sessions", {"path": "/x"}, Origin="http://evil.example").error == refusal
    assert client("POST", "/api/sessions", {"path": "/x"}, Origin="null").error == refusal
    assert client("GET", "/api/sessions", **{"Sec-Fetch-Site": "cross-site"}).error == refusal
    other_port = {"Sec-Fetch-Site": "same-site", "Sec-Fetch-Mode": "cors"}
    assert client("GET", "/api/sessions", **other_port).error == refusal
    link = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}
    assert client("GET", "/", **link).status == 200, "links may lead here"
    assert client("POST", "/api/sessions", {}, **link).error == refusal
    own = {"Origin": f"http://127.0.0.1:{client.page.port}", "Sec-Fetch-Site": "same-origin"}
    assert client("GET", "/api/sessions", **own).status == 200


def test_every_answer_forbids_to_load_anything_from_elsewhere(client):
    for answer in (client("GET", "/"), client("GET", "/api/sessions"), client("GET", "/", Host="evil")):
        assert answer.headers["content-security-policy"] == POLICY
        assert answer.headers["x-content-type-options"] == "nosniff"
    assert "http" not in POLICY


def test_the_secret_is_kept_and_only_its_owner_can_read_it(tmp_path):
    token = read_token(tmp_path)
    assert len(token) == 32
    assert read_token(tmp_path) == token
    assert stat.S_IMODE((tmp_path / "token").stat().st_mode) == 0o600
