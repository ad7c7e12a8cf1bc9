//! The programs of samples/, each built with its own build file for the installed podnet: they
//! print the same, and fail for the same reasons with the same status.
#![cfg(all(feature = "capi", feature = "cli"))]
#![allow(clippy::unwrap_used)] // A test is to panic.

mod c_support;
mod installed;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use c_support::{crate_dir, run, said, succeed};
use installed::{tool, with_library};
use podnet::snapshot::Interface;
use tempfile::TempDir;

/// A root, the arguments, the exit status, and what has to be said: with status 0 the last line of
/// standard output, else in standard error.
type Run = (&'static str, &'static [&'static str], i32, &'static str);

const THERE: &str = "the pod has eth0 (ovn-kubernetes), net1 (ran/fronthaul), net2 (ran/midhaul)\n";

const RUNS: [Run; 27] = [
    ("samples/pods/sr-iov", &[], 0, "interface net2 (ran/midhaul): sr-iov"),
    ("samples/pods/sr-iov", &["net1"], 0, "device of net1: 0000:3b:02.1, NUMA node 0"),
    ("samples/pods/sr-iov", &["ran/midhaul"], 0, "device of net2: 0000:3b:0a.3, NUMA node 0"),
    ("samples/pods/sr-iov", &["midhaul"], 0, "device of net2: 0000:3b:0a.3, NUMA node 0"),
    ("samples/pods/vdpa", &["vdpa-b"], 0, "device of net2: /dev/vhost-vdpa-1, NUMA node 1"),
    ("samples/pods/memif", &["net1"], 0, "device of net1: /run/vpp/net1.sock, NUMA node unknown"),
    (
        "samples/pods/vhost-user-server",
        &["vhost-b"],
        0,
        "device of net2: /var/run/vhost/net2.sock, NUMA node unknown",
    ),
    ("tests/roots/af-xdp-pools/root", &["x"], 0, "device of ens801f0: ens801f0, NUMA node unknown"),
    ("tests/roots/device-info-vdpa/root", &["net2"], 0, "device of net2: vdpa1, NUMA node unknown"),
    (
        "tests/roots/two-containers-b/root",
        &["net2"],
        0,
        "device of net2: 0000:3b:02.1, NUMA node 0",
    ),
    ("tests/roots/subfunction-netdev/root", &[], 0, "interface net2 (default/sf-b): subfunction"),
    (
        "tests/roots/subfunction-netdev/root",
        &["sf-a"],
        0,
        "device of net1: mlx5_core.sf.10, NUMA node 1",
    ),
    ("samples/pods/sr-iov", &["backhaul"], 1, "backhaul: no such network: the pod has eth0 (ovn-"),
    ("samples/pods/sr-iov", &["backhaul"], 1, THERE),
    ("samples/pods/sr-iov", &["other/midhaul"], 1, THERE),
    ("samples/pods/sr-iov", &[""], 1, THERE),
    ("samples/pods/sr-iov", &["eth0"], 1, "eth0: no device behind it: it is of kind host\n"),
    (
        "tests/roots/status-incomplete-one-function/root",
        &["net1"],
        1,
        "net1: no such network: the pod has eth0 (cbr0); not attached yet: sriov-a\n",
    ),
    (
        "tests/roots/af-xdp-pools/root",
        &["default/y"],
        1,
        "default/y: several interfaces, name one: the pod has eth0 (cbr0), ens801f0 (default/x), \
         ens802f0 (default/y), ens802f1 (default/y)\n",
    ),
    (
        "tests/roots/two-containers-a/root",
        &["net2"],
        1,
        "net2: 0000:3b:02.1 was given to another container\n",
    ),
    (
        "tests/no-such-root",
        &["net1"],
        1,
        "no-such-root: cannot be read: no such file or directory: give the directory that stands \
         for / (--root, PODNET_ROOT)\n",
    ),
    ("tests/roots/cpus-missing/root", &[], 1, "CPUs"),
    (
        "tests/roots/cpus-malformed/root",
        &["net1"],
        1,
        "expected a list like 0-3,8, found \"2-x\"\n",
    ),
    ("tests/roots/hugepages-malformed/root", &[], 1, "expected a number, found \"lots\"\n"),
    (
        "tests/roots/status-malformed-json/root",
        &["net1"],
        1,
        "network-status: line 1 column 39: not ",
    ),
    ("samples/pods/sr-iov", &["net1", "net2"], 2, "usage: "),
    ("samples/pods/sr-iov", &["--help"], 2, "usage: "),
];

fn sample(program: &str) -> PathBuf {
    crate_dir().join("samples").join(program)
}

/// Checks every run of the program that `start` starts; the rest of what it prints of each is
/// the same as what `samples/c_app` prints.
fn check(program: &str, start: &dyn Fn() -> Command) {
    for (root, arguments, status, text) in RUNS {
        let mut command = start();
        command.args(arguments).env("PODNET_ROOT", crate_dir().join(root));
        let output = run(&mut command);
        let found = said(&output);
        assert_eq!(output.status.code(), Some(status), "{root} {arguments:?}: {found}");
        let errors = String::from_utf8(output.stderr).unwrap();
        if status == 0 {
            let printed = String::from_utf8(output.stdout).unwrap();
            assert_eq!(printed.lines().last(), Some(text), "{root} {arguments:?}");
            assert_eq!(printed, shown(root, text), "{root} {arguments:?}");
            assert_eq!(errors, "", "{root} {arguments:?}");
            continue;
        }
        assert!(errors.contains(text) && errors.contains(program), "{arguments:?}: {errors}");
        assert_eq!(errors.lines().count(), 1, "{errors}");
    }
}

fn line_of(nic: &Interface) -> String {
    format!("interface {} ({}): {}", nic.name.as_deref().unwrap_or("-"), nic.network, nic.kind)
}

/// What a program prints of `root`, from the crate's own answers.
fn shown(root: &str, last: &str) -> String {
    let pod = podnet::Pod::builder().root(crate_dir().join(root)).build();
    let mut lines = vec![format!("cpus {}", pod.cpu_info().unwrap().allowed)];
    for page in pod.hugepages().unwrap().pages {
        let limit = page.limit.map_or("unknown".to_owned(), |limit| limit.to_string());
        lines.push(format!("hugepages of {} bytes: limit {limit}", page.size));
    }
    for one in pod.interfaces().unwrap().interfaces {
        lines.push(line_of(&one));
    }
    if last.starts_with("device") {
        lines.push(last.to_owned());
    }
    lines.join("\n") + "\n"
}

fn started(program: &Path) -> Command {
    let mut command = Command::new(program);
    with_library(&mut command);
    command
}

fn make_c(directory: &Path) {
    let mut make = tool("make");
    make.arg("-C").arg(sample("c_app")).arg(format!("OUT={}", directory.display()));
    succeed(with_library(&mut make));
}

#[test]
fn c_app() {
    let directory = TempDir::new().unwrap();
    make_c(directory.path());
    let program = directory.path().join("c_app");
    check("c_app", &|| started(&program));
    let mut valgrind = tool("valgrind");
    valgrind.args(["--quiet", "--leak-check=full", "--errors-for-leak-kinds=all"]);
    valgrind.arg("--error-exitcode=9").arg(&program).arg("net1");
    succeed(with_library(&mut valgrind).env("PODNET_ROOT", crate_dir().join("samples/pods/vdpa")));
}

#[test]
fn cpp_app() {
    let directory = TempDir::new().unwrap();
    let mut meson = tool("meson");
    meson.arg("setup").arg(directory.path().join("build")).arg(sample("cpp_app"));
    succeed(with_library(&mut meson));
    succeed(tool("ninja").arg("-C").arg(directory.path().join("build")));
    let program = directory.path().join("build/cpp_app");
    check("cpp_app", &|| started(&program));
}

#[test]
fn rust_app() {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).join("rust_app");
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["build", "--quiet", "--locked", "--manifest-path"]);
    succeed(cargo.arg(sample("rust_app/Cargo.toml")).arg("--target-dir").arg(&target));
    let program = target.join("debug/rust_app");
    check("rust_app", &|| Command::new(&program));
}

/// With a cache of its own, for Go does not notice when a header has changed.
#[test]
fn go_app() {
    let scratch = TempDir::new().unwrap();
    let program = scratch.path().join("go_app");
    let mut go = Command::new("go");
    go.current_dir(sample("go_app")).args(["build", "-o"]).arg(&program);
    go.env("GOCACHE", scratch.path().join("cache")).env("GOPATH", scratch.path().join("path"));
    go.env("GOPROXY", "off").env("GOTOOLCHAIN", "local").env("CGO_ENABLED", "1");
    succeed(with_library(&mut go));
    check("go_app", &|| started(&program));
    let unformatted = succeed(Command::new("gofmt").arg("-l").arg(sample("go_app")));
    assert_eq!(said(&unformatted), "", "not formatted");
}

/// The wheel that pip would install, and the module of the bindings.
#[test]
fn python_app() {
    let directory = TempDir::new().unwrap();
    let copy = directory.path().join("python_app");
    fs::create_dir(&copy).unwrap();
    for name in ["pyproject.toml", "python_app.py"] {
        fs::copy(sample("python_app").join(name), copy.join(name)).unwrap();
    }
    let build = "import setuptools.build_meta as backend; backend.build_wheel('..')";
    let builds = |program: &str| {
        let output = Command::new(program).args(["-c", build]).current_dir(&copy).output();
        output.is_ok_and(|output| output.status.success())
    };
    let built = ["python3", "/usr/bin/python3"].into_iter().any(builds);
    assert!(built, "no wheel: run: sudo apt-get install python3-setuptools python3-wheel");
    let wheel = directory.path().join("python_app-0.1.0-py3-none-any.whl");
    let path = format!("{}:{}", wheel.display(), crate_dir().join("bindings/python").display());
    check("python_app", &|| {
        let mut command = started(Path::new("python3"));
        command.args(["-W", "error", "-m", "python_app"]);
        command.env("PYTHONPATH", &path).env("PYTHONDONTWRITEBYTECODE", "1");
        command
    });
}

fn shown_by(program: &Path, root: &str, arguments: &[&str]) -> Output {
    run(started(program).args(arguments).env("PODNET_ROOT", crate_dir().join(root)))
}

/// Compiles `samples/c_app/netutil_app.c` after the change that its page shows.
fn migrated(directory: &Path, flags: &[&str]) -> PathBuf {
    let source = directory.join("podnet_app.c");
    let mut patch = tool("patch");
    patch.args(["--fuzz=0", "-o"]).arg(&source).arg(sample("c_app/netutil_app.c"));
    let said_of = said(&succeed(patch.arg(sample("c_app/README.md"))));
    assert!(
        !said_of.contains("offset"),
        "samples/c_app/README.md: not the lines of now: {said_of}"
    );
    let text = fs::read_to_string(&source).unwrap();
    assert!(!text.contains("netutil") && !text.contains("NETUTIL"), "{text}");
    let program = directory.join("podnet_app");
    let found = succeed(with_library(tool("pkg-config").args(["--cflags", "--libs", "podnet"])));
    let found = String::from_utf8(found.stdout).unwrap();
    let mut compiler = c_support::compiler();
    compiler.args(flags).arg(&source).arg("-o").arg(&program);
    succeed(compiler.args(found.split_whitespace()));
    program
}

/// The roots of pods in this repository.
fn roots() -> Vec<PathBuf> {
    let of = |directory: &str, below: &str| -> Vec<PathBuf> {
        let entries = fs::read_dir(crate_dir().join(directory)).unwrap();
        entries
            .map(|entry| entry.unwrap().path().join(below))
            .filter(|path| path.is_dir())
            .collect()
    };
    let mut found = of("tests/roots", "root");
    found.extend(of("samples/pods", ""));
    found.sort();
    found
}

/// The migrated program shows the interfaces of every root as the crate does, and with sanitizers
/// no error: a kind that it does not know of is past the end of its table.
#[test]
fn the_migration_knows_every_kind() {
    let directory = TempDir::new().unwrap();
    let program =
        migrated(directory.path(), &["-fsanitize=address,undefined", "-fno-sanitize-recover=all"]);
    let mut kinds = BTreeSet::new();
    for root in roots() {
        let pod = podnet::Pod::builder().root(&root).build();
        let Ok(all) = pod.interfaces() else { continue };
        let lines: Vec<String> = all.interfaces.iter().map(line_of).collect();
        kinds.extend(all.interfaces.iter().map(|nic| nic.kind.to_string()));
        // Of a sort each: another of it takes the same way.
        let mut seen = BTreeSet::new();
        for nic in all.interfaces.iter().filter(|nic| seen.insert(nic.kind.to_string())) {
            let mut command = started(&program);
            command.args(nic.name.as_deref()).env("PODNET_ROOT", &root);
            let output = run(&mut command);
            let errors = String::from_utf8_lossy(&output.stderr);
            let ours = errors.lines().all(|line| line.starts_with("podnet_app: "));
            assert!(ours && errors.lines().count() <= 1, "{}: {errors}", root.display());
            let printed = String::from_utf8_lossy(&output.stdout);
            let printed: Vec<&str> =
                printed.lines().filter(|line| line.starts_with("interface ")).collect();
            if pod.cpu_info().is_ok() && pod.hugepages().is_ok() {
                assert_eq!(printed, lines, "{}", root.display());
            }
        }
    }
    let header = fs::read_to_string(crate_dir().join("include/podnet.h")).unwrap();
    assert_eq!(kinds.len(), header.matches("#define PODNET_KIND_").count(), "{kinds:?}");
}

/// The same program in the dialect of app-netutil, and after the change that its page shows.
#[test]
fn netutil_app_and_its_migration() {
    let directory = TempDir::new().unwrap();
    make_c(directory.path());
    let before = directory.path().join("netutil_app");
    let needed = succeed(tool("readelf").arg("-d").arg(&before));
    assert!(said(&needed).contains("libpodnet.so.0"), "{}", said(&needed));
    let after = migrated(directory.path(), &[]);

    // The second knows of AF_XDP, and of NUMA nodes everywhere.
    for (root, network, device) in [
        ("samples/pods/sr-iov", "net1", "0000:3b:02.1"),
        ("samples/pods/vdpa", "vdpa-b", "/dev/vhost-vdpa-1"),
        ("samples/pods/memif", "default/memif-a", "/run/vpp/net1.sock"),
        ("samples/pods/vhost-user-client", "net2", "/var/run/vhost/net2.sock"),
    ] {
        let [old, new] = [&before, &after].map(|program| {
            let output = shown_by(program, root, &[network]);
            assert_eq!(output.status.code(), Some(0), "{root}: {}", said(&output));
            String::from_utf8(output.stdout).unwrap()
        });
        let kept = |text: &str| -> Vec<String> {
            let lines = text.lines().filter(|line| !line.starts_with("hugepages"));
            lines.map(|line| line.split(", NUMA").next().unwrap().to_owned()).collect()
        };
        assert_eq!(kept(&old), kept(&new), "{root}");
        assert!(old.contains(&format!(": {device}\n")), "{root}: {old}");
        assert!(new.contains(&format!(": {device}, NUMA node ")), "{root}: {new}");
    }
    for program in [&before, &after] {
        for (arguments, status) in [(&["absent"][..], 1), (&["a", "b"], 2)] {
            let output = shown_by(program, "samples/pods/sr-iov", arguments);
            assert_eq!(output.status.code(), Some(status), "{}", said(&output));
        }
        let output = shown_by(program, "tests/no-such-root", &[]);
        assert_eq!(output.status.code(), Some(1), "{}", said(&output));
    }
}
