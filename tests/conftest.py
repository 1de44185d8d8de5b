"""The stores of the tests: MiniStack for the contracts, and the deployed stacks, each started once for the session."""

from __future__ import annotations

import itertools
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import hypothesis
import pytest

from chalicelib.settings import SettingsBucket
from chalicelib.web.catalogues import compile_all
from scripts.stacks.local import LocalStack
from scripts.stacks.ministack import ACCOUNT, Credentials, MiniStack, free_port, interpreter
from tests.simulation.s3 import MemoryS3
from tests.summary import reported

if TYPE_CHECKING:
    from playwright.sync_api import Browser

__all__ = ["Credentials", "LocalStack", "MiniStack"]


# How long one example takes is no promise of ours, and depends on who else works on the machine.
hypothesis.settings.register_profile("kakou", deadline=None)
hypothesis.settings.load_profile("kakou")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--fuzz", type=int, default=20_000, help="fuzzed bodies in-process (default: 20,000)")
    parser.addoption("--faults", type=int, default=300, help="seeds of the simulator (default: 300)")
    parser.addoption("--town", type=float, default=0.01, help="share of the fortnight's volume (default: 0.01)")


def pytest_sessionstart(session: pytest.Session) -> None:
    """The catalogues of a fresh clone: pages made in this process want them, whichever test comes first."""
    compile_all()
    reported.share = float(session.config.getoption("--town"))


LONGEST_FIRST = (
    "whole/test_faults", "whole/test_canary", "whole/test_line", "whole/test_codes", "whole/", "simulation/",
    "web/test_remember", "web/", "summary/",
)  # fmt: skip
"""The files whose tests take long, or wait for a minute of the clock, begin. The last ones are short, so that no
process works on while the others have nothing left to do."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent

    def turn(item: pytest.Item) -> int:
        name = item.path.relative_to(here).as_posix()
        return next((n for n, start in enumerate(LONGEST_FIRST) if name.startswith(start)), len(LONGEST_FIRST))

    items.sort(key=turn)


@pytest.fixture
def fuzz(request: pytest.FixtureRequest) -> int:
    """How many bodies to fuzz in-process."""
    return int(request.config.getoption("--fuzz"))


@pytest.fixture
def faults(request: pytest.FixtureRequest) -> int:
    """How many seeds the simulator runs."""
    return int(request.config.getoption("--faults"))


@pytest.fixture
def town(request: pytest.FixtureRequest) -> float:
    """The share of 122,992 passages in a fortnight; above 0.01 on the deployed stack."""
    return float(request.config.getoption("--town"))


_accounts = itertools.count(100_000_000_001)


@pytest.fixture(scope="session")
def ministack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MiniStack]:
    """A bare MiniStack with IAM enforced, nothing in it: `ministack.client("s3", account)`."""
    home = tmp_path_factory.mktemp("ministack")
    credentials = Credentials(ACCOUNT, secrets.token_hex(20))
    with MiniStack(interpreter(), home, free_port(), credentials, keep=False) as running:
        yield running


@pytest.fixture
def account(ministack: MiniStack) -> Credentials:
    """The root of an account of this test's own: what others keep in MiniStack is not there."""
    return Credentials(str(next(_accounts)), ministack.credentials.secret_key)


@pytest.fixture
def bucket_name() -> str:
    """Buckets of all accounts share their names."""
    return f"bucket-{secrets.token_hex(8)}"


@pytest.fixture(params=["memory", "ministack"])
def s3(request: pytest.FixtureRequest, bucket_name: str) -> Any:
    """S3 with an empty bucket of the test's own, for the contracts: in memory, and the local stack's."""
    if request.param == "memory":
        return MemoryS3()
    account = request.getfixturevalue("account")
    real = request.getfixturevalue("ministack").client("s3", account)
    real.create_bucket(Bucket=bucket_name)
    return real


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalStack]:
    """The three stacks, deployed as `scripts/run` does it, with IAM enforced and the schedule waking every minute.

    Shared by the files of a process, in an order that nobody knows. A file that changes the settings has `own_stack`.
    """
    with LocalStack(tmp_path_factory.mktemp("stack")) as running:
        yield running
        settings = SettingsBucket(running.client("s3"), running.outputs["data"]["SettingsBucket"]).current()
        assert settings.version == 1, "a test changed the settings of the stack that all share: it wants its own_stack"


@pytest.fixture(scope="module")
def own_stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalStack]:
    """Another one, of this file alone."""
    with LocalStack(tmp_path_factory.mktemp("stack")) as running:
        yield running


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Debian's Chromium. Where there is none, what wants it is left out."""
    from tests.web.browser import CHROMIUM, chromium  # which brings the app

    if CHROMIUM is None:
        pytest.skip("Chromium is not installed: apt-get install chromium")
    with chromium() as opened:
        yield opened


@pytest.fixture(scope="session")
def root() -> Path:
    """The repository."""
    return Path(__file__).resolve().parents[1]
