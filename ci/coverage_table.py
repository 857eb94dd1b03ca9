# SPDX-License-Identifier: MIT
"""Prints lines and branches per folder from an llvm-cov summary: coverage_table.py FILE [--files]."""
import json
import os
import sys


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        report = json.load(file)
    rows = {}
    for entry in report["data"][0]["files"]:
        name = os.path.relpath(entry["filename"])
        folder = os.path.dirname(name)
        keys = [folder, "all"] + ([name] if "--files" in sys.argv else [])
        for key in keys:
            row = rows.setdefault(key, [0, 0, 0, 0])
            for i, kind in enumerate(("lines", "branches")):
                row[2 * i] += entry["summary"][kind]["covered"]
                row[2 * i + 1] += entry["summary"][kind]["count"]
    print(f"{'folder':34} {'lines':>17} {'branches':>19}")
    for key in sorted(rows, key=lambda k: (k == "all", k)):
        covered, lines, taken, branches = rows[key]
        share = f"{100 * covered / lines:.1f} %" if lines else "-"
        taken_share = f"{100 * taken / branches:.1f} %" if branches else "-"
        print(f"{key:34} {share:>8} {covered:>4}/{lines:<5} {taken_share:>8} {taken:>4}/{branches:<5}")


main()
