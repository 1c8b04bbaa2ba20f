"""Peers of `benches/planning.rs`: one method on one planning instance.

    planning_peers.py METHOD INSTANCE [--seconds S] [--cpu] [--seed N]
    planning_peers.py --self-test tests/fixtures/planning/tiny.json.gz

METHOD: greedy, genetic, awmoga, nsga2, cpsat, highs. Prints one JSON object: what was done, seconds of search,
status, and the plan in the form `carbide-plan-result/1` or null. Reading, columns, the solver's model and
compiling are not counted, for any of them. With --cpu a second is a CPU second of each thread (two for
the exact solvers, one for the others), for machines that do other work as well.
The self-test solves instances whose optimum is known from looking at every plan.
"""

import argparse
import json
import os
import subprocess
import sys
import threading
import time
from importlib.metadata import version

import numpy as np
from numba import njit

from planning_exact import THREADS, cpsat, highs
from planning_model import TOLERANCE, Model, judge, read, within_cap

POPULATION, CROSSOVER, MUTATION = 200, 0.8, 0.05
# AW-MOGA: share that survives, generations, and the weights that follow punctuality.
ELITE, GENERATIONS, PUNCTUAL, GAMMA_STEP, GAMMA_MAX = 0.3, 100, 0.95, 0.05, 0.4


class Clock:
    """Seconds of search so far, and the limit."""

    def __init__(self, seconds, cpu, threads):
        self.limit, self.threads = seconds, threads if cpu else 1
        self.read = time.process_time if cpu else time.perf_counter
        self.began = self.read()

    def seconds(self):
        return (self.read() - self.began) / self.threads

    def is_over(self):
        return self.seconds() >= self.limit

    def call_at_end(self, stop):
        """Calls `stop` when the time is over; the answer ends the watch."""
        done = threading.Event()

        def watch():
            while not done.wait(0.1):
                if self.is_over():
                    stop()

        threading.Thread(target=watch, daemon=True).start()
        return done.set


# -- greedy -----------------------------------------------------------------------------------------


@njit(cache=True)
def list_schedule(a, sequence, noise, prices, seed):
    """Orders in sequence, each to the column of least added value that fits; where none fits, to the one
    that overloads least. Columns that carry the night share further away from its limits cost half more."""
    np.random.seed(seed)
    load = np.zeros(a.capacity.shape)
    opened = np.zeros(a.setup_carbon.shape, np.bool_)
    chosen = np.zeros(len(sequence), np.int64)
    run = night = 0.0
    for done, j in enumerate(sequence):
        share = night / run if run > 0.0 else 0.5 * (a.policy[1] + a.policy[2])
        best, best_column, least, least_column = np.inf, -1, np.inf, a.first[j]
        for c in range(a.first[j], a.first[j + 1]):
            w = a.way[c]
            value = a.weights[0] * a.carbon[c] + a.weights[1] * a.cost[c] - a.weights[2] * a.punctual[c]
            over = 0.0
            for p in range(a.part_first[w], a.part_first[w + 1]):
                value += a.part_quantity[p] * prices[a.part[p]]
            for o in range(a.op_first[w], a.op_first[w + 1]):
                m, bucket, g = a.op_center[o], a.start[c] + a.op_after[o], a.op_setup[o]
                need = a.op_minutes[o]
                if g >= 0 and not opened[g, bucket]:
                    need += a.setup_minutes[g]
                    value += a.weights[0] * a.setup_carbon[g, bucket] + a.weights[1] * a.setup_cost[g, bucket]
                over += max(0.0, load[m, bucket] + need - a.capacity[m, bucket] - 1e-7)
            at_night = a.night[c] > 0.5 * a.run[c]
            if 10 * done > len(sequence) and (
                (share < a.policy[1] and not at_night) or (share > a.policy[2] and at_night)
            ):
                value += 0.5 * abs(value)
            value += abs(value) * noise * np.random.random()
            if over <= 0.0 and value < best:
                best, best_column = value, c
            if over < least:
                least, least_column = over, c
        c = best_column if best_column >= 0 else least_column
        chosen[j] = c
        run += a.run[c]
        night += a.night[c]
        w = a.way[c]
        for o in range(a.op_first[w], a.op_first[w + 1]):
            m, bucket, g = a.op_center[o], a.start[c] + a.op_after[o], a.op_setup[o]
            load[m, bucket] += a.op_minutes[o]
            if g >= 0 and not opened[g, bucket]:
                opened[g, bucket] = True
                load[m, bucket] += a.setup_minutes[g]
    return chosen


def prices(model):
    """What a unit of a component adds to the value: the cheapest source, and the cheapest low-carbon
    source for the share that the ratio asks for."""
    a, found = model.arrays, []
    value = a.weights[0] * a.emission + a.weights[1] * a.price
    for k in range(len(a.mass)):
        there = a.available[k] > 0.0
        low = there & (a.low[k] > 0.0)
        cheapest = value[k][there].min() if there.any() else 0.0
        share = a.policy[0] if a.mass[k] > 0.0 and low.any() else 0.0
        found.append((1.0 - share) * cheapest + (share * value[k][low].min() if share else 0.0))
    return np.array(found)


def first_plans(model, count, seed):
    """The plan of the list schedule, then so many with noise less one."""
    due = np.array([order["due_bucket"] for order in model.instance["planned_orders"]], float)
    random, price = np.random.default_rng(seed), prices(model)
    plans = [list_schedule(model.arrays, np.argsort(due, kind="stable"), 0.0, price, seed)]
    for at in range(1, count):
        sequence = np.argsort(due + random.uniform(0.0, 2.0, len(due)))
        plans.append(list_schedule(model.arrays, sequence, 0.3, price, seed * 1_000 + at))
    return np.array(plans)


def greedy(model, clock, seed):
    chosen = first_plans(model, 1, seed)[0]
    _, _, _, overload, missed = judge(model.arrays, chosen)[:5]
    return (chosen if overload + missed <= TOLERANCE else None), "list schedule", None


# -- genetic ----------------------------------------------------------------------------------------


@njit(cache=True)
def judge_all(a, population, objectives, missed):
    for p in range(len(population)):
        carbon, cost, punctual, overload, policy, _, _, _ = judge(a, population[p])
        objectives[p, 0], objectives[p, 1], objectives[p, 2] = carbon, cost, punctual
        missed[p] = overload + 10.0 * policy


@njit(cache=True)
def children(a, population, fitness, ranked, elite, mutation, seed):
    np.random.seed(seed)
    size, orders = population.shape
    made = np.empty_like(population)
    for p in range(size):
        if p < elite:
            made[p] = population[ranked[p]]
            continue
        x, y = np.random.randint(size), np.random.randint(size)
        made[p] = population[x if fitness[x] <= fitness[y] else y]
        x, y = np.random.randint(size), np.random.randint(size)
        other = x if fitness[x] <= fitness[y] else y
        if np.random.random() < CROSSOVER:
            x, y = np.random.randint(orders), np.random.randint(orders)
            for j in range(min(x, y), max(x, y) + 1):
                made[p, j] = population[other, j]
        for j in range(orders):
            if np.random.random() < mutation:
                made[p, j] = np.random.randint(a.first[j], a.first[j + 1])
    return made


class Best:
    """The best plan that meets all rules, of all that were judged."""

    def __init__(self, model):
        self.model, self.value, self.chosen = model, np.inf, None

    def judge(self, population):
        objectives, missed = np.zeros((len(population), 3)), np.zeros(len(population))
        judge_all(self.model.arrays, population, objectives, missed)
        values = objectives @ (self.model.arrays.weights * [1.0, 1.0, -1.0])
        for p in np.flatnonzero(missed <= 1e-9):
            if values[p] < self.value:
                self.value, self.chosen = values[p], population[p].copy()
        return objectives, missed, values


def genetic(model, clock, seed):
    population, best, generation = first_plans(model, POPULATION, seed), Best(model), 0
    # Of long plans one gene in a plan: a flat rate would destroy each of them.
    mutation = min(MUTATION, 1.0 / population.shape[1])
    while True:
        _, missed, values = best.judge(population)
        if clock.is_over():
            return best.chosen, f"{generation} generations of {POPULATION}", None
        generation += 1
        fitness = values + missed
        population = children(
            model.arrays, population, fitness, np.argsort(fitness), 1, mutation, seed * 1_000_003 + generation
        )


def awmoga(model, clock, seed):
    """The published setting, whatever the time: 100 generations, of which only the new plans are judged."""
    population, best = first_plans(model, POPULATION, seed), Best(model)
    gamma, d0 = model.instance["weights"]["gamma"], model.instance["baseline"]["d0"]
    mutation = min(MUTATION, 1.0 / population.shape[1])
    elite, bonus = int(ELITE * POPULATION), 0.0
    objectives, missed, values = best.judge(population)
    for generation in range(1, GENERATIONS + 1):
        base = values + missed
        top = np.argsort(base)[: POPULATION // 10]
        late = objectives[top, 2].mean() < PUNCTUAL
        bonus = min(bonus + GAMMA_STEP, max(0.0, GAMMA_MAX - gamma)) if late else 0.0
        fitness = base - bonus * objectives[:, 2] / d0
        ranked = np.argsort(fitness)
        kept = ranked[:elite]
        population = children(
            model.arrays, population, fitness, ranked, elite, mutation, seed * 1_000_003 + generation
        )
        new = best.judge(population[elite:])
        objectives = np.concatenate((objectives[kept], new[0]))
        missed, values = (
            np.concatenate((old[kept], added)) for old, added in ((missed, new[1]), (values, new[2]))
        )
    return best.chosen, f"{GENERATIONS} generations of {POPULATION}", None


def nsga2(model, clock, seed):
    from pymoo.algorithms.moo.nsga2 import NSGA2
    from pymoo.core.crossover import Crossover
    from pymoo.core.mutation import Mutation
    from pymoo.core.problem import Problem
    from pymoo.core.termination import Termination
    from pymoo.optimize import minimize

    a, best, random = model.arrays, Best(model), np.random.default_rng(seed)
    orders = len(a.first) - 1
    generations = [0]

    class Planning(Problem):
        def __init__(self):
            super().__init__(
                n_var=orders, n_obj=3, n_ieq_constr=1, xl=a.first[:-1], xu=a.first[1:] - 1, vtype=int
            )

        def _evaluate(self, x, out, *args, **kwargs):
            objectives, missed, _ = best.judge(np.asarray(x, np.int64))
            out["F"] = objectives * a.weights * [1.0, 1.0, -1.0]
            out["G"] = missed[:, None] - 1e-9
            generations[0] += 1

    class TwoPoints(Crossover):
        def __init__(self):
            super().__init__(2, 2, prob=CROSSOVER)

        def _do(self, problem, x, **kwargs):
            y = x.copy()
            for pair in range(x.shape[1]):
                low, high = sorted(random.integers(0, orders, 2))
                y[0, pair, low : high + 1], y[1, pair, low : high + 1] = (
                    x[1, pair, low : high + 1],
                    x[0, pair, low : high + 1],
                )
            return y

    class AnotherColumn(Mutation):
        def _do(self, problem, x, **kwargs):
            other = random.integers(a.first[:-1], a.first[1:], x.shape)
            return np.where(random.random(x.shape) < min(MUTATION, 1.0 / orders), other, x)

    class AtTheEnd(Termination):
        def _update(self, algorithm):
            return 1.0 if clock.is_over() else 0.0

    method = NSGA2(
        pop_size=POPULATION,
        sampling=first_plans(model, POPULATION, seed),
        crossover=TwoPoints(),
        mutation=AnotherColumn(),
        eliminate_duplicates=False,
    )
    minimize(Planning(), method, AtTheEnd(), seed=seed, verbose=False)
    return best.chosen, f"{generations[0]} generations of {POPULATION}", None


# -- command line -----------------------------------------------------------------------------------

METHODS = {
    "greedy": (greedy, "greedy list schedule", ("numba", "numpy")),
    "genetic": (genetic, "plain GA", ("numba", "numpy")),
    "awmoga": (awmoga, "AW-MOGA", ("numba", "numpy")),
    "nsga2": (nsga2, "NSGA-II", ("pymoo", "numba")),
    "cpsat": (cpsat, "CP-SAT, cold", ("ortools",)),
    "highs": (highs, "HiGHS MILP, cold", ("highspy",)),
}


def solve(method, model, seconds, cpu, seed):
    work, name, packages = METHODS[method]
    threads, began = THREADS.get(method, 1), []

    def start():
        began.append(Clock(seconds, cpu, threads))
        return began[-1]

    if method in ("cpsat", "highs"):
        chosen, status, bound = work(model, start, seed)
        if began[-1].is_over() and status not in ("optimal", "infeasible"):
            status = "time over"
    else:
        # Compiled before it counts.
        population = first_plans(model, 2, seed)
        Best(model).judge(population)
        children(model.arrays, population, np.zeros(2), np.arange(2), 1, 0.5, seed)
        chosen, status, bound = work(model, start(), seed)
    took = began[-1].seconds()
    return {
        "what": name,
        "versions": ", ".join(f"{p} {version(p)}" for p in packages),
        "threads": threads,
        "seconds": took,
        "status": status,
        "bound": bound,
        "plan": None if chosen is None else model.plan(chosen),
    }, chosen


def fv(model, chosen):
    """FV of a choice and whether it meets all rules, with the best purchases under the cap."""
    a = model.arrays
    carbon, cost, punctual, overload, missed, _, required, bought = judge(a, chosen)
    best = within_cap(a, chosen, required)
    carbon += (a.emission * (best - bought)).sum()
    cost += (a.price * (best - bought)).sum()
    capped = np.isfinite(a.policy[3])
    good = (
        overload <= TOLERANCE
        and (capped or missed <= TOLERANCE)
        and carbon <= a.policy[3] * (1.0 + TOLERANCE)
    )
    return model.constant - (a.weights * [carbon, cost, -punctual]).sum(), good


def self_test(path, method):
    wrong = 0
    for case in read(path):
        known, model = case["optimum"], Model(case["instance"])
        answer, chosen = solve(method, model, 60.0, False, 1)
        if known["status"] == "infeasible":
            if chosen is not None or "infeasible" not in answer["status"]:
                wrong += 1
                print(f"{known['id']}: there is no plan, {method} says {answer['status']}")
            continue
        found, good = (-np.inf, False) if chosen is None else fv(model, chosen)
        if not good or abs(found - known["fv"]) > 1e-6:
            wrong += 1
            print(
                f"{known['id']}: optimum {known['fv']:.9f}, {method} found {found:.9f}, meets all rules: {good}, {answer['status']}"
            )
    print(f"{method}: {len(read(path)) - wrong} of {len(read(path))} as known from looking at every plan")
    return wrong


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("method", nargs="?", choices=METHODS)
    parser.add_argument("instance", nargs="?")
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--cpu", action="store_true")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--self-test", metavar="TINY")
    arguments = parser.parse_args()
    if arguments.self_test and arguments.method:
        sys.exit(self_test(arguments.self_test, arguments.method) > 0)
    if arguments.self_test:
        # A process for each: the libraries of the two solvers do not bear each other.
        runs = [
            subprocess.run([sys.executable, __file__, method, "--self-test", arguments.self_test])
            for method in ("cpsat", "highs")
        ]
        sys.exit(any(run.returncode for run in runs))
    # The solvers greet on the standard output, which is the answer's.
    output = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    model = Model(read(arguments.instance))
    answer, _ = solve(arguments.method, model, arguments.seconds, arguments.cpu, arguments.seed)
    with output:
        json.dump(answer, output)


if __name__ == "__main__":
    main()
