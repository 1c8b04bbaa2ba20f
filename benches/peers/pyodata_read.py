"""Reads MaterialBOMItem to the end with pyodata; prints rows, seconds, CPU seconds and peak memory as JSON."""
import json
import resource
import sys
import time
from decimal import Decimal

import pyodata
import requests

url, rows_max = sys.argv[1], int(sys.argv[2])
session = requests.Session()
session.auth = ("CARBIDE", "bench")
client = pyodata.Client(url, session)

start = time.perf_counter()
rows, total = 0, Decimal(0)
request = client.entity_sets.MaterialBOMItem.get_entities()
while True:
    page = request.execute()
    for row in page:
        total += Decimal(row.BillOfMaterialItemQuantity)
        rows += 1
    if page.next_url is None or rows >= rows_max:
        break
    request = client.entity_sets.MaterialBOMItem.get_entities().next_url(page.next_url)
seconds = time.perf_counter() - start
used = resource.getrusage(resource.RUSAGE_SELF)
print(json.dumps({
    "rows": rows, "seconds": seconds, "cpu_seconds": used.ru_utime + used.ru_stime,
    "peak_kib": used.ru_maxrss, "total": str(total),
}))
