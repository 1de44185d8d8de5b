"""Posters of every state under three keys, and the stated answer to every code: one table for both fronts.

101-1-A  active                 116-1-A  revoked, 116-2-C active
117-1-A  retiring               117-2-C  active
114-2-B  its key withdrawn      113-1-A  its checkpoint closed
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from urllib.parse import quote

from chalicelib.checkpoint.code import sign

COMMANDS: tuple[tuple[str, ...], ...] = (
    ("rotate-key",),
    ("issue", "114", "--now"),
    ("rotate-key",),
    ("issue", "114", "117"),
    ("issue", "116", "--now"),
    ("withdraw-key", "B"),
    ("close", "113"),
)
"""What makes them so, of `scripts/codes`, from the first settings on."""

FORM, REPLACED, INVALID, NOWHERE = 'name="submission"', "这张码已经换新", "这个码无效", "没有这个页面"


@dataclass(frozen=True)
class Keys:
    """What codes are signed with in one deployment."""

    keys: Mapping[str, bytes]
    deployment: str

    def code(self, checkpoint: str, version: int, key: str) -> str:
        return str(sign(self.keys, self.deployment, checkpoint, version, key))

    def elsewhere(self, checkpoint: str, version: int, key: str) -> str:
        """The same poster's code in another deployment with the very same keys."""
        return str(sign(self.keys, "kakou-trial", checkpoint, version, key))

    def unknown(self, checkpoint: str, version: int, key: str) -> str:
        return str(sign({key: b"guessed" * 8}, self.deployment, checkpoint, version, key))


def altered(code: str, at: int = -3) -> str:
    return code[:at] + ("0" if code[at] != "0" else "1") + code[at + 1 :]


def respelt(code: str, version: str) -> str:
    checkpoint, _, rest = code.split("-", 2)
    return f"{checkpoint}-{version}-{rest}"


Spell = Callable[[Keys], str]

ANSWERS: tuple[tuple[str, Spell, int, str], ...] = (
    ("active", lambda k: k.code("101", 1, "A"), 200, FORM),
    ("active, the newest key", lambda k: k.code("117", 2, "C"), 200, FORM),
    ("retiring, the oldest key", lambda k: k.code("117", 1, "A"), 200, FORM),
    ("small letters", lambda k: k.code("117", 2, "C").lower(), 200, FORM),
    ("small and large letters", lambda k: k.code("117", 2, "C").title(), 200, FORM),
    ("revoked", lambda k: k.code("116", 1, "A"), 410, REPLACED),
    ("its key withdrawn", lambda k: k.code("114", 2, "B"), 404, INVALID),
    ("an unknown key", lambda k: k.unknown("101", 1, "Z"), 404, INVALID),
    ("an unknown secret", lambda k: k.unknown("101", 1, "A"), 404, INVALID),
    ("its checkpoint closed", lambda k: k.code("113", 1, "A"), 404, INVALID),
    ("of no checkpoint", lambda k: k.code("999", 1, "A"), 404, INVALID),
    ("never issued", lambda k: k.code("101", 2, "A"), 404, INVALID),
    ("never issued with this key", lambda k: k.code("101", 1, "C"), 404, INVALID),
    ("of another deployment", lambda k: k.elsewhere("101", 1, "A"), 404, INVALID),
    ("of another checkpoint", lambda k: "102" + k.code("101", 1, "A")[3:], 404, INVALID),
    ("the tag altered", lambda k: altered(k.code("101", 1, "A")), 404, INVALID),
    ("the tag altered at its end", lambda k: altered(k.code("101", 1, "A"), -1)[:-1] + "G", 404, INVALID),
    ("the tag of a revoked one altered", lambda k: altered(k.code("116", 1, "A")), 404, INVALID),
    ("the tag truncated", lambda k: k.code("101", 1, "A")[:-1], 404, INVALID),
    ("no tag but its first characters", lambda k: k.code("101", 1, "A")[:16], 404, INVALID),
    ("the tag lengthened", lambda k: k.code("101", 1, "A") + "0", 404, INVALID),
    ("the tag twice", lambda k: k.code("101", 1, "A") + k.code("101", 1, "A")[-26:], 404, INVALID),
    ("version 0", lambda k: respelt(k.code("101", 1, "A"), "0"), 404, INVALID),
    ("version -1", lambda k: respelt(k.code("101", 1, "A"), "-1"), 404, INVALID),
    ("version 01", lambda k: respelt(k.code("101", 1, "A"), "01"), 404, INVALID),
    ("a full-width version", lambda k: quote(respelt(k.code("101", 1, "A"), "１")), 404, INVALID),
    ("a full-width checkpoint", lambda k: quote(k.code("101", 1, "A").replace("101", "１０１", 1)), 404, INVALID),
    ("look-alikes", lambda k: k.code("101", 1, "A").replace("101", "1O1", 1), 404, INVALID),
    ("white space", lambda k: k.code("101", 1, "A") + "%20", 404, INVALID),
    ("an extra path", lambda k: k.code("101", 1, "A") + "/x", 404, NOWHERE),
    ("a path out of it", lambda k: k.code("101", 1, "A") + "%2F..%2Fx", 404, "没有登记成功"),
)  # fmt: skip
"""What is asked for below /C/, its status, and words (or a field) of the page in Chinese."""
