"""Asks real Salt, in one process, about one tree after the other. Run with Salt's own Python.

Standard input: lines of JSON `{"roots": {env: folder}, "commands": [[fun, args...]]}`; the folders are put where the one configuration
says that the roots are. Standard output: one line of JSON per tree, a list of results.
"""
import json
import os
import shutil
import sys
import traceback


def quicken():
    """Takes out what a tree cannot change: the listing of Salt's own folders of modules, and the (empty) pillar."""
    import salt.loader.lazy
    import salt.state

    listing, known = salt.loader.lazy.LazyLoader._refresh_file_mapping, {}

    def remembered(self):
        key = (self.tag, tuple(self.module_dirs))
        if key in known:
            self.suffix_map[""] = ("", "", salt.loader.lazy.MODULE_KIND_PKG_DIRECTORY)
            self.suffix_map.setdefault(".zip", ())
            self.file_mapping = dict(known[key])
        else:
            listing(self)
            known[key] = dict(self.file_mapping)

    salt.loader.lazy.LazyLoader._refresh_file_mapping = remembered
    salt.state.State._gather_pillar = lambda self: {}


def main():
    quicken()
    work = sys.argv[1]
    import salt.client
    import salt.config

    opts = salt.config.minion_config(os.path.join(work, "conf", "minion"))
    caller = salt.client.Caller(mopts=opts)
    out = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    for env in ("base", "dev"):  # once for all: what a process keeps from its first question on
        os.mkdir(os.path.join(work, env))
    caller.cmd("state.show_lowstate")
    for env in ("base", "dev"):
        os.rmdir(os.path.join(work, env))
    for line in sys.stdin:
        out.write(json.dumps(answers(caller, work, json.loads(line))) + "\n")
        out.flush()


def apart(caller, fun, args):
    """One answer, in a process of its own: Salt's questions leave traces (an environment, active states) that change later answers."""
    read, write = os.pipe()
    if os.fork() == 0:
        with os.fdopen(write, "w") as pipe:
            pipe.write(json.dumps(answer(caller, fun, args), default=repr))
        os._exit(0)
    os.close(write)
    with os.fdopen(read) as pipe:
        text = pipe.read()
    os.wait()
    return json.loads(text)


def answer(caller, fun, args):
    import salt.exceptions

    try:
        return {"ret": caller.cmd(fun, *args)}
    except salt.exceptions.SaltException as exc:
        return {"error": str(exc)}
    except Exception:  # pylint: disable=broad-except
        return {"traceback": traceback.format_exc()[-1500:]}


def answers(caller, work, tree):
    for env, folder in tree["roots"].items():
        os.rename(folder, os.path.join(work, env))
    shutil.rmtree(os.path.join(work, "salt", "var", "cache"), ignore_errors=True)
    results = [apart(caller, fun, args) for fun, *args in tree["commands"]]
    for env, folder in tree["roots"].items():
        os.rename(os.path.join(work, env), folder)
    return results


if __name__ == "__main__":
    main()
