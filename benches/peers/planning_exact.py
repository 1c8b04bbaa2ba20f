"""The exact peers of `benches/planning.rs`: the model as a mixed-integer program, for CP-SAT and HiGHS.

`start_clock` is called when the model is built; the search alone counts.
"""

import math

import numpy as np

THREADS = {"cpsat": 2, "highs": 2}


def add(table, key, variable, amount):
    terms = table.setdefault(key, {})
    terms[variable] = terms.get(variable, 0.0) + amount


class Program:
    """The model as a mixed-integer program: columns, set-ups (both 0 or 1) and purchases.

    Minimises alpha + beta - FV. A row is (least, most, variables, coefficients, scale), where scale is what
    CP-SAT multiplies it with before rounding. Purchases of a component are counted in units of
    its largest requirement over `units`.
    """

    def __init__(self, model, units):
        a = model.arrays
        self.columns = len(a.way)
        used = {}
        in_bucket, linked, minutes = {}, {}, {}
        order_of = np.repeat(np.arange(len(a.first) - 1), np.diff(a.first))
        for c in range(self.columns):
            w = a.way[c]
            for o in range(a.op_first[w], a.op_first[w + 1]):
                bucket, g = int(a.start[c] + a.op_after[o]), int(a.op_setup[o])
                center, needed = int(a.op_center[o]), float(a.op_minutes[o])
                add(in_bucket, (center, bucket), c, needed)
                if g >= 0:
                    z = used.setdefault((g, bucket), len(used))
                    linked.setdefault((int(order_of[c]), z), set()).add(c)
                    add(minutes, z, c, needed)
        self.setups = len(used)
        value = [model.value]
        setup_carbon, setup_value = np.zeros(len(used)), np.zeros(len(used))
        for (g, bucket), z in used.items():
            add(in_bucket, (int(a.setup_center[g]), bucket), self.columns + z, float(a.setup_minutes[g]))
            setup_carbon[z] = a.setup_carbon[g, bucket]
            setup_value[z] = a.weights[0] * setup_carbon[z] + a.weights[1] * a.setup_cost[g, bucket]
        value.append(setup_value)
        parts = {}
        for c in range(self.columns):
            for p in range(a.part_first[a.way[c]], a.part_first[a.way[c] + 1]):
                add(parts, int(a.part[p]), c, float(a.part_quantity[p]))
        self.most, purchase_value, purchase_carbon, ratio = [], [], [], ([], [])
        rows = []
        for j in range(len(a.first) - 1):
            columns = range(a.first[j], a.first[j + 1])
            rows.append((1.0, 1.0, columns, np.ones(len(columns)), 1.0))
        for (center, bucket), terms in in_bucket.items():
            rows.append(
                (-np.inf, float(a.capacity[center, bucket]), list(terms), np.array(list(terms.values())), 1e4)
            )
        for (_, z), columns in linked.items():
            columns = list(columns)
            rows.append(
                (-np.inf, 0.0, columns + [self.columns + z], np.array([1.0] * len(columns) + [-1.0]), 1.0)
            )
        # Valid in every plan, and strong: the minutes of a set-up fit beside the set-up itself.
        for (g, bucket), z in used.items():
            room = float(a.capacity[a.setup_center[g], bucket] - a.setup_minutes[g])
            terms = minutes[z]
            rows.append(
                (
                    -np.inf,
                    0.0,
                    list(terms) + [self.columns + z],
                    np.array(list(terms.values()) + [-room]),
                    1e4,
                )
            )
        for k in sorted(parts):
            largest = np.zeros(len(a.first) - 1)
            np.maximum.at(largest, order_of[list(parts[k])], list(parts[k].values()))
            unit = largest.sum() / units
            bought = []
            for s in np.flatnonzero(a.available[k] > 0.0):
                at = self.columns + self.setups + len(self.most)
                bought.append(at)
                self.most.append(a.available[k, s] / unit)
                purchase_value.append((a.weights[0] * a.emission[k, s] + a.weights[1] * a.price[k, s]) * unit)
                purchase_carbon.append(a.emission[k, s] * unit)
                if a.mass[k] > 0.0:
                    ratio[0].append(at)
                    ratio[1].append(a.mass[k] * unit * (a.low[k, s] - a.policy[0]))
            terms = parts[k]
            rows.append(
                (
                    0.0,
                    0.0,
                    bought + list(terms),
                    np.array([1.0] * len(bought) + [-q / unit for q in terms.values()]),
                    1.0,
                )
            )
        if a.policy[0] > 0.0 and ratio[0]:
            coefficients = np.array(ratio[1]) / max(abs(q) for q in ratio[1])
            rows.append((0.0, np.inf, ratio[0], coefficients, 1e6))
        everything = range(self.columns)
        if a.policy[1] > 0.0:
            rows.append((0.0, np.inf, everything, (a.night - a.policy[1] * a.run) / 60.0, 1e6))
        if a.policy[2] < 1.0:
            rows.append((-np.inf, 0.0, everything, (a.night - a.policy[2] * a.run) / 60.0, 1e6))
        if np.isfinite(a.policy[3]):
            carbon = np.concatenate([a.carbon, setup_carbon, purchase_carbon]) / a.policy[3]
            rows.append((-np.inf, 1.0, range(len(carbon)), carbon, 1e12))
        if a.policy[4] > 0.0:
            rows.append((a.policy[4], np.inf, everything, a.punctual, 1e9))
        self.rows, self.value = rows, np.concatenate([*value, purchase_value])
        self.model = model

    def chosen(self, columns):
        """The column of each order, of what the solver says of each column."""
        first = self.model.arrays.first
        return np.array(
            [first[j] + int(np.argmax(columns[first[j] : first[j + 1]])) for j in range(len(first) - 1)]
        )


def cpsat(model, start_clock, seed):
    from ortools.sat.python import cp_model

    program, solver, form = Program(model, units=1e6), cp_model.CpSolver(), cp_model.CpModel()
    scale = 1e12
    variables = [form.new_bool_var("") for _ in range(program.columns + program.setups)]
    variables += [form.new_int_var(0, math.floor(most), "") for most in program.most]
    for least, most, at, coefficients, by in program.rows:
        # Rounded to the safe side, but for balances, whose purchases are computed again.
        scaled = coefficients * by
        if least == most == 1.0:
            form.add_exactly_one(variables[i] for i in at)
            continue
        kind = (
            np.round
            if least == most
            else (lambda x: np.ceil(x - 1e-9)) if np.isinf(least) else (lambda x: np.floor(x + 1e-9))
        )
        row = cp_model.LinearExpr.weighted_sum([variables[i] for i in at], [int(q) for q in kind(scaled)])
        if least == most:
            form.add(row == 0)
        elif np.isinf(least):
            form.add(row <= math.floor(most * by + 1e-9))
        else:
            form.add(row >= math.ceil(least * by - 1e-6))
    form.minimize(cp_model.LinearExpr.weighted_sum(variables, [round(q * scale) for q in program.value]))
    solver.parameters.num_workers, solver.parameters.random_seed = THREADS["cpsat"], seed
    clock = start_clock()
    done = clock.call_at_end(solver.stop_search)
    status = solver.solve(form)
    done()
    name, bound = solver.status_name(status).lower(), None
    if status not in (cp_model.OPTIMAL, cp_model.FEASIBLE):
        return None, name, None
    bound = model.constant - solver.best_objective_bound / scale
    return program.chosen([solver.value(v) for v in variables[: program.columns]]), name, bound


def highs(model, start_clock, seed):
    import highspy

    program, solver = Program(model, units=1e2), highspy.Highs()
    # Shares of single orders in FV are small against the tolerances of the solver.
    scale = float(len(model.arrays.first) - 1)
    integers = program.columns + program.setups
    lp = highspy.HighsLp()
    lp.num_col_, lp.num_row_ = len(program.value), len(program.rows)
    lp.col_cost_ = program.value * scale
    lp.col_lower_ = np.zeros(lp.num_col_)
    lp.col_upper_ = np.concatenate([np.ones(integers), program.most])
    finite = lambda at: np.clip(
        np.array([row[at] for row in program.rows]), -highspy.kHighsInf, highspy.kHighsInf
    )
    lp.row_lower_, lp.row_upper_ = finite(0), finite(1)
    lp.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
    lp.a_matrix_.start_ = np.cumsum([0] + [len(row[2]) for row in program.rows])
    lp.a_matrix_.index_ = np.concatenate([np.fromiter(row[2], np.int32) for row in program.rows])
    lp.a_matrix_.value_ = np.concatenate([row[3] for row in program.rows])
    integer, continuous = highspy.HighsVarType.kInteger, highspy.HighsVarType.kContinuous
    lp.integrality_ = [integer] * integers + [continuous] * len(program.most)
    for option, value in (
        ("output_flag", False),
        ("threads", THREADS["highs"]),
        ("random_seed", seed),
        ("mip_rel_gap", 1e-9),
        ("mip_abs_gap", 1e-9),
        ("mip_feasibility_tolerance", 1e-9),
        ("primal_feasibility_tolerance", 1e-9),
    ):
        solver.setOptionValue(option, value)
    solver.passModel(lp)
    solver.HandleUserInterrupt = True
    clock = start_clock()
    done = clock.call_at_end(solver.cancelSolve)
    solver.run()
    done()
    name, info = solver.modelStatusToString(solver.getModelStatus()).lower(), solver.getInfo()
    if info.primal_solution_status != 2:
        return None, name, None
    bound = model.constant - info.mip_dual_bound / scale if np.isfinite(info.mip_dual_bound) else None
    return program.chosen(np.array(solver.getSolution().col_value)), name, bound
