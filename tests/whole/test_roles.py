"""Promise 6 on the running stack: what each function's role may do, and what it is refused."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.conftest import LocalStack
from tests.whole.roles import Role

REFUSED = {"AccessDenied", "AccessDeniedException"}
GUARD = {"pk": {"S": "SUB#roles"}, "sk": {"S": "SUB"}}
PASSAGE = {"pk": {"S": "CP#101#2020-02-10T07"}, "sk": {"S": "2020-02-10T07:00:00.000Z#roles"}}


@pytest.fixture(scope="module")
def public(stack: LocalStack) -> Iterator[Role]:
    role = Role(stack, "public", "APIHandler")
    yield role
    role.remove()


@pytest.fixture(scope="module")
def schedule(stack: LocalStack) -> Iterator[Role]:
    role = Role(stack, "command", "SummariseSchedule")
    yield role
    role.remove()


@pytest.fixture(scope="module")
def data(stack: LocalStack) -> dict[str, str]:
    return stack.outputs["data"]


@pytest.fixture(scope="module")
def data_key(stack: LocalStack, data: dict[str, str]) -> bytes:
    """A genuine data key under the sealing key, as it lies beside every sealed blob."""
    made = stack.client("kms").generate_data_key(
        KeyId=data["SealingKeyArn"], KeySpec="AES_256", EncryptionContext={"kakou": "kakou-local"}
    )
    return bytes(made["CiphertextBlob"])


def put(table: str, item: dict[str, Any]) -> dict[str, Any]:
    return {"Put": {"TableName": table, "Item": item}}


def test_the_public_role_writes_in_a_transaction_seals_and_reads_its_settings(
    public: Role, data: dict[str, str], stack: LocalStack
) -> None:
    items = [put(data["Table"], GUARD), put(data["Table"], PASSAGE)]
    assert public.tries("dynamodb", "transact_write_items", TransactItems=items) == "allowed"
    # What a correction replaces is asked for in a transaction too: the guard that stands comes back as the reason.
    # (That it may ask for guards alone is a leading key, which MiniStack does not look at: test_templates.py does.)
    asked = {"TableName": data["Table"], "Key": GUARD, "ConditionExpression": "attribute_not_exists(#pk)",
             "ExpressionAttributeNames": {"#pk": "pk"}, "ReturnValuesOnConditionCheckFailure": "ALL_OLD"}  # fmt: skip
    look_up = [{"ConditionCheck": asked}]
    assert public.tries("dynamodb", "transact_write_items", TransactItems=look_up) == "TransactionCanceledException"
    context = {"kakou": "kakou-local"}
    assert (
        public.tries(
            "kms", "generate_data_key", KeyId=data["SealingKeyArn"], KeySpec="AES_256", EncryptionContext=context
        )
        == "allowed"
    )
    assert public.tries("s3", "get_object", Bucket=data["SettingsBucket"], Key="settings/v1/current.json") == "allowed"
    for secret in ("CodeKeysArn", "PublicSecretArn"):
        assert public.tries("secretsmanager", "get_secret_value", SecretId=data[secret]) == "allowed"
    for item in (GUARD, PASSAGE):
        stack.client("dynamodb").delete_item(TableName=data["Table"], Key=item)


@pytest.mark.parametrize(
    ("operation", "given"),
    [
        ("get_item", {"Key": GUARD}),
        ("query", {"KeyConditionExpression": "#pk = :pk", "ExpressionAttributeNames": {"#pk": "pk"},
                   "ExpressionAttributeValues": {":pk": PASSAGE["pk"]}}),
        ("scan", {}),
        ("put_item", {"Item": GUARD}),
        ("put_item", {"Item": PASSAGE, "ReturnValues": "ALL_OLD"}),
        ("update_item", {"Key": GUARD}),
        ("delete_item", {"Key": GUARD, "ReturnValues": "ALL_OLD"}),
        ("describe_table", {}),
    ],
)  # fmt: skip
def test_the_public_role_is_refused_every_bare_call_on_the_table(
    public: Role, data: dict[str, str], operation: str, given: dict[str, Any]
) -> None:
    assert public.tries("dynamodb", operation, TableName=data["Table"], **given) in REFUSED


def test_the_public_role_is_refused_reading_and_deleting_in_batches_transactions_and_partiql(
    public: Role, data: dict[str, str]
) -> None:
    table = data["Table"]
    tries: list[tuple[str, dict[str, Any]]] = [
        ("batch_get_item", {"RequestItems": {table: {"Keys": [GUARD]}}}),
        ("batch_write_item", {"RequestItems": {table: [{"PutRequest": {"Item": GUARD}}]}}),
        ("transact_get_items", {"TransactItems": [{"Get": {"TableName": table, "Key": GUARD}}]}),
        ("transact_write_items", {"TransactItems": [{"Delete": {"TableName": table, "Key": GUARD}}]}),
        ("transact_write_items", {"TransactItems": [{"Update": {"TableName": table, "Key": GUARD,
            "UpdateExpression": "SET #a = :a", "ExpressionAttributeNames": {"#a": "a"},
            "ExpressionAttributeValues": {":a": {"S": "a"}}}}]}),
        ("execute_statement", {"Statement": f'SELECT * FROM "{table}"'}),
        ("execute_statement", {"Statement": f"INSERT INTO \"{table}\" VALUE {{'pk': 'SUB#x', 'sk': 'SUB'}}"}),
        ("execute_transaction", {"TransactStatements": [
            {"Statement": f'SELECT * FROM "{table}" WHERE pk = \'SUB#x\''}]}),
    ]  # fmt: skip
    for operation, given in tries:
        assert public.tries("dynamodb", operation, **given) in REFUSED, (operation, given)


def test_the_public_role_cannot_open_what_it_sealed(public: Role, data: dict[str, str], data_key: bytes) -> None:
    given: dict[str, Any] = {
        "KeyId": data["SealingKeyArn"], "CiphertextBlob": data_key, "EncryptionContext": {"kakou": "kakou-local"}
    }  # fmt: skip
    assert public.tries("kms", "decrypt", **given) in REFUSED
    moved = {"SourceKeyId": data["SealingKeyArn"], "DestinationKeyId": data["SealingKeyArn"],
             "CiphertextBlob": data_key}  # fmt: skip
    assert public.tries("kms", "re_encrypt", **moved) in REFUSED


def test_the_public_role_is_refused_the_summaries_and_all_of_the_settings_but_the_current_ones(
    public: Role, data: dict[str, str]
) -> None:
    for bucket, key in (
        (data["SummariesBucket"], "summaries/v1/latest.json"),
        (data["SummariesBucket"], "summaries/v1/now.json"),
        (data["SettingsBucket"], "settings/v1/r000001.json"),
    ):
        assert public.tries("s3", "get_object", Bucket=bucket, Key=key) in REFUSED
    for bucket in (data["SummariesBucket"], data["SettingsBucket"]):
        assert public.tries("s3", "list_objects_v2", Bucket=bucket) in REFUSED
        assert public.tries("s3", "put_object", Bucket=bucket, Key="settings/v1/current.json", Body=b"x") in REFUSED
    assert public.tries("secretsmanager", "list_secrets") in REFUSED
    assert public.tries("secretsmanager", "put_secret_value", SecretId=data["CodeKeysArn"], SecretString="x") in REFUSED


def query(table: str, **changes: Any) -> dict[str, Any]:
    asked: dict[str, Any] = {
        "TableName": table,
        "Select": "SPECIFIC_ATTRIBUTES",
        "ProjectionExpression": "#sk, #facts",
        "KeyConditionExpression": "#pk = :pk",
        "ExpressionAttributeNames": {"#pk": "pk", "#sk": "sk", "#facts": "facts"},
        "ExpressionAttributeValues": {":pk": PASSAGE["pk"]},
    }
    asked |= changes
    return {name: value for name, value in asked.items() if value is not None}


def test_the_schedule_reads_keys_and_facts_and_nothing_sealed(schedule: Role, data: dict[str, str]) -> None:
    table = data["Table"]
    assert schedule.tries("dynamodb", "query", **query(table)) == "allowed"
    sealed = {"#pk": "pk", "#sk": "sk", "#facts": "sealed"}
    assert schedule.tries("dynamodb", "query", **query(table, ExpressionAttributeNames=sealed)) in REFUSED
    everything = {"Select": None, "ProjectionExpression": None, "ExpressionAttributeNames": {"#pk": "pk"}}
    assert schedule.tries("dynamodb", "query", **query(table, **everything)) in REFUSED
    for operation, given in (("get_item", {"Key": PASSAGE}), ("scan", {}), ("put_item", {"Item": PASSAGE})):
        assert schedule.tries("dynamodb", operation, TableName=table, **given) in REFUSED


def test_the_schedule_cannot_open_what_is_sealed_nor_read_secrets_nor_change_settings(
    schedule: Role, data: dict[str, str], data_key: bytes
) -> None:
    context = {"kakou": "kakou-local"}
    assert schedule.tries("kms", "decrypt", CiphertextBlob=data_key, EncryptionContext=context) in REFUSED
    for secret in ("CodeKeysArn", "PublicSecretArn"):
        assert schedule.tries("secretsmanager", "get_secret_value", SecretId=data[secret]) in REFUSED
    settings = {"Bucket": data["SettingsBucket"], "Key": "settings/v1/current.json"}
    assert schedule.tries("s3", "get_object", **settings) == "allowed"
    assert schedule.tries("s3", "put_object", **settings, Body=b"{}") in REFUSED
    assert schedule.tries("s3", "delete_object", Bucket=data["SummariesBucket"], Key="summaries/v1/x") in REFUSED


@pytest.fixture(scope="module")
def desk(stack: LocalStack) -> Iterator[Role]:
    role = Role(stack, "command", "APIHandler")
    yield role
    role.remove()


def test_the_desk_reads_numbers_and_no_passage(desk: Role, data: dict[str, str]) -> None:
    summaries, key = data["SummariesBucket"], {"pk": GUARD["pk"], "sk": GUARD["sk"]}
    assert desk.tries("dynamodb", "get_item", TableName=data["Table"], Key=key) in REFUSED
    assert desk.tries("dynamodb", "scan", TableName=data["Table"]) in REFUSED
    assert desk.tries("s3", "put_object", Bucket=summaries, Key="summaries/v1/now.json", Body=b"") in REFUSED
    assert desk.tries("s3", "delete_object", Bucket=summaries, Key="summaries/v1/now.json") in REFUSED
    assert desk.tries("s3", "delete_object", Bucket=data["SettingsBucket"], Key="settings/log/r000001.json") in REFUSED
    assert desk.tries("secretsmanager", "get_secret_value", SecretId=data["PublicSecretArn"]) in REFUSED
    assert desk.tries("cognito-idp", "admin_create_user", UserPoolId=data["Operators"], Username="x.y") in REFUSED


def test_the_desk_adds_to_the_journal_and_takes_nothing_from_it(desk: Role, data: dict[str, str]) -> None:
    table, key = data["Journal"], {"day": {"S": "2020-02-10"}, "at": {"S": "x"}}
    assert desk.tries("dynamodb", "put_item", TableName=table, Item=key) == "allowed"
    assert desk.tries("dynamodb", "delete_item", TableName=table, Key=key) in REFUSED
    assert desk.tries("dynamodb", "scan", TableName=table) in REFUSED
    updated = {"UpdateExpression": "SET #w = :w", "ExpressionAttributeNames": {"#w": "who"},
               "ExpressionAttributeValues": {":w": {"S": "nobody"}}}  # fmt: skip
    assert desk.tries("dynamodb", "update_item", TableName=table, Key=key, **updated) in REFUSED
