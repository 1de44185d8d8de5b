"""A deployed function: called, started cold, with its environment or a line of its code changed."""

from __future__ import annotations

import io
import itertools
import json
import time
import zipfile
from collections.abc import Mapping

from scripts.stacks.packaging import host_architecture, package
from tests.conftest import LocalStack


def resource(stack: LocalStack, part: str, name: str) -> str:
    """The physical name of the resource `name` of the stack `part`."""
    told = stack.client("cloudformation").describe_stack_resource(
        StackName=f"kakou-local-{part}", LogicalResourceId=name
    )
    return str(told["StackResourceDetail"]["PhysicalResourceId"])


class Function:
    """A deployed function of `stack`."""

    def __init__(self, stack: LocalStack, part: str, name: str) -> None:
        self._lambda, self._logs = stack.client("lambda"), stack.client("logs")
        self._part = part
        self.name = resource(stack, part, name)
        configured = self._lambda.get_function_configuration(FunctionName=self.name)
        self._environment: dict[str, str] = configured["Environment"]["Variables"]
        memory = configured["MemorySize"]
        self._memory = itertools.cycle((memory + 1, memory))

    def start_cold(self) -> None:
        """The next call finds a new process, which knows neither settings nor secrets nor data keys."""
        self._lambda.update_function_configuration(FunctionName=self.name, MemorySize=next(self._memory))

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

    def log(self) -> str:
        """All that is known of what it wrote. MiniStack waits 50 ms for the lines of an answer: later ones come with
        the next answer, and with a new process never."""
        pages = self._logs.get_paginator("filter_log_events").paginate(logGroupName=f"/aws/lambda/{self.name}")
        return "\n".join(event["message"] for page in pages for event in page["events"])

    def run_until_logged(self, event: str) -> bytes:
        """What it says when it is called, so often that its log tells of `event`."""
        until = time.monotonic() + 60
        while True:
            said = self.run()
            if f'"event": "{event}"' in self.log():
                return said
            assert time.monotonic() < until, event

    def run(self) -> bytes:
        """What it says when it is called as a schedule calls it."""
        event = dict.fromkeys(
            ("version", "account", "region", "detail", "detail-type", "source", "time", "id", "resources"), ""
        )
        answer = self._lambda.invoke(FunctionName=self.name, Payload=json.dumps(event).encode())
        return bytes(answer["Payload"].read())
