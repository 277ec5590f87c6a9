"""Records what Salt's own loader and dumper do with the cases below.

Run with a Python that has Salt installed: python record.py > recorded.json
Values are written so that JSON keeps what Python tells apart: see `typed`.
"""

import base64
import json
import math
import pathlib
import sys
from collections import OrderedDict

import salt.utils.yaml
import salt.utils.yamlloader as loader
from yaml.composer import ComposerError
from yaml.constructor import ConstructorError
from yaml.parser import ParserError
from yaml.reader import ReaderError
from yaml.scanner import ScannerError

KINDS = [
    (ScannerError, "Scanner"),
    (ParserError, "Parser"),
    (ComposerError, "Composer"),
    (ConstructorError, "Constructor"),
    (ReaderError, "Reader"),
    (Exception, "Scalar"),
]


def typed(value):
    if isinstance(value, float) and not math.isfinite(value):
        return {"$float": repr(value)}
    if isinstance(value, bytes):
        return {"$bytes": base64.b64encode(value).decode()}
    if isinstance(value, dict):
        return {"$map": [[typed(k), typed(v)] for k, v in value.items()]}
    if isinstance(value, (list, tuple)):
        return [typed(item) for item in value]
    return value


def load(text):
    make = lambda stream: loader.SaltYamlSafeLoader(stream, dictclass=OrderedDict)
    try:
        return {"text": text, "value": typed(loader.load(text, Loader=make))}
    except Exception as exc:
        kind = next(kind for cls, kind in KINDS if isinstance(exc, cls))
        problem = exc.problem if kind == "Scanner" else str(exc)
        return {"text": text, "error": kind, "says": problem}


STYLES = {
    "default": {},
    "block": {"default_flow_style": False},
    "flow": {"default_flow_style": True},
    "unsorted": {"default_flow_style": False, "sort_keys": False},
    "indent4": {"default_flow_style": False, "indent": 4},
    "ascii": {"allow_unicode": False},
    "width40": {"width": 40, "default_flow_style": False},
    "start": {"explicit_start": True},
}


def dump(value):
    texts = {name: salt.utils.yaml.safe_dump(value, **kw) for name, kw in STYLES.items()}
    return {"value": typed(value), "texts": texts}


here = pathlib.Path(__file__).parent
loads = (here / "loads.txt").read_text().split("\n%%%%\n")
loads = [eval('"""' + text + '"""') if text.startswith("\\") else text for text in loads]
dumps = eval((here / "dumps.txt").read_text())
dumps += [text for text in loads]
found = {"loads": [load(text) for text in loads], "dumps": [dump(value) for value in dumps]}
json.dump(found, sys.stdout, indent=0, ensure_ascii=True)
