"""The table of hostile and awkward input, and what each is answered.

One list, run twice: in-process over decoding and the form (tests/passage/test_corpus.py), and over HTTP on the running
stack (tests/whole/test_corpus.py).
"""

from __future__ import annotations

import gzip
import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from chalicelib.passage.decoding import LIMIT
from scripts.simulated import as_json
from tests.parties import FORM, JSON, as_form, changed, one, resident_id, three, township

OK, BAD, LARGE, TYPE, WRONG = 201, 400, 413, 415, 422


@dataclass(frozen=True)
class Case:
    name: str
    status: int
    body: bytes
    content_type: str = FORM
    headers: Mapping[str, str] = field(default_factory=dict)
    problems: Mapping[str, str] = field(default_factory=dict)
    """For 422: the field and the rule it breaks; no other problem is named."""


def _id(name: str) -> str:
    return hashlib.md5(name.encode(), usedforsecurity=False).hexdigest()


Changes = Mapping[str, "str | tuple[str, ...] | None"]


def _value(name: str, changes: Changes, problems: Mapping[str, str]) -> Iterator[Case]:
    """The same answers as a form post and as JSON; accepted exactly when no problem is expected."""
    status = WRONG if problems else OK
    for kind, encode in ((FORM, as_form), (JSON, as_json)):
        fields = changed(one(_id(name + kind)), changes)
        yield Case(f"{name} ({'form' if kind == FORM else 'json'})", status, encode(fields), kind, {}, problems)


T0 = "travellers.0."


def _field(field_name: str, good: list[str], bad: Mapping[str, list[str]]) -> Iterator[Case]:
    for at, text in enumerate(good):
        yield from _value(f"{field_name} taken #{at} {text!r}", {field_name: text}, {})
    for rule, texts in bad.items():
        for at, text in enumerate(texts):
            yield from _value(f"{field_name} {rule} #{at} {text[:24]!r}", {field_name: text}, {field_name: rule})


def value_cases() -> Iterator[Case]:
    good_id = resident_id("21038119800101001")
    yield from _field(
        T0 + "number",
        [
            good_id,
            good_id + "\n",
            " " + good_id[:6] + " " + good_id[6:14] + " " + good_id[14:],
            "".join(chr(ord(c) + 0xFEE0) for c in good_id),
            next(n for n in (resident_id(f"21038119800101{s:03d}") for s in range(99)) if n[-1] == "X").lower(),
            resident_id("81000019800101001"),  # residence permit, Hong Kong
            resident_id("21038119200229001"),  # born on a leap day, long ago
        ],
        {
            "resident_id_check": [good_id[:-1] + str((int(good_id[-1]) + 1) % 10), good_id[:16] + "9" + good_id[17]],
            "resident_id_date": [
                resident_id("21038119800230001"),
                resident_id("21038119811301001"),
                resident_id("21038119810229001"),
                resident_id("21038120990101001"),
                resident_id("21038118950101001"),
                resident_id("21038100000000000"),
            ],
            "resident_id_15": ["210381800101001", "２１０３８１８００１０１００１"],
            "resident_id_form": [
                "0" * 18,
                "2103811980010100",
                good_id + good_id[-1],
                good_id[:-1] + "٣",
                good_id[:-1] + "²",
                good_id[:-1] + "Y",
                good_id[:10] + "O" + good_id[11:],
                good_id + "\0",
                good_id[:17] + "\n" + good_id[17] + "7",
            ],
        },
    )
    yield from _field(
        T0 + "phone",
        [
            "16600000000",
            "19900000000",
            "+86 138-0013-8000",
            "１３８００１３８０００",
            "0412-3220000",
            "+82 10 1234 5678",
            "13800138000\n",
        ],
        {
            "phone": [
                "12800138000",
                "1380013800",
                "138001380000",
                "1380013CALL",
                "13800138000/13900139000",
                "13800138000 13900139000",
                "13800138000;13900139000",
                "+86",
                "+",
                "+8613800138000 ext 5",
                "١٣٨٠٠١٣٨٠٠٠",
                "1.38e10",
                "+012345678",
                "无",
            ]
        },
    )
    yield from _field(
        "plate",
        [
            "辽CA1234",
            "辽c·a1234",
            "辽 C A1234",
            "辽CD12345",
            "粤B12345D",
            "辽C1234学",
            "辽C1234警",
            "粤Z1234港",
            "粤Z1234澳",
            "辽C1234挂",
            "京ＡＡ１２３４",
        ],
        {
            "plate": [
                "辽CA123",
                "辽CA123456",
                "辽CO1234",
                "辽CI1234",
                "辽OA1234",
                "CA12345",
                "辽C",
                "东CA1234",
                "辽1A1234",
                "辽C1234学学",
                "学C12345",
                "辽CA1234;辽CB1234",
                "辽CA12３４５６",
                "辽C<b>1234",
                "=辽CA1234",
            ]
        },
    )
    yield from _field(
        T0 + "temperature",
        ["36.5", "36,6", "３６．５", "37", "36。8", "36.5℃", "41.9", "34.0", "43.0", " 36.5 "],
        {
            "temperature_range": ["366", "97.9", "33.9", "43.1", "98.6", "00.0", "365", "100.4"],
            "temperature_form": [
                "3_7.5", "²", "inf", "nan", "1e999", "36.55", "-36.5", "+36.5", "36.5.1", "3 6.5", "36.", ".5", "3６²",
                "٣٦.٥", "三十六", "0x24", "36.5; 36.6", "36.5\0", "9" * 5000,
            ],
        },
    )  # fmt: skip
    yield from _field(
        T0 + "name",
        [
            "张伟", "买买提·阿卜杜拉", "买买提•阿卜杜拉", "买买提・阿卜杜拉", "𠮷野𪚥", "张〇", "欧阳娜娜", "ئابدۇللا مەمەت", "བསྟན",
            "Nguyễn Thị Minh Khai", "Jean-Luc O’Neil Jr.", "Иван Петров", "김정은", "محمد علي", "Łukasz Żółć", "ＪＯＨＮ ＳＭＩＴＨ",
            "名" * 50, "李\u3000雷", "Ai", "ᠪᠠᠲᠤ", "ꆈꌠ", "Trần\n",
        ],
        {
            "name_length": ["张", "名" * 51, "A" * 300, "张·", "L."],
            "name_characters": [
                "张\u200b伟", "张\u202e伟", "张\x00伟", "张\u0007伟", "张\ue000", "张😀", "=张伟", "+张伟", "-张伟", "@张伟", "·张伟", "'张伟",
                "=HYPERLINK(1)", "张1", "张²", "a\u0301\u0301\u0301\u0301\u0301\u0301b", "<b>张</b>", "张;伟", "\u0301张伟", "张\u2066伟", "张\ufe0f伟😷",
                "张\u00ad伟", "张\ufff9伟", "{{7*7}}", "张\u2028伟",
            ],
        },
    )  # fmt: skip
    yield from _field(
        T0 + "address",
        ["中心街1号3单元", "No. 5, Zhongxin Street (2F) #3", "A-1/2"],
        {
            "address_length": ["街", "街" * 101],
            "address_characters": ["街\u202e1号", "街\x001号", "街😀1号", "街\u200b1号"],
        },
    )
    yield from _field(
        T0 + "origin",
        [
            "420106", "abroad", "武昌区", "湖北武汉武昌", "710000", "810000", "４２０１０６", "Россия", "한국", "日本", "Seoul",
            "Osaka, Japan", "из-за границы", "Outside China", "중국 밖", "中国の外",
        ],
        {
            "origin_unknown": ["000000", "999999", "42010", "<script>", "nowhere at all", "421", "42010６６"],
            "origin_choose": ["武汉", "湖北省"],
        },
    )  # fmt: skip
    yield from _field(
        T0 + "township", ["elsewhere", township()], {"township_unknown": ["210381999", "110101001", "海城"]}
    )
    for name, changes, problems in _answers():
        yield from _value(name, changes, problems)


def _answers() -> Iterator[tuple[str, Changes, Mapping[str, str]]]:
    yield "everything missing but the id", dict.fromkeys(
        ["vehicle", "plate", *(T0 + p for p in ("name", "document", "number", "phone", "origin", "township", "address", "purpose", "key_region_stay", "symptoms"))]
    ), {"vehicle": "required", "travellers": "travellers_none"}  # fmt: skip
    yield "no vehicle kind", {"vehicle": None}, {"vehicle": "required"}
    yield "unknown vehicle kind", {"vehicle": "tank"}, {"vehicle": "choice"}
    yield "vehicle kind in capitals", {"vehicle": "CAR"}, {"vehicle": "choice"}
    yield "car without plate", {"plate": None}, {"plate": "required"}
    yield "on foot with plate", {"vehicle": "foot"}, {"plate": "unwanted"}
    yield "on foot", {"vehicle": "foot", "plate": None}, {}
    yield "by rail, plate blank", {"vehicle": "rail", "plate": " "}, {}
    yield "other vehicle without plate", {"vehicle": "other", "plate": None}, {}
    yield "no phone for the first", {T0 + "phone": ""}, {T0 + "phone": "required"}
    yield "no document at hand", {T0 + "document": "none", T0 + "number": None}, {}
    yield "none at hand, yet a number", {T0 + "document": "none"}, {T0 + "number": "unwanted"}
    yield "passport", {T0 + "document": "passport", T0 + "number": "E12345678"}, {}
    yield (
        "passport without digits",
        {T0 + "document": "passport", T0 + "number": "ABCDEFGH"},
        {T0 + "number": "passport_form"},
    )
    yield (
        "passport of symbols",
        {T0 + "document": "passport", T0 + "number": "E1234<678"},
        {T0 + "number": "passport_form"},
    )
    yield "permit, Hong Kong", {T0 + "document": "hk_macao_permit", T0 + "number": "H01234567"}, {}
    yield (
        "permit, wrong",
        {T0 + "document": "hk_macao_permit", T0 + "number": "Z0"},
        {T0 + "number": "hk_macao_permit_form"},
    )
    yield "permit, Taiwan", {T0 + "document": "taiwan_permit", T0 + "number": "01234567"}, {}
    yield (
        "permit, Taiwan, wrong",
        {T0 + "document": "taiwan_permit", T0 + "number": "0123"},
        {T0 + "number": "taiwan_permit_form"},
    )
    yield "unknown document", {T0 + "document": "library_card"}, {T0 + "document": "choice"}
    yield "no symptoms answered", {T0 + "symptoms": None}, {T0 + "symptoms": "required"}
    yield "none and fever", {T0 + "symptoms": ("none", "fever")}, {T0 + "symptoms": "symptoms_none_alone"}
    yield "unknown symptom", {T0 + "symptoms": ("cough", "dizzy")}, {T0 + "symptoms": "choice"}
    yield "stay unanswered", {T0 + "key_region_stay": None}, {T0 + "key_region_stay": "required"}
    yield "stay as true", {T0 + "key_region_stay": "true"}, {T0 + "key_region_stay": "choice"}
    yield "elsewhere needs no address", {T0 + "township": "elsewhere", T0 + "address": None}, {}
    yield "address missing", {T0 + "address": None}, {T0 + "address": "required"}
    yield "submission id missing", {"submission": None}, {"submission": "submission"}
    yield "submission id in capitals", {"submission": "A" * 32}, {"submission": "submission"}
    yield "submission id too short", {"submission": "a" * 31}, {"submission": "submission"}
    yield "submission id with newline inside", {"submission": "a" * 16 + "\n" + "a" * 15}, {"submission": "submission"}
    yield "two problems at once", {"plate": "x", T0 + "phone": "x"}, {"plate": "plate", T0 + "phone": "phone"}
    second = {
        name.replace("travellers.0.", "travellers.1."): value for name, value in one().items() if name.startswith(T0)
    }
    yield "the same document twice", second, {"travellers.1.number": "number_twice"}
    more = three()
    yield "a party of three", {name: value for name, value in more.items() if name != "submission"}, {}
    yield (
        "same as first and own origin",
        {name: value for name, value in more.items() if name != "submission"} | {"travellers.1.origin": "420106"},
        {"travellers.1.origin": "same_or_own"},
    )
    child: dict[str, str | tuple[str, ...]] = {
        "name": "王小花",
        "document": "none",
        "same_as_first": "yes",
        "key_region_stay": "no",
        "symptoms": ("none",),
    }
    eight: dict[str, str | tuple[str, ...] | None] = {
        f"travellers.{n}.{part}": value for n in range(1, 9) for part, value in child.items()
    }
    yield "nine travellers", eight, {}
    tenth: dict[str, str | tuple[str, ...] | None] = {f"travellers.9.{part}": value for part, value in child.items()}
    yield "ten travellers", eight | tenth, {"travellers": "travellers_many"}


def body_cases() -> Iterator[Case]:
    def form(name: str, status: int, body: bytes, **headers: str) -> Case:
        return Case(name, status, body, FORM, headers)

    def raw(name: str, status: int, body: bytes, **headers: str) -> Case:
        return Case(name, status, body, JSON, headers)

    fields = one(_id("body"))
    good_form, good_json = as_form(fields), as_json(fields)
    text = good_json.decode()
    yield form("empty body", BAD, b"")
    yield raw("empty JSON body", BAD, b"")
    yield form("invalid UTF-8, percent-encoded", BAD, good_form + b"&lang=%ff%fe")
    yield form("invalid UTF-8, raw", BAD, good_form + b"&lang=\xff")
    yield form("broken percent-encoding", BAD, good_form + b"&lang=%zz")
    yield form("overlong UTF-8", BAD, good_form + b"&lang=%c0%af")
    yield form("a surrogate in percent-encoding", BAD, good_form + b"&lang=%ed%a0%80")
    yield form("no equals sign", BAD, b"submission")
    yield form("a field twice", BAD, good_form + b"&vehicle=car")
    yield form("a symptom twice", BAD, good_form + b"&travellers.0.symptoms=none")
    yield form("unknown field", BAD, good_form + b"&verified=true")
    yield form("unknown field of a traveller", BAD, good_form + b"&travellers.0.risk=low")
    yield form("traveller number in full-width digits", BAD, good_form + "&travellers.１.name=x".encode())
    yield form("traveller -1", BAD, good_form + b"&travellers.-1.name=x")
    yield form("traveller 01", BAD, good_form + b"&travellers.01.name=x")
    yield form("traveller 5000 digits", BAD, good_form + b"&travellers." + b"9" * 5000 + b".name=x")
    yield form("JSON called a form", BAD, good_json)
    yield form("BOM before a form", BAD, b"\xef\xbb\xbf" + good_form)
    yield raw("a form called JSON", BAD, good_form)
    yield raw("BOM", BAD, b"\xef\xbb\xbf" + good_json)
    yield raw("UTF-16", BAD, text.encode("utf-16"))
    yield raw("UTF-16 without BOM", BAD, text.encode("utf-16-le"))
    yield raw("UTF-32", BAD, text.encode("utf-32"))
    yield raw("invalid UTF-8", BAD, good_json[:-1] + b',"lang":"\xff"}')
    yield raw("NaN", BAD, good_json[:-1] + b',"lang":NaN}')
    yield raw("Infinity", BAD, good_json[:-1] + b',"lang":Infinity}')
    yield raw("-Infinity", BAD, good_json[:-1] + b',"lang":-Infinity}')
    yield raw("1e999", BAD, good_json[:-1] + b',"lang":1e999}')
    yield raw("a number of 5,000 digits", BAD, good_json[:-1] + b',"lang":' + b"7" * 5000 + b"}")
    yield raw("a number for text", BAD, good_json.replace(b'"no"', b"0"))
    yield raw("true for text", BAD, good_json.replace(b'"no"', b"true"))
    yield raw("null for text", BAD, good_json.replace(b'"no"', b"null"))
    yield raw("a list for text", BAD, good_json.replace(b'"no"', b'["no"]'))
    yield raw("text for a list", BAD, good_json.replace(b'["none"]', b'"none"'))
    yield raw("a list in a list", BAD, good_json.replace(b'["none"]', b'[["none"]]'))
    yield raw("duplicate key", BAD, good_json[:-1] + b',"vehicle":"car"}')
    yield raw("duplicate key, escaped", BAD, good_json[:-1] + b',"\\u0076ehicle":"car"}')
    yield raw(
        "duplicate key of a traveller", BAD, good_json.replace(b'"travellers": [{', b'"travellers": [{"name":"x",')
    )
    yield raw("unknown key", BAD, good_json[:-1] + b',"verified":"true"}')
    yield raw("a flat name in JSON", BAD, good_json[:-1] + b',"travellers.1.name":"x"}')
    yield raw("__proto__", BAD, good_json[:-1] + b',"__proto__":"x"}')
    yield raw("lone surrogate", BAD, good_json[:-1] + b',"lang":"\\ud800"}')
    yield raw("lone surrogate as key", BAD, good_json[:-1] + b',"\\udc00":"x"}')
    yield raw("nested lists", BAD, b"[" * 8000 + b"]" * 8000)
    yield raw("nested objects", BAD, b'{"a":' * 2500 + b"1" + b"}" * 2500)
    yield raw("nested lists, cut off", BAD, b"[" * 16000)
    yield raw("100,000 nested lists", LARGE, b"[" * 100_000 + b"]" * 100_000)
    yield raw("a list on top", BAD, b"[]")
    yield raw("text on top", BAD, b'"passage"')
    yield raw("null on top", BAD, b"null")
    yield raw("travellers as object", BAD, b'{"travellers":{"0":{}}}')
    yield raw("travellers of text", BAD, b'{"travellers":["x"]}')
    yield raw("trailing comma", BAD, good_json[:-1] + b",}")
    yield raw("two documents", BAD, good_json + good_json)
    yield raw("single quotes", BAD, good_json.replace(b'"', b"'"))
    yield raw("a comment", BAD, b"/**/" + good_json)
    yield raw("control character in text", BAD, good_json[:-1] + b',"lang":"a\nb"}')
    yield form("one byte too many", LARGE, b"submission=" + b"a" * (LIMIT - 10))
    yield form("a megabyte", LARGE, b"submission=" + b"a" * 1_000_000)
    yield form("gzip", TYPE, gzip.compress(good_form), **{"Content-Encoding": "gzip"})
    yield raw("deflate", TYPE, gzip.compress(good_json), **{"Content-Encoding": "deflate"})
    yield raw("brotli, in capitals", TYPE, good_json, **{"Content-Encoding": "BR"})
    for kind in (
        "text/plain", "multipart/form-data; boundary=x", "application/xml", "application/json; charset=utf-16",
        "application/json; charset=gbk", "application/x-www-form-urlencoded; charset=gb18030", "application/jsonp",
        "application/json-patch+json", "text/json", "application", "*/*", "application/json, text/plain",
        "application/json; boundary=x",
    ):  # fmt: skip
        yield Case(f"content type {kind}", TYPE, good_json, kind)
    for at, kind in enumerate(
        ("Application/JSON", "application/json;charset=UTF-8", 'application/json ; charset="utf-8"')
    ):
        yield Case(f"content type {kind}", OK, as_json(one(_id(f"kind{at}"))), kind)
    yield Case("form with charset", OK, as_form(one(_id("charset"))), f"{FORM}; charset=utf-8")
    answers = {"submission": _id("escapes"), "vehicle": "foot"}
    answers_json = json.loads(as_json(one(_id("escapes"))))
    answers_json |= answers
    del answers_json["plate"]
    yield raw("escaped JSON", OK, json.dumps(answers_json, ensure_ascii=True).encode())


def cases() -> list[Case]:
    found = [*body_cases(), *value_cases()]
    assert len({case.name for case in found}) == len(found)
    return found
