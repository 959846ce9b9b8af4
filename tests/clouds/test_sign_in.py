"""Each kind of credentials signs in as the azuread provider would, at the sign-in service alone."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.serialization import pkcs12

from clouds.credentials import Credentials
from clouds.entra import Endpoints, EntraError, http
from clouds.sign_in import Kind, SignIn
from tests.certificates import self_signed
from tests.clouds.server import Server, serve

APP = {"tenantId": "t", "clientId": "c"}
NO_CLI = {"useCli": "false"}
TOKEN = {"access_token": "bearer-of-graph", "expires_in": 3600, "token_type": "Bearer"}
PASSWORD = "password-of-the-archive"


@pytest.fixture(autouse=True)
def _no_other_credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.startswith(("ARM_", "AZURE_", "ACTIONS_", "SYSTEM_", "IDENTITY_", "MSI_", "IMDS_")):
            monkeypatch.delenv(name)


@pytest.fixture
def entra() -> Iterator[Server]:
    with serve() as server:
        server.answers["/t/oauth2/v2.0/token"] = 200, TOKEN
        yield server


def credentials(entra: Server, **config: str) -> Credentials:
    return Credentials(http(), Endpoints(login=entra.url, graph="https://graph.example"), config)


def form(entra: Server) -> dict[str, str]:
    (asked,) = [one for one in entra.asked if one.startswith("/t/oauth2/v2.0/token")]
    return {key: value[0] for key, value in parse_qs(asked.rpartition(" ")[2]).items()}


@pytest.fixture(scope="module")
def archive() -> tuple[rsa.RSAPrivateKey, bytes]:
    key, certificate = self_signed("test")
    encryption = serialization.BestAvailableEncryption(PASSWORD.encode())
    return key, pkcs12.serialize_key_and_certificates(b"c", key, certificate, None, encryption)


CERTIFICATE = {"clientCertificatePath": "/archive.pfx"}
SECRET = {"clientSecret": "s"}
OIDC = {"oidcToken": "jwt", "useOidc": "true"}
GITHUB = {"oidcRequestUrl": "https://run", "oidcRequestToken": "r", "useOidc": "true"}
PIPELINES = GITHUB | {"adoPipelineServiceConnectionId": "connection"}
MSI = {"useMsi": "true"}


def test_the_order_is_that_of_the_azuread_provider() -> None:
    """go-azure-sdk, sdk/auth/auth.go: NewAuthorizerFromCredentials."""
    order = [
        (CERTIFICATE, Kind.CERTIFICATE),
        (SECRET, Kind.SECRET),
        (OIDC, Kind.OIDC),
        (PIPELINES, Kind.PIPELINES),
        (GITHUB, Kind.GITHUB),
        (MSI, Kind.MANAGED_IDENTITY),
        ({}, Kind.AZURE_CLI),
    ]
    for index, (_, kind) in enumerate(order):
        together: dict[str, str] = {}
        for config, _ in order[index:]:
            together |= config
        assert SignIn.read(APP | together).kind is kind
    with pytest.raises(EntraError, match="no Entra credentials"):
        _ = SignIn.read(APP | NO_CLI).kind


@pytest.mark.parametrize("missing", ["tenantId", "clientId"])
def test_a_secret_without_its_application_is_passed_over(missing: str) -> None:
    assert SignIn.read(APP | SECRET | {missing: ""}).kind is Kind.AZURE_CLI


def test_a_federated_token_counts_only_where_it_is_allowed() -> None:
    assert SignIn.read(APP | OIDC | {"useOidc": "false"}).kind is Kind.AZURE_CLI


def test_the_variables_are_those_of_the_provider(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {
        "ARM_TENANT_ID": "t",
        "ARM_CLIENT_ID": "c",
        "ARM_USE_OIDC": "1",
        "ACTIONS_ID_TOKEN_REQUEST_URL": "https://run",
        "ACTIONS_ID_TOKEN_REQUEST_TOKEN": "r",
    }.items():
        monkeypatch.setenv(name, value)
    assert SignIn.read({}).kind is Kind.GITHUB
    monkeypatch.setenv("ARM_CLIENT_CERTIFICATE_PATH", "/archive.pfx")
    assert SignIn.read({}).kind is Kind.CERTIFICATE


def test_a_value_and_its_file_must_agree(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("from-the-file\n")
    config = APP | {"clientSecretFilePath": str(tmp_path / "secret")}
    assert SignIn.read(config).secret == "from-the-file"
    with pytest.raises(EntraError, match="differ") as refused:
        SignIn.read(config | {"clientSecret": "another"})
    assert "another" not in str(refused.value)


def test_a_secret_signs_in_once_for_all_threads(entra: Server) -> None:
    one = credentials(entra, **APP, **SECRET)
    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(lambda _: one.token(), range(32))) == {"bearer-of-graph"}
    assert form(entra)["client_secret"] == "s"
    assert form(entra)["scope"].startswith("https://graph.example/.default")


def test_a_token_is_renewed_before_it_ends(entra: Server) -> None:
    entra.answers["/t/oauth2/v2.0/token"] = 200, TOKEN | {"expires_in": 299}
    one = credentials(entra, **APP, **SECRET)
    one.token()
    one.token()
    assert len(entra.asked) == 2


@pytest.mark.parametrize("encoded", [False, True])
def test_a_certificate_signs_the_assertion(
    entra: Server, archive: tuple[rsa.RSAPrivateKey, bytes], tmp_path: Path, encoded: bool
) -> None:
    key, data = archive
    (tmp_path / "archive.pfx").write_bytes(data)
    config = {"clientCertificatePassword": PASSWORD} | (
        {"clientCertificate": base64.b64encode(data).decode()}
        if encoded
        else {"clientCertificatePath": str(tmp_path / "archive.pfx")}
    )
    assert credentials(entra, **APP, **config).token() == "bearer-of-graph"
    signed, _, signature = form(entra)["client_assertion"].rpartition(".")
    raw = base64.urlsafe_b64decode(signature + "==")
    header = json.loads(base64.urlsafe_b64decode(signed.partition(".")[0] + "=="))
    scheme: Any = padding.PKCS1v15()
    if header["alg"] == "PS256":
        scheme = padding.PSS(padding.MGF1(hashes.SHA256()), padding.PSS.DIGEST_LENGTH)
    key.public_key().verify(raw, signed.encode(), scheme, hashes.SHA256())


@pytest.mark.parametrize(
    ("config", "said"),
    [
        ({"clientCertificatePath": "/nowhere.pfx"}, "/nowhere.pfx can't be read"),
        ({"clientCertificate": "no base64!"}, "is not base64"),
        ({"clientCertificatePath": "{pem}"}, "takes PKCS#12 only"),
        ({"clientCertificatePath": "{pfx}", "clientCertificatePassword": "wrong-one"}, "password"),
    ],
)
def test_a_certificate_that_can_not_be_used_is_said_in_a_sentence(
    entra: Server,
    archive: tuple[rsa.RSAPrivateKey, bytes],
    tmp_path: Path,
    config: dict[str, str],
    said: str,
) -> None:
    (tmp_path / "a.pfx").write_bytes(archive[1])
    (tmp_path / "a.pem").write_text("-----BEGIN PRIVATE KEY-----")
    names = {"pem": tmp_path / "a.pem", "pfx": tmp_path / "a.pfx"}
    filled = {key: value.format(**names) for key, value in config.items()}
    with pytest.raises(EntraError, match=said) as refused:
        credentials(entra, **APP, **filled).token()
    assert "wrong-one" not in str(refused.value)
    assert entra.asked == []


def test_a_federated_token_is_handed_on(entra: Server, tmp_path: Path) -> None:
    (tmp_path / "token").write_text("jwt-of-the-file\n")
    config = {"useOidc": "true", "oidcTokenFilePath": str(tmp_path / "token")}
    assert credentials(entra, **APP, **config).token() == "bearer-of-graph"
    assert form(entra)["client_assertion"] == "jwt-of-the-file"


@pytest.mark.parametrize("pipelines", [False, True])
def test_a_run_asks_for_its_federated_token(entra: Server, pipelines: bool) -> None:
    entra.answers["/run"] = 200, {"value": "jwt-of-github", "oidcToken": "jwt-of-pipelines"}
    config = (PIPELINES if pipelines else GITHUB) | {"oidcRequestUrl": f"{entra.url}/run?x=1"}
    assert credentials(entra, **APP, **config).token() == "bearer-of-graph"
    assert entra.asked[0].startswith("/run?x=1&audience=api%3A%2F%2FAzureADTokenExchange")
    assert ("serviceConnectionId=connection" in entra.asked[0]) is pipelines
    said = "jwt-of-pipelines" if pipelines else "jwt-of-github"
    assert form(entra)["client_assertion"] == said


@pytest.mark.parametrize("client", ["", "c"])
def test_a_managed_identity_asks_its_endpoint(entra: Server, client: str) -> None:
    entra.answers["/imds"] = (
        200,
        TOKEN | {"expires_in": "3600", "resource": "https://graph.example", "token_type": "Bearer"},
    )
    config = MSI | {"tenantId": "t", "clientId": client, "msiEndpoint": f"{entra.url}/imds"}
    assert credentials(entra, **config).token() == "bearer-of-graph"
    (asked,) = entra.asked
    query = parse_qs(asked.partition("?")[2].partition(" ")[0])
    assert query["api-version"] == ["2018-02-01"]
    assert query["resource"] == ["https://graph.example"]
    assert query.get("client_id", [""]) == [client]


def test_no_other_identity_service_is_asked_than_the_provider_does(
    entra: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("IDENTITY_ENDPOINT", f"{entra.url}/app-service")
    monkeypatch.setenv("IDENTITY_HEADER", "header-of-the-service")
    with pytest.raises(EntraError, match="nothing is sent there"):
        credentials(entra, **MSI, tenantId="t").token()
    assert entra.asked == []


def test_the_azure_cli_is_asked_for_the_tenant(
    entra: Server, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    script = tmp_path / "az"
    answer = json.dumps({"accessToken": "bearer-of-az", "expires_on": 4102444800})
    script.write_text(f"#!/bin/sh\necho \"$@\" > {tmp_path}/asked\necho '{answer}'\n")
    script.chmod(0o700)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    assert credentials(entra, tenantId="t").token() == "bearer-of-az"
    assert "--resource https://graph.example --tenant t" in (tmp_path / "asked").read_text()
    script.write_text("#!/bin/sh\necho secret-of-az >&2\nexit 1\n")
    with pytest.raises(EntraError, match="sign in with the Azure CLI") as refused:
        credentials(entra, tenantId="t").token()
    assert "secret-of-az" not in str(refused.value)


def test_a_refusal_is_one_line_without_control_characters(
    entra: Server, capfd: pytest.CaptureFixture[str]
) -> None:
    said = {"error": "invalid_client", "error_description": "AADSTS7: \x1b[31mno\r\nTrace ID: 1"}
    entra.answers["/t/oauth2/v2.0/token"] = 401, said
    with pytest.raises(EntraError, match="refused the sign-in of the application c: AADSTS7") as it:
        credentials(entra, **APP, **SECRET).token()
    assert "\x1b" not in str(it.value)
    assert "\n" not in str(it.value)
    assert capfd.readouterr().err == ""


def test_what_asks_entra_nothing_does_not_import_the_library() -> None:
    program = (
        "import sys, ops.plan, clouds.graph\n"
        "sys.exit(bool({'azure.identity', 'msal', 'requests'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
