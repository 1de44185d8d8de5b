"""The wiring: the one place that reads the environment and makes AWS clients, each on first use.

What a function needs is asked for by name (`passage_table()`), made once and kept while its process lives. The scripts
ask the same names after `reach`. Tests put their own in place with `use`.
"""

from __future__ import annotations

import contextlib
import json
import os
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from chalicelib.patience import BRISK, PROMPT, UNHURRIED, Patience, config

if TYPE_CHECKING:
    import botocore.session

    from chalicelib.checkpoint.keyring import Keyring
    from chalicelib.command.access import Access
    from chalicelib.command.accounts import Accounts
    from chalicelib.command.journal import Journal
    from chalicelib.command.links import Handover, Links
    from chalicelib.command.numbers import Numbers
    from chalicelib.command.sessions import Sessions
    from chalicelib.passage.seal import Envelope
    from chalicelib.passage.table import PassageTable
    from chalicelib.settings import CurrentSettings, SettingsBucket
    from chalicelib.summary.bucket import SummaryBucket

Part = TypeVar("Part")

SECRET_SECONDS = 60.0
"""How old secrets may be: a new key reaches a running function within this time."""


class NotReachable(RuntimeError):
    """A service that this needs did not answer, and nothing is known from before; names the service's error alone."""


class NotWired(RuntimeError):
    """The environment (or the running stack) lacks a name that this needs; says which, and the remedy."""


PARTS = ["clock", "code_keys", "public_secret"]
"""What `use` can put in place: these, and what `_part` makes."""

_parts: dict[str, Any] = {}
_lock = threading.RLock()
_given: dict[str, str] | None = None
_access: dict[str, Any] = {}


def _part(make: Callable[[], Part]) -> Callable[[], Part]:
    """`make()` at the first asking, and the same ever after, until `use` or `reach` puts another in its place."""
    name = make.__name__

    def part() -> Part:
        try:
            found: Part = _parts[name]
        except KeyError:
            with _lock:
                if name not in _parts:
                    _parts[name] = make()
                found = _parts[name]
        return found

    part.__name__, part.__doc__ = name, make.__doc__
    PARTS.append(name)
    return part


@contextlib.contextmanager
def use(**parts: Any) -> Iterator[None]:
    """While it lasts, the parts named here are what is given: `use(passage_table=MemoryTable(), clock=lambda: noon)`.

    `clock` is a callable; `code_keys` a mapping; `public_secret` bytes; every other part the object itself.
    """
    for name in parts:
        if name not in PARTS:
            raise TypeError(f"{name!r} is no part of the wiring: {', '.join(PARTS)}")
    with _lock:
        before = dict(_parts)
        _parts.update(parts)
    try:
        yield
    finally:
        with _lock:
            _parts.clear()
            _parts.update(before)


def reach(urls: Path | None = None, deployment: str | None = None) -> None:
    """For scripts: wire to a running system instead of to a function's environment.

    `urls` is the `urls.json` of a local stack; without it, the AWS account that the environment gives access to. The
    names come from the data stack of `deployment` (the local stack's own, or `kakou`). Raises NotWired.
    """
    global _given
    access: dict[str, Any] = {}
    if urls is not None:
        try:
            told = json.loads(urls.read_text(encoding="utf-8"))
            access = {
                "endpoint_url": told["endpoint_url"],
                "region_name": told["region"],
                "aws_access_key_id": told["access_key"],
                "aws_secret_access_key": told["secret_key"],
            }
            deployment = deployment or told.get("deployment")
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise NotWired(f"{urls} does not describe a running stack ({error}): start one with scripts/run") from error
    named = deployment or os.environ.get("KAKOU_DEPLOYMENT") or "kakou"
    forget()
    _access.update(access)
    outputs = _outputs(f"{named}-data")
    _given = {
        "KAKOU_DEPLOYMENT": named,
        "KAKOU_TABLE": outputs["Table"],
        "KAKOU_SUMMARIES_BUCKET": outputs["SummariesBucket"],
        "KAKOU_SETTINGS_BUCKET": outputs["SettingsBucket"],
        "KAKOU_SEALING_KEY": outputs["SealingKeyArn"],
        "KAKOU_CODE_KEYS_SECRET": outputs["CodeKeysArn"],
        "KAKOU_PUBLIC_SECRET": outputs["PublicSecretArn"],
        "KAKOU_OPERATORS": outputs["Operators"],
        "KAKOU_OPERATORS_CLIENT": outputs["OperatorsClient"],
        "KAKOU_JOURNAL": outputs["Journal"],
    }


def forget() -> None:
    """Undo `reach`, and drop every part that was made: back to the environment."""
    global _given
    with _lock:
        _parts.clear()
        _access.clear()
        _given = None


def clock() -> datetime:
    """Now, in UTC: the one clock."""
    told: Callable[[], datetime] | None = _parts.get("clock")
    return told() if told is not None else datetime.now(UTC)


def deployment() -> str:
    """The name that is signed into every code and receipt: a trial's poster is worth nothing in earnest."""
    return _name("KAKOU_DEPLOYMENT")


@_part
def settings_bucket() -> SettingsBucket:
    from chalicelib.settings import SettingsBucket

    return SettingsBucket(client("s3"), _name("KAKOU_SETTINGS_BUCKET"))


@_part
def current_settings() -> CurrentSettings:
    """The settings as they stand, a minute old at most."""
    from chalicelib.settings import CurrentSettings

    return CurrentSettings(settings_bucket(), clock)


@_part
def summary_bucket() -> SummaryBucket:
    from chalicelib.summary.bucket import SummaryBucket

    return SummaryBucket(client("s3", UNHURRIED), _name("KAKOU_SUMMARIES_BUCKET"))


@_part
def passage_table() -> PassageTable:
    from chalicelib.passage.table import PassageTable

    return PassageTable(client("dynamodb"), _name("KAKOU_TABLE"))


@_part
def scan_table() -> PassageTable:
    """The same table, for scans that open no form."""
    from chalicelib.passage.table import PassageTable

    return PassageTable(client("dynamodb", BRISK), _name("KAKOU_TABLE"))


@_part
def passage_reader() -> PassageTable:
    """The same table, read by a schedule, which has time, and through a client that reads nothing else."""
    from chalicelib.passage.table import PassageTable, as_it_comes

    own: Any = _session().create_client("dynamodb", config=config("dynamodb", UNHURRIED), **_access)
    return PassageTable(as_it_comes(own), _name("KAKOU_TABLE"))


@_part
def sealer() -> Envelope:
    """Seals under the deployment's key. Asked for at the first submission, because its library is slow to import."""
    from chalicelib.passage.seal import Envelope

    return Envelope(client("kms"), _name("KAKOU_SEALING_KEY"), deployment())


def code_keys() -> Mapping[str, bytes]:
    """The keys that sign codes, by key id. Raises NotReachable."""
    told: Mapping[str, bytes] | None = _parts.get("code_keys")
    if told is not None:
        return told
    return {kid: key.encode() for kid, key in _code_keys_secret().now().items()}


@_part
def keyring() -> Keyring:
    """The same keys, for the script that adds to them."""
    from chalicelib.checkpoint.keyring import Keyring

    return Keyring(client("secretsmanager", UNHURRIED), _name("KAKOU_CODE_KEYS_SECRET"))


@_part
def accounts() -> Accounts:
    """The operators, asked while a page waits."""
    from chalicelib.command.accounts import Accounts

    return Accounts(client("cognito-idp"), _name("KAKOU_OPERATORS"), _name("KAKOU_OPERATORS_CLIENT"))


@_part
def sessions() -> Sessions:
    from chalicelib.command.sessions import Sessions

    return Sessions(client("dynamodb"), _name("KAKOU_SESSIONS"))


@_part
def journal() -> Journal:
    from chalicelib.command.journal import Journal

    return Journal(client("dynamodb"), _name("KAKOU_JOURNAL"))


@_part
def numbers() -> Numbers:
    """The published summaries as the desk shows them: a page waits, so its patience is short."""
    from chalicelib.command.numbers import Numbers
    from chalicelib.summary.bucket import SummaryBucket

    return Numbers(SummaryBucket(client("s3"), _name("KAKOU_SUMMARIES_BUCKET")))


@_part
def links() -> Links:
    """Short-lived links to published files."""
    from chalicelib.command.links import Links

    return Links(client("s3"), _name("KAKOU_SUMMARIES_BUCKET"))


@_part
def handover() -> Handover:
    """Where files are put that are made for one person."""
    from chalicelib.command.links import Handover

    return Handover(client("s3"), _name("KAKOU_HANDOVER_BUCKET"))


@_part
def access() -> Access:
    """The way in and out of the command centre's desk."""
    from chalicelib.command.access import Access, Keys
    from chalicelib.command.tokens import Trust

    trust = Trust(_name("KAKOU_ISSUER"), _name("KAKOU_OPERATORS_CLIENT"))
    return Access(accounts(), sessions(), journal(), Keys(accounts()), trust)


def public_secret() -> bytes:
    """What the public stack's own keys are derived from. Raises NotReachable."""
    told: bytes | None = _parts.get("public_secret")
    if told is not None:
        return told
    return _public_secret().now()["public"].encode()


class Secret:
    """A JSON object of strings, read again after a minute; while it cannot be read, the last one read stands: which
    keys still count, the settings say. `read` raises NotReachable."""

    def __init__(self, read: Callable[[], str], ticks: Callable[[], float] = time.monotonic) -> None:
        self._read = read
        self._ticks = ticks
        self._last: dict[str, str] | None = None
        self._until = 0.0
        self._lock = threading.Lock()

    def now(self) -> dict[str, str]:
        """The secret as last read. Raises NotReachable when it never was."""
        with self._lock:
            if self._last is None or self._ticks() >= self._until:
                try:
                    self._last = json.loads(self._read())
                except NotReachable:
                    if self._last is None:
                        raise
                self._until = self._ticks() + SECRET_SECONDS
            return self._last


def _secret(name: str) -> Secret:
    def read() -> str:
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            return str(client("secretsmanager").get_secret_value(SecretId=name)["SecretString"])
        except ClientError as error:
            raise NotReachable(f"Secrets Manager: {error.response['Error']['Code']}") from None
        except BotoCoreError as error:
            raise NotReachable(f"Secrets Manager: {type(error).__name__}") from None

    return Secret(read)


@_part
def _code_keys_secret() -> Secret:
    return _secret(_name("KAKOU_CODE_KEYS_SECRET"))


@_part
def _public_secret() -> Secret:
    return _secret(_name("KAKOU_PUBLIC_SECRET"))


def client(service: str, patience: Patience = PROMPT) -> Any:
    """The client of `service`, made once for each patience."""
    name = f"client {service} {patience[service]}"
    with _lock:
        if name not in _parts:
            _parts[name] = _session().create_client(service, config=config(service, patience), **_access)
        return _parts[name]


@_part
def _session() -> botocore.session.Session:
    import botocore.session

    return botocore.session.Session()


def _name(variable: str) -> str:
    names: Mapping[str, str] = os.environ if _given is None else _given
    try:
        return names[variable]
    except KeyError:
        raise NotWired(f"{variable} is not set: see .chalice/, or wire a script with wiring.reach") from None


def _outputs(stack: str) -> dict[str, str]:
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        described = client("cloudformation", UNHURRIED).describe_stacks(StackName=stack)["Stacks"][0]
    except (ClientError, BotoCoreError) as error:
        raise NotWired(f"stack {stack} cannot be read: {error}") from error
    return {output["OutputKey"]: output["OutputValue"] for output in described.get("Outputs", [])}
