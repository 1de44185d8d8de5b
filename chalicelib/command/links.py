"""Links to files: signed by our role, good for a minute, for one file each. What is large, or what a browser would not
get whole through the gateway, is handed over so."""

from __future__ import annotations

import re
import secrets
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from botocore.exceptions import BotoCoreError, ClientError

from chalicelib.summary import layout
from chalicelib.summary.bucket import Unreachable

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

SECONDS = 60
"""As long as it takes to follow a link, and no longer: whoever finds it afterwards finds nothing."""


class Links:
    """To what lies below the summaries' prefix, and nothing else."""

    def __init__(self, client: S3Client, bucket: str) -> None:
        self._client = client
        self._bucket = bucket

    @staticmethod
    def is_file(name: str) -> bool:
        """Whether `name` (`day/2020/02/10/r001.csv`) is one of the layout, without what stands before every key."""
        return len(name) < 200 and layout.is_file(layout.ROOT + name)

    def to(self, name: str) -> str:
        """The link to the file of that name, under which it is saved. Whether it is there, S3 says."""
        if not self.is_file(name):
            raise ValueError("no file of the summaries")
        saved = "kakou-" + re.sub("[^a-z0-9.]+", "-", name)
        return self._client.generate_presigned_url(
            "get_object",
            Params={
                "Bucket": self._bucket,
                "Key": layout.ROOT + name,
                "ResponseContentDisposition": f'attachment; filename="{saved}"',
                "ResponseCacheControl": "private, no-store",
            },
            ExpiresIn=SECONDS,
        )


class Handover:
    """Files made for one person, in a bucket that is emptied every day; each under a name that nobody can guess."""

    def __init__(self, client: S3Client, bucket: str) -> None:
        self._client = client
        self._bucket = bucket

    @property
    def origin(self) -> str:
        """Scheme and host of the links."""
        place = urlsplit(self._client.generate_presigned_url("get_object", Params={"Bucket": self._bucket, "Key": "x"}))
        return f"{place.scheme}://{place.netloc}"

    def link(self, name: str, kind: str, content: bytes) -> str:
        """The link to a file of `content`, saved as `name`; `kind` is its media type. Raises Unreachable."""
        key = f"desk/{secrets.token_urlsafe(24)}/{name}"
        try:
            self._client.put_object(Bucket=self._bucket, Key=key, Body=content, ContentType=kind)
        except (ClientError, BotoCoreError) as error:
            code = error.response["Error"]["Code"] if isinstance(error, ClientError) else type(error).__name__
            raise Unreachable(code) from error
        return self._client.generate_presigned_url(
            "get_object",
            Params={
                "Bucket": self._bucket,
                "Key": key,
                "ResponseContentDisposition": f'attachment; filename="{name}"',
                "ResponseCacheControl": "private, no-store",
            },
            ExpiresIn=SECONDS,
        )
