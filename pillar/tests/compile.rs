//! Whole compiles. What is expected of merging, including, matching and faults is what Salt 3008
//! gave for the same files.

use std::path::Path;
use std::sync::Arc;

use halite_core::host::RealHost;
use halite_core::opts::{Opts, Role};
use halite_core::services::{NoServices, PillarRequest};
use halite_core::{JobState, Map, MinionId, Registry, Value, map};
use halite_pillar::{Deps, Subject, compile};
use halite_render::files::LocalFiles;
use halite_render::{RenderError, TemplateEngine, TemplateRequest};

/// Replaces `<name>` by a variable, `<pillar:path>` and `<grains:path>` by data.
struct Substitute;

impl TemplateEngine for Substitute {
    fn render(&self, source: &str, request: &TemplateRequest<'_>) -> Result<String, RenderError> {
        if source.contains("<fail>") {
            return Err(RenderError::new("Jinja variable 'nope' is undefined").at(source, 1));
        }
        let cx = request.apply.cx;
        let mut text = source.to_owned();
        let data = [("pillar", cx.pillar), ("grains", cx.grains), ("opts", cx.opts.values())];
        for (root, data) in data {
            for (name, value) in data.iter() {
                text = text.replace(&format!("<{root}:{name}>"), &value.to_string());
            }
        }
        for (name, value) in request.context {
            text = text.replace(&format!("<{name}>"), &value.to_string());
        }
        Ok(text)
    }
}

/// A compile in a folder of its own.
struct Case {
    dir: tempfile::TempDir,
    options: Map,
    request: PillarRequest,
    previous: Map,
}

impl Case {
    /// Files below `base/` and `dev/`, the roots of these environments.
    fn new(files: &[(&str, &str)]) -> Case {
        let dir = tempfile::tempdir().expect("a folder");
        for (name, text) in files {
            let path = dir.path().join(name);
            std::fs::create_dir_all(path.parent().expect("a parent")).expect("folders");
            std::fs::write(path, text).expect("a file");
        }
        let root = |env: &str| Value::from(vec![Value::from(dir.path().join(env))]);
        let options = map! {
            "pillar_roots" => map! {"base" => root("base"), "dev" => root("dev")},
            "nodegroups" => map! {"webs" => "G@role:web", "dbs" => "G@role:db"},
        };
        Case { dir, options, request: PillarRequest::default(), previous: Map::new() }
    }

    fn path(&self, name: &str) -> String {
        self.dir.path().join(name).to_string_lossy().into_owned()
    }

    fn with(mut self, options: Map) -> Case {
        self.options.extend(options);
        self
    }

    fn run(&self) -> Value {
        let opts = Opts::from_map(Role::Master, self.options.clone());
        let id = MinionId::parse("m1.example.org").expect("an id");
        let grains = Arc::new(map! {"id" => "m1.example.org", "role" => "web"});
        let (exec, states) = (Registry::default(), Registry::default());
        let (roots, files) = (LocalFiles::pillar(&opts), LocalFiles::new(&opts));
        let (job, host) = (JobState::default(), RealHost::default());
        let deps = Deps {
            opts: &opts,
            exec: &exec,
            states: &states,
            host: &host,
            engine: &Substitute,
            roots: &roots,
            files: &files,
            services: &NoServices,
            job: &job,
        };
        let who = Subject {
            id: &id,
            grains: &grains,
            request: &self.request,
            extra_minion_data: &map! {"x" => map!{"y" => 1, "z" => 2}},
            previous: &Arc::new(self.previous.clone()),
        };
        compile(&who, &deps).into()
    }

    #[track_caller]
    fn gives(&self, want: &str) {
        assert_eq!(self.run().repr(), want);
    }
}

const TOP: (&str, &str) = ("base/top.sls", "base:\n  '*': [d]\n");
const TOP_TWO: (&str, &str) = ("base/top.sls", "base:\n  '*': [one, two]\n");
const ONE: (&str, &str) =
    ("base/one.sls", "a: {x: 1, y: 2, l: [1, 2]}\nonly1: p\nl: [a, b]\nmixed: {k: v}\n");
const TWO: (&str, &str) =
    ("base/two.sls", "a: {y: 20, z: 30, l: [2, 3]}\nonly2: q\nl: [b, c]\nmixed: [k]\n");

#[test]
fn sources_are_merged_by_strategy() {
    let recurse = "{'a': {'x': 1, 'y': 20, 'l': [2, 3], 'z': 30}, 'only1': 'p', 'l': ['b', 'c'], \
                   'mixed': ['k'], 'only2': 'q'}";
    let aggregate = "{'a': {'y': 20, 'z': 30, 'l': [2, 3]}, 'only1': 'p', 'l': ['b', 'c'], \
                     'mixed': ['k'], 'only2': 'q'}";
    let cases = [
        ("smart", recurse),
        ("recurse", recurse),
        ("bogus", recurse),
        ("aggregate", aggregate),
        ("overwrite", aggregate),
        ("list", "{}"),
    ];
    for (strategy, want) in cases {
        let options = map! {"pillar_source_merging_strategy" => strategy};
        Case::new(&[TOP_TWO, ONE, TWO]).with(options).gives(want);
    }
    let lists = "{'a': {'x': 1, 'y': 20, 'l': [1, 2, 3], 'z': 30}, 'only1': 'p', \
                 'l': ['a', 'b', 'c'], 'mixed': ['k'], 'only2': 'q'}";
    Case::new(&[TOP_TWO, ONE, TWO]).with(map! {"pillar_merge_lists" => true}).gives(lists);
}

#[test]
fn includes() {
    let d = "include:\n  - plain\n  - sub.keyed:\n      key: a:b\n      defaults: {who: world, num: 7}\n  \
             - g.*\nown: 1\nover: mine\n";
    let files = [
        TOP,
        ("base/d.sls", d),
        ("base/plain.sls", "p: 1\nover: theirs\n"),
        ("base/sub/keyed.sls", "include: [.near]\nhello: <who>\nn: <num>\n"),
        ("base/sub/near.sls", "near: <who>\n"),
        ("base/g/one.sls", "g1: <who>\n"),
        ("base/g/two/init.sls", "include: ['.in']\ng2: 2\n"),
        ("base/g/two/in.sls", "in: <sls>\n"),
    ];
    Case::new(&files).gives(
        "{'p': 1, 'over': 'mine', 'a': {'b': {'near': 'world', 'hello': 'world', 'n': 7}}, \
         'g1': 'world', 'in': 'g.two.in', 'g2': 2, 'own': 1}",
    );
    let over =
        [TOP, ("base/d.sls", "include: [i]\na: {x: own}\n"), ("base/i.sls", "a: {x: i, y: i}\n")];
    Case::new(&over)
        .with(map! {"pillar_includes_override_sls" => true})
        .gives("{'a': {'x': 'i', 'y': 'i'}}");
    let ring =
        [TOP, ("base/d.sls", "include: [e]\nd: 1\n"), ("base/e.sls", "include: [d]\ne: 1\n")];
    Case::new(&ring).gives("{'d': 1, 'e': 1}");
}

#[test]
fn tops_match_by_all_means() {
    let top = "base:\n  'role:web':\n    - match: grain\n    - g\n  'G@role:web and m1*': [c]\n  \
               'm1*': [b]\n  'm2*': [no]\n  '^m1':\n    - match: pcre\n    - r\n  \
               webs:\n    - match: nodegroup\n    - n\n  'm1.example.org,x':\n    - match: list\n    \
               - order: -1\n    - l\n  '*':\n    - ignore_missing: True\n    - nope\n";
    let one = |name: &str| (format!("base/{name}.sls"), format!("{name}: 1\n"));
    let owned: Vec<_> = ["g", "c", "b", "no", "r", "n", "l"].map(one).into();
    let mut files: Vec<_> = owned.iter().map(|(a, b)| (a.as_str(), b.as_str())).collect();
    files.push(("base/top.sls", top));
    Case::new(&files).gives("{'l': 1, 'g': 1, 'c': 1, 'b': 1, 'r': 1, 'n': 1}");
}

#[test]
fn environments() {
    let files = [
        ("base/top.sls", "base:\n  '*': [d]\ndev:\n  '*': [e]\n"),
        ("base/d.sls", "from: base\nb: 1\n"),
        ("dev/top.sls", "dev:\n  '*': [f]\n"),
        ("dev/e.sls", "e: 1\nfrom: dev\n"),
        ("dev/f.sls", "f: <saltenv>\n"),
    ];
    let mut case = Case::new(&files);
    case.gives("{'from': 'base', 'b': 1, 'f': 'dev'}");
    case.request.pillarenv = Some("dev".into());
    case.gives("{'f': 'dev'}");
    case.request.pillarenv = Some("zz".into());
    case.gives("{}");
    case.request.pillarenv = None;
    case.previous = map! {"old" => 1};
    case.gives("{'old': 1, 'from': 'base', 'b': 1, 'f': 'dev'}");
}

#[test]
fn faults_are_reported_in_the_pillar() {
    let cases = [
        (
            "base:\n  '*': [nope, d]\n",
            "a: 1",
            "{'a': 1, '_errors': [\"Specified SLS 'nope' in environment 'base' is not available on the salt master\"]}",
        ),
        (
            "base:\n  '*':\n",
            "a: 1",
            "{'_errors': ['Error encountered while rendering pillar top file.']}",
        ),
        (
            "base:\n  '*': [d]\n",
            "- a",
            "{'_errors': [\"SLS 'd' does not render to a dictionary\"]}",
        ),
        (
            "base:\n  '*': [d]\n",
            "include: x\na: 1",
            "{'include': 'x', 'a': 1, '_errors': [\"Include Declaration in SLS 'd' is not formed as a list\"]}",
        ),
        (
            "base:\n  '*': [d]\n",
            "a: <fail>",
            "{'_errors': [\"Rendering SLS 'd' failed. Please see master log for details.\"]}",
        ),
        (
            "a: b: c",
            "a: 1",
            "{'_errors': ['Rendering Primary Top file failed, render error:\\nmapping values are not allowed in this context']}",
        ),
        (
            "qa:\n  '*': [d]\n",
            "a: 1",
            "{'_errors': [\"No matching pillar environment for environment 'qa' found\"]}",
        ),
    ];
    for (top, d, want) in cases {
        Case::new(&[("base/top.sls", top), ("base/d.sls", d)]).gives(want);
    }
    let unsafe_text = map! {"pillar_safe_render_error" => false};
    Case::new(&[TOP, ("base/d.sls", "a: <fail>")]).with(unsafe_text.clone()).gives(
        "{'_errors': [\"Rendering SLS 'd' failed, render error:\\nJinja variable 'nope' is \
         undefined; line 1\\n\\n---\\na: <fail>    <======================\\n---\"]}",
    );
    Case::new(&[TOP, ("base/d.sls", "a: 1\na: 2")]).with(unsafe_text).gives(
        "{'_errors': ['Rendering SLS \\'d\\' failed, render error:\\nwhile constructing a mapping\\n  \
         in \"<unicode string>\", line 1, column 1\\nfound conflicting ID \\'a\\'\\n  \
         in \"<unicode string>\", line 2, column 1']}",
    );
    Case::new(&[]).gives("{}");
}

#[test]
fn the_override_wins_and_is_not_seen_by_templates() {
    let mut case = Case::new(&[TOP, ("base/d.sls", "a: {x: 1, y: 2}\nseen: '<pillar:o>'\n")]);
    case.request.pillar_override = map! {"o" => 5, "a" => map!{"x" => 9}};
    case.gives("{'o': 5, 'a': {'x': 9, 'y': 2}, 'seen': '<pillar:o>'}");
}

#[test]
fn external_pillars_in_order() {
    let run = |name: &str, setting: Value| Value::from(map! {name => setting});
    let ext = vec![
        run("cmd_json", r#"echo '{"a": "ext", "b": {"y": 2}, "i": "%s"}'"#.into()),
        run("cmd_yaml", map! {"command" => "echo 'c: [1]'"}.into()),
        run("nosuch", 1.into()),
        run("nodegroups", vec!["mine"].into()),
        run("extra_minion_data_in_pillar", map! {"include" => vec!["x:z"]}.into()),
        run("cmd_yaml", map! {"bad" => 1}.into()),
    ];
    let files = [TOP, ("base/d.sls", "a: file\nb: {x: 1}\n")];
    let case = Case::new(&files).with(map! {"ext_pillar" => ext.clone()});
    case.gives(
        "{'a': 'ext', 'b': {'x': 1, 'y': 2}, 'i': 'm1.example.org', 'c': [1], 'mine': ['webs'], \
         'x': {'z': 2}, '_errors': ['Failed to load ext_pillar cmd_yaml: it needs the argument `command`']}",
    );
    let top = ("base/top.sls", "base:\n  '*': [d]\n  'k:v':\n    - match: pillar\n    - e\n");
    let first =
        [top, ("base/d.sls", "a: file\nseen: <pillar:k>\n"), ("base/e.sls", "e: matched\n")];
    let json = vec![run("cmd_json", r#"echo '{"a": "ext", "k": "v"}'"#.into())];
    Case::new(&first)
        .with(map! {"ext_pillar" => json, "ext_pillar_first" => true})
        .gives("{'a': 'file', 'k': 'v', 'seen': 'v', 'e': 'matched'}");
    Case::new(&files).with(map! {"ext_pillar" => 5}).gives(
        "{'a': 'file', 'b': {'x': 1}, '_errors': ['The \"ext_pillar\" option is malformed']}",
    );
}

#[test]
fn file_tree_gives_folders_as_maps() {
    let files = [
        ("tree/hosts/m1.example.org/top", "t\n"),
        ("tree/hosts/m1.example.org/conf/a.conf", "x <grains:role>\n"),
        ("tree/hosts/m2/no", ""),
        ("tree/nodegroups/webs/conf/b.conf", "y\n"),
        ("tree/nodegroups/dbs/no", ""),
    ];
    let case = Case::new(&files);
    let mut setting = map! {"root_dir" => case.path("tree")};
    let ext = |setting: &Map| map! {"ext_pillar" => vec![map! {"file_tree" => setting.clone()}]};
    let case = case.with(ext(&setting));
    case.gives("{'conf': {'b.conf': 'y', 'a.conf': 'x <grains:role>'}, 'top': 't'}");
    setting.extend(map! {
        "template" => true, "render_default" => "jinja", "keep_newline" => vec!["conf/*"],
    });
    let case = case.with(ext(&setting));
    case.gives("{'conf': {'b.conf': 'y\\n', 'a.conf': 'x web\\n'}, 'top': 't'}");
}

#[test]
fn ids_do_not_reach_a_shell() {
    let files = [TOP, ("base/d.sls", "a: 1\n")];
    let case = Case::new(&files);
    assert!(Path::new(&case.path("base/top.sls")).exists());
    let opts = Opts::from_map(Role::Master, case.options.clone());
    let id = MinionId::parse("x;echo 'pwned: 1'").expect("the grammar of ids is wide");
    let opts = opts.with("ext_pillar", vec![map! {"cmd_yaml" => "echo a: %s"}]);
    let (exec, states) = (Registry::default(), Registry::default());
    let (roots, files) = (LocalFiles::pillar(&opts), LocalFiles::new(&opts));
    let (job, host) = (JobState::default(), RealHost::default());
    let none = Arc::new(Map::new());
    let deps = Deps {
        opts: &opts,
        exec: &exec,
        states: &states,
        host: &host,
        engine: &Substitute,
        roots: &roots,
        files: &files,
        services: &NoServices,
        job: &job,
    };
    let who = Subject {
        id: &id,
        grains: &none,
        request: &PillarRequest::default(),
        extra_minion_data: &none,
        previous: &none,
    };
    let pillar = compile(&who, &deps);
    assert_eq!(pillar.get("a"), Some(&Value::Int(1)));
    assert!(pillar.get("pwned").is_none() && pillar.contains_key("_errors"));
}

#[test]
fn stack_merges_what_its_files_list() {
    let files = [
        ("stack/main.cfg", "common/*.yml\nnodes/<minion_id>.yml\nmissing.yml\n"),
        ("stack/web.cfg", "- web.yml\n"),
        ("stack/common/a.yml", "users: [ann]\nnet: {dns: [a, b], gw: 1}\nn: 1\n"),
        ("stack/common/b.yml", "users: [bob]\nnet:\n  __: overwrite\n  mtu: 9000\nn: 2\n"),
        (
            "stack/nodes/m1.example.org.yml",
            "users:\n  - __: merge-first\n  - me\nx: {__: remove, y: 1}\n",
        ),
        (
            "stack/web.yml",
            "users:\n  - __: remove\n  - ann\nnet: {__: merge-first, mtu: 1, vlan: 5}\n",
        ),
    ];
    let case = Case::new(&files);
    let (main, web) = (case.path("stack/main.cfg"), case.path("stack/web.cfg"));
    let stack = map! {"stack" => vec![main]};
    let by_role = map! {"stack" => map! {"grains:role" => map! {"web" => web}}};
    let case = case.with(map! {"ext_pillar" => vec![stack.clone()]});
    case.gives("{'users': ['me', 'ann', 'bob'], 'net': {'mtu': 9000}, 'n': 2, 'x': {'y': 1}}");
    let case = case.with(map! {"ext_pillar" => vec![by_role]});
    case.gives("{'users': ['ann'], 'net': {'mtu': 1, 'vlan': 5}}");
}
