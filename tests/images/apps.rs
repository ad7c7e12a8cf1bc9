//! The programs of samples/*_app, each in its image.

use std::fs;
use std::io::{self, Write};

use crate::build::{base, sample, top};
use crate::{assert_plain, container, is_root, run, runtimes};

/// Builds the image of a program and runs it in the pod, with a network that it has and one that
/// it has not.
fn builds_and_runs(name: &str) {
    if !is_root(&format!("apps::{name}")) {
        return;
    }
    let image = sample(name);
    let added = (image.size() as f64 - base().size() as f64) / 1e6;
    let _ = writeln!(io::stderr(), "{name}: {added:.1} MB added to the base");
    assert_plain(&image);
    let entrypoint = image.words("Entrypoint");
    assert!(entrypoint.last().is_some_and(|word| word.ends_with(name)), "{entrypoint:?}");
    for &runtime in runtimes() {
        let place = format!("{name} in {}", runtime.name);
        let (out, err, well) = run(&container(&image, runtime).args(&["net1"]));
        assert!(well && err.is_empty(), "{place}: {out}{err}");
        let device = out.lines().find(|line| line.starts_with("device of net1: "));
        assert!(device.is_some_and(|line| line.contains("/vhost/net1.sock")), "{out}");
        assert!(out.starts_with("cpus 0\n"), "{out}");

        let (_, err, well) = run(&container(&image, runtime).args(&["absent"]));
        let expected = format!("{name}: absent: no such network: the pod has ");
        assert!(!well && err.starts_with(&expected), "{place}: {err}");
        assert!(err.contains("net1 (") && err.lines().count() == 1, "{err}");
    }
}

#[test]
fn c_app() {
    builds_and_runs("c_app");
}

#[test]
fn cpp_app() {
    builds_and_runs("cpp_app");
}

#[test]
fn go_app() {
    builds_and_runs("go_app");
}

#[test]
fn python_app() {
    builds_and_runs("python_app");
}

#[test]
fn rust_app() {
    builds_and_runs("rust_app");
}

/// The tests above, `podnet` and `dpdk_app` are all that can be built.
#[test]
fn no_dockerfile_is_left_out() {
    let entries = fs::read_dir(top().join("samples")).unwrap().map(|entry| entry.unwrap());
    let mut found: Vec<String> = entries
        .filter(|entry| entry.path().join("Dockerfile").exists())
        .map(|entry| entry.file_name().into_string().unwrap())
        .collect();
    found.sort();
    let known = ["c_app", "cpp_app", "dpdk_app", "go_app", "podnet", "python_app", "rust_app"];
    assert_eq!(found, known);
}
