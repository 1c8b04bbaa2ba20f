#!/usr/bin/env python3
"""One SELECT through ODBC by arrow-odbc or pyodbc: rows, sum of the second column, seconds, peak memory."""
import json
import resource
import sys
import time

kind, connection, sql = sys.argv[1:4]
started = time.perf_counter()
rows, total = 0, 0.0
if kind == "arrow-odbc":
    import pyarrow
    import pyarrow.compute
    from arrow_odbc import read_arrow_batches_from_odbc

    reader = read_arrow_batches_from_odbc(
        query=sql, connection_string=connection, batch_size=10_000, max_text_size=64)
    for batch in reader:
        rows += batch.num_rows
        total += float(pyarrow.compute.sum(batch.column(1).cast(pyarrow.float64())).as_py() or 0)
else:
    import pyodbc

    cursor = pyodbc.connect(connection, autocommit=True).cursor().execute(sql)
    while batch := cursor.fetchmany(10_000):
        rows += len(batch)
        total += sum(float(row[1]) for row in batch)
seconds = time.perf_counter() - started
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
print(json.dumps({"rows": rows, "sum": total, "seconds": seconds, "peak_bytes": peak}))
