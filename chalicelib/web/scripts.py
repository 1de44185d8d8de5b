"""The scripts of the form: hand-written files of `static/`, put together without a build.

| served as | made of |
|---|---|
| `static/form-<language>.<digest>.js` | sending.js, form.js and the words they say |
| `static/ease-<language>.<digest>.js` | check, ease, origin, party, kept, tongue (.js), later.css; later |
| `static/words-<language>.<digest>.js` | what the scripts say in another language; fetched when it is chosen |
| `static/places.<digest>.js` | the divisions of GB/T 2260 and how they are read; fetched after that |
| `worker.js` | sending.js, worker.js: the service worker, beside the forms' folder so that its scope holds them |

A digest in a name is that of the content: such a file never changes and may be kept for ever. Packages bring these
files made beforehand (`keep_all`), for the first request's sake; a checkout makes them when they are asked for.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from chalicelib import divisions
from chalicelib.passage import codes, form
from chalicelib.web import words
from chalicelib.web.language import LANGUAGES, Language, messages
from chalicelib.web.language import marked as _
from chalicelib.web.rules import rules

_STATIC = Path(__file__).with_name("static")
MADE = _STATIC / "made"
"""Where a package has what `keep_all` left there."""


WORDS: Mapping[str, str] = {
    "sending": _("Sending …"),
    "kept": _("Kept on this phone, not registered yet"),
    "unconfirmed": _("Kept on this phone, not confirmed yet"),
    "itself": _("It is sent by itself when the network is back."),
    "only": _("You are registered when this page says “Registered”, not before."),
    "lost": _("Not confirmed yet"),
    "open": _("This browser cannot keep it. All that you wrote is still on this page: leave it open."),
    "paper": _("Does it take long? Ask the staff for the paper sheet."),
    "now": _("Send now"),
    "change": _("Change my answers"),
    "changed": _("You are registered. The change is not sent yet"),
    "registered": _("Registered"),
    "show": _("Show the receipt"),
    "again": _("This form is registered already"),
    "stands": _("A wrong answer? Change it and press Register. Another party? Open a new form."),
    "fresh": _("Open a new form"),
    "traveller": _("Traveller %(number)d"),
    "remove": _("Remove traveller %(number)d"),
    "removed": _("Traveller %(number)d was removed."),
    "same": words.FIELDS["same_as_first"],
    "most": words.RULES["travellers_many"],
    "everyone": _("Everyone in the vehicle, children too."),
}
"""What the script says, by the name it has there."""

REMEMBERED_DAYS = 14
"""How long a phone remembers a party whose people asked for it: a journey back and forth, and no longer."""

_EASY_WORDS: Mapping[str, str] = {
    "mend": _("Not registered yet: mend these answers"),
    "look": _("Show what there is to mend"),
    "take": _("Fill in what I wrote"),
    "first": _("Get the receipt of what I sent first"),
    "doubt": _("Whether an earlier try arrived, we cannot tell. Show this to the staff."),
    "male": _("male"),
    "female": _("female"),
    "outside": _("Outside China"),
    "abroad": _("abroad"),
    "pick": _("Tap the province, or type the place: name, pinyin or first letters."),
    "deeper": _("Now the city, county or district:"),
    "found": _("Is it one of these?"),
    "nowhere": _("No such place in the list. Compare the name, or write it in full."),
    "all": _("All provinces"),
    "no_tongue": _("This language needs the network"),
    "no_tongue_yet": _(
        "It is not on this phone yet. All that you wrote is still here: try again when the network is back."
    ),
    "for_other": _("I am filling this in for somebody else"),
    "for_me": _("I am filling it in for myself"),
    "helping": _(
        "You are filling this in for somebody else. Once it is registered, nothing of it stays on this phone."
    ),
    "remember": _("Remember this party on this phone"),
    "remember_hint": _(
        "For the next checkpoint: names, numbers, plate and journey stay in this browser for %(number)d days. "
        "Whoever uses this phone can see them. Health answers are never kept. One tap forgets it all."
    ),
    "remembered": _("This party is remembered on this phone for %(number)d days."),
    "known": _("Your last party is on this phone"),
    "as_last_time": _("Fill it in as last time"),
    "filled": _("Filled in as last time. Is all of it still right? Health is asked anew."),
    "forget": _("Forget it"),
    "forgotten": _("Forgotten: nothing of it is on this phone any more."),
    "health": _("Health of everybody"),
    "nobody_asked": _("Is this true of everybody who has not answered yet? Then one tap answers for them:"),
    "nobody": _("Nobody was in a key region in the last 14 days, and nobody feels ill"),
    "nobody_told": _("Answered: “No” and “None of these”. Each answer can be changed above."),
}


def name(language: Language) -> str:
    """Where the script in `language` is, below the base address."""
    kind = f"static/form-{language.code}."
    return next((each for each in _kept() if each.startswith(kind)), None) or _named("form", language, _form(language))


def static(path: str) -> bytes | None:
    """The file called `static/<path>` now; None for any other name, those of earlier versions included."""
    if kept := _kept():
        return kept[f"static/{path}"].read_bytes() if f"static/{path}" in kept else None
    return make().get(f"static/{path}")


@cache
def worker() -> bytes:
    """The service worker. Its cache is named after all that is served here, so that a new version starts anew."""
    version = _digest("".join(sorted(_kept() or make())).encode())
    return f"const VERSION={json.dumps(version)};\n{_source('sending')}{_source('worker')}".encode()


def make() -> Mapping[str, bytes]:
    """Every file below `static/`, by its name below the base address, made of its sources."""
    made = {_named("places", None, _places()): _places()}
    for language in LANGUAGES:
        for kind, content in (("form", _form(language)), ("ease", _ease(language)), ("words", _words(language))):
            made[_named(kind, language, content)] = content
    return made


def keep_all(folder: Path) -> None:
    """Make every file beforehand, in `folder`, which is to be `MADE`: all of them together, or none."""
    folder.mkdir(parents=True)
    for each, content in make().items():
        (folder / each.removeprefix("static/")).write_bytes(content)


@cache
def _kept() -> Mapping[str, Path]:
    """What lies in `MADE`; nothing of it unless it is a whole set, for the files of one ask for the others by name."""
    there = sorted(MADE.glob("*.js"))
    whole = ["places", *(f"{kind}-{language.code}" for kind in ("form", "ease", "words") for language in LANGUAGES)]
    if sorted(path.name.partition(".")[0] for path in there) != sorted(whole):
        return {}
    return {f"static/{path.name}": path for path in there}


def _said(language: Language) -> dict[str, object]:
    say = messages(language).gettext
    return {
        "rules": {rule: say(message) for rule, message in words.RULES.items()},
        "required": {part: say(message) for part, message in words.REQUIRED.items()},
        **{key: say(message) for key, message in _EASY_WORDS.items()},
    }


@cache
def _words(language: Language) -> bytes:
    words = {key: messages(language).gettext(message) for key, message in WORDS.items()}
    return f"kakou.tongue({_json(language.code)},{_json({'words': words, 'said': _said(language)})});\n".encode()


@cache
def _ease(language: Language) -> bytes:
    tongues = _json({other.code: "../" + _named("words", other, _words(other)) for other in LANGUAGES})
    places = _json("../" + _named("places", None, _places()))
    data = f"const RULES={_json(rules())},SAID={_json(_said(language))},STYLES={_json(_styles())},PLACES={places};"
    data += f"const CODES={_json({'days': REMEMBERED_DAYS})},TONGUES={tongues};"
    sources = "".join(map(_source, ("check", "ease", "origin", "party", "kept", "tongue")))
    return f"(()=>{{\n{data}\n{sources}kakou.opened();\n}})();\n".encode()


@cache
def _places() -> bytes:
    """A line for each division: code, name, syllables of the name; then, each after a slash, what it is called in Latin
    script where the syllables do not say it, and what else is typed for it."""
    lines = []
    for place in divisions.every():
        read = divisions.syllables(place.code).split()
        spelt = read[0] + "".join(f"'{part}" if part[0] in "aeo" else part for part in read[1:])
        called = divisions.called(place)
        more = ["" if called == spelt[0].upper() + spelt[1:] else called, *divisions.also(place.code)]
        lines.append(f"{place.code}{place.name}{' '.join(read)}" + ("/" + "/".join(more) if any(more) else ""))
    return f"kakou.places({_json(chr(10).join(lines))});\n".encode()


def _styles() -> list[str]:
    """The rules of `static/later.css`, one by one, as a script inserts them."""
    text = re.sub(r"/\*.*?\*/", "", (_STATIC / "later.css").read_text("utf-8"), flags=re.S)
    return [re.sub(r"\s+", " ", rule).strip() + "}" for rule in text.split("}") if rule.strip()]


@cache
def _form(language: Language) -> bytes:
    say = messages(language).gettext
    said = _json({key: say(message) for key, message in WORDS.items()})
    known = _json({"no_vehicle": sorted(codes.NO_VEHICLE), "most": codes.MAX_TRAVELLERS, "trip": form.TRIP})
    later = _json("../" + _named("ease", language, _ease(language)))
    data = f"const WORDS={said},CODES={known},EASE={later};"
    return f"(()=>{{\n{data}\n{_source('sending')}{_source('form')}}})();\n".encode()


def _source(name: str) -> str:
    """A file of ours without comments, empty lines and indentation: no line of it may begin inside a text, and none of
    its texts has two slashes after a space."""
    text = (_STATIC / f"{name}.js").read_text("utf-8")
    return re.sub(r"(?m)^\s*(?://.*)?\n?", "", re.sub(r"(?m) // .*$", "", text))


def _named(kind: str, language: Language | None, content: bytes) -> str:
    return f"static/{kind}{f'-{language.code}' if language else ''}.{_digest(content)}.js"


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:12]
