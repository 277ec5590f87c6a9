"""Trees of states and pillar to measure on; the same ones every time."""

import json
import os
import random
from pathlib import Path

MAP = """{% set defaults = {'pkg': 'x', 'conf': '/etc/x', 'opts': {'one': 1, 'two': [1, 2, 3]}} %}
{% set os_map = salt['grains.filter_by']({'Debian': {'pkg': 'x-deb'}, 'RedHat': {'pkg': 'x-rh'}}, default='Debian') %}
{% do defaults.update(os_map) %}
{% set app = salt['pillar.get']('inc:lookup', default=defaults, merge=True) %}
"""


class Tree:
    """A scratch root with the configuration of a minion that has no master."""

    def __init__(self, root):
        self.root = Path(root)
        for folder in ("srv", "pillar", "out"):
            os.makedirs(self.root / folder)
        conf = {
            "root_dir": str(root), "id": "m", "file_client": "local",
            "file_roots": {"base": [f"{root}/srv"]}, "pillar_roots": {"base": [f"{root}/pillar"]},
            "enable_fqdns_grains": False,
        }
        (self.root / "minion").write_text(json.dumps(conf))

    def chained(self, count):
        """`file.managed` states, each of which requires the one before it."""
        lines = []
        for n in range(count):
            path = f"{self.root}/out/{n}"
            lines.append(f"f{n}:\n  file.managed:\n    - name: {path}\n    - contents: 'n {n}'\n")
            if n:
                lines.append(f"    - require:\n      - file: f{n - 1}\n")
        self._sls(f"chained{count}", lines)
        return f"chained{count}"

    def requisites(self, count):
        """States with four requisites each on any that stand before them."""
        lot, lines = random.Random(7), []
        for n in range(count):
            lines.append(f"s{n}:\n  test.nop:\n    - name: n{n}\n")
            needs = lot.sample(range(n), 4) if n >= 4 else range(n)
            if n:
                lines.append("    - require:\n")
            lines.extend(f"      - test: s{m}\n" for m in needs)
        self._sls(f"graph{count}", lines)
        return f"graph{count}"

    def includes(self, count):
        """Files that each import a map.jinja with context, all included by one."""
        (self.root / "srv" / "inc").mkdir()
        (self.root / "srv" / "inc" / "map.jinja").write_text(MAP)
        self._sls("inc/init", ["include:\n"] + [f"  - inc.s{n}\n" for n in range(count)])
        for n in range(count):
            self._sls(f"inc/s{n}", [
                "{%- from 'inc/map.jinja' import app with context %}\n",
                f"inc{n}:\n  test.nop:\n    - name: {{{{ app.pkg }}}}-{n}\n    - conf: {{{{ app.conf }}}}\n",
            ])
        return "inc"

    def pillar(self, size):
        """Pillar of so many bytes of YAML with Jinja in it."""
        parts, have, n = ["{% set base = 'v' %}\n"], 0, 0
        while have < size:
            part = (
                f"app{n}:\n  name: {{{{ base }}}}-{n}\n  port: {n}\n  enabled: true\n  hosts:\n"
                f"    - host{n}a.example.org\n    - host{n}b.example.org\n"
                "  opts: {a: 1, b: two, c: [1, 2, 3]}\n"
            )
            parts.append(part)
            have, n = have + len(part), n + 1
        (self.root / "big").mkdir()
        (self.root / "big" / "top.sls").write_text("base:\n  '*':\n    - big\n")
        (self.root / "big" / "big.sls").write_text("".join(parts))
        return str(self.root / "big")

    def _sls(self, name, lines):
        (self.root / "srv" / f"{name}.sls").write_text("".join(lines))
