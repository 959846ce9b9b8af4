"""The AWS client where AWS is not asked, or does not answer."""

from __future__ import annotations

from pathlib import Path

import pytest

from clouds.aws import Aws, AwsError


@pytest.fixture(autouse=True)
def nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No configuration of this machine, and an endpoint where nobody listens."""
    for name in ("AWS_PROFILE", "AWS_ACCESS_KEY_ID", "AWS_DEFAULT_REGION", "AWS_REGION"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")


def test_a_missing_region_is_said_with_its_key() -> None:
    with pytest.raises(AwsError, match="set aws:region"):
        _ = Aws().region_name


def test_an_unknown_profile_is_a_sentence() -> None:
    with pytest.raises(AwsError, match="nobody"):
        _ = Aws(region="eu-west-1", profile="nobody").region_name


def test_missing_credentials_are_a_sentence() -> None:
    with pytest.raises(AwsError, match="credentials"):
        Aws(region="eu-west-1").caller_account_id()
