"""How long we wait for AWS: to connect, to read, how often; and the settings of a client that hold it to that.

The worst answer that still comes fits the function's time and the gateway's: the README's table ("When something
fails") adds it up.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from botocore.config import Config

Patience = Mapping[str, tuple[float, float, int]]
"""Of each service: seconds to connect, seconds to read, tries in all. Between two tries botocore waits a second at
most."""

PROMPT: Patience = {
    "s3": (0.5, 1.0, 2),
    "secretsmanager": (0.5, 1.0, 2),
    "kms": (0.5, 1.0, 2),
    "dynamodb": (1.0, 2.5, 2),
    "cognito-idp": (1.0, 3.0, 2),
}
"""While a traveller or an operator waits for a page."""

BRISK: Patience = {"dynamodb": (0.5, 1.0, 1)}
"""For what may fail without anyone noticing, while a page waits."""

UNHURRIED: Patience = {
    "s3": (2.0, 10.0, 4),
    "dynamodb": (2.0, 10.0, 4),
    "cloudformation": (2.0, 10.0, 4),
    "secretsmanager": (2.0, 10.0, 4),
    "sts": (2.0, 10.0, 4),
    "cognito-idp": (2.0, 10.0, 4),
}
"""For schedules and scripts: nobody waits at a roadside."""


def config(service: str, patience: Patience) -> Config:
    """The settings of a client of `service`."""
    from botocore.config import Config

    connect, read, tries = patience[service]
    return Config(
        connect_timeout=connect,
        read_timeout=read,
        retries={"total_max_attempts": tries, "mode": "standard"},
        max_pool_connections=32,
        # S3's own default signs links in a way that newer regions, those in China among them, do not take.
        signature_version="s3v4" if service == "s3" else None,
        # Everything that reaches a client was parsed by us; botocore's own check is slow and prints values.
        parameter_validation=False,
        # One word, where botocore would put a new sentence about this machine together for each request.
        user_agent="kakou",
    )
