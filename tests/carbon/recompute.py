#!/usr/bin/env python3
"""Calculates again, from the JSON of `carbide explain ... --json` on standard input alone, what it
explains: prints the kilograms, and fails where they are not those stated. Standard library only."""
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
    shares = defaultdict(Fraction)
    for share in meter["shares"]:
        shares[share["work_center"], share["material"], share["state"]] += Fraction(share["kwh"])
    near(sum(shares.values()), sum(Fraction(kwh) for _, kwh, _ in meter["readings"]), "given away")
    machines(meter["equipment"], meter["readings"])
    return shares

def machines(stretches, readings):
    for stretch in stretches:  # Children sum to their parent, the top to what the meter read.
        start, end = (stretch["interval"][key] for key in ("start", "end"))
        value = {node["id"]: Fraction(node["reconciled"]) for node in stretch["nodes"]}
        value[None] = sum(Fraction(kwh) for at, kwh, _ in readings if start <= at < end)
        for name in {node["parent"] for node in stretch["nodes"]}:
            near(sum((-1) ** (node["kind"] == "generation") * value[node["id"]]
                     for node in stretch["nodes"] if node["parent"] == name), value[name], start)

def product(one, shares):
    processes, factors = one["evidence"]["processes"], one["factors"]
    ratio = sum(shares.values()) / sum(kwh for (center, _, _), kwh in shares.items() if center)
    for process in processes:
        wanted, stated = defaultdict(Fraction), defaultdict(Fraction)
        for use in process["electricity"]:
            each = ratio * Fraction(use["tonnes_per_unit"]) * Fraction(use["leaving"])
            for (center, material, state), kwh in shares.items():
                if (center, material) == (use["work_center"], use["material"]):
                    wanted[f"electricity at {center}", state] += kwh / Fraction(use["yielded_t"]) * each
        for term in process["terms"]:
            if (term["what"], term["state"]) in wanted:
                stated[term["what"], term["state"]] += Fraction(term["activity"]["amount"])
        for key, kwh in wanted.items():
            near(stated[key], kwh, f"{process['product']}: {key}")
    amounts, moved = [0.0] * len(processes), 1.0
    while moved >= 1e-15:  # How much of each process one unit of the product needs.
        after = [1.0] + [0.0] * (len(processes) - 1)
        for amount, process in zip(amounts, processes):
            for use in process["inputs"]:
                after[use["process"]] += amount * float(use["quantity"])
        moved, amounts = max(abs(a - b) for a, b in zip(after, amounts)), after
    total = sum(a * float(p["share"]) * float(sum(term_kg(t, factors) for t in p["terms"]))
                for a, p in zip(amounts, processes))
    near(sum(term_kg(t, factors) for t in one["footprint"]["contributions"]), total, "terms")
    near(one["kg_co2e_per_unit"], total, "footprint")
    print(f"{one['footprint']['material']} {one['footprint']['production_version']} {total:.6f}")

def document(run):
    factors = {row["id"]: row for row in run["inventory"]["factors"]}
    lines, charged = run["inventory"]["lines"], defaultdict(int)
    for line in lines:
        exact = term_kg(line, factors) * 10**6
        if abs(exact - line["emissions"]) > 2: sys.exit(f"{line['consumer']}: {float(exact)} mg")
        charged[line["consumer"]["cost_center"], line["scope"], line["state"]] += line["emissions"]
    grid = [row["id"] for row in factors.values() if row["unit"] == "KWH"]
    power = {"factors": grid, "readings": run["readings"], "equipment": run.get("equipment", [])}
    for medium in [power] + run.get("media", []):  # Each is given away whole.
        machines(medium["equipment"], medium["readings"])
        given = sum(line["emissions"] for line in lines if line["factor"] in medium["factors"])
        if given and len(medium["factors"]) == 1:
            amount = sum(Fraction(value) for _, value, _ in medium["readings"])
            each = Fraction(factors[medium["factors"][0]]["kg_co2e_per_unit"])
            near(given, amount * each * 10**6, "metered")
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
if "run" in explained: document(explained["run"])
elif "order" in explained:
    one = explained["order"]
    total = sum(term_kg(term, one["factors"]) for term in one["actual"]["contributions"])
    near(one["kg_co2e"], total, "order")
    near(one["kg_co2e_per_unit"], total / Fraction(one["actual"]["good"]["amount"]), "by unit")
    metered(explained["meter"])
    print(f"order {one['actual']['order']} {float(total):.6f}")
for each in explained.get("products", []): product(each, metered(explained["meter"]))
