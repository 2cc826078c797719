"""TOML syntax errors in plain words, with line and column and the usual slip named."""

from __future__ import annotations

import re
import unicodedata

from simengine.errors import Problem

_PLACE = re.compile(r"^(?P<what>.*) \(at (?:line (?P<line>\d+), column (?P<column>\d+)|end of document)\)$", re.S)

_WORDS = (
    ("Cannot overwrite a value", "this name is given twice in one table"),
    ("Duplicate inline table key", "this name is given twice in one table"),
    ("Cannot declare", "this table is written twice"),
    ("Cannot mutate immutable namespace", "this table was already written completely elsewhere"),
    ("Cannot redefine namespace", "this table was already written completely elsewhere"),
    ("Unterminated string", "a text is not closed"),
    ("Expected '\"'", "a text is not closed"),
    ('Expected "\'"', "a text is not closed"),
    ('Expected \'"""\'', "a text is not closed"),
    ("Unclosed array", "a list is not closed, or a comma is missing in it"),
    ("Unclosed inline table", "a { } table is not closed on its line, or a comma is missing in it"),
    ("Expected '=' after a key", "there is no '=' after the name"),
    ("Expected newline or end of document", "there is something left over after the value"),
    ("Invalid initial character for a key part", "a name or a value is missing or begins wrongly here"),
    ("Invalid statement", "this line is neither 'name = value' nor a [table]"),
    ("Invalid value", "this is not a value: a number, a text in quotes, a list or a { } table"),
    ("Invalid date", "this date does not exist"),
    ("Unescaped '\\' in a string", "a backslash in a text must be doubled, or the text put in single quotes"),
    ("Invalid hex value", "a \\u in a text is not followed by the digits of a character"),
    ("Escaped character is not a Unicode scalar value", "a \\u in a text names no character"),
    ("Illegal character", "this character may not stand in a text"),
    ("Found invalid character", "this character may not stand here"),
    ("Expected ']]'", "the table name is not closed by ']]'"),
    ("Expected ']'", "the table name is not closed by ']'"),
)

_FULL_WIDTH = {"，": ",", "。": ".", "：": ":", "“": '"', "”": '"', "‘": "'", "’": "'", "【": "[", "】": "]"}


def line_and_column(text: str, position: int) -> tuple[int, int]:
    """Line and column, both from 1, of a character position."""
    position = min(position, len(text))
    return text.count("\n", 0, position) + 1, position - text.rfind("\n", 0, position)


def printable(text: str, length: int = 60) -> str:
    """``text`` on one line, without control characters, cut to ``length`` characters."""
    if len(text) > length:
        text = text[: length - 3] + "..."
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def explain(text: str, message: str, file: str) -> Problem:
    """The problem that a message of ``tomllib`` about ``text`` stands for."""
    match = _PLACE.match(message)
    what = match["what"] if match else message
    if match and match["line"]:
        line, column = int(match["line"]), int(match["column"])
    else:
        line, column = line_and_column(text.rstrip(), len(text.rstrip()))
    reason = next((plain for start, plain in _WORDS if what.startswith(start)), what[:1].lower() + what[1:])
    lines = text.split("\n")
    content = lines[line - 1].rstrip("\r") if line <= len(lines) else ""
    quote = _unclosed(content)
    if quote and what.startswith(("Illegal character", "Unterminated string", "Expected")):
        reason = "a text is not closed"
    elif reason == "a text is not closed":  # the parser looked for its end to the end of the file
        begun = next((number for number, one in enumerate(lines, 1) if _unclosed(one.rstrip("\r"))), line)
        if begun != line:
            line, content = begun, lines[begun - 1].rstrip("\r")
            quote, column = _unclosed(content), len(content) + 1
    shown = content.strip()
    if reason.startswith("this name is given twice"):
        column = len(content) - len(content.lstrip()) + 1  # the parser points behind the value
    return Problem(
        reason=f"not valid TOML: {reason}",
        value=printable(shown),
        hint=_slip(content, column) or (_missing_quote(content, quote) if quote else None),
        file=file,
        line=line,
        column=column,
    )


def _unclosed(line: str) -> str | None:
    """The quotation mark that begins a text on ``line`` and does not end it."""
    at = 0
    while at < len(line) and line[at] != "#":
        sign = line[at]
        if sign in "\"'":
            if line.startswith(sign * 3, at):
                return None  # a text of several lines is closed elsewhere
            at += 1
            while at < len(line) and line[at] != sign:
                at += 2 if sign == '"' and line[at] == "\\" else 1
            if at >= len(line):
                return sign
        at += 1
    return None


def _missing_quote(line: str, quote: str) -> str:
    name, equals, value = line.partition("=")
    closed = value.split(" #")[0].strip() + quote
    simple = equals and value.strip().startswith(quote) and value.count(quote) == 1
    return f"the closing {quote} is missing" + (f": {name.strip()} = {closed}" if simple else "")


def _slip(line: str, column: int) -> str | None:
    """The usual mistake behind a syntax error on ``line``, if it is one."""
    code = re.sub(r"\"(?:[^\\\"]|\\.)*\"|'[^']*'", lambda quoted: "_" * len(quoted.group()), line)
    code = code.split("#", 1)[0]
    for character in code:
        plain = _FULL_WIDTH.get(character) or unicodedata.normalize("NFKC", character)
        if plain != character and len(plain) == 1 and plain.isascii() and not plain.isalnum():
            return f"{character} is a full-width character: write {plain}"
        if character.isdigit() and not character.isascii():
            return f"{character} is a full-width digit: write {plain}"
    name, equals, value = code.partition("=")
    name, value = name.strip(), value.strip()
    if not equals:
        return None
    if name and not name.isascii() and "_" not in name:
        return f'a name with other letters than A to Z must stand in quotes: "{name}" = {value}'
    if re.fullmatch(r"[-+\d.]+\s*%", value):
        return f"write {_fraction(value)} for {value}"
    if re.fullmatch(r"\d{1,3}(,\d{3})+(\.\d+)?", value):
        return f"write {value.replace(',', '_')} without commas, or {value.replace(',', '.', 1)} if it is a decimal"
    if re.fullmatch(r"[-+]?\d+,\d+", value):
        return f"write {value.replace(',', '.')} with a decimal point"
    if re.fullmatch(r"[-+]?\.\d+|[-+]?\d+\.", value):
        return "a number needs digits on both sides of its decimal point"
    if re.fullmatch(r"[-+]?0\d+(\.\d*)?", value):
        return "a number may not begin with a 0"
    if re.match(r"[^\W\d_].*|.*\bto\b.*|.*[-+*/(].*", value) and "_" not in value[:1]:
        return f'a text must stand in quotes: {name} = "{value}"'
    return None


def _fraction(percent: str) -> str:
    try:
        return f"{float(percent.rstrip('% ')) / 100:g}"
    except ValueError:
        return "a fraction"
