"""A deployed function, with its environment or a line of its code changed."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Mapping

from scripts.stacks.packaging import host_architecture, package
from tests.conftest import LocalStack


class Function:
    """A deployed function of `stack`, with its environment or its code changed."""

    def __init__(self, stack: LocalStack, part: str, resource: str) -> None:
        self._stack = stack
        self._lambda = stack.client("lambda")
        self._part = part
        told = stack.client("cloudformation").describe_stack_resource(
            StackName=f"kakou-local-{part}", LogicalResourceId=resource
        )
        self.name = told["StackResourceDetail"]["PhysicalResourceId"]
        configured = self._lambda.get_function_configuration(FunctionName=self.name)
        self._environment: dict[str, str] = configured["Environment"]["Variables"]

    def environment(self, changes: Mapping[str, str | None]) -> None:
        told = {name: value for name, value in {**self._environment, **changes}.items() if value is not None}
        self._lambda.update_function_configuration(FunctionName=self.name, Environment={"Variables": told})

    def code(self, changes: Mapping[str, tuple[str, str]]) -> None:
        """Deploy the package with, in each module named, one text in place of another."""
        made = package(self._part, host_architecture())
        assert made.code is not None
        packed = io.BytesIO()
        with zipfile.ZipFile(made.code) as before, zipfile.ZipFile(packed, "w") as after:
            for entry in before.infolist():
                content = before.read(entry)
                if entry.filename in changes:
                    old, new = changes[entry.filename]
                    assert content.decode().count(old) == 1, f"{entry.filename} has changed: where is {old!r}?"
                    content = content.decode().replace(old, new).encode()
                folder, _, name = entry.filename.rpartition("__pycache__/")
                if folder + name.partition(".")[0] + ".py" not in changes or not name.endswith(".pyc"):
                    after.writestr(entry, content)
        self._lambda.update_function_code(FunctionName=self.name, ZipFile=packed.getvalue())

    def run(self) -> bytes:
        """What it says when it is called as a schedule calls it."""
        event = dict.fromkeys(
            ("version", "account", "region", "detail", "detail-type", "source", "time", "id", "resources"), ""
        )
        answer = self._lambda.invoke(FunctionName=self.name, Payload=json.dumps(event).encode())
        return bytes(answer["Payload"].read())
