"""Changing the settings from a command line: who, when and why go into the log with each change."""

from __future__ import annotations

import argparse
import getpass
from collections.abc import Callable
from datetime import datetime, time, timedelta

from botocore.exceptions import BotoCoreError, ClientError

from chalicelib import patience, wiring
from chalicelib.checkpoint import lifecycle
from chalicelib.checkpoint.keyring import KeyringUnavailable
from chalicelib.passage.hour import LOCAL, moment, stamp
from chalicelib.settings import (
    Change,
    Settings,
    SettingsConflict,
    SettingsInvalid,
    SettingsMissing,
    SettingsUnavailable,
)

TRIES = 5
"""Of a change, while others publish theirs."""

NOT_DONE = (
    lifecycle.Refused, SettingsInvalid, SettingsConflict, SettingsMissing, SettingsUnavailable, KeyringUnavailable,
    wiring.NotReachable, wiring.NotWired, OSError, ClientError, BotoCoreError,
)  # fmt: skip
"""What keeps a change from being made; each says why, and nothing is changed."""

Step = Callable[[Settings], Settings]


def change(given: argparse.Namespace, what: str, step: Step) -> Settings:
    """Publishes what `step` makes of the settings in force, with its entry in the log: `given` says who (`by`), `why`
    and whether to `force` it, `what` is the command. Raises what NOT_DONE lists, and what `step` raises."""
    bucket = wiring.settings_bucket()
    who = f"{given.by} ({wiring.client('sts', patience.UNHURRIED).get_caller_identity()['Arn']})"
    for again in range(TRIES):
        settings, now = bucket.current(), wiring.clock()
        changed = lifecycle.decide(settings, step, now, force=given.force)
        try:
            done = bucket.publish(changed, stamp(now), Change(who, what, given.why, given.force))
        except SettingsConflict:
            if again == TRIES - 1:
                raise
            continue
        print(f"Done: version {done.version} of {done.deployment}, in every function within a minute")
        return done
    raise AssertionError("not reached")


def asks_why(parser: argparse.ArgumentParser) -> None:
    """Every change says why, and who made it."""
    parser.add_argument("--why", type=said, required=True, help="for the log")
    name = user()
    parser.add_argument("--by", type=said, default=name, required=name is None, help="who (%(default)s)")


def said(text: str) -> str:
    if not text.strip() or not text.isprintable() or len(text) > 300:
        raise argparse.ArgumentTypeError("write one line of up to 300 characters")
    return text


def user() -> str | None:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return None


def print_log(last: int) -> None:
    """The newest changes, the newest last."""
    for entry in wiring.settings_bucket().log()[-last:]:
        made = entry.change
        notes = ("" if entry.in_force else "  [never came into force]") + ("  [forced]" if made.forced else "")
        why = f": {made.why}" if made.why else ""
        print(f"{entry.version:>6}  {shown(entry.at)}  {made.who}  {made.what}{why}{notes}")


def shown(text: str | None) -> str:
    """A stamp in the city's time."""
    return f"{moment(text).astimezone(LOCAL):%Y-%m-%d %H:%M}" if text else "-"


def day_end(at: datetime) -> datetime:
    """The end of the day in the city that `at` falls in."""
    return datetime.combine(at.astimezone(LOCAL).date() + timedelta(days=1), time(), LOCAL)
