"""C++ names as a person reads them: `_ZN6tflite4EvalEPv` is `tflite::Eval`.

Only names, without arguments and with `<...>` for template arguments: that is what a backtrace needs. What is not
understood stays as it is. Source: Itanium C++ ABI, section 5.1 "External Names".
"""

from __future__ import annotations

import re

_MAX_LENGTH = 4096
_LITERAL = re.compile(r"L[a-z]n?[0-9]+E")
_LENGTH = re.compile(r"[1-9][0-9]{0,3}")
# Substitutions, template parameters, array bounds: digits in them are no lengths of names.
_NUMBERED = re.compile(r"S(?:[0-9A-Z]*_|[absiod])|[TA][0-9]*_")
_STANDARD = {"St": "std", "Sa": "std::allocator", "Sb": "std::basic_string", "Ss": "std::string"}


def demangle(name: str) -> str:
    """The name of a function or object, or `name` itself where it is no C++ name that this knows."""
    # Clones that the compiler made: `.constprop.0`, `.isra.0`, `.part.0`.
    stem, dot, clone = name.partition(".")
    if not stem.startswith("_Z") or len(stem) > _MAX_LENGTH:
        return name
    reader = _Reader(stem[2:])
    try:
        found = reader.name()
    except (ValueError, IndexError):
        return name
    return f"{found} [{clone}]" if dot else found


class _Reader:
    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0

    def name(self) -> str:
        """An encoding's name.

        Raises:
            ValueError, IndexError: it is none that is known here.
        """
        if not self._take("N"):
            return "::".join(self._parts(nested=False))
        while self._take("K") or self._take("V") or self._take("r") or self._take("R") or self._take("O"):
            pass
        return "::".join(self._parts(nested=True))

    def _parts(self, *, nested: bool) -> list[str]:
        parts: list[str] = []
        while True:
            head = self._text[self._at : self._at + 2]
            if head in _STANDARD:
                self._at += 2
                parts.append(_STANDARD[head])
                if nested or head == "St":
                    continue
            elif self._text[self._at] == "I":
                self._skip_arguments()
                parts[-1] += "<...>"
            elif head in ("C1", "C2", "C3"):
                self._at += 2
                parts.append(parts[-1].removesuffix("<...>"))
            elif head in ("D0", "D1", "D2"):
                self._at += 2
                parts.append("~" + parts[-1].removesuffix("<...>"))
            else:
                self._take("L")
                parts.append(self._source_name())
            if nested and self._take("E"):
                return parts
            if not nested and self._text[self._at : self._at + 1] != "I":
                return parts

    def _source_name(self) -> str:
        found = _LENGTH.match(self._text, self._at)
        if found is None:
            raise ValueError("no name")
        end = found.end() + int(found[0])
        name = self._text[found.end() : end]
        if len(name) != int(found[0]):
            raise ValueError("a name that is cut")
        self._at = end
        return "(anonymous namespace)" if name.startswith("_GLOBAL__N") else name

    def _skip_arguments(self) -> None:
        depth = 0
        while True:
            letter = self._text[self._at]
            known = _LITERAL.match(self._text, self._at) or _NUMBERED.match(self._text, self._at)
            if known is not None:
                self._at = known.end()
            elif letter.isdigit():
                self._source_name()
            else:
                self._at += 1
                depth += (letter in "INFJ") - (letter == "E")
                if letter in "LX":
                    raise ValueError("a literal of another kind, or an expression")
            if depth == 0:
                return

    def _take(self, letter: str) -> bool:
        if self._text[self._at] != letter:
            return False
        self._at += 1
        return True
