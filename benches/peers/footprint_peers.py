"""Peers of `benches/footprint.rs`: one method on one graph, timed without building the matrix.

Prints one JSON object: seconds, what was done, and a sample of the first column.
"""
import json
import sys
import time
from pathlib import Path

import numpy as np
import scipy
import scipy.sparse as sparse
import scipy.sparse.csgraph
import scipy.sparse.linalg

method, folder = sys.argv[1], Path(sys.argv[2])
starts = np.fromfile(folder / "starts", dtype="<u4").astype(np.int32)
inputs = np.fromfile(folder / "inputs", dtype="<u4").astype(np.int32)
quantities = np.fromfile(folder / "quantities", dtype="<f8")
nodes = len(starts) - 1
own = np.fromfile(folder / "own", dtype="<f8").reshape(nodes, -1)
uses = sparse.csr_matrix((quantities, inputs, starts), shape=(nodes, nodes))
uses.sum_duplicates()
versions = f"scipy {scipy.__version__}, numpy {np.__version__}"


def begin():
    """Says that the work begins: whoever waits does not count what was loaded."""
    (folder / f"begun-{method}").touch()


def sweep(given):
    found, count = given.copy(), 0
    while True:
        after = uses @ found + given
        count += 1
        moved = np.max(np.abs(after - found) / np.abs(after))
        found = after
        if moved <= 1e-13 or count >= 5000:
            return found, count


def best(work, times=3):
    fastest = float("inf")
    begin()
    for _ in range(times):
        start = time.perf_counter()
        result = work()
        fastest = min(fastest, time.perf_counter() - start)
    return fastest, result


if method == "sweep":
    seconds, (found, count) = best(lambda: sweep(own))
    what = f"fixed-point sweep, {count} sweeps, all nodes x {own.shape[1]} ({versions})"
    first = found[:, 0]
elif method == "sweep1":
    seconds, (found, count) = best(lambda: sweep(own[:, 0].copy()))
    what = f"fixed-point sweep, {count} sweeps, all nodes x 1 ({versions})"
    first = found
elif method == "triangular":
    matrix = (sparse.identity(nodes, format="csr") - uses).tocsr()
    count, _ = sparse.csgraph.connected_components(uses, directed=True, connection="strong")
    if count < nodes:
        sys.exit("the graph has loops")
    order = np.arange(nodes)
    seconds, found = best(lambda: sparse.linalg.spsolve_triangular(matrix, own, lower=False), 1)
    what = f"spsolve_triangular in topological order, all nodes x {own.shape[1]} ({versions})"
    first = found[:, 0]
elif method == "splu":
    from scipy.sparse.linalg import splu

    matrix = (sparse.identity(nodes, format="csc") - uses).tocsc()

    seconds, found = best(lambda: splu(matrix).solve(own), 1)
    what = f"sparse LU (SuperLU, COLAMD), all nodes x {own.shape[1]} ({versions})"
    first = found[:, 0]
else:
    import bw2calc
    import bw_processing as bwp

    package = bwp.create_datapackage()
    coo = uses.tocoo()
    ids = np.arange(nodes) + 1
    # Column: what is made; row: what is used.
    rows = np.concatenate([ids, coo.col + 1])
    columns = np.concatenate([ids, coo.row + 1])
    index = np.empty(len(rows), dtype=bwp.INDICES_DTYPE)
    index["row"], index["col"] = rows, columns
    flip = np.concatenate([np.zeros(nodes, dtype=bool), np.ones(coo.nnz, dtype=bool)])
    data = np.concatenate([np.ones(nodes), coo.data])
    package.add_persistent_vector(
        matrix="technosphere_matrix", indices_array=index, data_array=data, flip_array=flip
    )
    index = np.empty(nodes, dtype=bwp.INDICES_DTYPE)
    index["row"], index["col"] = nodes + 1, ids
    package.add_persistent_vector(
        matrix="biosphere_matrix", indices_array=index, data_array=own[:, 0].copy()
    )
    index = np.empty(1, dtype=bwp.INDICES_DTYPE)
    index["row"], index["col"] = nodes + 1, nodes + 1
    package.add_persistent_vector(
        matrix="characterization_matrix", indices_array=index, data_array=np.ones(1)
    )
    lca = bw2calc.LCA({1: 1}, data_objs=[package])
    lca.load_lci_data()
    lca.load_lcia_data()
    begin()
    start = time.perf_counter()
    lca.lci()
    lca.lcia()
    seconds = time.perf_counter() - start
    score = lca.score
    start = time.perf_counter()
    lca.redo_lcia({2: 1})
    again = time.perf_counter() - start
    version = ".".join(str(part) for part in bw2calc.__version__) if isinstance(
        bw2calc.__version__, tuple) else bw2calc.__version__
    what = (f"brightway, ONE product x 1 (bw2calc {version}, {versions}; each further "
            f"product {again * 1e3:.0f} ms)")
    print(json.dumps({"seconds": seconds, "what": what, "sample": [[0, score]]}))
    sys.exit()

sample = [[int(at), float(first[at])] for at in range(0, nodes, max(1, nodes // 1000))]
print(json.dumps({"seconds": seconds, "what": what, "sample": sample}))
