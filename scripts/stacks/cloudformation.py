"""Deploying: the packaged stacks through CloudFormation, the same way on AWS and on a local MiniStack.

`<deployment>-data` first, then `<deployment>-public` and `<deployment>-command`, which import what it exports.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError, WaiterError

from scripts.stacks.packaging import Package

if TYPE_CHECKING:
    from mypy_boto3_cloudformation import CloudFormationClient
    from mypy_boto3_s3 import S3Client

STACKS = ("data", "public", "command")
"""In the order in which they stand on each other."""

_STANDING = {"CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE"}


class NotDeployed(RuntimeError):
    """CloudFormation refused or rolled back a stack; says which resource and why."""


class Artifacts:
    """The bucket that CloudFormation takes the functions' code from."""

    def __init__(self, client: S3Client, bucket: str) -> None:
        self._client = client
        self.bucket = bucket

    def keep(self, package: Package) -> str | None:
        """The `s3://` address of the package's code, uploaded unless it is there already."""
        if package.code is None:
            return None
        key = f"{package.stack}/{package.digest}.zip"
        try:
            self._client.head_object(Bucket=self.bucket, Key=key)
        except ClientError as error:
            if error.response["ResponseMetadata"]["HTTPStatusCode"] not in (403, 404):
                raise
            self._ensure()
            self._client.put_object(Bucket=self.bucket, Key=key, Body=package.code.read_bytes())
        return f"s3://{self.bucket}/{key}"

    def _ensure(self) -> None:
        try:
            self._client.head_bucket(Bucket=self.bucket)
        except ClientError:
            region = self._client.meta.region_name
            place: Any = {} if region == "us-east-1" else {"CreateBucketConfiguration": {"LocationConstraint": region}}
            self._client.create_bucket(Bucket=self.bucket, **place)
            self._client.put_public_access_block(
                Bucket=self.bucket,
                PublicAccessBlockConfiguration={
                    "BlockPublicAcls": True,
                    "BlockPublicPolicy": True,
                    "IgnorePublicAcls": True,
                    "RestrictPublicBuckets": True,
                },
            )


def merged(template: Mapping[str, Any], overlay: Mapping[str, Any]) -> dict[str, Any]:
    """`template` with `overlay` laid over it, deeply, as `chalice package --merge-template` does."""
    result = copy.deepcopy(dict(template))
    for name, value in overlay.items():
        under = result.get(name)
        result[name] = merged(under, value) if isinstance(under, dict) and isinstance(value, Mapping) else value
    return result


def with_code(template: Mapping[str, Any], address: str | None) -> dict[str, Any]:
    """`template` with every function's code taken from `address`."""
    result = copy.deepcopy(dict(template))
    for resource in result["Resources"].values():
        if resource["Type"] == "AWS::Serverless::Function":
            resource["Properties"]["CodeUri"] = address
    return result


def outputs(client: CloudFormationClient, name: str) -> dict[str, str] | None:
    """The outputs of a stack that stands, or None."""
    try:
        stack = client.describe_stacks(StackName=name)["Stacks"][0]
    except ClientError as error:
        if "does not exist" in str(error):
            return None
        raise
    if stack["StackStatus"] not in _STANDING:
        return None
    return {output["OutputKey"]: output["OutputValue"] for output in stack.get("Outputs", [])}


def _parameters(client: CloudFormationClient, name: str) -> set[str]:
    """The names of what the stack `name` was told, if it stands."""
    if outputs(client, name) is None:
        return set()
    return {each["ParameterKey"] for each in client.describe_stacks(StackName=name)["Stacks"][0].get("Parameters", [])}


def deploy(
    client: CloudFormationClient, name: str, template: Mapping[str, Any], parameters: Mapping[str, str]
) -> dict[str, str]:
    """Create or update the stack `name` and wait for it; its outputs. What `parameters` do not name stays as it
    stands (CloudFormation itself would go back to the template's default). Raises NotDeployed."""
    standing = _parameters(client, name)
    kept = [each for each in template.get("Parameters", {}) if each in standing and each not in parameters]
    wanted: dict[str, Any] = {
        "StackName": name,
        "TemplateBody": json.dumps(template, ensure_ascii=False, separators=(",", ":")),
        "Parameters": [
            *({"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()),
            *({"ParameterKey": key, "UsePreviousValue": True} for key in kept),
        ],
        "Capabilities": ["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"],
    }
    try:
        if outputs(client, name) is None:
            client.create_stack(**wanted)
            waiter: Any = client.get_waiter("stack_create_complete")
        else:
            client.update_stack(**wanted)
            waiter = client.get_waiter("stack_update_complete")
        waiter.wait(StackName=name, WaiterConfig={"Delay": _delay(client), "MaxAttempts": 1800 // _delay(client)})
    except ClientError as error:
        if "No updates are to be performed" not in str(error):
            raise NotDeployed(f"{name}: {error.response['Error']['Message']}") from error
    except WaiterError as error:
        raise NotDeployed(f"{name}: {'; '.join(_failures(client, name)) or error}") from error
    done = outputs(client, name)
    if done is None:
        raise NotDeployed(f"{name}: {'; '.join(_failures(client, name))}")
    return done


def deploy_all(
    client: CloudFormationClient,
    artifacts: Artifacts,
    deployment: str,
    packages: Iterable[Package],
    overlays: Mapping[str, Mapping[str, Any]],
    say: Callable[[str], None],
    chosen: Mapping[str, str] | None = None,
) -> dict[str, dict[str, str]]:
    """Deploy `packages` in their order; each stack's outputs. `chosen` are parameters, for the stacks that have
    them."""
    standing = {}
    for package in packages:
        say(f"deploying stack {deployment}-{package.stack}")
        template = merged(with_code(package.template, artifacts.keep(package)), overlays.get(package.stack, {}))
        told = {name: value for name, value in (chosen or {}).items() if name in template.get("Parameters", {})}
        name = f"{deployment}-{package.stack}"
        standing[package.stack] = deploy(client, name, template, {"Deployment": deployment, **told})
    return standing


def _delay(client: CloudFormationClient) -> int:
    """Seconds between looks: a local stack is there at once."""
    return 1 if "127.0.0.1" in client.meta.endpoint_url else 5


def _failures(client: CloudFormationClient, name: str) -> list[str]:
    events = client.describe_stack_events(StackName=name)["StackEvents"]
    return [
        f"{event['LogicalResourceId']}: {event.get('ResourceStatusReason', event['ResourceStatus'])}"
        for event in reversed(events)
        if event.get("ResourceStatus", "").endswith("FAILED")
    ]
