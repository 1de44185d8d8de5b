"""What the report says in whole sentences, in both languages."""

from __future__ import annotations

from chalicelib.passage.hour import LOCAL, moment
from chalicelib.summary.alarms import Alarm
from chalicelib.summary.document import Summary
from chalicelib.summary.layout import day_of, revision_of
from chalicelib.summary.report import Report
from chalicelib.summary.report.words import COUNTED, Words


def clock(stamp: str) -> str:
    """A stamp as month, day and minute on the city's clock: `02-10 15:00`."""
    return moment(stamp).astimezone(LOCAL).strftime("%m-%d %H:%M")


def completeness(report: Report) -> Words:
    """What these numbers are worth, in one sentence."""
    summary = report.summary
    hour = f"{report.ends:%H:%M}" if report.ends.date() == report.day else "24:00"
    zh = f"最终数据，截至 {report.day:%m-%d} {hour}"
    en = f"Final up to {hour} on {report.day:%m-%d}"
    if summary.window in ("hour", "days"):
        zh = f"最终数据，{report.begins:%m-%d %H:%M} 至 {report.day:%m-%d} {hour}"
        en = f"Final, from {report.begins:%H:%M} on {report.begins:%m-%d} to {hour} on {report.day:%m-%d}"
    elif not report.whole:
        zh += "，之后的登记未计入"
        en += ", what came later is not in it"
    if report.compared and report.begins.date() == report.day and report.begins.hour:
        zh += f"；行动自 {report.begins:%H:%M} 开始，当日不满一天"
        en += f"; the operation began at {report.begins:%H:%M}, so this is part of a day"
    if summary.revision > 1:
        more = _revised(summary)
        zh += f"；第 {summary.revision} 次修订，比前一修订{'，'.join(each.zh for each in more)}"
        en += f"; revision {summary.revision}: {', '.join(each.en for each in more)}"
    if summary.expired:
        zh += "；部分登记可能在计数前已过期"
        en += "; passages may have expired before they were counted"
    checked = report.reconciliation
    if checked is None:
        return Words(f"{zh}；尚未与数据表核对。", f"{en}; not checked against the table yet.")
    day = day_of(checked.day.key)
    own = checked.day == report.source
    if own or day != report.day:
        said = "本日" if own else f"{day:%m-%d} "
    else:
        said = f"{'本日' if report.compared else f'{day:%m-%d} '}第 {revision_of(checked.day.key)} 次修订"
    told = (
        "" if own else f" of {day:%m-%d}" + (f" (revision {revision_of(checked.day.key)})" if day == report.day else "")
    )
    at = clock(checked.checked_at)
    zh += f"；{said}数据已于 {at} 与数据表核对：{'一致' if checked.equal else '不一致，须查'}"
    en += f"; numbers{told} checked against the table at {at}: {'' if checked.equal else 'NOT '}equal"
    if report.differing:
        days = "、".join(f"{day_of(each.content.day.key):%m-%d}" for each in report.differing)
        zh += f"；{days} 数据与数据表不一致，须查"
        en += f"; those of {days.replace('、', ', ')} are NOT equal to the table"
    zh += "。"
    en += "."
    return Words(zh, en)


def _revised(summary: Summary) -> list[Words]:
    """What a revision has that the one before had not."""
    told = [
        Words(f"多 {number} {zh}", f"{number} more {en}")
        for number, zh, en in (
            (summary.late, "条登记", "passages"),
            (summary.late_corrections, "条更正", "corrections"),
            (summary.late_scans, "次扫作废码", "scans of revoked posters"),
        )
        if number
    ]
    if summary.reclassified_from:
        old, new = (", ".join(map(str, each)) for each in (summary.reclassified_from, summary.key_regions_versions))
        told.append(Words(f"重点地区名单由第 {old} 版改为第 {new} 版", f"key regions by list {new}, not {old}"))
    return told or [Words("多 0 条登记，有一小时重新汇总", "no passage more, an hour of it was made anew")]


def sentence(alarm: Alarm, summary: Summary) -> Words:
    """An alarm for people."""
    there = summary.checkpoints.get(alarm.checkpoint or "")
    zh = f"{alarm.checkpoint} {there.name_zh}" if there else alarm.checkpoint or "全市"
    en = f"{alarm.checkpoint} {there.name_en}" if there else alarm.checkpoint or "Whole city"
    since = clock(alarm.since) if alarm.since else ""
    match alarm.kind:
        case "silence":
            return Words(
                f"{zh}：自 {since} 起无登记，平常此时应约有 {alarm.expected} 次",
                f"{en}: no passage since {since}, where some {alarm.expected} would be usual",
            )
        case "fever_spike":
            return Words(
                f"{zh}：发热 {alarm.value} 人，平常全天约 {alarm.expected} 人",
                f"{en}: {alarm.value} with fever, where a whole day usually has {alarm.expected}",
            )
        case "same_temperature":
            return Words(
                f"{zh}：测温 {alarm.of} 人中 {alarm.value} 人都是 {alarm.code} °C，请查体温是否真测",
                f"{en}: {alarm.value} of {alarm.of} measured have {alarm.code} °C; is the thermometer read?",
            )
        case "retiring_poster":
            return Words(
                f"{zh}：待换的张贴码 {alarm.code} 仍被扫 {alarm.value} 次，请更换",
                f"{en}: the retiring poster {alarm.code} is still scanned ({alarm.value}×); replace it",
            )
        case "revoked_poster":
            return Words(
                f"{zh}：作废的张贴码 {alarm.code} 仍被扫 {alarm.value} 次，请取下",
                f"{en}: the revoked poster {alarm.code} is still scanned ({alarm.value}×); take it down",
            )
        case "key_regions_changed":
            return Words(
                f"重点地区名单已由第 {alarm.expected} 版改为第 {alarm.value} 版，合计含两种口径",
                f"The list of key regions changed from version {alarm.expected} to {alarm.value}: sums mix both",
            )
        case "reconciliation_differs":
            code = alarm.code or ""
            quantity = COUNTED[code][0] if code in COUNTED else Words(code, code)
            return Words(
                f"{zh}：{since[:5]} 核对 {quantity.zh}，数据表 {alarm.value}，汇总 {alarm.expected}",
                f"{en}: of {since[:5]} the table has {alarm.value} {quantity.en}, the summary {alarm.expected}",
            )
        case "late":
            return Words(
                f"{since} 起的一小时迟 {alarm.value} 分钟未成最终数据",
                f"The hour from {since} is not final, {alarm.value} minutes after its end",
            )
    return Words(f"{zh}：{alarm.kind} {alarm.value}", f"{en}: {alarm.kind} {alarm.value}")
