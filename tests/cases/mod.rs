//! The roots of pods under `tests/roots` and `samples/pods` and what is expected of them.
#![allow(dead_code)] // No test uses all of it.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use podnet::Pod;
use serde_json::Value;

/// A root of a pod, the options of the command for it, and the file with its snapshot.
pub struct Case {
    pub root: PathBuf,
    pub expect: PathBuf,
    pub options: Vec<String>,
}

/// The sorted names in a directory of this crate.
pub fn names(directory: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join(directory)).unwrap();
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths
}

pub fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for directory in names("tests/roots").into_iter().filter(|path| path.is_dir()) {
        let options = fs::read_to_string(directory.join("options")).unwrap_or_default();
        cases.push(Case {
            root: directory.join("root"),
            expect: directory.join("expect.json"),
            options: options.lines().map(str::to_owned).collect(),
        });
    }
    for root in names("samples/pods").into_iter().filter(|path| path.is_dir()) {
        let name = root.file_name().unwrap().to_str().unwrap();
        let expect =
            Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/samples/{name}.json"));
        cases.push(Case { root, expect, options: Vec::new() });
    }
    assert!(cases.len() > 40, "{} cases: were the roots checked out?", cases.len());
    cases
}

pub fn pod(case: &Case) -> Pod {
    let mut builder = Pod::builder().root(&case.root);
    let mut words = case.options.iter();
    while let Some(word) = words.next() {
        builder = match word.as_str() {
            "--assign-by-order" => builder.assign_by_order(true),
            "--downward-api" => builder.downward_api(words.next().unwrap()),
            "--container" => builder.container(words.next().unwrap()),
            other => panic!("{}: option {other:?}", case.root.display()),
        };
    }
    builder.build()
}

/// A line a case, for programs of other languages: root, Downward API directory, container and
/// flags, separated by tabs; a dash is none.
pub fn list_of(cases: &[Case]) -> String {
    let mut lines = String::new();
    for case in cases {
        let after = |option: &str| {
            let position = case.options.iter().position(|word| word == option);
            position.map_or("-", |position| case.options[position + 1].as_str())
        };
        let by_order = case.options.iter().any(|word| word == "--assign-by-order");
        let order = if by_order { "order" } else { "-" };
        let (downward_api, container) = (after("--downward-api"), after("--container"));
        writeln!(lines, "{}\t{downward_api}\t{container}\t{order}", case.root.display()).unwrap();
    }
    lines
}

/// A line for each place where the two differ.
pub fn differences(place: &str, expected: &Value, found: &Value, lines: &mut Vec<String>) {
    match (expected, found) {
        (Value::Object(left), Value::Object(right)) => {
            for (key, value) in left {
                let inner = format!("{place}.{key}");
                differences(&inner, value, right.get(key).unwrap_or(&Value::Null), lines);
                if !right.contains_key(key) {
                    lines.push(format!("{inner}: expected the key, found none"));
                }
            }
            for key in right.keys().filter(|key| !left.contains_key(*key)) {
                lines.push(format!("{place}.{key}: expected no such key, found {}", right[key]));
            }
        }
        (Value::Array(left), Value::Array(right)) if left.len() == right.len() => {
            for (index, (a, b)) in left.iter().zip(right).enumerate() {
                differences(&format!("{place}[{index}]"), a, b, lines);
            }
        }
        _ if expected != found => {
            lines.push(format!("{place}: expected {expected}, found {found}"));
        }
        _ => {}
    }
}
