#!/usr/bin/env python3
"""Calculates again, from the JSON of `carbide explain ... --json` alone, what it explains.

Reads standard input, prints the kilograms that it finds, and fails where they are not those stated.
Knows nothing of Carbide's code; standard library only."""
import json
import sys
from collections import defaultdict
from fractions import Fraction

def near(found, said, where, relative=1e-9):
    if abs(float(found) - float(said)) > relative * max(abs(float(said)), 1e-6):
        sys.exit(f"{where}: calculated {float(found)!r}, stated {float(said)!r}")

def term_kg(term, factors):
    factor = factors[term["factor"]]
    if term["activity"]["unit"] != factor["unit"]:
        sys.exit(f"{term['what']}: {term['activity']['unit']} does not meet {factor['unit']}")
    return Fraction(term["activity"]["amount"]) * Fraction(factor["kg_co2e_per_unit"])

def metered(meter):
    read, given, shares = defaultdict(Fraction), defaultdict(Fraction), defaultdict(Fraction)
    for _, kwh, state in meter["readings"]:
        read[state] += Fraction(kwh)
    for share in meter["shares"]:
        given[share["state"]] += Fraction(share["kwh"])
        shares[share["work_center"], share["material"], share["state"]] += Fraction(share["kwh"])
    for state in set(read) | set(given):
        near(given[state], read[state], f"readings that are {state}")
    return shares

def product(one, shares):
    processes, factors = one["evidence"]["processes"], one["factors"]
    overhead = sum(kwh for (center, _, _), kwh in shares.items() if center is None)
    production = sum(shares.values()) - overhead
    for process in processes:
        wanted, stated = defaultdict(Fraction), defaultdict(Fraction)
        for use in process["electricity"]:
            good = Fraction(use["tonnes_per_unit"]) * Fraction(use["leaving"])
            for (center, material, state), kwh in shares.items():
                if (center, material) == (use["work_center"], use["material"]):
                    per_tonne = kwh / Fraction(use["yielded_t"]) * (1 + overhead / production)
                    wanted[f"electricity at {center}", state] += per_tonne * good
        for term in process["terms"]:
            if (term["what"], term["state"]) in wanted:
                stated[term["what"], term["state"]] += Fraction(term["activity"]["amount"])
        for key, kwh in wanted.items():
            near(stated[key], kwh, f"{process['product']}: {key}")
    amounts = [0.0] * len(processes)
    moved = 1.0
    while moved >= 1e-15:  # How much of each process one unit of the product needs.
        after = [1.0] + [0.0] * (len(processes) - 1)
        for amount, process in zip(amounts, processes):
            for use in process["inputs"]:
                after[use["process"]] += amount * float(use["quantity"])
        moved = max(abs(a - b) for a, b in zip(after, amounts))
        amounts = after
    own = [float(sum(term_kg(t, factors) for t in process["terms"])) for process in processes]
    total = sum(a * float(p["share"]) * kg for a, p, kg in zip(amounts, processes, own))
    near(sum(term_kg(t, factors) for t in one["footprint"]["contributions"]), total, "terms")
    near(one["kg_co2e_per_unit"], total, "footprint")
    print(f"{one['footprint']['material']} {one['footprint']['production_version']} {total:.6f}")

def document(run):
    factors = {row["id"]: row for row in run["inventory"]["factors"]}
    grid = [row for row in factors.values() if row["unit"] == "KWH"]
    kwh = sum(Fraction(value) for _, value, _ in run["readings"])
    lines, charged = run["inventory"]["lines"], defaultdict(int)
    for line in lines:
        exact = term_kg(line, factors) * 10**6
        if abs(exact - line["emissions"]) > 2:
            sys.exit(f"{line['consumer']}: {float(exact)} mg, stated {line['emissions']}")
        charged[line["consumer"]["cost_center"], line["scope"], line["state"]] += line["emissions"]
    if len(grid) == 1:
        allocated = sum(line["emissions"] for line in lines if line["factor"] == grid[0]["id"])
        near(allocated, kwh * Fraction(grid[0]["kg_co2e_per_unit"]) * 10**6, "metered", 1e-12)
    said = defaultdict(Fraction)
    for line in run["lines"] + run.get("corrects", {}).get("posted", []):
        said[line["cost_center"], line["scope"], line["state"]] += Fraction(line["kilograms"])
    for key, kilograms in said.items():
        if abs(kilograms * 10**6 - charged.pop(key, 0)) >= 1000:
            sys.exit(f"FI line {key}: {float(kilograms)} kg are not what its terms sum to")
    total, posted = sum(line["emissions"] for line in lines), sum(said.values())
    if any(mg >= 1000 for mg in charged.values()) or not 0 <= total - posted * 10**6 < 1000:
        sys.exit(f"posted {float(posted)} kg of {total} mg")
    print(f"document {float(posted):.6f}")

explained = json.load(sys.stdin)
if "run" in explained:
    document(explained["run"])
elif "order" in explained:
    one = explained["order"]
    total = sum(term_kg(term, one["factors"]) for term in one["actual"]["contributions"])
    near(one["kg_co2e"], total, "order")
    near(one["kg_co2e_per_unit"], total / Fraction(one["actual"]["good"]["amount"]), "by unit")
    metered(explained["meter"])
    print(f"order {one['actual']['order']} {float(total):.6f}")
else:
    for each in explained["products"]:
        product(each, metered(explained["meter"]))
