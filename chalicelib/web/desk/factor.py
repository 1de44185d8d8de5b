"""What an authenticator app scans: a second factor's key as an address and as a QR code (time-based digits, RFC 6238).

The key is in no link and no file: it is drawn into the one page that shows it, which nobody keeps (`no-store`).
"""

from __future__ import annotations

from urllib.parse import quote, urlencode

from markupsafe import Markup


def address(deployment: str, name: str, secret: str) -> str:
    """The key of `name` as apps take it: `otpauth://totp/kakou:wang?secret=…&issuer=kakou`. The deployment tells two
    of them apart in one app."""
    return f"otpauth://totp/{quote(deployment)}:{quote(name)}?" + urlencode({"secret": secret, "issuer": deployment})


def drawn(deployment: str, name: str, secret: str) -> Markup:
    """That address as a drawing, to stand in a page."""
    import segno  # only who sets one up pays for it

    code = segno.make(address(deployment, name, secret), error="m", micro=False)
    drawing = code.svg_inline(border=4, light="#fff", omitsize=True, svgclass="code", lineclass=None)
    return Markup(drawing.replace("<svg ", '<svg aria-hidden="true" ', 1))  # noqa: S704 (segno's drawing of it)
