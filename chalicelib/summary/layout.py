"""Where the summaries lie: the names of the files, which are also the keys in the bucket.

summaries/v1/hour/2020/02/10/07/r001.json            the hour that begins at 07:00 UTC
summaries/v1/day/2020/02/10/r001.{json,csv,html,xlsx} the day in Asia/Shanghai
summaries/v1/operation/2020/02/10/07/r001.{json,csv} from the operation's first hour to the end of that hour (UTC)
summaries/v1/today/2020/02/10/07/r001.{json,csv,…}   from 00:00 (Asia/Shanghai) to the end of that hour (UTC)
summaries/v1/trend/2020/02/10/r001.{json,csv}        the days up to that one (Asia/Shanghai) beside one another
summaries/v1/reconciliation/2020/02/10/r001.json     that day (Asia/Shanghai) against the table; each check its own file
summaries/v1/schema/kakou.now.v1/0123456789ab.json   a JSON Schema, by the beginning of its digest
summaries/v1/latest.json                             names what is final; moved forwards only, written last
summaries/v1/now.{json,csv}                          provisional; written over
summaries/v1/alarms.json                             the alarms of now.json alone; written over

All but the last four are written once. A revision is a file of its own beside the ones before it.
"""

from __future__ import annotations

import re
from datetime import date

from chalicelib.passage.hour import Hour

ROOT = "summaries/v1/"
LATEST = ROOT + "latest.json"
NOW = ROOT + "now.json"
NOW_CSV = ROOT + "now.csv"
ALARMS = ROOT + "alarms.json"

_REVISION = re.compile(r"/r([0-9]{3,})\.json")
_HOUR = re.compile(ROOT + r"(?:hour|operation|today)/([0-9]{4})/([0-9]{2})/([0-9]{2})/([0-9]{2})/r[0-9]{3,}\.json")
_DAY = re.compile(ROOT + r"day/([0-9]{4})/([0-9]{2})/([0-9]{2})/r[0-9]{3,}\.json")
_FILE = re.compile(
    ROOT + r"(?:(?:(?:hour|operation|today)/[0-9]{4}/[0-9]{2}/[0-9]{2}/[0-9]{2}"
    r"|(?:day|trend|reconciliation)/[0-9]{4}/[0-9]{2}/[0-9]{2})/r[0-9]{3,}\.(?:json|csv)"
    r"|(?:today/[0-9]{4}/[0-9]{2}|day/[0-9]{4})/[0-9]{2}/[0-9]{2}/r[0-9]{3,}\.(?:html|xlsx)"
    r"|schema/kakou\.[a-z]+\.v[0-9]+/[0-9a-f]{12}\.json|(?:latest|alarms|now)\.json|now\.csv)"
)


def hour_folder(hour: Hour) -> str:
    return ROOT + hour.start.strftime("hour/%Y/%m/%d/%H")


def day_folder(day: date) -> str:
    return ROOT + day.strftime("day/%Y/%m/%d")


def operation_folder(through: Hour) -> str:
    return ROOT + through.start.strftime("operation/%Y/%m/%d/%H")


def today_folder(through: Hour) -> str:
    return ROOT + through.start.strftime("today/%Y/%m/%d/%H")


def trend_folder(last: date) -> str:
    return ROOT + last.strftime("trend/%Y/%m/%d")


def reconciliation_folder(day: date) -> str:
    return ROOT + day.strftime("reconciliation/%Y/%m/%d")


def schema_key(schema: str, digest: str) -> str:
    """Where the JSON Schema of the documents called `schema` lies: what is added to it has a file of its own."""
    return f"{ROOT}schema/{schema}/{digest[:12]}.json"


def revision_key(folder: str, revision: int) -> str:
    return f"{folder}/r{revision:03d}.json"


def csv_key(key: str) -> str:
    """The CSV beside a summary."""
    return key.removesuffix(".json") + ".csv"


def report_key(key: str, kind: str) -> str:
    """The report beside a summary: `kind` is `html` or `xlsx`."""
    return f"{key.removesuffix('.json')}.{kind}"


def revision_of(key: str) -> int:
    """The revision that a key names; 0 for what is no summary."""
    match = _REVISION.search(key)
    return int(match[1]) if match else 0


def hour_of(key: str) -> Hour:
    """The hour whose summary, or through which the operation's or today's, lies at `key`. Raises ValueError."""
    match = _HOUR.fullmatch(key)
    if not match:
        raise ValueError("not the key of an hour")
    return Hour.parse("{}-{}-{}T{}".format(*match.groups()))


def day_of(key: str) -> date:
    """The day whose summary lies at `key`. Raises ValueError."""
    match = _DAY.fullmatch(key)
    if not match:
        raise ValueError("not the key of a day")
    year, month, day = match.groups()
    return date(int(year), int(month), int(day))


def is_file(key: str) -> bool:
    """Whether `key` is a name of this layout, hence safe to use as a path."""
    return _FILE.fullmatch(key) is not None
