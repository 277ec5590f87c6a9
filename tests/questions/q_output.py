"""Random data through every outputter with its options."""
import json
import os

from q_dump import OTHERS, TEXTS

SAFE = [text for text in TEXTS if "{{" not in text and "\x00" not in text]
NAMES = ["nested", "yaml", "json", "pprint", "raw", "txt", "key", "no_return", "table", "highstate", "progress", "newline_values_only", "quiet", "nosuch", "overstatestage", "profile", "dson", "virt_query", "compact"]


def data(rnd, depth=0):
    draw = rnd.random()
    if depth > 3 or draw < 0.4 and depth:
        return rnd.choice(SAFE) if rnd.random() < 0.7 else rnd.choice(OTHERS)
    if draw < 0.65:
        return [data(rnd, depth + 1) for _ in range(rnd.choice([0, 1, 1, 2, 3]))]
    if draw < 0.72:
        keys = rnd.sample("abcdef", 3)
        return [{key: rnd.choice(SAFE + OTHERS) for key in keys} for _ in range(rnd.randint(1, 3))]
    return {rnd.choice(SAFE) if rnd.random() < 0.25 else rnd.choice("abcdefgh") * rnd.randint(1, 3): data(rnd, depth + 1) for _ in range(rnd.choice([0, 1, 2, 3, 5]))}


def questions(rnd, count):
    for _ in range(count):
        flags = ["--out=" + rnd.choice(NAMES[:9] if rnd.random() < 0.8 else NAMES)]
        if rnd.random() < 0.3:
            flags.append("--out-indent=%d" % rnd.choice([-1, 0, 1, 2, 3, 8]))
        if rnd.random() < 0.15:
            flags.append("--static" if rnd.random() < 0.0 else "--no-color")
        elif rnd.random() < 0.15:
            flags.append("--force-color")
        yield data(rnd), flags


def prepare(item, number, work):
    value, flags = item
    os.makedirs(work + "/states", exist_ok=True)
    with open(work + "/states/d%d.json" % number, "w", encoding="utf-8") as file:
        json.dump(value, file)
    argv = ["--local", "--config-dir", work + "/conf", *flags, "slsutil.renderer", "salt://d%d.json" % number, "default_renderer=json"]
    return {"argv": argv, "shown": " ".join(flags) + " " + json.dumps(value, ensure_ascii=False)}
