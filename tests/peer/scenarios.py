"""What a master and a minion must be able to do together, whoever made them."""

import json
import os
import shutil

from harness import OURS, sha256, wait_for

BIG_FILE_BYTES = 5 * 1024 * 1024

TOP = """
base:
  '*':
    - web
"""
WEB = """
{% set who = pillar['who'] %}
conf_dir:
  file.directory:
    - name: {{ grains['scratch'] }}/conf
    - makedirs: True
motd:
  file.managed:
    - name: {{ grains['scratch'] }}/conf/motd
    - source: salt://web/motd.j2
    - template: jinja
    - mode: '0644'
    - context:
        who: {{ who }}
    - require:
      - file: conf_dir
told:
  cmd.run:
    - name: echo changed >> {{ grains['scratch'] }}/told
    - onchanges:
      - file: motd
never:
  cmd.run:
    - name: 'false'
    - onfail:
      - file: motd
link:
  file.symlink:
    - name: {{ grains['scratch'] }}/conf/link
    - target: {{ grains['scratch'] }}/conf/motd
lines:
  file.append:
    - name: {{ grains['scratch'] }}/conf/lines
    - text:
      - one
      - two
ok:
  test.succeed_with_changes:
    - watch:
      - file: motd
"""
MOTD = "Hello {{ who }} on {{ grains['id'] }}\n{% for port in pillar['ports'] %}port {{ port }}\n{% endfor %}"


def lay_out(fleet):
    """Files, states and pillar on the master."""
    fleet.write("top.sls", TOP)
    fleet.write("web/init.sls", WEB)
    fleet.write("web/motd.j2", MOTD)
    fleet.write("big.bin", os.urandom(BIG_FILE_BYTES))
    fleet.write("top.sls", "base:\n  '*':\n    - site\n", pillar=True)
    fleet.write("site.sls", "who: {{ 'wor' ~ 'ld' }}\nports: [80, 443]\nsecret: s3cret\n", pillar=True)


def add(fleet, kind, name):
    """A minion with a scratch folder of its own, named by a grain."""
    scratch = fleet.root / name / "scratch"
    scratch.mkdir(parents=True)
    daemon = fleet.add_minion(kind, name, grains={"scratch": str(scratch)})
    return daemon, scratch


def basics(case, fleet, name, scratch):
    """Ping, grains, pillar, commands, files."""
    case.assertEqual(fleet.salt("*", "test.ping"), {name: True})
    grains = fleet.salt(name, "grains.items")[name]
    case.assertEqual(grains["id"], name)
    case.assertEqual(grains["kernel"], "Linux")
    pillar = fleet.salt(name, "pillar.items")[name]
    case.assertEqual((pillar["who"], pillar["ports"]), ("world", [80, 443]))
    case.assertEqual(fleet.salt(name, "cmd.run", "echo $((6*7))")[name], "42")
    case.assertIs(fleet.salt(name, "test.arg", "a", "x=1")[name]["kwargs"]["x"] == 1, True)
    got = fleet.salt(name, "cp.get_file", "salt://big.bin", str(scratch / "big.bin"))[name]
    case.assertEqual(got, str(scratch / "big.bin"))
    case.assertEqual(sha256(scratch / "big.bin"), sha256(fleet.srv / "big.bin"))
    unknown = fleet.salt(name, "no.such_function")[name]
    case.assertIn("'no.such_function' is not available", str(unknown))


def states(case, fleet, name, scratch):
    """A state run with files from the master; the second one changes nothing."""
    first = fleet.salt(name, "state.apply", "web", timeout=60)[name]
    case.assertIsInstance(first, dict, first)
    case.assertTrue(all(ret["result"] for ret in first.values()), first)
    text = (scratch / "conf" / "motd").read_text()
    case.assertEqual(text, f"Hello world on {name}\nport 80\nport 443\n")
    second = fleet.salt(name, "state.apply", "web", timeout=60)[name]
    changed = [tag for tag, ret in second.items() if ret["changes"] and "test_|-" not in tag]
    case.assertEqual(changed, [])
    case.assertEqual((scratch / "told").read_text(), "changed\n")


def events(case, fleet, name, bus):
    """event.send from the minion arrives on the master's bus."""
    with bus(fleet) as seen:
        case.assertIs(fleet.salt(name, "event.send", "my/tag/1", "foo=bar")[name], True)
        data = wait_for("the event", lambda: seen("my/tag/1"), 20)
        case.assertEqual(data["id"], name)
        case.assertEqual(data["data"]["foo"], "bar")


def rotation(case, fleet, name, bus):
    """Another key is deleted, the fleet key changes, the minion still answers."""
    spare = fleet.pki / "minions" / "spare"
    spare.write_text((fleet.pki / "minions" / name).read_text())
    with bus(fleet) as seen:
        fleet.run("salt-key", "-y", "-d", "spare")
        case.assertFalse(spare.exists())
        told = wait_for("the rotation", lambda: seen("key"), 90)
        case.assertIs(told["rotate_aes_key"], True)
    fleet.wait_ping(name)


def restart(case, fleet, *names):
    """The master goes and comes back; the minions find it again."""
    fleet.master.stop()
    fleet.start_master()
    fleet.wait_ping(*names)
    for name in names:
        case.assertTrue(fleet.minions[name][1].alive(), f"{name} ended")


def keys(fleet):
    """All keys as the master's own salt-key lists them, and the files they are."""
    listed = json.loads(fleet.run("salt-key", "-L", "--out=json").stdout)
    listed = {kind: sorted(names) for kind, names in listed.items() if kind != "local"}
    files = {
        str(file.relative_to(fleet.pki)): file.read_text().strip()
        for kind in ("minions", "minions_pre", "minions_rejected", "minions_denied")
        for file in (fleet.pki / kind).glob("*")
        if not file.name.startswith(".")
    }
    return listed, files


def master_there_and_back(case, fleet, other):
    """The pki_dir of one master serves another make, and the first again; minions never notice."""
    names = list(fleet.minions)
    first = fleet.kind
    fleet.wait_ping(*names)
    for name, kind in (("late", "minions_pre"), ("bad", "minions_rejected")):
        key = fleet.run("salt-key", "--gen-keys", name, "--gen-keys-dir", str(fleet.root), check=False)
        case.assertTrue((fleet.root / f"{name}.pub").exists(), key.stdout + key.stderr)
        shutil.copy(fleet.root / f"{name}.pub", fleet.pki / kind / name)
    before = keys(fleet)
    master = (fleet.pki / "master.pem").read_bytes()
    case.assertEqual(before[0]["minions_pre"], ["late"])
    case.assertEqual(before[0]["minions_rejected"], ["bad"])

    fleet.hand_over(other)
    case.assertEqual(keys(fleet), before, f"{other} does not see what {first} left")
    fleet.wait_ping(*names)
    fleet.run("salt-key", "-y", "-a", "late")
    fleet.run("salt-key", "-y", "-d", "bad")
    changed = keys(fleet)
    case.assertIn("late", changed[0]["minions"])
    case.assertEqual((changed[0]["minions_pre"], changed[0]["minions_rejected"]), ([], []))

    if OURS in (kind for kind, _ in fleet.minions.values()):
        # As docs/migration.md says: the stronger cipher is taken back before.
        fleet.configure(halite_gcm=False)
        fleet.hand_over(other)
        fleet.wait_ping(*names)
    fleet.hand_over(first)
    case.assertEqual(keys(fleet), changed, f"{first} does not see what {other} left")
    fleet.wait_ping(*names)
    case.assertEqual((fleet.pki / "master.pem").read_bytes(), master)
    for name in names:
        case.assertTrue(fleet.minions[name][1].alive(), f"{name} ended")


def minion_there_and_back(case, fleet, name, other):
    """A host changes its minion for another make, and back: same key, accepted all along."""
    first = fleet.minions[name][0]
    key = (fleet.root / name / "pki" / "minion.pem").read_bytes()
    for kind in (other, first):
        fleet.hand_over_minion(name, kind)
        fleet.wait_ping(name)
        grains = fleet.salt(name, "grains.item", "id")[name]
        case.assertEqual(grains["id"], name)
    case.assertEqual((fleet.root / name / "pki" / "minion.pem").read_bytes(), key)
    case.assertEqual(keys(fleet)[0]["minions_pre"], [])
