//! The bindings for C++, Go and Python: every root gives the expected snapshot through the types
//! of each, and each keeps what its documentation promises beside.
//!
//! A program of each language prints a line of JSON per root, made of its typed view member by
//! member. Those of C++ and Go call for one subject at a time: where such a call fails, they print
//! the error number and text, which have to be the crate's.

#![cfg(feature = "capi")]
#![allow(clippy::unwrap_used)] // A test is to panic.

mod c_support;
mod cases;
mod kubelet;

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use c_support::{Library, crate_dir, succeed};
use cases::{Case, cases, differences, list_of, pod};
use kubelet::{Kubelet, annotations};
use podnet::Error;
use podnet::eal::{App, EalArgs};
use serde_json::{Value, json};
use tempfile::TempDir;

/// A command of a tool that has to be there.
fn tool(program: &str, package: &str) -> Command {
    let found = Command::new(program).arg("version").stderr(Stdio::null()).output();
    if let Err(error) = found {
        panic!("{program}: {error}: run: sudo apt-get install {package}");
    }
    Command::new(program)
}

/// What the program prints of each case.
fn printed(program: &mut Command, cases: &[Case]) -> Vec<Value> {
    let directory = tempfile::tempdir().unwrap();
    let list = directory.path().join("cases");
    fs::write(&list, list_of(cases)).unwrap();
    let output = succeed(program.stdin(Stdio::from(fs::File::open(&list).unwrap())));
    let printed = String::from_utf8(output.stdout).unwrap();
    let values: Vec<Value> =
        printed.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(values.len(), cases.len());
    values
}

/// Fails for every place where what `language` prints is not what is expected.
fn compare(language: &str, cases: &[Case], expected: &[Value], found: &[Value]) {
    let mut lines = Vec::new();
    for ((case, expected), found) in cases.iter().zip(expected).zip(found) {
        differences(&case.root.display().to_string(), expected, found, &mut lines);
    }
    assert!(lines.is_empty(), "{language}:\n{}", lines.join("\n"));
}

/// A CPU list with its numbers: the bindings have both.
fn set(list: &Value) -> Value {
    let Some(list) = list.as_str() else { return Value::Null };
    let mut ids: Vec<u32> = Vec::new();
    for part in list.split(',').filter(|part| !part.is_empty()) {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        ids.extend(first.parse::<u32>().unwrap()..=last.parse().unwrap());
    }
    json!({"list": list, "ids": ids})
}

fn with_sets(mut cpus: Value) -> Value {
    if cpus.is_null() {
        return cpus;
    }
    for key in ["allowed", "isolated", "shared", "housekeeping", "memoryNodes"] {
        cpus[key] = set(&cpus[key]);
    }
    for key in ["affinity", "cpuset"] {
        cpus["sources"][key] = set(&cpus["sources"][key]);
    }
    for node in cpus["nodes"].as_array_mut().unwrap() {
        node["cpus"] = set(&node["cpus"]);
    }
    for core in cpus["cores"].as_array_mut().unwrap() {
        *core = set(core);
    }
    cpus
}

fn snapshot(case: &Case) -> Value {
    serde_json::from_str(&fs::read_to_string(&case.expect).unwrap()).unwrap()
}

/// `value`, or the error that the crate's call for it gives.
fn answer<T>(result: Result<T, Error>, value: impl FnOnce(T) -> Value) -> Value {
    result.map_or_else(|error| json!({"errno": error.errno(), "error": error.to_string()}), value)
}

/// What a binding over the calls for one subject is to print.
fn by_subject(case: &Case) -> Value {
    let (pod, snapshot) = (pod(case), snapshot(case));
    let keys = ["state", "pendingNetworks", "interfaces", "unmatchedDevices"];
    let interfaces = keys.map(|key| (key.to_owned(), snapshot[key].clone()));
    json!({
        "cpus": answer(pod.cpu_info(), |_| with_sets(snapshot["cpus"].clone())),
        "hugepages": answer(pod.hugepages(), |_| snapshot["hugepages"].clone()),
        "interfaces": answer(pod.interfaces(), |_| Value::Object(interfaces.into_iter().collect())),
        "eal": answer(eal_args(&pod.snapshot().unwrap()), |value| value),
        "json": snapshot,
    })
}

/// Arguments as the programs ask for them.
fn eal_args(snapshot: &podnet::Snapshot) -> Result<Value, Error> {
    let builder = EalArgs::builder(snapshot).app(App::L3fwd).file_prefix("golden");
    let args = builder.build()?;
    let argv = args.argv("golden", &["--log-level".to_owned(), "7".to_owned()]);
    let ports: Vec<Value> = args
        .ports
        .iter()
        .map(|port| {
            json!({
                "id": port.id, "interface": port.interface, "network": port.network,
                "devarg": port.devarg, "name": port.name, "mac": port.mac, "ips": port.ips,
                "numaNode": port.numa_node,
            })
        })
        .collect();
    let lcores: Vec<Value> =
        args.lcores.iter().map(|lcore| json!({"id": lcore.id, "cpu": lcore.cpu})).collect();
    let end = argv.iter().position(|word| word == "--");
    Ok(json!({
        "args": argv, "eal": end, "ports": ports, "lcores": lcores, "warnings": args.warnings,
    }))
}

/// What a binding over the calls for one subject prints, made comparable: the texts of warnings
/// are not kept in the expectations, and 2 is 2.0.
fn comparable(mut found: Value) -> Value {
    without_texts(&mut found["json"]);
    if let Some(quota) = found["cpus"].get("quota").and_then(Value::as_f64) {
        found["cpus"]["quota"] = json!(quota);
    }
    found
}

fn without_texts(snapshot: &mut Value) {
    for warning in snapshot["warnings"].as_array_mut().unwrap() {
        assert_ne!(warning["text"], "");
        warning["text"] = "".into();
    }
}

fn compile_cpp(source: &str, library: &Library, directory: &TempDir) -> PathBuf {
    let compiler = std::env::var("CXX").unwrap_or_else(|_| "c++".to_owned());
    let program = directory.path().join(source);
    let mut command = tool(&compiler, "g++");
    command.args(["-std=c++17", "-g", "-Wall", "-Wextra", "-Wpedantic", "-Werror"]);
    command.arg("-fsanitize=address,undefined").arg("-fno-sanitize-recover=all");
    for headers in ["include", "bindings/cpp"] {
        command.arg("-I").arg(crate_dir().join(headers));
    }
    command.arg(crate_dir().join(format!("tests/cpp/{source}.cpp"))).arg("-o").arg(&program);
    succeed(command.arg(library.archive()).args(["-lpthread", "-ldl", "-lm"]));
    let symbols = fs::read(&program).unwrap();
    let sanitized = symbols.windows(11).any(|name| name == b"__asan_init");
    assert!(sanitized, "the sanitizer is not in {}", program.display());
    program
}

#[test]
fn cpp_gives_the_expected_answers() {
    let (library, directory) = (Library::new(), tempfile::tempdir().unwrap());
    let program = compile_cpp("golden", &library, &directory);
    let cases = cases();
    let found = printed(&mut Command::new(program), &cases);
    let expected: Vec<Value> = cases.iter().map(by_subject).collect();
    let found: Vec<Value> = found.into_iter().map(comparable).collect();
    compare("C++", &cases, &expected, &found);
}

#[test]
fn cpp_owners_errors_and_ranges_are_as_documented() {
    let (library, directory) = (Library::new(), tempfile::tempdir().unwrap());
    let program = compile_cpp("podnet_test", &library, &directory);
    succeed(Command::new(program).arg(crate_dir().join("samples/pods/sr-iov")));
}

/// A program that waits and watches: a line of its input is a command, which a line answers.
struct Watcher {
    child: Child,
    input: Option<ChildStdin>,
    answers: Receiver<String>,
}

impl Watcher {
    fn start(command: &mut Command) -> Watcher {
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let output = BufReader::new(child.stdout.take().unwrap());
        let (sender, answers) = mpsc::channel();
        thread::spawn(move || {
            // Ends with the program, or with the test.
            for line in output.lines().map_while(Result::ok) {
                if sender.send(line).is_err() {
                    return;
                }
            }
        });
        Watcher { input: child.stdin.take(), child, answers }
    }

    fn tell(&mut self, command: &str) {
        writeln!(self.input.as_mut().unwrap(), "{command}").unwrap();
    }

    fn answer(&self) -> String {
        self.answers.recv_timeout(Duration::from_secs(60)).unwrap()
    }

    fn ask(&mut self, command: &str) -> String {
        self.tell(command);
        self.answer()
    }

    /// Gives a command that has no answer until `change` was made.
    fn ask_before(&mut self, command: &str, change: impl FnOnce()) -> String {
        self.tell(command);
        let early = self.answers.recv_timeout(Duration::from_millis(300));
        assert_eq!(early, Err(RecvTimeoutError::Timeout), "{command}");
        change();
        self.answer()
    }

    fn end(mut self) {
        drop(self.input.take());
        assert!(self.child.wait().unwrap().success());
    }
}

impl Drop for Watcher {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

const ETH0: &str = r#"{"name":"cbr0","interface":"eth0","default":true}"#;
const NET1: &str = r#"{"name":"ran/a","interface":"net1","ips":["192.0.2.1"]}"#;
const NET1_MOVED: &str = r#"{"name":"ran/a","interface":"net1","ips":["192.0.2.7"]}"#;
const NET2: &str = r#"{"name":"ran/b","interface":"net2","ips":["2001:db8::2","192.0.2.2"]}"#;

/// Plays the kubelet while a binding's program, to which a root is added, waits and watches.
fn waits_and_watches(program: &mut Command) {
    let root = tempfile::tempdir().unwrap();
    let mut kubelet = Kubelet::new(root.path().join("etc/podnetinfo"));
    let mut status = |entries: &[&str]| {
        kubelet.write(&annotations("ran/a, ran/b", (!entries.is_empty()).then_some(entries)));
    };
    let mut watcher = Watcher::start(program.arg(root.path()));
    let fails = |watcher: &mut Watcher, command: &str, name: &str, text: &str| {
        let answer = watcher.ask(command);
        let right = answer.starts_with(&format!("{name}: ")) && answer.contains(text);
        assert!(right && !answer.contains(" 1ms"), "{command}: {answer}");
    };
    fails(&mut watcher, "wait 60000", "not mounted", "mount a downwardAPI volume");
    status(&[]);
    fails(&mut watcher, "wait 50", "no status", "whether the cluster runs Multus");
    status(&[ETH0]);
    fails(&mut watcher, "wait 50", "networks missing", "for ran/a, ran/b: ");
    fails(&mut watcher, "wait 50 eth0 net1", "networks missing", "for net1: ");
    fails(&mut watcher, "wait 60000 a/b/c", "error 22", "a/b/c");
    assert_eq!(watcher.ask("wait 60000 eth0"), "there");
    assert_eq!(watcher.ask_before("wait 60000", || status(&[ETH0, NET1, NET2])), "there");

    status(&[ETH0]);
    assert_eq!(watcher.ask("watch"), "watch");
    assert_eq!(watcher.ask("next 50"), "nothing");
    let event = watcher.ask_before("next 60000", || status(&[ETH0, NET1]));
    assert_eq!(event, "added net1 192.0.2.1");
    let event = watcher.ask_before("next 60000", || status(&[NET1_MOVED, ETH0]));
    assert_eq!(event, "changed net1 192.0.2.7 before net1 192.0.2.1");
    let event = watcher.ask_before("next 60000", || status(&[NET1_MOVED, NET2]));
    assert_eq!(event, "removed eth0");
    assert_eq!(watcher.ask("next 60000"), "added net2 2001:db8::2 192.0.2.2");
    let event = watcher.ask_before("next 60000", || status(&["{"]));
    let malformed = format!("error {}: ", libc::EBADMSG);
    assert!(event.starts_with(&malformed) && event.contains("network-status"), "{event}");
    status(&[NET1_MOVED, NET2]);
    assert_eq!(watcher.ask("next 300"), "nothing");
    assert_eq!(watcher.ask("close"), "close");
    assert_eq!(watcher.ask("next 50"), "closed");
    watcher.end();
}

#[test]
fn cpp_waits_and_watches() {
    let (library, directory) = (Library::new(), tempfile::tempdir().unwrap());
    let program = compile_cpp("watch", &library, &directory);
    waits_and_watches(Command::new(program).env("ASAN_OPTIONS", "detect_leaks=1"));
}

/// A directory with a `podnet.pc` for the library of this build.
fn pkg_config(library: &Library) -> TempDir {
    tool("pkg-config", "pkg-config");
    let (headers, libraries) = (crate_dir().join("include"), library.directory());
    let (headers, libraries) = (headers.display(), libraries.display());
    let text = format!(
        "Name: podnet\nDescription: podnet\nVersion: {}\nLibs: -L{libraries} -lpodnet\n\
         Cflags: -I{headers}\n",
        env!("CARGO_PKG_VERSION")
    );
    let directory = tempfile::tempdir().unwrap();
    fs::write(directory.path().join("podnet.pc"), text).unwrap();
    directory
}

/// The go command on the package, with nothing from the network. Its cache is new, for it does not
/// notice when a header or what pkg-config says has changed.
fn go(library: &Library, scratch: &TempDir) -> Command {
    let mut command = tool("go", "golang-go");
    command.current_dir(crate_dir().join("bindings/go"));
    command.env("GOCACHE", scratch.path().join("cache"));
    command.env("GOPATH", scratch.path().join("path"));
    command.env("GOPROXY", "off").env("GOFLAGS", "-mod=mod").env("GOTOOLCHAIN", "local");
    command.env("CGO_ENABLED", "1").env("GODEBUG", "cgocheck=2");
    command.env("PKG_CONFIG_PATH", scratch.path()).env("LD_LIBRARY_PATH", library.directory());
    command
}

/// Go leaves out strings that are absent, or has them empty.
fn fill_absent(expected: &Value, found: &mut Value) {
    match (expected, found) {
        (Value::Object(expected), Value::Object(found)) => {
            for (key, value) in expected {
                let inner = found.entry(key).or_insert(Value::Null);
                if value.is_null() && inner == "" {
                    *inner = Value::Null;
                }
                fill_absent(value, inner);
            }
        }
        (Value::Array(expected), Value::Array(found)) => {
            for (expected, found) in expected.iter().zip(found) {
                fill_absent(expected, found);
            }
        }
        _ => {}
    }
}

#[test]
fn go_gives_the_expected_answers() {
    let library = Library::new();
    let scratch = pkg_config(&library);
    let program = scratch.path().join("golden");
    succeed(go(&library, &scratch).args(["build", "-o"]).arg(&program).arg("./internal/golden"));
    let cases = cases();
    let mut command = go_program(&program, &library);
    let found = printed(&mut command, &cases);
    let expected: Vec<Value> = cases.iter().map(by_subject).collect();
    let mut found: Vec<Value> = found.into_iter().map(comparable).collect();
    for (expected, found) in expected.iter().zip(&mut found) {
        for subject in ["cpus", "hugepages", "interfaces", "eal"] {
            fill_absent(&expected[subject], &mut found[subject]);
        }
    }
    compare("Go", &cases, &expected, &found);
}

/// A program that was made of the package.
fn go_program(program: &Path, library: &Library) -> Command {
    let mut command = Command::new(program);
    command.env("GODEBUG", "cgocheck=2").env("LD_LIBRARY_PATH", library.directory());
    command
}

#[test]
fn go_waits_and_watches() {
    let library = Library::new();
    let scratch = pkg_config(&library);
    let program = scratch.path().join("watcher");
    succeed(go(&library, &scratch).args(["build", "-o"]).arg(&program).arg("./internal/watcher"));
    waits_and_watches(&mut go_program(&program, &library));
}

#[test]
fn go_package_passes_its_tests() {
    let library = Library::new();
    let scratch = pkg_config(&library);
    succeed(go(&library, &scratch).args(["vet", "./..."]));
    succeed(go(&library, &scratch).args(["test", "-count=1", "./..."]));
    let root = crate_dir().join("bindings/go");
    let unformatted = succeed(tool("gofmt", "golang-go").arg("-l").arg(root));
    assert_eq!(String::from_utf8_lossy(&unformatted.stdout), "", "not formatted");
}

/// Python with the package on its path: the sources, or a wheel.
fn python(library: &Library, path: &Path) -> Command {
    let mut command = tool("python3", "python3");
    command.args(["-W", "error"]).env("PYTHONPATH", path).env("PYTHONDONTWRITEBYTECODE", "1");
    command.env("LD_LIBRARY_PATH", library.directory());
    command
}

#[test]
fn python_gives_the_expected_snapshots() {
    let (library, sources) = (Library::new(), crate_dir().join("bindings/python"));
    let cases = cases();
    let mut command = python(&library, &sources);
    let mut found = printed(command.arg(sources.join("tests/golden.py")), &cases);
    found.iter_mut().for_each(without_texts);
    let expected: Vec<Value> = cases
        .iter()
        .map(|case| {
            let mut snapshot = snapshot(case);
            snapshot["cpus"] = with_sets(snapshot["cpus"].take());
            snapshot
        })
        .collect();
    compare("Python", &cases, &expected, &found);
}

#[test]
fn python_package_passes_its_tests() {
    let (library, sources) = (Library::new(), crate_dir().join("bindings/python"));
    let mut command = python(&library, &sources);
    succeed(command.args(["-m", "unittest", "-v"]).arg(sources.join("tests/test_podnet.py")));
}

#[test]
fn python_waits_and_watches() {
    let (library, sources) = (Library::new(), crate_dir().join("bindings/python"));
    waits_and_watches(python(&library, &sources).arg(sources.join("tests/watch.py")));
}

/// The first python3 that can build wheels: one that comes before Debian's may have no setuptools.
fn wheel_builder() -> Command {
    for program in ["python3", "/usr/bin/python3"] {
        let can = Command::new(program).args(["-c", "import setuptools, wheel"]).output();
        if can.is_ok_and(|output| output.status.success()) {
            return Command::new(program);
        }
    }
    panic!("setuptools: not found: run: sudo apt-get install python3-setuptools python3-wheel");
}

#[test]
fn python_wheel_is_whole() {
    let (library, directory) = (Library::new(), tempfile::tempdir().unwrap());
    // A copy, for setuptools writes beside the sources.
    let copy = directory.path().join("python");
    fs::create_dir_all(copy.join("podnet")).unwrap();
    let sources = crate_dir().join("bindings/python");
    let package = fs::read_dir(sources.join("podnet")).unwrap();
    let mut names: Vec<String> = package
        .map(|entry| format!("podnet/{}", entry.unwrap().file_name().to_str().unwrap()))
        .filter(|name| !name.ends_with("__pycache__"))
        .collect();
    names.extend(["pyproject.toml".to_owned(), "README.md".to_owned()]);
    for name in &names {
        fs::copy(sources.join(name), copy.join(name)).unwrap();
    }
    let build = "import setuptools.build_meta as backend; backend.build_wheel('..')";
    succeed(wheel_builder().args(["-c", build]).current_dir(&copy));

    let version = env!("CARGO_PKG_VERSION");
    let wheel = directory.path().join(format!("podnet-{version}-py3-none-any.whl"));
    let program = "import importlib.metadata, importlib.resources, podnet, sys; \
         print(importlib.metadata.version('podnet'), podnet.version(), \
               importlib.resources.files(podnet).joinpath('py.typed').is_file(), \
               podnet.snapshot(sys.argv[1]).state, podnet.__file__)";
    let mut command = python(&library, &wheel);
    let output =
        succeed(command.args(["-c", program]).arg(crate_dir().join("samples/pods/sr-iov")));
    let said = String::from_utf8(output.stdout).unwrap();
    let expected = format!("{version} {version} True complete {}/", wheel.display());
    assert!(said.starts_with(&expected), "{said}");
}

#[test]
fn versions_are_equal() {
    let version = env!("CARGO_PKG_VERSION");
    for (path, line) in [
        ("bindings/python/pyproject.toml", format!("version = \"{version}\"\n")),
        ("CHANGELOG.md", format!("\n## {version} - ")),
    ] {
        let text = fs::read_to_string(crate_dir().join(path)).unwrap();
        assert!(text.contains(&line), "{path}: expected {line:?}");
    }
}
