"""Lists of key regions from files as people write them: read whole, or refused whole with every line."""

from __future__ import annotations

import pytest

from chalicelib import settings as s
from chalicelib.settings import KeyRegions
from chalicelib.settings.regions import ListRefused, overruled, read, with_list

FIRST = s.first_settings("kakou-test", "https://kakou.example.org", "2020-02-10T07:00:00.000Z")
CODES = ("420000", "441900")


@pytest.mark.parametrize(
    "text",
    [
        "420000\n441900\n",
        "441900\r\n420000",
        "420000,湖北省\n441900,广东省东莞市\n",
        "420000,湖北\n441900,东莞\n",
        "420000,Hubei\n441900,Dongguan\n",
        "代码,名称\n420000,湖北省\n441900,广东东莞\n",
        "code\tname\n420000\t湖北省\n441900\t东莞市\n",
        "# order 12\n\n420000 湖北省\n441900　东莞市\n,,,\n",
        '"420000","湖北省"\n"441900","东莞市",""\n',
        "420000；湖北省\n441900，东莞市\n",
        "４２００００,湖北省\n'441900,东莞市\n",
        "420000;湖北省\n441900;东莞市",
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
def test_lists_are_read_as_they_come(text: str, encoding: str) -> None:
    assert read(text.encode(encoding)) == CODES


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("429999", "there is no division 429999"),
        ("429999,武汉市", "武汉市 is 420100"),
        ("420100,宜昌市", "420100 is 湖北省武汉市, not '宜昌市'"),
        ("420100,宜昌市", "宜昌市 is 420500"),
        ("420100,武汉市江岸区", "江岸区 is 420102"),
        ("420000000000,湖北省", "its first six digits, 420000"),
        ("420000.0,湖北省", "make the column text"),
        ("4.2E+05,湖北省", "make the column text"),
        ("42,湖北省", "the six digits"),
        ("武汉市", "武汉市 is 420100"),
        ("湖北省,420000", "湖北省 is 420000"),
        ("210381104", "its first six digits, 210381"),
        ("=1+1", "the six digits"),
        ("420000,湖北", "420000 is on line 1 already"),
    ],
)
def test_what_is_wrong_is_named_with_its_line_and_remedy(line: str, words: str) -> None:
    with pytest.raises(ListRefused) as refused:
        read(f"420000\n\n{line}\n".encode())
    assert len(refused.value.problems) == 1
    assert refused.value.problems[0].startswith("line 3: ")
    assert words in str(refused.value)


def test_only_a_heading_is_passed_over() -> None:
    with pytest.raises(ListRefused, match="line 1: '湖北省' is no code"):
        read("湖北省\n110000\n".encode())


def test_every_problem_is_named_at_once() -> None:
    with pytest.raises(ListRefused) as refused:
        read(b"420000\n420000\n1\nx\n110000,Shanghai\n310000\n")
    assert [each.partition(":")[0] for each in refused.value.problems] == ["line 2", "line 3", "line 4", "line 5"]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "--none"),
        ("代码,名称\n".encode(), "--none"),
        (b"PK\x03\x04\x00\x00" + b"\xff\x80" * 9, "CSV"),
        (b"\x00\x01\x02", "CSV"),
        (b"420000\n" * 200_000, "no list of divisions"),
    ],
)
def test_a_file_that_is_no_list_is_refused(content: bytes, words: str) -> None:
    with pytest.raises(ListRefused, match=words):
        read(content)


def test_a_new_list_is_added_and_the_old_ones_stay() -> None:
    one = with_list(FIRST, CODES, "2020-02-12T16:00:00.000Z")
    s.validate(one)
    assert one.key_regions == (KeyRegions(1, ("420000",)), KeyRegions(2, CODES, "2020-02-12T16:00:00.000Z"))
    earlier = with_list(one, (), "2020-02-11T16:00:00.000Z")
    s.validate(earlier)
    assert overruled(one, "2020-02-11T16:00:00.000Z") == one.key_regions[1:]
    assert earlier.key_regions_at("2020-02-13T00:00:00.000Z").codes == ()


def test_a_list_that_changes_nothing_is_refused() -> None:
    with pytest.raises(ListRefused, match="nothing would change"):
        with_list(FIRST, ("420000",), "2020-02-12T16:00:00.000Z")
    later = with_list(FIRST, CODES, "2020-02-12T16:00:00.000Z")
    assert with_list(later, ("420000",), "2020-02-11T16:00:00.000Z"), "it takes the later one back"
