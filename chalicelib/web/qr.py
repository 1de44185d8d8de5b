"""A receipt's QR code (ISO/IEC 18004:2015): alphanumeric mode, level M, as a picture of one bit a module.

Ours and not a library's, because most of what a registration cost was a library trying eight masks on every receipt.
What a receipt says is base 32 of a signature, as good as random, so that no mask is better than another: it is always
the same one, and with it where every bit goes is known from the symbol's size alone. That leaves one look-up for each
module. tests/web/test_qr.py holds it against another encoder, module by module, and against a decoder.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable, Iterator
from functools import cache
from operator import itemgetter
from typing import NamedTuple

QUIET = 4
"""Modules of white that every side needs (6.3.8)."""

_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:"
_PAIRS = {one + two: f"{45 * a + b:011b}" for a, one in enumerate(_ALPHABET) for b, two in enumerate(_ALPHABET)}
_SINGLE = {one: f"{a:06b}" for a, one in enumerate(_ALPHABET)}

_BLOCKS: tuple[tuple[int, tuple[int, ...]], ...] = tuple(
    (correcting, (short,) * some + (short + 1,) * more)
    for correcting, some, short, more in (
        (10, 1, 16, 0), (16, 1, 28, 0), (26, 1, 44, 0), (18, 2, 32, 0), (24, 2, 43, 0), (16, 4, 27, 0), (18, 4, 31, 0),
        (22, 2, 38, 2), (22, 3, 36, 2), (26, 4, 43, 1), (30, 1, 50, 4), (22, 6, 36, 2), (22, 8, 37, 1), (24, 4, 40, 5),
        (24, 5, 41, 5), (28, 7, 45, 3), (28, 10, 46, 1), (26, 9, 43, 4), (26, 3, 44, 11), (26, 3, 41, 13),
    )
)  # fmt: skip
"""Of versions 1 to 20 at level M: correcting codewords of a block, data codewords of each block (table 9)."""

_LIGHT, _DARK = -2, -1
"""In place of a bit's number: a module that is the same in every symbol of its version."""


class _Version(NamedTuple):
    number: int
    length_bits: int
    capacity: int
    """Data codewords."""
    side: int
    """Modules, without the quiet zone."""
    pick: Callable[[str], tuple[str, ...]]
    """From all bits (`data + correction + "01"`) to the bits of the picture's rows, before the mask."""
    mask: int
    """What to turn over in them, so that a dark module is 0, as a PNG wants black."""
    rows: int
    """Bytes of all rows."""


def png(text: str) -> bytes:
    """The symbol that says `text`, a PNG (ISO/IEC 15948) of one pixel a module with its quiet zone. Raises ValueError
    for text that alphanumeric mode cannot say, or of more than 970 characters."""
    version, rows = _symbol(text)
    side = version.side + 2 * QUIET
    header = struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0)  # one bit, grey
    # Stored and not deflated: it is as good as random, and the page that holds it is compressed.
    return (
        b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", header) + _chunk(b"IDAT", zlib.compress(rows, 0)) + _chunk(b"IEND", b"")
    )


def matrix(text: str) -> list[list[bool]]:
    """The same symbol's modules, row by row, dark ones True, without the quiet zone."""
    version, rows = _symbol(text)
    wide = len(rows) // (version.side + 2 * QUIET)
    lines = [rows[at : at + wide] for at in range(0, len(rows), wide)][QUIET:-QUIET]
    return [[not line[1 + at // 8] >> (7 - at % 8) & 1 for at in range(QUIET, QUIET + version.side)] for line in lines]


def _symbol(text: str) -> tuple[_Version, bytes]:
    version = _version(next((at for at, room in enumerate(_rooms(), 1) if len(text) <= room), 0))
    try:
        pairs = [_PAIRS[text[at : at + 2]] for at in range(0, len(text) - 1, 2)]
        if len(text) % 2:
            pairs.append(_SINGLE[text[-1]])
    except KeyError:
        raise ValueError("not in the alphabet of alphanumeric mode") from None
    bits = f"0010{len(text):0{version.length_bits}b}" + "".join(pairs)
    bits += "0" * min(4, version.capacity * 8 - len(bits))  # the terminator (7.4.9)
    bits += "0" * (-len(bits) % 8)
    data = int(bits, 2).to_bytes(len(bits) // 8, "big")
    data += (b"\xec\x11" * version.capacity)[: version.capacity - len(data)]
    whole = data + _correction(data, version.number)
    picked = version.pick(f"{int.from_bytes(whole, 'big'):0{8 * len(whole)}b}01")
    return version, (int("".join(picked), 2) ^ version.mask).to_bytes(version.rows, "big")


def _correction(data: bytes, number: int) -> bytes:
    """The correcting codewords of all blocks, one block after another (7.5.2)."""
    correcting, blocks = _BLOCKS[number - 1]
    steps = _steps(correcting)
    top, kept = 8 * (correcting - 1), (1 << 8 * (correcting - 1)) - 1
    found = []
    at = 0
    for length in blocks:
        rest = 0
        for byte in data[at : at + length]:
            rest = (rest & kept) << 8 ^ steps[rest >> top ^ byte]
        found.append(rest.to_bytes(correcting, "big"))
        at += length
    return b"".join(found)


@cache
def _steps(correcting: int) -> list[int]:
    """What each byte does to the remainder of a division by the generator polynomial of that degree, over GF(256) with
    x^8 + x^4 + x^3 + x^2 + 1."""

    def product(one: int, two: int) -> int:
        found = 0
        while two:
            if two & 1:
                found ^= one
            one = one << 1 ^ (0x11D if one & 0x80 else 0)
            two >>= 1
        return found

    generator = [1]
    root = 1
    for _ in range(correcting):
        generator = [a ^ product(root, b) for a, b in zip([*generator, 0], [0, *generator], strict=True)]
        root = product(root, 2)
    steps = [0] * 256
    for byte in range(1, 256):
        single = byte & -byte
        steps[byte] = (
            steps[byte ^ single] ^ steps[single]
            if byte != single
            else int.from_bytes(bytes(product(single, each) for each in generator[1:]), "big")
        )
    return steps


@cache
def _rooms() -> list[int]:
    """How many characters each version holds."""
    rooms = []
    for number, (_, blocks) in enumerate(_BLOCKS, 1):
        pairs, rest = divmod(8 * sum(blocks) - 4 - _length_bits(number), 11)
        rooms.append(2 * pairs + (rest >= 6))
    return rooms


def _length_bits(number: int) -> int:
    return 9 if number < 10 else 11


@cache
def _version(number: int) -> _Version:
    if not number:
        raise ValueError("too long for a symbol")
    correcting, blocks = _BLOCKS[number - 1]
    side = 17 + 4 * number
    modules = _function_patterns(number)
    bits = 8 * (sum(blocks) + correcting * len(blocks))
    order = iter(_interleaved(correcting, blocks))
    masked = set()
    for y, x in _path(side, modules):
        modules[y, x] = next(order, _LIGHT)  # remainder bits are 0
        if (y + x) % 2 == 0:  # mask 000 (table 10)
            masked.add((y, x))
    wide = side + 2 * QUIET
    padding = -wide % 8
    picks: list[int] = []
    mask = ""
    for y in range(-QUIET, side + QUIET):
        picks += [bits] * 8  # every row of a PNG begins with its filter's number: none
        mask += "0" * 8
        for x in range(-QUIET, side + QUIET):
            at = modules.get((y, x), _LIGHT)
            picks.append(bits + 2 + at if at < 0 else at)
            mask += "01"[(y, x) not in masked]
        picks += [bits] * padding
        mask += "0" * padding
    return _Version(
        number, _length_bits(number), sum(blocks), side, itemgetter(*picks), int(mask, 2), len(picks) // 8
    )  # fmt: skip


def _interleaved(correcting: int, blocks: tuple[int, ...]) -> Iterator[int]:
    """The numbers of the bits in the order in which they are placed (7.6): byte by byte from each block in turn."""
    starts = [sum(blocks[:at]) for at in range(len(blocks))]
    data = [start + at for at in range(max(blocks)) for start, long in zip(starts, blocks, strict=True) if at < long]
    total = sum(blocks)
    rest = [total + block * correcting + at for at in range(correcting) for block in range(len(blocks))]
    return (8 * byte + bit for byte in data + rest for bit in range(8))


def _path(side: int, taken: dict[tuple[int, int], int]) -> Iterator[tuple[int, int]]:
    """The free modules in the order of the bits (7.7.3): in columns of two, up and down, from the right."""
    upwards = True
    for right in (*range(side - 1, 6, -2), 5, 3, 1):  # the sixth column is timing
        for y in range(side - 1, -1, -1) if upwards else range(side):
            for x in (right, right - 1):
                if (y, x) not in taken:
                    yield y, x
        upwards = not upwards


def _function_patterns(number: int) -> dict[tuple[int, int], int]:
    """What every symbol of this version has: finders, alignment, timing, format, number (6.3, 7.9, 7.10)."""
    side = 17 + 4 * number
    found: dict[tuple[int, int], int] = {}

    def place(y: int, x: int, dark: bool | int) -> None:
        if 0 <= y < side and 0 <= x < side:
            found[y, x] = _DARK if dark else _LIGHT

    for at in range(side):
        place(6, at, at % 2 == 0)
        place(at, 6, at % 2 == 0)
    centres = _alignment(number)
    for y in centres:
        for x in centres:
            if (y, x) not in {(6, 6), (6, side - 7), (side - 7, 6)}:
                for dy in range(-2, 3):
                    for dx in range(-2, 3):
                        place(y + dy, x + dx, max(abs(dy), abs(dx)) != 1)
    for y, x in ((3, 3), (3, side - 4), (side - 4, 3)):
        for dy in range(-4, 5):
            for dx in range(-4, 5):
                place(y + dy, x + dx, max(abs(dy), abs(dx)) in (0, 1, 3))
    # Level M is 00, the mask 000: of the fifteen bits nothing is left but the pattern laid over them.
    form = 0b101010000010010
    for at in range(15):
        dark = form >> at & 1
        place(at if at < 6 else at + 1 if at < 8 else side - 15 + at, 8, dark)
        place(8, side - 1 - at if at < 8 else 15 - at if at < 9 else 14 - at, dark)
    place(side - 8, 8, True)
    if number >= 7:
        rest = number << 12
        for at in range(17, 11, -1):
            if rest >> at & 1:
                rest ^= 0b1111100100101 << at - 12
        told = number << 12 | rest
        for at in range(18):
            place(at // 3, side - 11 + at % 3, told >> at & 1)
            place(side - 11 + at % 3, at // 3, told >> at & 1)
    return found


def _alignment(number: int) -> list[int]:
    """The rows and columns of the alignment patterns (annex E)."""
    if number == 1:
        return []
    gaps = number // 7 + 1
    last = 10 + 4 * number
    step = (last - 6 + gaps * 2 - 1) // (gaps * 2) * 2
    return [6, *sorted(last - step * at for at in range(gaps))]


def _chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
