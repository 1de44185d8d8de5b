"""The wiring: patience that fits the gateway, secrets that are not too old, parts that can be put in place."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from chalicelib import wiring
from scripts.stacks.packaging import ROOT
from tests.conftest import Credentials, MiniStack

PAUSE = 1.0
"""Seconds that botocore's standard retries wait before the second try, at most."""


def worst(service: str) -> float:
    connect, read, tries = wiring.PATIENCE[service]
    return (connect + read) * tries + PAUSE * (tries - 1)


def test_the_worst_registration_that_succeeds_fits_the_function_and_the_gateway() -> None:
    """Cold: settings, two secrets, a data key, one transaction, each answering at the last moment."""
    longest = worst("s3") + 2 * worst("secretsmanager") + worst("kms") + worst("dynamodb")
    config = json.loads((ROOT / ".chalice" / "config.json").read_text(encoding="utf-8"))
    assert longest <= config["stages"]["public"]["lambda_timeout"] < 29


def test_parts_are_put_in_place_and_taken_away_again() -> None:
    noon = datetime(2020, 2, 10, 4, tzinfo=UTC)
    with wiring.use(clock=lambda: noon, code_keys={"A": b"a"}, public_secret=b"p"):
        assert wiring.clock() == noon
        assert wiring.code_keys() == {"A": b"a"}
        assert wiring.public_secret() == b"p"
        with wiring.use(code_keys={"B": b"b"}):
            assert wiring.code_keys() == {"B": b"b"}
        assert wiring.code_keys() == {"A": b"a"}
    assert wiring.clock() > noon
    with pytest.raises(TypeError, match="no part of the wiring"), wiring.use(clok=lambda: noon):
        pass


@pytest.fixture
def account(ministack: MiniStack, tmp_path: Path) -> Iterator[tuple[Credentials, Path]]:
    """An account with a data stack's secrets, and the urls.json that leads there."""
    owner = Credentials("900000000002", ministack.credentials.secret_key)
    told = json.dumps({"Resources": {"None": {"Type": "AWS::CloudFormation::WaitConditionHandle"}}, "Outputs": {
        name: {"Value": f"w-{name}"} for name in ("Table", "SummariesBucket", "SettingsBucket", "SealingKeyArn",
                                                 "CodeKeysArn", "PublicSecretArn")}})  # fmt: skip
    formation, secrets = ministack.client("cloudformation", owner), ministack.client("secretsmanager", owner)
    formation.create_stack(StackName="wired-data", TemplateBody=told)
    formation.get_waiter("stack_create_complete").wait(StackName="wired-data", WaiterConfig={"Delay": 1})
    secrets.create_secret(Name="w-CodeKeysArn", SecretString='{"A": "first"}')
    secrets.create_secret(Name="w-PublicSecretArn", SecretString='{"public": "secret"}')
    urls = tmp_path / "urls.json"
    urls.write_text(json.dumps({
        "deployment": "wired", "endpoint_url": ministack.endpoint_url, "region": ministack.region,
        "access_key": owner.access_key, "secret_key": owner.secret_key,
    }))  # fmt: skip
    yield owner, urls
    wiring.forget()
    for name in ("w-CodeKeysArn", "w-PublicSecretArn"):
        secrets.delete_secret(SecretId=name, ForceDeleteWithoutRecovery=True)
    formation.delete_stack(StackName="wired-data")


def test_a_new_key_is_read_within_a_minute_and_the_last_ones_stand_while_the_service_is_down() -> None:
    now, answers = [0.0], ['{"A": "first"}', '{"A": "first", "B": "second"}']

    def read() -> str:
        if not answers:
            raise wiring.NotReachable("down")
        return answers.pop(0)

    secret = wiring.Secret(read, lambda: now[0])
    assert secret.now() == {"A": "first"}
    now[0] += wiring.SECRET_SECONDS - 0.1
    assert secret.now() == {"A": "first"}, "not asked at each request"
    now[0] += 0.1
    assert secret.now() == {"A": "first", "B": "second"}
    now[0] += 10 * wiring.SECRET_SECONDS
    assert secret.now() == {"A": "first", "B": "second"}
    with pytest.raises(wiring.NotReachable):
        wiring.Secret(read).now()


def test_a_script_reaches_the_stack_that_urls_json_describes(account: tuple[Credentials, Path]) -> None:
    _, urls = account
    wiring.reach(urls)
    assert wiring.deployment() == "wired"
    assert (wiring.code_keys(), wiring.public_secret()) == ({"A": b"first"}, b"secret")


def test_what_cannot_be_reached_says_so_without_a_traceback_of_libraries(
    ministack: MiniStack, account: tuple[Credentials, Path], tmp_path: Path
) -> None:
    owner, urls = account
    wiring.reach(urls)
    ministack.client("secretsmanager", owner).delete_secret(SecretId="w-CodeKeysArn", ForceDeleteWithoutRecovery=True)
    with pytest.raises(wiring.NotReachable, match=r"^Secrets Manager: ResourceNotFoundException$"):
        wiring.code_keys()
    ministack.client("secretsmanager", owner).create_secret(Name="w-CodeKeysArn", SecretString="{}")
    with pytest.raises(wiring.NotWired, match="scripts/run"):
        wiring.reach(tmp_path / "nothing.json")
    with pytest.raises(wiring.NotWired, match="another-data"):
        wiring.reach(urls, "another")
