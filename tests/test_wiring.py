"""The wiring: patience that fits the gateway, secrets that are not too old, parts that can be put in place."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import ClassVar

import pytest

from chalicelib import patience, wiring
from chalicelib.passage import table
from tests.conftest import Credentials, MiniStack

PAUSE = 1.0
"""Seconds that botocore's standard retries wait before the second try, at most."""


GATEWAY = 29.0
"""Seconds that API Gateway waits for a function."""

OWN_WORK = 2.0
"""Seconds that our own part may take, the first import of the sealing library included."""


def worst(service: str) -> float:
    connect, read, tries = patience.PROMPT[service]
    return (connect + read) * tries + PAUSE * (tries - 1)


LONGEST = worst("s3") + 2 * worst("secretsmanager") + worst("kms") + table.CONFLICTS_FOR + worst("dynamodb")
"""Cold: settings, two secrets, a data key, conflicts, one transaction, each answering at the last moment."""


@pytest.fixture
def functions_time(root: Path) -> float:
    config = json.loads((root / ".chalice" / "config.json").read_text(encoding="utf-8"))
    return float(config["stages"]["public"]["lambda_timeout"])


def test_the_worst_registration_that_succeeds_fits_the_function_and_the_gateway(functions_time: float) -> None:
    assert LONGEST + OWN_WORK <= functions_time <= GATEWAY - 1


def test_no_botocore_waits_longer_because_a_service_asks_for_it(root: Path) -> None:
    """Its newer retries obey `x-amz-retry-after`, up to 5 s (`ExponentialBackoff` in botocore/retries/standard.py)."""
    template = json.loads((root / ".chalice" / "public.json").read_text(encoding="utf-8"))
    variables = template["Resources"]["APIHandler"]["Properties"]["Environment"]["Variables"]
    assert variables["AWS_NEW_RETRIES_2026"] == "false"


def test_conflicts_are_not_tried_again_for_longer_than_they_say() -> None:
    """Nor is anything slept away after the last try."""
    slept: list[float] = []

    class Conflict(Exception):
        response: ClassVar = {"CancellationReasons": [{"Code": "TransactionConflict"}, {"Code": "None"}]}

    class Busy:
        """A client whose every answer takes a while and is a conflict."""

        exceptions = SimpleNamespace(TransactionCanceledException=Conflict, TransactionInProgressException=Conflict)
        starts: ClassVar[list[float]] = []

        def transact_write_items(self, **_: object) -> None:
            self.starts.append(time.monotonic() - began)
            time.sleep(0.3)
            raise Conflict

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        time.sleep(seconds)

    began = time.monotonic()
    record = table.Record("0" * 32, "101", "2020-02-10T07:30:00.000Z", b"p", b"[]", b"s", 1)
    with pytest.raises(table.NotStored, match="TransactionConflict"):
        table.PassageTable(Busy(), "busy", sleep).register(record)  # type: ignore[arg-type]
    assert len(Busy.starts) == 2
    assert Busy.starts[-1] <= table.CONFLICTS_FOR + 0.05
    assert len(slept) == 1


def test_the_readme_tells_how_long_we_wait_for_whom(root: Path, functions_time: float) -> None:
    """Its one table, against what is pinned."""
    text = (root / "README.md").read_text(encoding="utf-8")
    told: dict[str, list[float]] = {}
    for line in text.partition("## When something fails\n")[2].partition("\n## ")[0].splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if len(cells) == 6 and re.fullmatch("[0-9.]+", cells[-1]):
            told[cells[0]] = [float(cell) for cell in cells[1:] if cell]
    names = {"S3": "s3", "Secrets Manager": "secretsmanager", "KMS": "kms", "DynamoDB": "dynamodb"}
    ends = {"all together": LONGEST, "the function may take": functions_time, "the gateway waits": GATEWAY}
    assert {name: told.pop(name) for name in ends} == {name: [seconds] for name, seconds in ends.items()}
    assert sum(numbers[-1] for numbers in told.values()) == LONGEST
    assert {name.partition(":")[0] for name in told} == names.keys()
    for name, numbers in told.items():
        service = names[name.partition(":")[0]]
        assert numbers in ([*patience.PROMPT[service], PAUSE, worst(service)], [table.CONFLICTS_FOR])


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
                                                 "CodeKeysArn", "PublicSecretArn", "Operators",
                                                 "OperatorsClient", "Journal")}})  # fmt: skip
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
