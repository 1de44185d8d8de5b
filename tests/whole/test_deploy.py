"""`scripts/deploy` as on AWS: the environment alone says where to. Here that is a MiniStack account of its own."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from chalicelib.settings import SettingsBucket
from scripts.stacks.cloudformation import outputs
from tests.conftest import Credentials, MiniStack


def deploy(root: Path, ministack: MiniStack, account: Credentials, *given: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(root / "scripts" / "deploy"), "--deployment", "kakou-trial", *given],
        env={
            "PATH": "/usr/bin:/bin",
            "AWS_ENDPOINT_URL": ministack.endpoint_url,
            "AWS_DEFAULT_REGION": "eu-central-1",
            "AWS_ACCESS_KEY_ID": account.access_key,
            "AWS_SECRET_ACCESS_KEY": account.secret_key,
        },
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


@pytest.fixture(scope="module")
def account(ministack: MiniStack) -> Credentials:
    return Credentials("900000000001", ministack.credentials.secret_key)


def test_it_asks_before_it_deploys(root: Path, ministack: MiniStack, account: Credentials) -> None:
    done = deploy(root, ministack, account)
    assert (done.returncode, "account 900000000001, region eu-central-1" in done.stdout) == (1, True), done.stderr


def test_it_deploys_three_stacks_and_publishes_settings_once(
    root: Path, ministack: MiniStack, account: Credentials
) -> None:
    done = deploy(root, ministack, account, "--yes")
    assert done.returncode == 0, done.stderr
    client = ministack.client("cloudformation", account, region="eu-central-1")
    stacks = {stack: outputs(client, f"kakou-trial-{stack}") for stack in ("data", "public", "command")}
    assert all(told is not None for told in stacks.values())
    data = stacks["data"]
    assert data is not None
    bucket = SettingsBucket(ministack.client("s3", account, region="eu-central-1"), data["SettingsBucket"])
    first = bucket.current()
    assert (first.version, first.deployment) == (1, "kakou-trial")
    assert first.public_url.startswith("https://")

    cognito = ministack.client("cognito-idp", account, region="eu-central-1")

    def factor() -> str:
        return str(cognito.describe_user_pool(UserPoolId=data["Operators"])["UserPool"]["MfaConfiguration"])

    assert factor() == "OPTIONAL"
    strict = deploy(root, ministack, account, "--yes", "--second-factor", "ON")
    assert strict.returncode == 0, strict.stderr
    assert factor() == "ON"
    gateway = ministack.client("apigateway", account, region="eu-central-1")
    assert ":role/kakou-trial-command-LogsOfTheGateway" in gateway.get_account()["cloudwatchRoleArn"]
    theirs = "arn:aws:iam::900000000001:role/theirs"
    gateway.update_account(patchOperations=[{"op": "replace", "path": "/cloudwatchRoleArn", "value": theirs}])
    again = deploy(root, ministack, account, "--yes", "--public-url", "https://ka.example/")
    assert gateway.get_account()["cloudwatchRoleArn"] == theirs, "another's role is left alone"
    assert again.returncode == 0, again.stderr
    assert factor() == "ON", "what is not chosen stays as it stands"
    moved = bucket.current()
    assert (moved.version, moved.public_url, moved.starts_at) == (2, "https://ka.example", first.starts_at)


def test_a_wrong_sign_in_is_said_plainly(root: Path, ministack: MiniStack) -> None:
    done = deploy(root, ministack, Credentials("AKIANOBODY0000000000", "wrong"), "--yes")
    assert done.returncode == 1
    assert done.stderr.startswith("Not deployed: ")
    assert "Traceback" not in done.stderr
