"""What people type who come from outside China: words for that, the names of countries and a few great cities, in the
five languages of the pages. The neighbours, and where most others came from; who is not here taps or writes "abroad".

Hong Kong, Macao and Taiwan are divisions (`divisions.py`), and not here.
"""

from __future__ import annotations

import re
import unicodedata

_WORDS = """
境外 / 国外 / 海外 / 外国 / 國外 / 外國 / 从国外来 / 从境外来
abroad / overseas / outside China / from abroad / foreign country
해외 / 국외 / 외국 / 중국 밖 / 중국 외 / 해외에서
海外 / 国外 / 外国 / 中国国外 / 中国の外 / 中国以外 / 海外から
за границей / из-за границы / за рубежом / из-за рубежа / заграница / не из Китая / вне Китая / за пределами Китая
"""

_COUNTRIES = """
韩国 / 南韩 / 韓国 / South Korea / Korea / 한국 / 대한민국 / 남한 / Южная Корея / Корея
朝鲜 / 北朝鮮 / North Korea / DPRK / 북한 / 조선 / Северная Корея / КНДР
日本 / 日本国 / Japan / Nippon / 일본 / にほん / ニホン / Япония
俄罗斯 / 俄国 / ロシア / Russia / Russian Federation / 러시아 / Россия / РФ / Российская Федерация
蒙古国 / 外蒙古 / モンゴル / Mongolia / 몽골 / Монголия
哈萨克斯坦 / カザフスタン / Kazakhstan / 카자흐스탄 / Казахстан
吉尔吉斯斯坦 / キルギス / Kyrgyzstan / 키르기스스탄 / Киргизия / Кыргызстан
塔吉克斯坦 / タジキスタン / Tajikistan / 타지키스탄 / Таджикистан
乌兹别克斯坦 / ウズベキスタン / Uzbekistan / 우즈베키스탄 / Узбекистан
越南 / ベトナム / Vietnam / Viet Nam / 베트남 / Вьетнам
老挝 / ラオス / Laos / 라오스 / Лаос
缅甸 / ミャンマー / Myanmar / Burma / 미얀마 / Мьянма
泰国 / タイ / Thailand / 태국 / Таиланд
柬埔寨 / カンボジア / Cambodia / 캄보디아 / Камбоджа
马来西亚 / マレーシア / Malaysia / 말레이시아 / Малайзия
新加坡 / シンガポール / Singapore / 싱가포르 / Сингапур
印度尼西亚 / 印尼 / インドネシア / Indonesia / 인도네시아 / Индонезия
菲律宾 / フィリピン / Philippines / 필리핀 / Филиппины
印度 / インド / India / 인도 / Индия
尼泊尔 / ネパール / Nepal / 네팔 / Непал
不丹 / ブータン / Bhutan / 부탄 / Бутан
巴基斯坦 / パキスタン / Pakistan / 파키스탄 / Пакистан
阿富汗 / アフガニスタン / Afghanistan / 아프가니스탄 / Афганистан
伊朗 / イラン / Iran / 이란 / Иран
阿联酋 / アラブ首長国連邦 / UAE / United Arab Emirates / Dubai / 아랍에미리트 / ОАЭ
土耳其 / トルコ / Turkey / 튀르키예 / 터키 / Турция
乌克兰 / ウクライナ / Ukraine / 우크라이나 / Украина
白俄罗斯 / ベラルーシ / Belarus / 벨라루스 / Беларусь / Белоруссия
德国 / ドイツ / Germany / 독일 / Германия
法国 / フランス / France / 프랑스 / Франция
意大利 / イタリア / Italy / 이탈리아 / Италия
西班牙 / スペイン / Spain / 스페인 / Испания
英国 / イギリス / UK / United Kingdom / England / Great Britain / Britain / 영국 / Великобритания / Англия
美国 / アメリカ / 米国 / USA / US / United States / United States of America / America / 미국 / США / Америка
加拿大 / カナダ / Canada / 캐나다 / Канада
澳大利亚 / 澳洲 / オーストラリア / Australia / 호주 / Австралия
新西兰 / ニュージーランド / New Zealand / 뉴질랜드 / Новая Зеландия
首尔 / ソウル / Seoul / 서울 / Сеул
仁川 / インチョン / Incheon / 인천 / Инчхон
釜山 / プサン / Busan / Pusan / 부산 / Пусан
平壤 / ピョンヤン / Pyongyang / 평양 / Пхеньян
东京 / 東京 / Tokyo / 도쿄 / Токио
大阪 / Osaka / 오사카 / Осака
莫斯科 / モスクワ / Moscow / 모스크바 / Москва
海参崴 / 符拉迪沃斯托克 / ウラジオストク / Vladivostok / 블라디보스토크 / Владивосток
伯力 / 哈巴罗夫斯克 / ハバロフスク / Khabarovsk / 하바롭스크 / Хабаровск
"""


def _letters(text: str) -> str:
    """`text` in small letters, without what stands between them."""
    folded = unicodedata.normalize("NFKC", text).lower()
    return "".join(letter for letter in folded if unicodedata.category(letter)[0] == "L")


NAMES = frozenset(_letters(name) for line in (_WORDS + _COUNTRIES).split("\n") for name in line.split("/")) - {""}
"""All of them, as letters in lower case."""


def is_abroad(text: str) -> bool:
    """Whether `text`, or what stands between its commas, is one of `NAMES`: Seoul, Korea."""
    return _letters(text) in NAMES or any(_letters(part) in NAMES for part in re.split("[,，、/]", text))
