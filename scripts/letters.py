#!/usr/bin/env python3
"""Prints src/base/letters_table.inc from Python's own tables of Unicode, which must be of the pinned version."""
import sys
import unicodedata

PINNED = "14.0.0"
COLUMNS = 100


def word_ranges():
    """Letters, marks and numbers beyond ASCII, as first and last."""
    ranges = []
    for code in range(0x80, sys.maxunicode + 1):
        if unicodedata.category(chr(code))[0] not in "LMN":
            continue
        if ranges and ranges[-1][1] == code - 1:
            ranges[-1][1] = code
        else:
            ranges.append([code, code])
    return ranges


def simple(code, change):
    """The one character that `code` becomes, if it becomes one: Unicode's simple mapping."""
    letter = chr(code)
    changed = change(letter)
    if len(changed) > 1 and change is str.upper and len(letter.title()) == 1:
        changed = letter.title()
    return {0x130: 0x69}.get(code, code) if len(changed) > 1 else ord(changed)


def case_runs(change):
    """first, last, step, distance: every step-th letter becomes the one that lies so far ahead."""
    runs = []
    for code in range(0x80, sys.maxunicode + 1):
        distance = simple(code, change) - code
        if distance == 0:
            continue
        if runs and runs[-1][3] == distance:
            first, last, step, _ = runs[-1]
            if code - last in ((step,) if first < last else (1, 2)):
                runs[-1][1:3] = code, code - last
                continue
        runs.append([code, code, 1, distance])
    return runs


def table(declaration, items):
    lines, line = [], "   "
    for item in items:
        if len(line) + 1 + len(item) > COLUMNS:
            lines.append(line)
            line = "   "
        line += " " + item
    return "\n".join([declaration + " = {", *lines, line, "};"])


def main():
    assert unicodedata.unidata_version == PINNED, unicodedata.unidata_version
    print(f"/* Made by scripts/letters.py from Unicode {PINNED}; for letters.c alone. */")
    words = word_ranges()
    assert all(first >> 16 == last >> 16 for first, last in words)
    print(table("static const letter_range words[]", [f"{{{first & 0xffff:#x}, {last & 0xffff:#x}}}," for first, last in words]))
    print(table("static const uint16_t planes[]", [f"{sum(first >> 16 < plane for first, _ in words)}," for plane in range(18)]))
    for name, change in ("lowers", str.lower), ("uppers", str.upper):
        runs = [f"{{{first:#x}, {distance}, {last - first}, {step}}}," for first, last, step, distance in case_runs(change)]
        print(table(f"static const case_run {name}[]", runs))


if __name__ == "__main__":
    main()
