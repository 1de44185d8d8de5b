"""Which running system a script means: the local stack of scripts/run, if there is one, else the AWS account that the
environment signs in to; `--urls` and `--deployment` say otherwise."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from chalicelib import wiring

LOCAL_URLS = Path(__file__).resolve().parent.parent / ".local" / "urls.json"
"""Where `scripts/run` says what it started."""


def asks_where(parser: argparse.ArgumentParser) -> Any:
    """The options `--urls` and `--deployment`; the group of which one at most may be given."""
    where = parser.add_mutually_exclusive_group()
    where.add_argument("--urls", type=Path, metavar="FILE", help="urls.json of a local stack")
    where.add_argument("--deployment", metavar="NAME", help="a deployment on AWS")
    return where


def local(given: argparse.Namespace, started: Path = LOCAL_URLS) -> Path | None:
    """The urls.json of the local stack that is meant; None for AWS."""
    urls: Path | None = given.urls
    return started if urls is None and given.deployment is None and started.exists() else urls


def reach(given: argparse.Namespace) -> None:
    """Wires this process to the system that is meant. Raises NotWired."""
    wiring.reach(local(given), given.deployment)
