"""Check an exported audit trail without the portal: ``python3 verify_audit.py FILE``. Needs Python only.

The first line names the columns and the heads; every further line is ``[[values...], hash]``. The hash of an event is
taken over the hash before it in its chain and the JSON list of its values, without blanks, in UTF-8.
"""

import hashlib
import json
import sys


def check(lines):
    """Yield what is wrong, one text each; nothing when all is well."""
    head = json.loads(next(lines))
    if head.get("format") != "portal-audit-1":
        yield "line 1: this is no export of the audit trail"
        return
    alg = head["columns"].index("alg")
    tips = {}
    number = 1
    for number, line in enumerate(lines, 2):
        try:
            values, stored = json.loads(line)
            chain, seq = values[0], values[1]
            last, previous = tips.get(chain, (0, bytes.fromhex(head["genesis"])))
            text = json.dumps(values, ensure_ascii=False, separators=(",", ":"))
            digest = hashlib.new(values[alg], previous + text.encode("utf-8")).hexdigest()
        except (ValueError, IndexError, KeyError, TypeError) as error:
            yield f"line {number}: cannot be read: {error}"
            return
        if seq != last + 1:
            yield f"line {number}: chain {chain} goes from {last} to {seq}"
            return
        if digest != stored:
            yield f"line {number}: event {seq} of chain {chain} was changed"
            return
        tips[chain] = (seq, bytes.fromhex(stored))
    for tip in head["heads"]:
        if tips.get(tip["chain"], (0, b"")) != (tip["seq"], bytes.fromhex(tip["hash"])) and tip["seq"]:
            yield f"chain {tip['chain']} should end at event {tip['seq']}: the file was cut"
            return
    print(f"{number - 1} events in {len(tips)} chains are whole")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    with open(sys.argv[1], encoding="utf-8") as stream:
        wrong = list(check(stream))
    if wrong:
        sys.exit(wrong[0])
