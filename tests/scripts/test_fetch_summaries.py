"""The command that fetches, on the local stack's S3: what it says, and its exit codes."""

from __future__ import annotations

import os
import secrets
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from chalicelib.passage.hour import Hour
from chalicelib.summary import layout
from tests.conftest import Credentials, MiniStack
from tests.summary.town import Town

EVENING = Hour(datetime(2020, 2, 10, 13, tzinfo=UTC))


class Site:
    """A bucket on the local stack with what a town published there, and the command."""

    def __init__(self, ministack: MiniStack, account: Credentials, root: Path) -> None:
        self.name = f"summaries-{secrets.token_hex(8)}"
        self.client: Any = ministack.client("s3", account)
        self.client.create_bucket(Bucket=self.name)
        self.town = Town(EVENING)
        self.town.busy(Hour(EVENING.start + timedelta(hours=6)))
        self._root = root
        self._environment = {
            "PATH": os.environ["PATH"],
            "AWS_ENDPOINT_URL": ministack.endpoint_url,
            "AWS_ACCESS_KEY_ID": account.access_key,
            "AWS_SECRET_ACCESS_KEY": account.secret_key,
            "AWS_DEFAULT_REGION": ministack.region,
        }

    def publish(self, hours: float) -> None:
        self.town.run(EVENING.start + timedelta(hours=hours), self.client, workers=4, bucket=self.name)

    def fetch(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, str(self._root / "scripts" / "fetch_summaries"), *arguments],
            env=self._environment,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )


@pytest.fixture
def site(ministack: MiniStack, account: Credentials, root: Path) -> Site:
    return Site(ministack, account, root)


def test_it_brings_all_says_what_is_new_and_then_that_nothing_is(site: Site, tmp_path: Path) -> None:
    site.publish(4.5)
    first = site.fetch("--out", str(tmp_path), "--bucket", site.name)
    assert first.returncode == 0, first.stderr
    assert "new     summaries/v1/day/2020/02/10/r001.csv" in first.stdout
    assert "final   up to 2020-02-11T01:00:00+08:00" in first.stdout
    # A day, its table and three hours, its reconciliation, an hour, then today, the trend and the total, a table each,
    # and six schemas.
    assert "19 new of 19 final files, all verified" in first.stdout
    assert "alarm   retiring_poster at 101: " in first.stdout
    assert (tmp_path / "now.csv").exists()
    again = site.fetch("--out", str(tmp_path), "--bucket", site.name)
    assert again.returncode == 0
    assert "0 new of 19" in again.stdout


def test_exit_codes_tell_a_monitor_what_happened(site: Site, tmp_path: Path) -> None:
    out = str(tmp_path / "out")
    assert site.fetch("--out", out, "--bucket", site.name).returncode == 4
    assert site.fetch("--out", out, "--bucket", "no-such-bucket-of-ours").returncode == 1
    assert site.fetch("--bucket", site.name).returncode == 2
    assert site.fetch("--out", out, "--urls", str(tmp_path / "none.json")).returncode == 1
    site.publish(4.5)
    blocked = tmp_path / "file"
    blocked.write_text("in the way")
    assert site.fetch("--out", str(blocked), "--bucket", site.name).returncode == 1
    site.client.put_object(Bucket=site.name, Key=layout.NOW, Body=b"{}")
    site.client.put_object(Bucket=site.name, Key=layout.LATEST, Body=b"{}")
    damaged = site.fetch("--out", out, "--bucket", site.name)
    assert damaged.returncode == 3
    assert "Traceback" not in damaged.stderr
