"""The few HTML pages of the emulated AWS: no script, nothing from elsewhere."""

from __future__ import annotations

from html import escape

from werkzeug import Response

_STYLE = """
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif }
body { margin: 0 auto; max-width: 60rem; padding: 2rem 1rem }
header { border-bottom: 1px solid; display: flex; justify-content: space-between; gap: 1rem;
  flex-wrap: wrap; align-items: center; padding-bottom: .5rem }
h1 { font-size: 1.5rem; margin: 0 }
header small { margin-right: auto }
h2 { font-size: 1.1rem; margin: 1.5rem 0 .25rem }
table { border-collapse: collapse; table-layout: fixed; width: 100% }
caption { clip-path: inset(50%); height: 1px; overflow: hidden; position: absolute; width: 1px }
th, td { border-bottom: 1px solid; padding: .4rem; text-align: left; vertical-align: top }
button { font: inherit; padding: .4rem 1rem }
button:focus-visible, a:focus-visible { outline: 3px solid; outline-offset: 2px }
"""


def page(title: str, body: str, status: int = 200) -> Response:
    """A page; `title` is plain text, `body` is HTML."""
    text = (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{_STYLE}</style></head>"
        f"<body>{body}</body></html>\n"
    )
    response = Response(text, status, content_type="text/html; charset=utf-8")
    response.headers["Content-Security-Policy"] = (
        "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; "
        "frame-ancestors 'none'; base-uri 'none'"
    )
    response.headers["Cache-Control"] = "no-store"
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response


def message_page(title: str, sentence: str, status: int, link: str | None = None) -> Response:
    """A page that says one thing, with a link onward if there is one."""
    onward = f'<p><a href="{escape(link)}">To the access portal</a></p>' if link else ""
    body = f"<main><h1>{escape(title)}</h1><p>{escape(sentence)}</p>{onward}</main>"
    return page(f"{title} - AWS access portal (sandbox)", body, status)
