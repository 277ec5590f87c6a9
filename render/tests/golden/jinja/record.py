"""Records more.json with real Salt: PYTHON record.py (PYTHON: one that can import salt)."""
import copy
import json
import logging
import os
import time
from collections import OrderedDict

logging.disable(50)
os.environ["TZ"] = "UTC"
time.tzset()

import jinja2
import jinja2.ext
import jinja2.sandbox
import salt.utils.data
import salt.utils.dateutils
import salt.utils.decorators.jinja as dj
import salt.utils.dictupdate
import salt.utils.files
import salt.utils.hashutils
import salt.utils.http
import salt.utils.jinja
import salt.utils.network
import salt.utils.path
import salt.utils.stringutils
import salt.utils.templates
import salt.utils.user
import salt.utils.yamlencoding

HERE = os.path.dirname(os.path.abspath(__file__))
BASE = json.load(open(os.path.join(HERE, "cases.json")))
FILES = dict(BASE["files"])
FILES.update(
    {
        "m.jinja": "{% macro f(x) %}<{{ x }}>{% endmacro %}{% set val = 'V' %}{% set _hidden = 1 %}{% from 'lib.jinja' import shared as again %}",
        "bad.jinja": "{% macro f() %}\nok\n{{ missing_thing }}\n{% endmacro %}",
        "worse.jinja": "one\n{% if %}\n",
        "list.yaml": "- 1\n- [a, b]\n- k: v\n",
        "mid.j": "{% extends 'base.j' %}{% block b %}mid({{ super() }}){% endblock %}",
        "rows.j": "{% for r in rows %}{% block row scoped %}[{{ r }}]{% endblock %}{% endfor %}",
        "req.j": "{% block must required %}{% endblock %}",
        "loopinc.j": "{{ i }}{{ loop.index }};",
        "sets.jinja": "{% set a = 1 %}{% if true %}{% set b = 2 %}{% endif %}{% for i in [1] %}{% set c = 3 %}{% endfor %}{% with d = 4 %}{% set e = 5 %}{% endwith %}",
        "count.jinja": "{% set l = [] %}{% macro add(x) %}{% do l.append(x) %}{{ l|length }}{% endmacro %}",
    }
)
CASES = []


def group(name, text, env=None):
    """One snippet per paragraph that is set off by a line of dashes."""
    for at, snippet in enumerate(text.strip("\n").split("\n----\n"), 1):
        CASES.append((f"{name}-{at}", snippet, env))


exec(open(os.path.join(HERE, "snippets.py"), encoding="utf-8").read())


class Alias(dict):
    def __getattr__(self, key):
        prefix = key + "."

        class Module:
            def __getattr__(inner, fun):
                return self[prefix + fun]

        if any(name.startswith(prefix) for name in self):
            return Module()
        raise AttributeError(key)


def render(template, settings):
    env = jinja2.sandbox.SandboxedEnvironment(
        undefined=jinja2.StrictUndefined,
        extensions=["jinja2.ext.do", "jinja2.ext.loopcontrols", salt.utils.jinja.SerializerExtension],
        loader=jinja2.DictLoader(FILES),
        **(settings or {}),
    )
    indent = env.filters["indent"]
    env.tests.update(dj.JinjaTest.salt_jinja_tests)
    env.filters.update(dj.JinjaFilter.salt_jinja_filters)
    env.filters["indent"] = indent
    env.globals.update(dj.JinjaGlobal.salt_jinja_globals)
    env.globals["odict"] = OrderedDict
    env.tests["list"] = salt.utils.data.is_list
    pillar = copy.deepcopy(BASE["pillar"])

    def get(key, default=""):
        return salt.utils.data.traverse_dict_and_list(pillar, key, default)

    calls = Alias(
        {
            "test.echo": lambda x: x,
            "test.kw": lambda **kw: ",".join(f"{k}={v}" for k, v in sorted(kw.items())),
            "test.lst": lambda: [1, 2],
            "pillar.get": get,
        }
    )
    context = dict(
        grains=copy.deepcopy(BASE["grains"]),
        pillar=pillar,
        users=copy.deepcopy(BASE["users"]),
        lst=[1, 2, 3, 4],
        name="Bob",
        salt=calls,
    )
    env.globals.update(context)
    return env.from_string(template).render(**context)


out = []
for name, template, settings in CASES:
    case = {"name": name, "tmpl": template}
    if settings:
        case["env"] = settings
    try:
        case["ok"] = render(template, settings)
    except Exception as exc:
        case["err"] = f"{type(exc).__name__}: {exc}"
        case["line"] = getattr(exc, "lineno", None)
    out.append(case)
data = {"cases": out, "files": FILES, "grains": BASE["grains"], "pillar": BASE["pillar"], "users": BASE["users"]}
with open(os.path.join(HERE, "more.json"), "w") as handle:
    json.dump(data, handle, indent=1, ensure_ascii=False)
    handle.write("\n")
print(len(out), "recorded,", sum("err" in case for case in out), "errors")
