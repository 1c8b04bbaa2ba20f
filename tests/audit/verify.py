"""Checks a proof of `carbide audit prove` with nothing but SHA-256: python3 verify.py PROOF [ROOT].
ROOT is a root noted earlier. Exit 0: it holds; 1: it does not. RFC 9162, 2.1.3.2 and 2.1.4.2."""
import hashlib
import json
import sys

sha = lambda data: hashlib.sha256(data).digest()
node_hash = lambda left, right: sha(b"\1" + left + right)

def encoding(row):
    number = lambda value, size: value.to_bytes(size, "big", signed=True)
    fields = [b"carbide journal 1", bytes.fromhex(row["previous_hash"]), number(row["seq"], 8),
              row["change_set"].encode(), row["kind"].encode(), number(row["version"], 8),
              row["wall"].encode(), number(row["since_boot_ns"], 16), row["boot_id"].encode(),
              row["payload"].encode()]
    return b"".join(len(field).to_bytes(8, "big") + field for field in fields)

def climb(node, last, old, path):
    new = old
    for sibling in path:
        if last == 0:
            return None
        if node & 1 or node == last:
            old, new = node_hash(sibling, old), node_hash(sibling, new)
            while node and not node & 1:
                node, last = node >> 1, last >> 1
        else:
            new = node_hash(new, sibling)
        node, last = node >> 1, last >> 1
    return (old, new) if last == 0 else None

def holds(proof):
    root, size, path = bytes.fromhex(proof["root"]), proof["size"], [*map(bytes.fromhex, proof["path"])]
    if proof["proof"] == "inclusion":
        row, data = proof["row"], encoding(proof["row"])
        end = climb(row["seq"] - 1, size - 1, sha(b"\0" + data), path)
        return sha(data).hex() == row["hash"] and 1 <= row["seq"] <= size and bool(end) and end[1] == root
    earlier, earlier_root = proof["earlier_size"], bytes.fromhex(proof["earlier_root"])
    if not 1 <= earlier < size:
        return earlier == size and not path and root == earlier_root
    node, last = earlier - 1, size - 1
    while node & 1:
        node, last = node >> 1, last >> 1
    first, *path = ([] if earlier & (earlier - 1) else [earlier_root]) + path
    return climb(node, last, first, path) == (earlier_root, root)

proof = json.load(open(sys.argv[1]))
noted = proof.get("earlier_root", proof["root"]) if len(sys.argv) < 3 else sys.argv[2]
sys.exit(0 if noted in (proof["root"], proof.get("earlier_root")) and holds(proof) else 1)
