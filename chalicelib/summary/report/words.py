"""The words of the report: what is counted, and its codes, in Chinese with English beside it.

The report is for one city's director, not for travellers: it has two languages at once, and no catalogue. A code that
has no word here (a newer one) stands for itself, so that no number is left out for want of a name.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from chalicelib import divisions
from chalicelib.passage import codes
from chalicelib.summary.counting import NOT_TOLD


class Words(NamedTuple):
    """One thing in both languages."""

    zh: str
    en: str

    def __str__(self) -> str:
        return f"{self.zh} {self.en}"


UNITS: Mapping[str, Words] = {
    "passages": Words("登记", "Passages"),
    "vehicles": Words("车辆", "Vehicles"),
    "travellers": Words("人员", "Travellers"),
    "scans": Words("扫码", "Scans"),
}
"""What numbers count."""

COUNTED: Mapping[str, tuple[Words, str]] = {
    "passages": (Words("通行登记", "Passages"), "passages"),
    "vehicles": (Words("车辆", "Vehicles"), "vehicles"),
    "travellers": (Words("人员", "Travellers"), "travellers"),
    "from_key_regions": (Words("来自重点地区", "From key regions"), "travellers"),
    "key_region_stay": (Words("14天内到过重点地区", "Stayed in a key region, 14 days"), "travellers"),
    "fever": (Words("发热", "Fever"), "travellers"),
    "on_retiring_posters": (Words("扫待换码的登记", "On retiring posters"), "passages"),
    "scans": (Words("扫作废码", "Scans of revoked posters"), "scans"),
    "corrected": (Words("已更正的登记", "Corrected passages"), "passages"),
    "filled_late": (Words("填后超10分钟才收到", "Received over 10 minutes after filling in"), "passages"),
}
"""The numbers of `Counts` that stand alone, in the report's order, with their units."""

SUBJECTS: Mapping[str, Words] = {
    "passage_by_vehicle": Words("通行方式", "Way of arriving"),
    "passage_by_hour": Words("登记时段", "Passages by hour"),
    "traveller_by_hour": Words("人员时段", "Travellers by hour"),
    "passage_by_poster": Words("张贴码", "Poster"),
    "passage_by_retiring_poster": Words("待换张贴码", "Retiring poster"),
    "scan_by_poster": Words("作废张贴码", "Revoked poster"),
    "vehicle": Words("车辆类型", "Kind of vehicle"),
    "document": Words("证件类型", "Document"),
    "origin": Words("来源县区", "Origin, county"),
    "origin_city": Words("来源城市", "Origin, city"),
    "origin_province": Words("来源省份", "Origin, province"),
    "township": Words("目的乡镇", "Destination"),
    "journey": Words("来源与去向", "Origin and destination"),
    "purpose": Words("来由", "Purpose"),
    "symptom": Words("症状", "Symptom"),
    "temperature": Words("体温分段", "Temperature, band"),
    "degrees": Words("体温", "Temperature"),
}

_VEHICLES = {
    "car": Words("小客车", "Car"),
    "coach": Words("客车、大巴", "Coach, bus"),
    "truck": Words("货车", "Truck"),
    "motorcycle": Words("摩托车", "Motorbike"),
    "other": Words("其他车辆", "Other vehicle"),
    "rail": Words("火车", "By train"),
    "foot": Words("步行", "On foot"),
}
_NOT_TOLD = {NOT_TOLD: Words("未测或未填", "Not measured, not told")}
_ABROAD = {codes.ABROAD: Words("境外", "Abroad")}

CODES: Mapping[str, Mapping[str, Words]] = {
    "passage_by_vehicle": _VEHICLES,
    "vehicle": _VEHICLES,
    "document": {
        "resident_id": Words("身份证", "Resident ID card"),
        "passport": Words("护照", "Passport"),
        "hk_macao_permit": Words("港澳通行证", "HK / Macao permit"),
        "taiwan_permit": Words("台胞证", "Taiwan permit"),
        "other": Words("其他证件", "Other document"),
        "none": Words("没带证件", "None at hand"),
    },
    "purpose": {
        "home": Words("回家", "Going home"),
        "work": Words("上班务工", "Work"),
        "visit": Words("探亲访友", "Visiting"),
        "medical": Words("看病", "Seeing a doctor"),
        "freight": Words("运货", "Carrying goods"),
        "transit": Words("路过", "Passing through"),
        "other": Words("其他", "Other purpose"),
    },
    "symptom": {
        "none": Words("都没有", "None"),
        "fever": Words("发热", "Fever"),
        "cough": Words("咳嗽", "Cough"),
        "sore_throat": Words("嗓子疼", "Sore throat"),
        "fatigue": Words("乏力", "Very tired"),
        "breathless": Words("气短", "Short of breath"),
        "diarrhoea": Words("腹泻", "Diarrhoea"),
    },
    "temperature": _NOT_TOLD,
    "degrees": _NOT_TOLD,
    "origin": _ABROAD,
    "origin_city": _ABROAD,
    "origin_province": _ABROAD,
    "township": {codes.ELSEWHERE: Words("路过，不进城", "Elsewhere, passing through")},
}
"""Subject -> code -> its words, but for places, which the list of divisions names."""

STATES: Mapping[str, Words] = {
    "counted": Words("有登记", "Counted"),
    "silent": Words("无登记", "Silent"),
    "closed": Words("已关闭", "Closed"),
}
"""States of a checkpoint. Silence is not zero: nobody said that nobody came."""

DAY_STATES: Mapping[str, Words] = {
    "whole": Words("完整", "Whole"),
    "partial": Words("不满一天", "Part of a day"),
    "expired": Words("可能不全", "May lack what expired"),
    "missing": Words("缺", "Missing"),
}
"""What a day of the trend is worth."""

ALARMS: Mapping[str, Words] = {
    "late": Words("汇总延迟", "Late"),
    "reconciliation_differs": Words("核对不符", "Check differs"),
    "key_regions_changed": Words("重点地区名单变更", "Key regions changed"),
    "silence": Words("异常无登记", "Unusual silence"),
    "fever_spike": Words("发热骤增", "Fever spike"),
    "same_temperature": Words("体温雷同", "Same temperature"),
    "retiring_poster": Words("待换张贴码仍在用", "Retiring poster in use"),
    "revoked_poster": Words("作废张贴码仍被扫", "Revoked poster scanned"),
}

WINDOWS: Mapping[str, Words] = {
    "hour": Words("一小时", "One hour"),
    "day": Words("全天", "Whole day"),
    "today": Words("今日零时起", "Since 00:00 today"),
    "operation": Words("行动以来", "The whole operation"),
    "days": Words("多日合计", "Several days"),
}


KINDS: Mapping[str, Words] = {
    "hour": Words("卡口登记时报", "Checkpoints, one hour"),
    "day": Words("卡口登记日报", "Checkpoints, daily report"),
    "today": Words("卡口登记快报", "Checkpoints, report so far today"),
    "operation": Words("卡口登记总报", "Checkpoints, the whole operation"),
    "days": Words("卡口登记多日合计", "Checkpoints, several days"),
}
"""Window -> what its report is called."""


def subject(name: str) -> Words:
    """What a subject is called."""
    return SUBJECTS.get(name) or Words(name, name)


def unit(name: str) -> Words:
    """What a unit is called."""
    return UNITS.get(name) or Words(name, name)


def label(subject: str, code: str) -> Words:
    """What `code` of `subject` is called; places in full, from the larger to the smaller, in Chinese."""
    known = CODES.get(subject, {}).get(code)
    if known:
        return known
    if subject == "journey":
        whence, _, whither = code.partition(">")
        start, end = label("origin_city", whence), label("township", whither)
        return Words(f"{start.zh} → {end.zh}", f"{start.en} → {end.en}")
    if subject.endswith("_by_hour"):
        return Words(f"{code}:00–{code}:59", f"{code}:00–{code}:59")
    place = divisions.division(code) if code.isdecimal() and len(code) in (6, 9) else None
    if place:
        return Words(divisions.path(code), divisions.pinyin_path(code))
    return Words(code, code)
