"""Answers questions with real Salt, in processes forked from one that has everything loaded. Run with Salt's own Python.

    reference.py WORK

Standard input: lines of JSON, each a list of questions; standard output: one line with the list of answers. A question is
`{"render": "x.sls"}` (through the renderer jinja, all of one list in one process) or `{"argv": [...]}` (a whole salt-call, a process each).
"""
import json
import os
import sys
import tempfile
import warnings

warnings.simplefilter("ignore")


def quicken():
    """Salt's own folders of modules do not change: they are listed once."""
    import salt
    import salt.loader.lazy

    own = os.path.dirname(salt.__file__)
    listing, known = salt.loader.lazy.LazyLoader._refresh_file_mapping, {}

    def remembered(self):
        if any(os.path.isdir(folder) and not folder.startswith(own) for folder in self.module_dirs):
            return listing(self)
        key = (self.tag, tuple(folder for folder in self.module_dirs if folder.startswith(own)))
        if key in known:
            self.suffix_map[""] = ("", "", salt.loader.lazy.MODULE_KIND_PKG_DIRECTORY)
            self.suffix_map.setdefault(".zip", ())
            self.file_mapping = dict(known[key])
        else:
            listing(self)
            known[key] = dict(self.file_mapping)

    salt.loader.lazy.LazyLoader._refresh_file_mapping = remembered


def in_child(work):
    """What `work` gives, made in a forked process."""
    read, write = os.pipe()
    if os.fork() == 0:
        code = 1
        try:
            os.close(read)
            text = json.dumps(work(), default=repr, skipkeys=True)
            with os.fdopen(write, "w") as pipe:
                pipe.write(text)
            code = 0
        finally:
            os._exit(code)
    os.close(write)
    with os.fdopen(read) as pipe:
        text = pipe.read()
    os.wait()
    return json.loads(text) if text else {"broken": "the process died"}


def render(caller, question):
    renderer = question.get("renderer", "jinja")
    try:
        return {"ok": caller.sminion.functions["slsutil.renderer"]("salt://" + question["render"], default_renderer=renderer)}
    except Exception as exc:  # pylint: disable=broad-except
        return {"error": str(exc), "class": type(exc).__name__}


def salt_call(argv):
    """One salt-call with these arguments; gives what it wrote and its exit code."""
    import salt.scripts

    out, err = tempfile.TemporaryFile(), tempfile.TemporaryFile()
    pid = os.fork()
    if pid == 0:
        code = 0
        try:
            os.setsid()
            for place, fd in enumerate((os.open(os.devnull, os.O_RDONLY), out.fileno(), err.fileno())):
                os.dup2(fd, place)
            sys.stdout, sys.stderr = open(1, "w", closefd=False), open(2, "w", closefd=False)
            sys.stdin, sys.__stdout__ = open(0, closefd=False), sys.stdout
            sys.argv = ["salt-call", *argv]
            try:
                salt.scripts.salt_call()
            except SystemExit as exc:
                code = exc.code if isinstance(exc.code, int) else int(exc.code is not None)
                if isinstance(exc.code, str):
                    sys.stderr.write(exc.code + "\n")
            except BaseException:  # pylint: disable=broad-except
                import traceback

                traceback.print_exc()
                code = 1
            sys.stdout.flush()
            sys.stderr.flush()
        finally:
            os._exit(code)
    status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    texts = []
    for file in (out, err):
        file.seek(0)
        texts.append(file.read().decode("utf-8", "surrogateescape"))
    return {"code": status, "out": texts[0], "err": texts[1][-3000:]}


def main():
    quicken()
    import salt.client
    import salt.config
    import salt.scripts
    import salt.cli.call
    import salt.utils.parsers
    import salt.channel.client  # noqa: F401

    warm = salt.config.minion_config(os.path.join(sys.argv[1], "warm", "minion"))
    salt.client.Caller(mopts=warm).cmd("state.apply", "x")
    opts = salt.config.minion_config(os.path.join(sys.argv[1], "conf", "minion"))
    caller = salt.client.Caller(mopts=opts)
    caller.cmd("slsutil.renderer", string="x", default_renderer="jinja")
    out = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    for line in sys.stdin:
        questions = json.loads(line)
        answers = []
        if questions and "render" in questions[0]:
            answers = in_child(lambda: [render(caller, one) for one in questions])
            if isinstance(answers, dict):  # one of them took the process with it
                answers = [in_child(lambda one=one: render(caller, one)) for one in questions]
        else:
            answers = [salt_call(one["argv"]) for one in questions]
        out.write(json.dumps(answers) + "\n")
        out.flush()


if __name__ == "__main__":
    main()
