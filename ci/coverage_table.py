# SPDX-License-Identifier: MIT
"""Prints lines and branches per folder from an llvm-cov summary: coverage_table.py FILE [--files] [--floor].

--floor: exit 1 if what is under test, taken together, is below FLOOR percent of lines and branches.
"""
import json
import os
import sys


UNDER_TEST = ("harness/xhci", "harness/usb", "harness/dev", "harness/guest")
FLOOR = (92, 85)  # percent of lines and of branches


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        report = json.load(file)
    rows = {}
    for entry in report["data"][0]["files"]:
        name = os.path.relpath(entry["filename"])
        folder = os.path.dirname(name)
        keys = [folder, "all"] + (["under test"] if folder in UNDER_TEST else []) + ([name] if "--files" in sys.argv else [])
        for key in keys:
            row = rows.setdefault(key, [0, 0, 0, 0])
            for i, kind in enumerate(("lines", "branches")):
                row[2 * i] += entry["summary"][kind]["covered"]
                row[2 * i + 1] += entry["summary"][kind]["count"]
    print(f"{'folder':34} {'lines':>17} {'branches':>19}")
    for key in sorted(rows, key=lambda k: (k == "all", k == "under test", k)):
        covered, lines, taken, branches = rows[key]
        share = f"{100 * covered / lines:.1f} %" if lines else "-"
        taken_share = f"{100 * taken / branches:.1f} %" if branches else "-"
        print(f"{key:34} {share:>8} {covered:>4}/{lines:<5} {taken_share:>8} {taken:>4}/{branches:<5}")
    covered, lines, taken, branches = rows.get("under test", [0, 1, 0, 1])
    if "--floor" in sys.argv and (100 * covered < FLOOR[0] * lines or 100 * taken < FLOOR[1] * branches):
        print(f"{' '.join(UNDER_TEST)}: below {FLOOR[0]} % of lines or {FLOOR[1]} % of branches")
        sys.exit(1)


main()
