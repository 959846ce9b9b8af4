"""The stack configuration: what is accepted, and every refusal as a sentence."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from federation.core.errors import InvalidInput
from federation.engine.phase import Phase
from federation.update.settings import check_token_is_secret, load_settings
from tests.federation.update.values import APP, CENTER, FILE, PROVISIONING, config


def refusal(**parts: Any) -> str:
    with pytest.raises(InvalidInput) as caught:
        load_settings(config(**parts), file=FILE)
    return str(caught.value)


def test_a_minimal_configuration_is_phase_app_with_safe_defaults() -> None:
    settings = load_settings(config(), file=FILE)
    assert settings.access == ("environments/dev/access.yaml",)
    assert settings.provisioning is None
    assert settings.enterprise_app.certificates == {"initial": None}
    assert not settings.protect


def test_a_full_configuration_is_normalised() -> None:
    settings = load_settings(
        config(identityCenter=CENTER, provisioning=PROVISIONING, access=["a.yaml", "teams/*.yaml"]),
        file=FILE,
    )
    assert settings.provisioning is not None
    assert settings.provisioning.endpoint.endswith("/scim/v2")
    assert settings.provisioning.region == "eu-west-1"
    assert settings.access == ("a.yaml", "teams/*.yaml")


def test_a_second_certificate_joins_the_first_until_that_one_is_retired() -> None:
    def certificates(**named: Any) -> dict[str, Any]:
        app = {**APP, "signingCertificates": named}
        return load_settings(config(enterpriseApp=app), file=FILE).enterprise_app.certificates

    assert certificates(r2="2029-01-01") == {"initial": None, "r2": date(2029, 1, 1)}
    assert certificates(r2="2029-01-01", initial="retired") == {"r2": date(2029, 1, 1)}


def test_the_token_shows_in_no_representation() -> None:
    settings = load_settings(config(identityCenter=CENTER, provisioning=PROVISIONING), file=FILE)
    assert "very-secret-token" not in repr(settings) + str(settings)


@pytest.mark.parametrize(
    ("parts", "sentence"),
    [
        ({"enterpriseApp": {}}, "enterpriseApp.name\n  it is required."),
        ({"enterpriseApp": {**APP, "color": "red"}}, "color\n  there is no such key"),
        ({"acess": 1}, 'Did you mean "access"?'),
        ({"enterpriseApp": {"name": "a\u202eb"}}, "control or bidirectional"),
        (
            {"enterpriseApp": {**APP, "notificationEmails": ["nobody"]}},
            "notificationEmails[0]\n  it must be an e-mail address.",
        ),
        (
            {"enterpriseApp": {**APP, "signingCertificates": {"a b": None}}},
            "letters, digits or hyphens",
        ),
        ({"identityCenter": {"accessPortalUrl": "http://example.com/"}}, "must be an https URL"),
        ({"identityCenter": {"serviceProviderMetadata": "x.xml"}}, "needs accessPortalUrl"),
        ({"identityCenter": {**CENTER, "managementAccess": {}}}, "either roleArn or profile"),
        ({"provisioning": PROVISIONING}, "comes after the SAML trust"),
        (
            {"identityCenter": CENTER, "provisioning": {**PROVISIONING, "endpoint": "https://x/"}},
            "must look like https://scim.",
        ),
        ({"allowPhaseBack": "nowhere"}, "allowPhaseBack"),
        ({"access": []}, "access"),
    ],
)
def test_what_is_wrong_is_said_with_its_place(parts: dict[str, Any], sentence: str) -> None:
    message = refusal(**parts)
    assert sentence in message
    assert FILE in message
    assert "nothing was changed" in message


def test_a_bad_token_section_never_repeats_the_token() -> None:
    message = refusal(
        identityCenter=CENTER, provisioning={**PROVISIONING, "tokenExpires": "tomorrow", "x": 1}
    )
    assert "tokenExpires" in message
    assert "very-secret-token" not in message


def test_the_place_in_the_file_is_told() -> None:
    text = b"""config:
  entra-identity-center:enterpriseApp: {name: x, notificationEmail: a}
  entra-identity-center:access: a.yaml
"""
    values = config(enterpriseApp={"name": "x", "notificationEmail": "a"})
    with pytest.raises(InvalidInput) as caught:
        load_settings(values, file=FILE, content=text)
    message = str(caught.value)
    assert f"{FILE}:2:50  entra-identity-center:enterpriseApp.notificationEmail" in message
    assert 'Did you mean "notificationEmails"?' in message


def test_phases_are_ordered() -> None:
    assert [phase.step for phase in Phase] == [0, 1, 2, 3]


WRITTEN = """config:
  entra-identity-center:provisioning:
    endpoint: {endpoint}
    accessToken: {token}
"""


@pytest.mark.parametrize(
    ("secret", "endpoint", "token"),
    [
        (False, "https://scim.example", "very-secret-token"),
        # Something else below the key is encrypted, which makes the whole key secret.
        (True, "{secure: v1:abc}", "very-secret-token"),
        # It comes from elsewhere, in clear text.
        (False, "https://scim.example", "null"),
    ],
)
def test_an_access_token_in_clear_text_is_refused_with_the_command(
    secret: bool, endpoint: str, token: str
) -> None:
    content = WRITTEN.format(endpoint=endpoint, token=token).encode()
    with pytest.raises(InvalidInput) as caught:
        check_token_is_secret(secret=secret, file=FILE, content=content)
    message = str(caught.value)
    command = "pulumi config set --secret --path 'entra-identity-center:provisioning.accessToken'"
    assert command in message
    assert f"{FILE}:4" in message
    assert "very-secret-token" not in message


@pytest.mark.parametrize("token", ["{secure: v1:abc}", "null"])
def test_an_encrypted_access_token_is_accepted_wherever_it_comes_from(token: str) -> None:
    content = WRITTEN.format(endpoint="https://scim.example", token=token).encode()
    check_token_is_secret(secret=True, file=FILE, content=content)
    check_token_is_secret(secret=True, file=FILE, content=b"")
