"""A planning instance (`carbide-plan/1`) as arrays, and what a choice of columns is worth.

A column is one way to make one order: version, first bucket, mode. Operations and materials depend on
order and version only (a way), so columns share them. Nothing here comes from the program that is measured.
"""

import gzip
import json
from collections import namedtuple
from pathlib import Path

import numpy as np
from numba import njit

Arrays = namedtuple(
    "Arrays",
    # First column of each order; by column: way, first bucket, what it is worth.
    "first way start carbon cost punctual run night "
    # By way: operations (work center, minutes, buckets after the start, set-up or -1) and materials.
    "op_first op_center op_minutes op_after op_setup part_first part part_quantity "
    # By work center and bucket; by set-up and bucket; the work center of a set-up.
    "capacity setup_minutes setup_carbon setup_cost setup_center "
    # By component and source, unused places without availability.
    "available price emission low mass "
    # alpha/C0, beta/Co0, gamma/D0; low-carbon ratio, night from, night to, cap, least punctuality.
    "weights policy",
)
TOLERANCE = 1e-6


def read(path):
    raw = Path(path).read_bytes()
    return json.loads(gzip.decompress(raw) if raw[:2] == b"\x1f\x8b" else raw)


class Model:
    """Columns of an instance with their names."""

    def __init__(self, instance):
        self.instance = instance
        orders, buckets = instance["planned_orders"], len(instance["buckets"])
        self.buckets = buckets
        policy, weights, base = (instance[key] for key in ("side_constraints", "weights", "baseline"))
        self.constant = weights["alpha"] + weights["beta"]
        scaled = np.array(
            [weights["alpha"] / base["c0_kg"], weights["beta"] / base["co0"], weights["gamma"] / base["d0"]]
        )
        limits = [policy["low_carbon_ratio_min"] or 0.0, policy["night_share_min"] or 0.0]
        for name, none in (("night_share_max", 1.0), ("carbon_cap_kg", np.inf), ("min_punctuality", 0.0)):
            limits.append(none if policy[name] is None else policy[name])
        # Without cap and floor the best mode of a version and bucket is known beforehand.
        one_mode = policy["carbon_cap_kg"] is None and policy["min_punctuality"] is None
        is_night = np.array([bucket["night"] for bucket in instance["buckets"]], float)
        plants = {
            p["plant"]: tuple(np.array(p[key]) for key in ("grid_kgco2e_per_kwh", "tariff_per_kwh"))
            for p in instance["plants"]
        }
        centers = instance["work_centers"]
        number = {center["work_center"]: at for at, center in enumerate(centers)}
        capacity = np.array([center["capacity_minutes"] for center in centers], float)
        setups, setup_rows = {}, []
        for at, center in enumerate(centers):
            grid, tariff = plants[center["plant"]]
            for setup in center["setups"]:
                setups[at, setup["setup_group"]] = len(setup_rows)
                kwh = setup["setup_kwh"]
                setup_rows.append(
                    (at, setup["setup_minutes"], kwh * grid, setup["setup_cost"] + kwh * tariff)
                )
        components = {c["component"]: at for at, c in enumerate(instance["components"])}
        materials = {material["material"]: material for material in instance["materials"]}
        lanes = {lane["lane"]: lane["modes"] for lane in instance["transport_lanes"]}
        weight_of_all = sum(order["priority_weight"] for order in orders)

        self.names = []  # by column: version, mode
        first, ways, columns = [0], [], []
        for order in orders:
            material, quantity = materials[order["material"]], order["quantity"]
            for version in material["production_versions"]:
                operations = [
                    (
                        number[op["work_center"]],
                        op["minutes_per_unit"] * quantity,
                        op.get("bucket_offset", 0),
                        setups.get((number[op["work_center"]], material["setup_group"]), -1),
                        op["kwh_per_unit"],
                    )
                    for op in version["operations"]
                ]
                last = max((op[2] for op in operations), default=0)
                start = np.arange(order["release_bucket"], buckets - last)
                carbon, cost, night = (np.zeros(len(start)) for _ in range(3))
                fits = np.ones(len(start), bool)
                for center, minutes, after, setup, kwh in operations:
                    grid, tariff = plants[centers[center]["plant"]]
                    carbon += kwh * grid[start + after]
                    cost += kwh * tariff[start + after]
                    night += minutes * is_night[start + after]
                    need = minutes + (setup_rows[setup][1] if setup >= 0 else 0.0)
                    fits &= need <= capacity[center, start + after] + TOLERANCE
                run = sum(op[1] for op in operations)
                made = []
                for mode in lanes[order["lane"]]:
                    arrival = start + last + mode["lead_buckets"]
                    good = fits & (arrival <= order["latest_bucket"])
                    early = np.maximum(0, order["due_bucket"] - arrival)
                    c = (carbon + version["direct_kgco2e_per_unit"] + mode["kgco2e_per_unit"]) * quantity
                    k = (
                        cost
                        + version["variable_cost_per_unit"]
                        + mode["cost_per_unit"]
                        + order["holding_cost_per_unit_bucket"] * early
                    ) * quantity
                    d = (arrival <= order["due_bucket"]) * order["priority_weight"] / weight_of_all
                    made.append(
                        (
                            np.where(good, scaled[0] * c + scaled[1] * k - scaled[2] * d, np.inf),
                            c,
                            k,
                            d,
                            mode["mode"],
                        )
                    )
                best = np.argmin([m[0] for m in made], axis=0) if one_mode else None
                for at, (value, c, k, d, name) in enumerate(made):
                    kept = np.isfinite(value) & (best == at if one_mode else True)
                    columns.append(
                        np.array(
                            [start, c, k, d, np.full(len(start), run), night, np.full(len(start), len(ways))]
                        )[:, kept]
                    )
                    self.names += [(version["production_version"], name)] * int(kept.sum())
                parts = [
                    (components[b["component"]], b["quantity_per_unit"] * quantity) for b in version["bom"]
                ]
                ways.append((operations, parts))
            first.append(len(self.names))
        start, carbon, cost, punctual, run, night, way = np.concatenate(columns, axis=1)

        places = max(len(c["sources"]) for c in instance["components"])
        available, price, emission, low = (np.zeros((len(components), places)) for _ in range(4))
        for k, component in enumerate(instance["components"]):
            for s, source in enumerate(component["sources"]):
                available[k, s], price[k, s] = source["available_quantity"], source["price_per_unit"]
                emission[k, s], low[k, s] = source["kgco2e_per_unit"], source["low_carbon"]
        # Only the mass that counts for the ratio.
        mass = np.array(
            [c["mass_kg_per_unit"] * c["counts_for_low_carbon_ratio"] for c in instance["components"]], float
        )
        flat = lambda at, kind: np.array([op[at] for operations, _ in ways for op in operations], kind)
        counted = lambda at: np.cumsum([0] + [len(way[at]) for way in ways])
        parts = [part for _, all_parts in ways for part in all_parts]
        rows = lambda at: np.array([row[at] for row in setup_rows], float).reshape(len(setup_rows), -1)
        self.arrays = Arrays(
            np.array(first),
            way.astype(np.int64),
            start.astype(np.int64),
            carbon,
            cost,
            punctual,
            run,
            night,
            counted(0),
            flat(0, np.int64),
            flat(1, float),
            flat(2, np.int64),
            flat(3, np.int64),
            counted(1),
            np.array([p[0] for p in parts], np.int64),
            np.array([p[1] for p in parts], float),
            capacity,
            rows(1)[:, 0] if setup_rows else np.zeros(0),
            rows(2),
            rows(3),
            np.array([row[0] for row in setup_rows], np.int64),
            available,
            price,
            emission,
            low,
            mass,
            scaled,
            np.array(limits, float),
        )
        self.value = scaled[0] * carbon + scaled[1] * cost - scaled[2] * punctual

    def plan(self, chosen):
        """The plan in the file form, with the best purchases for it."""
        required = judge(self.arrays, chosen)[6]
        bought = within_cap(self.arrays, chosen, required)
        orders, components = self.instance["planned_orders"], self.instance["components"]
        return {
            "format": "carbide-plan-result/1",
            "instance": self.instance["id"],
            "assignments": [
                {
                    "planned_order": order["planned_order"],
                    "production_version": self.names[c][0],
                    "start_bucket": int(self.arrays.start[c]),
                    "transport_mode": self.names[c][1],
                }
                for order, c in zip(orders, chosen)
            ],
            "sourcing": [
                {
                    "component": component["component"],
                    "source": source["source"],
                    "quantity": float(bought[k, s]),
                }
                for k, component in enumerate(components)
                for s, source in enumerate(component["sources"])
                if bought[k, s] > 0.0
            ],
        }


@njit(cache=True)
def buy(a, required, value, bought):
    """Purchases of least value (currency of the objective per unit, by source) that meet the ratio.

    Each component by value first; then ordinary material is exchanged for low-carbon material, always the
    exchange that costs least per kg. Exact: the value is separable and convex, and the mass does not change.
    Returns what is missing, as shares: zero if the purchases are possible.
    """
    components, places = a.available.shape
    bought[:] = 0.0
    missing = total = low = 0.0
    for k in range(components):
        need = required[k]
        order = np.argsort(value[k])
        for s in order:
            take = min(need, a.available[k, s])
            bought[k, s] = take
            need -= take
            low += take * a.mass[k] * a.low[k, s]
        if need > 1e-9 * max(1.0, required[k]):
            missing += need / max(1.0, required[k])
        total += required[k] * a.mass[k]
    lacks = a.policy[0] * total - low
    while lacks > 1e-12 * total:
        best, of, away, to = np.inf, -1, -1, -1
        for k in range(components):
            if a.mass[k] == 0.0:
                continue
            dearest, cheapest = -1, -1
            for s in range(places):
                if (
                    a.low[k, s] == 0.0
                    and bought[k, s] > 0.0
                    and (dearest < 0 or value[k, s] > value[k, dearest])
                ):
                    dearest = s
                if (
                    a.low[k, s] > 0.0
                    and bought[k, s] < a.available[k, s]
                    and (cheapest < 0 or value[k, s] < value[k, cheapest])
                ):
                    cheapest = s
            if dearest >= 0 and cheapest >= 0:
                costs = (value[k, cheapest] - value[k, dearest]) / a.mass[k]
                if costs < best:
                    best, of, away, to = costs, k, dearest, cheapest
        if of < 0:
            return missing + lacks / total
        much = min(bought[of, away], a.available[of, to] - bought[of, to], lacks / a.mass[of])
        bought[of, away] = bought[of, away] - much if much < bought[of, away] else 0.0
        bought[of, to] = (
            bought[of, to] + much if much < a.available[of, to] - bought[of, to] else a.available[of, to]
        )
        lacks -= much * a.mass[of]
    return missing


@njit(cache=True)
def judge(a, chosen):
    """Carbon, cost, punctuality, overload and missed policies (shares, zero where all rules are met),
    share of night work, requirements by component, purchases."""
    load = np.zeros(a.capacity.shape)
    opened = np.zeros(a.setup_carbon.shape, np.bool_)
    required = np.zeros(len(a.mass))
    carbon = cost = punctual = run = night = overload = 0.0
    for c in chosen:
        carbon += a.carbon[c]
        cost += a.cost[c]
        punctual += a.punctual[c]
        run += a.run[c]
        night += a.night[c]
        w = a.way[c]
        for o in range(a.op_first[w], a.op_first[w + 1]):
            bucket = a.start[c] + a.op_after[o]
            load[a.op_center[o], bucket] += a.op_minutes[o]
            if a.op_setup[o] >= 0:
                opened[a.op_setup[o], bucket] = True
        for p in range(a.part_first[w], a.part_first[w + 1]):
            required[a.part[p]] += a.part_quantity[p]
    for g in range(opened.shape[0]):
        for bucket in range(opened.shape[1]):
            if opened[g, bucket]:
                load[a.setup_center[g], bucket] += a.setup_minutes[g]
                carbon += a.setup_carbon[g, bucket]
                cost += a.setup_cost[g, bucket]
    for at in range(load.shape[0]):
        for bucket in range(load.shape[1]):
            over = load[at, bucket] - a.capacity[at, bucket]
            if over > 1e-7:
                overload += over / max(1.0, a.capacity[at, bucket])
    bought = np.zeros(a.available.shape)
    missed = buy(a, required, a.weights[0] * a.emission + a.weights[1] * a.price, bought)
    carbon += (a.emission * bought).sum()
    cost += (a.price * bought).sum()
    share = night / run if run > 0.0 else 0.0
    missed += max(0.0, a.policy[1] - share) + max(0.0, share - a.policy[2])
    if carbon > a.policy[3]:
        missed += carbon / a.policy[3] - 1.0
    missed += max(0.0, a.policy[4] - punctual - 1e-12)
    return carbon, cost, punctual, overload, missed, share, required, bought


def within_cap(a, chosen, required):
    """Purchases of least value under the carbon cap: on the line between the two that enclose it."""
    value = (
        lambda penalty: a.weights[0] * a.emission
        + a.weights[1] * a.price
        + penalty * a.weights[0] * a.emission
    )
    bought, other = np.zeros(a.available.shape), np.zeros(a.available.shape)
    judged = judge(a, chosen)
    buy(a, required, value(0.0), bought)
    rest = judged[0] - (a.emission * judged[7]).sum()
    carbon = lambda purchases: rest + (a.emission * purchases).sum()
    if carbon(bought) <= a.policy[3]:
        return bought
    buy(a, required, value(1e6), other)
    if carbon(other) > a.policy[3]:
        return other
    low, high, middle = 0.0, 1e6, bought.copy()
    for _ in range(200):
        penalty = 0.5 * (low + high)
        buy(a, required, value(penalty), middle)
        if carbon(middle) > a.policy[3]:
            low, bought = penalty, middle.copy()
        else:
            high, other = penalty, middle.copy()
    share = (a.policy[3] - carbon(other)) / max(carbon(bought) - carbon(other), 1e-300)
    return other + share * (bought - other)
