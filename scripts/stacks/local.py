"""The local stack: the three stacks of this checkout on a MiniStack of its own, kept under one folder.

`scripts/run` and the tests start the same thing; only the folder and the port differ. The templates are those of AWS
with these differences, laid over them when they are deployed:
- the schedule wakes every minute instead of every two;
- MiniStack reads an API's binary types from the resource and not from its swagger;
- MiniStack ignores the TTL in a template, so a call sets it; likewise the gateway's own answers in a swagger.

An operator of its own is made at the first start; only who can read the folder can sign in as that one.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import secrets
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any

import msgspec

from chalicelib.checkpoint.code import address, issue
from chalicelib.checkpoint.lifecycle import without_poster
from chalicelib.command.accounts import AccountExists, Accounts, temporary_password
from chalicelib.passage.hour import stamp
from chalicelib.settings import Settings, SettingsBucket, SettingsMissing, first_settings
from scripts.stacks.cloudformation import STACKS, Artifacts, deploy_all, outputs
from scripts.stacks.ministack import ACCOUNT, REGION, Credentials, MiniStack, free_port, interpreter
from scripts.stacks.packaging import host_architecture, package

DEPLOYMENT = "kakou-local"

OPERATOR = "local"
"""Who may sign in at the command centre's desk, with every role; the password is in `home/operator`."""

SAVING_SECONDS = 2.0
"""How long a MiniStack whose parent is gone may take to save its state."""


class AlreadyRunning(RuntimeError):
    """Another process has the local stack of this folder running."""


class LocalStack:
    """The stacks on this machine. Its state is kept in `home/stack`; `home/urls.json` says where everything is."""

    def __init__(
        self,
        home: Path,
        port: int = 0,
        say: Callable[[str], None] = lambda line: None,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        """`port` is used if it is free. `environment` is added to that of every function: a proxy in place of an AWS
        service, say (`AWS_ENDPOINT_URL_DYNAMODB`)."""
        self.home = home
        self.urls_file = home / "urls.json"
        self._folder = home / "stack"
        self._wanted_port = port
        self._say = say
        self._environment = dict(environment or {})
        self._lock: Any = None
        self._ministack: MiniStack | None = None
        self.outputs: dict[str, dict[str, str]] = {}
        self.urls: dict[str, Any] = {}

    @property
    def ministack(self) -> MiniStack:
        if self._ministack is None:
            raise RuntimeError("the local stack is not running")
        return self._ministack

    def start(self) -> None:
        """Bring the system up: start MiniStack, package, deploy what changed, publish first settings, write urls.json.

        Raises AlreadyRunning, NotStarted, NotPackaged, NotDeployed.
        """
        self._folder.mkdir(parents=True, exist_ok=True)
        self._take_lock()
        try:
            packages = []
            for stack in STACKS:
                self._say(f"packaging stack {stack}")
                packages.append(package(stack, host_architecture()))
            self._say("starting MiniStack")
            self._ministack = MiniStack(
                interpreter(),
                self._folder,
                free_port(self._wanted_port),
                Credentials(ACCOUNT, self._secret()),
                holds=(self._lock.fileno(),),
            )
            self._ministack.start()
            overlays = self._overlays()
            wanted = hashlib.sha256(json.dumps([[p.digest for p in packages], overlays]).encode()).hexdigest()
            known = self._folder / "deployed"
            if not self._standing() or not known.exists() or known.read_text() != wanted:
                known.unlink(missing_ok=True)
                artifacts = Artifacts(self.client("s3"), f"{DEPLOYMENT}-artifacts")
                self.outputs = deploy_all(
                    self.client("cloudformation"), artifacts, DEPLOYMENT, packages, overlays, self._say
                )
                self._expire()
                self._answer_as_the_template_says(packages[-1].template)
                known.write_text(wanted)
            self._admit()
            self._publish()
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Stop in order: everything registered is there at the next start."""
        if self._ministack is not None:
            self._ministack.stop()
            self._ministack = None
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    def client(self, service: str) -> Any:
        """A client of `service`, as the root of the local account."""
        return self.ministack.client(service)

    @property
    def public_url(self) -> str:
        """What stands before `/C/…`: loopback by number, which every browser and every Python resolves."""
        return f"{self.ministack.endpoint_url}/_aws/execute-api/{self.outputs['public']['RestAPIId']}/api"

    @property
    def command_url(self) -> str:
        """The command centre's desk."""
        return f"{self.ministack.endpoint_url}/_aws/execute-api/{self.outputs['command']['RestAPIId']}/api/"

    @property
    def operator_file(self) -> Path:
        """Name and password of the local operator, a line each; nobody else may read it."""
        return self.home / "operator"

    def accounts(self) -> Accounts:
        """The operators."""
        data = self.outputs["data"]
        return Accounts(self.client("cognito-idp"), data["Operators"], data["OperatorsClient"])

    def _take_lock(self) -> None:
        """The folder is ours until we and our MiniStack have ended: one that is still saving after its parent was
        killed is waited for."""
        lock = (self._folder / "lock").open("w")
        until = time.monotonic() + SAVING_SECONDS
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                if time.monotonic() >= until:
                    lock.close()
                    raise AlreadyRunning(f"a local stack is running on {self.home} already; stop it first") from None
                time.sleep(0.1)
            else:
                self._lock = lock
                return

    def _secret(self) -> str:
        """The root's secret key: whoever cannot read this folder has no access."""
        kept = self._folder / "secret"
        if not kept.exists():
            kept.touch(mode=0o600)
            kept.write_text(secrets.token_hex(20))
        return kept.read_text()

    def _overlays(self) -> dict[str, Any]:
        more = {"Environment": {"Variables": self._environment}}
        every_minute = {"Events": {"SummariseScheduleEvent": {"Properties": {"Schedule": "rate(1 minute)"}}}}
        return {
            "public": {
                "Resources": {
                    "RestAPI": {"Properties": {"BinaryMediaTypes": ["*/*"]}},
                    "APIHandler": {"Properties": more},
                },
            },
            "command": {
                "Resources": {
                    "RestAPI": {"Properties": {"BinaryMediaTypes": ["*/*"]}},
                    "APIHandler": {"Properties": more},
                    "Authorise": {"Properties": more},
                    "SummariseSchedule": {"Properties": every_minute | more},
                },
            },
        }

    def _standing(self) -> bool:
        """Whether all stacks stand; notes their outputs."""
        found = {stack: outputs(self.client("cloudformation"), f"{DEPLOYMENT}-{stack}") for stack in STACKS}
        self.outputs = {stack: told for stack, told in found.items() if told is not None}
        return len(self.outputs) == len(STACKS)

    def _expire(self) -> None:
        dynamodb = self.client("dynamodb")
        for table in (self.outputs["data"]["Table"], f"{DEPLOYMENT}-sessions"):
            told = dynamodb.describe_time_to_live(TableName=table)["TimeToLiveDescription"]
            if told["TimeToLiveStatus"] != "ENABLED":
                dynamodb.update_time_to_live(
                    TableName=table, TimeToLiveSpecification={"Enabled": True, "AttributeName": "expires_at"}
                )

    def _answer_as_the_template_says(self, template: Mapping[str, Any]) -> None:
        """What the gateway itself answers to people who are not signed in."""
        api, gateway = self.outputs["command"]["RestAPIId"], self.client("apigateway")
        body = template["Resources"]["RestAPI"]["Properties"]["DefinitionBody"]
        for kind, told in body["x-amazon-apigateway-gateway-responses"].items():
            gateway.put_gateway_response(
                restApiId=api,
                responseType=kind,
                statusCode=told["statusCode"],
                responseParameters=told["responseParameters"],
                responseTemplates=told["responseTemplates"],
            )
        gateway.create_deployment(restApiId=api, stageName="api")

    def _admit(self) -> None:
        """Makes the local operator, unless it can sign in already."""
        if self.operator_file.exists() and any(each.name == OPERATOR for each in self.accounts().list()):
            return
        accounts = self.accounts()
        with contextlib.suppress(AccountExists):
            accounts.add(OPERATOR, "admin")
        password = temporary_password()
        accounts.set_password(OPERATOR, password)
        self.operator_file.unlink(missing_ok=True)
        self.operator_file.touch(mode=0o600)
        self.operator_file.write_text(f"{OPERATOR}\n{password}\n", encoding="utf-8")

    def _publish(self) -> None:
        """Publish the first settings, or those that stand with today's address, and write urls.json."""
        self.urls = {
            "deployment": DEPLOYMENT,
            "endpoint_url": self.ministack.endpoint_url,
            "region": REGION,
            "access_key": self.ministack.credentials.access_key,
            "secret_key": self.ministack.credentials.secret_key,
            "public_url": self.public_url,
            "command_url": self.command_url,
            "form_urls": {},
            "table": self.outputs["data"]["Table"],
            "bucket": self.outputs["data"]["SummariesBucket"],
        }
        settings = self._settings()
        keys = self.code_keys()
        alone = set(without_poster(settings, datetime.now(UTC)))
        self.urls["form_urls"] = {
            checkpoint.id: address(settings.public_url, issue(settings, keys, checkpoint.id))
            for checkpoint in settings.checkpoints
            if checkpoint.active and checkpoint.id not in alone
        }
        self._write_urls()

    def code_keys(self) -> dict[str, bytes]:
        """The keys that sign this stack's codes."""
        told = self.client("secretsmanager").get_secret_value(SecretId=self.outputs["data"]["CodeKeysArn"])
        return {kid: key.encode() for kid, key in json.loads(told["SecretString"]).items()}

    def _settings(self) -> Settings:
        bucket = SettingsBucket(self.client("s3"), self.outputs["data"]["SettingsBucket"])
        now = stamp(datetime.now(UTC))
        try:
            settings = bucket.current()
        except SettingsMissing:
            return bucket.publish(first_settings(DEPLOYMENT, self.public_url, now), now)
        if settings.public_url != self.public_url:  # another port than last time
            return bucket.publish(msgspec.structs.replace(settings, public_url=self.public_url), now)
        return settings

    def _write_urls(self) -> None:
        partial = self.urls_file.with_suffix(".partial")
        with contextlib.suppress(FileNotFoundError):
            partial.unlink()
        partial.touch(mode=0o600)
        partial.write_text(json.dumps(self.urls, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
        partial.replace(self.urls_file)

    def __enter__(self) -> LocalStack:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
