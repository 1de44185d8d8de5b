"""Acting under a function's own role: a probe beside it, with that role, does one call and says what came of it."""

from __future__ import annotations

import base64
import io
import json
import zipfile
from typing import Any

from scripts.stacks.local import LocalStack

_PROBE = """
import base64
import botocore.session
from botocore.config import Config
from botocore.exceptions import ClientError


def handler(event, context):
    given = {
        name: base64.b64decode(value[7:]) if isinstance(value, str) and value.startswith("base64:") else value
        for name, value in event["given"].items()
    }
    client = botocore.session.Session().create_client(
        event["service"], config=Config(connect_timeout=5, read_timeout=20, retries={"total_max_attempts": 1})
    )
    try:
        getattr(client, event["operation"])(**given)
    except ClientError as error:
        return error.response["Error"]["Code"]
    return "allowed"
"""


class Role:
    """The role of the function that holds `resource` in `stack`."""

    def __init__(self, running: LocalStack, stack: str, resource: str) -> None:
        described = running.client("cloudformation").describe_stack_resource(
            StackName=f"kakou-local-{stack}", LogicalResourceId=resource
        )
        self._lambda = running.client("lambda")
        function = self._lambda.get_function_configuration(
            FunctionName=described["StackResourceDetail"]["PhysicalResourceId"]
        )
        self._name = f"probe-{stack}-{resource}"
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w") as archive:
            archive.writestr("probe.py", _PROBE)
        self._lambda.create_function(
            FunctionName=self._name,
            Runtime=function["Runtime"],
            Role=function["Role"],
            Handler="probe.handler",
            Code={"ZipFile": packed.getvalue()},
            Timeout=30,
        )

    def tries(self, service: str, operation: str, **given: Any) -> str:
        """`allowed`, or the code of the service's refusal. Bytes go in as bytes."""
        event = {
            "service": service,
            "operation": operation,
            "given": {
                name: f"base64:{base64.b64encode(value).decode()}" if isinstance(value, bytes) else value
                for name, value in given.items()
            },
        }
        answer = self._lambda.invoke(FunctionName=self._name, Payload=json.dumps(event).encode())
        told = json.load(answer["Payload"])
        if "FunctionError" in answer:
            raise AssertionError(f"the probe failed: {told}")
        return str(told)

    def remove(self) -> None:
        self._lambda.delete_function(FunctionName=self._name)
