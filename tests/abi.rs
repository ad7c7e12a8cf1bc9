//! The exported symbols are those of `abi/symbols.txt`. A change of the headers that compiled
//! programs would notice takes a raised major version, of which the soname is made; an addition to
//! a released version takes any raised one.
//!
//! `abi/*.h` are the headers of the last version, and what `include/*.h` is compared with. With
//! `PODNET_BLESS=1` they are replaced by the current ones once those pass.
#![cfg(feature = "capi")]
#![allow(clippy::unwrap_used)] // A test is to panic.

mod c_support;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use c_support::{Library, crate_dir, run, said, succeed};

const HEADERS: [&str; 2] = ["podnet.h", "libnetutil_api.h"];

fn is_blessed() -> bool {
    std::env::var_os("PODNET_BLESS").is_some()
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The symbols that the library of this build exports, one a line.
fn exported() -> String {
    let library = Library::new();
    let mut nm = Command::new("nm");
    nm.args(["--dynamic", "--defined-only", "--format=posix"]);
    let output = succeed(nm.arg(library.directory().join("libpodnet.so")));
    let text = String::from_utf8(output.stdout).unwrap();
    let mut names: Vec<&str> = text.lines().map(|line| line.split(' ').next().unwrap()).collect();
    names.sort_unstable();
    names.join("\n") + "\n"
}

#[test]
fn the_exported_symbols_are_the_committed_ones() {
    let path = crate_dir().join("abi/symbols.txt");
    let symbols = exported();
    if is_blessed() {
        fs::write(&path, &symbols).unwrap();
    }
    let bless = "run, where the change is meant: PODNET_BLESS=1 cargo test --test abi";
    assert_eq!(read(&path), symbols, "abi/symbols.txt: {bless}");
}

/// The functions that a header declares.
fn functions(header: &str) -> Vec<&str> {
    let prefixes = ["int ", "int64_t ", "void ", "const char *"];
    let lines = header.lines().filter(|line| prefixes.iter().any(|name| line.starts_with(name)));
    let names = lines
        .filter_map(|line| line.split_once('('))
        .map(|(start, _)| start.rsplit([' ', '*']).next().unwrap());
    names.collect()
}

/// An object with a pointer to each function, for abidiff: through their types it sees all others.
fn object(headers: &Path, functions: &[&str], to: PathBuf) -> PathBuf {
    let source = to.with_extension("c");
    let mut text: String = HEADERS.map(|name| format!("#include \"{name}\"\n")).concat();
    for name in functions {
        text += &format!("__typeof__({name}) *pointer_to_{name};\n");
    }
    fs::write(&source, text).unwrap();
    let mut compiler = Command::new(std::env::var("CC").unwrap_or_else(|_| "cc".to_owned()));
    compiler.args(["-std=gnu11", "-g", "-O0", "-c", "-I"]).arg(headers);
    succeed(compiler.arg("-o").arg(&to).arg(&source));
    to
}

/// The constants of a header, which compiled programs have inside them.
fn constants(header: &str) -> BTreeMap<&str, &str> {
    let defines = header.lines().filter_map(|line| line.strip_prefix("#define "));
    let pairs = defines.filter_map(|rest| rest.split_once(' '));
    pairs.filter(|(name, _)| !name.starts_with("PODNET_VERSION")).collect()
}

/// Major, minor and patch.
type Version = [u32; 3];

fn version(directory: &Path) -> Version {
    let header = read(&directory.join("podnet.h"));
    ["MAJOR", "MINOR", "PATCH"].map(|name| {
        let (_, rest) = header.split_once(&format!("#define PODNET_VERSION_{name} ")).unwrap();
        rest.lines().next().unwrap().parse().unwrap()
    })
}

/// What new headers are to compiled programs.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Change {
    Nothing,
    Addition,
    Break,
}

/// Why the version `new` can't have the change since `old`.
fn refusal(change: Change, old: Version, new: Version, is_released: bool) -> Option<&'static str> {
    match change {
        Change::Break if new[0] <= old[0] => Some(
            "compiled programs would break: keep the old form, or raise the major version, which \
             is the number in libpodnet.so.0",
        ),
        Change::Addition if new <= old && is_released => {
            Some("programs need a version to ask for that has the addition: raise it")
        }
        _ => None,
    }
}

#[test]
fn the_soname_s_number_is_raised_for_a_break_and_any_for_an_addition() {
    use Change::{Addition, Break, Nothing};
    let old = [0, 3, 1];
    // The versions that each change may have, of a released and of an unreleased one.
    let next = [old, [0, 3, 2], [0, 4, 0], [1, 0, 0]];
    for (change, allowed) in [
        (Nothing, [true; 4]),
        (Addition, [false, true, true, true]),
        (Break, [false, false, false, true]),
    ] {
        let found = next.map(|new| refusal(change, old, new, true).is_none());
        assert_eq!(found, allowed, "{change:?}");
    }
    assert_eq!(refusal(Addition, old, old, false), None);
    assert!(refusal(Break, old, old, false).is_some());
    assert!(refusal(Break, [1, 9, 0], [1, 10, 0], true).is_some());
    assert!(refusal(Break, [1, 9, 0], [0, 10, 0], true).is_some());
}

/// Structs that may grow at their end: options with a `size`, and what the library alone allocates.
const MAY_GROW: &str = "[suppress_type]
type_kind = struct
name_regexp = ^podnet_(config|eal_options|wait_options|eal_args|device)$
has_data_member_inserted_at = end
has_size_change = yes
";

/// What programs compiled with the headers of `old` would notice of those of `new`. Additions are
/// nothing to them.
fn changes(old: &Path, new: &Path) -> String {
    let mut found = String::new();
    let mut declared = [Vec::new(), Vec::new()];
    let texts = [old, new].map(|directory| HEADERS.map(|name| read(&directory.join(name))));
    for (functions_of, headers) in declared.iter_mut().zip(&texts) {
        for header in headers {
            functions_of.extend(functions(header));
        }
    }
    for (old, new) in texts[0].iter().zip(&texts[1]) {
        let new = constants(new);
        for (name, value) in constants(old) {
            if new.get(name) != Some(&value) {
                found += &format!("{name} was {value} and is {:?}\n", new.get(name));
            }
        }
    }
    let directory = tempfile::tempdir().unwrap();
    let old = object(old, &declared[0], directory.path().join("old.o"));
    let new = object(new, &declared[1], directory.path().join("new.o"));
    let mut abidiff = Command::new("abidiff");
    assert!(
        abidiff.arg("--version").output().is_ok(),
        "abidiff can't be run: install the Debian package abigail-tools"
    );
    let may_grow = directory.path().join("may-grow");
    fs::write(&may_grow, MAY_GROW).unwrap();
    abidiff = Command::new("abidiff");
    abidiff.arg("--no-added-syms").arg("--suppressions").arg(may_grow);
    let output = run(abidiff.arg(old).arg(new));
    // Bits: 1 failed, 2 wrong usage, 4 changed, 8 changed incompatibly.
    let code = output.status.code().unwrap();
    assert!(code & 3 == 0, "{}", said(&output));
    if code != 0 {
        found += &said(&output);
    }
    found
}

/// The sort of change, with what it is. What programs compiled with the new headers would miss in
/// the old ones was added.
fn change(old: &Path, new: &Path) -> (Change, String) {
    for (change, found) in
        [(Change::Break, changes(old, new)), (Change::Addition, changes(new, old))]
    {
        if !found.is_empty() {
            return (change, found);
        }
    }
    (Change::Nothing, String::new())
}

#[test]
fn a_changed_interface_has_a_raised_version() {
    let (old, new) = (crate_dir().join("abi"), crate_dir().join("include"));
    let (change, found) = change(&old, &new);
    let heading = format!("\n## {} - Unreleased\n", version(&new).map(|n| n.to_string()).join("."));
    let is_released = !read(&crate_dir().join("CHANGELOG.md")).contains(&heading);
    let refusal = refusal(change, version(&old), version(&new), is_released);
    assert!(refusal.is_none(), "{found}{}", refusal.unwrap_or_default());
    if is_blessed() {
        for name in HEADERS {
            fs::copy(new.join(name), old.join(name)).unwrap();
        }
    }
}

/// The gate sees what it is there for.
#[test]
fn changes_of_every_sort_are_found() {
    let (old, new) = (crate_dir().join("include"), tempfile::tempdir().unwrap());
    assert_eq!(change(&old, &old), (Change::Nothing, String::new()));
    // What is replaced in which header, and what the report has to name.
    let sorts = [
        ("podnet.h", "char text[1020];", "char text[1020];\n    int more;", "podnet_error"),
        ("podnet.h", "uint32_t main_cpu;", "uint32_t main_cpu, more;", "podnet_eal_options"),
        ("podnet.h", "int64_t numa_node;", "int32_t numa_node;", "numa_node"),
        ("podnet.h", "PODNET_KIND_PCI 3", "PODNET_KIND_PCI 9", "PODNET_KIND_PCI"),
        ("podnet.h", "void podnet_close(struct podnet *pod);", "", "podnet_close"),
        ("libnetutil_api.h", "char *CPUSet;", "char *CPUSet;\n    int more;", "CPUResponse"),
    ];
    for (header, from, to, named) in sorts {
        for name in HEADERS {
            let text = read(&old.join(name));
            assert!(name != header || text.contains(from), "{header}: no {from:?}");
            let text = if name == header { text.replace(from, to) } else { text };
            fs::write(new.path().join(name), text).unwrap();
        }
        let (change, found) = change(&old, new.path());
        assert_eq!(change, Change::Break, "{from:?} to {to:?}");
        assert!(found.contains(named), "{from:?} to {to:?}: {found}");
    }
    // Additions: a function, a constant, and a member after the last of options.
    let text = read(&old.join("podnet.h"));
    let grown = "struct podnet_wait_options {\n";
    let (before, options) = text.split_once(grown).unwrap();
    let sorts = [
        text.replace("void podnet_close(", "int podnet_new(void);\n\nvoid podnet_close("),
        text.replace("#define PODNET_KIND_PCI ", "#define PODNET_NEW 1\n#define PODNET_KIND_PCI "),
        format!("{before}{grown}{}", options.replacen("\n};", "\n    uint64_t more;\n};", 1)),
    ];
    for text in sorts {
        for name in HEADERS {
            fs::copy(old.join(name), new.path().join(name)).unwrap();
        }
        fs::write(new.path().join("podnet.h"), text).unwrap();
        assert_eq!(change(&old, new.path()).0, Change::Addition);
    }
}

/// Every symbol is declared, and every declared function exported.
#[test]
fn the_headers_declare_the_exported_symbols() {
    let headers = HEADERS.map(|name| read(&crate_dir().join("include").join(name)));
    let mut declared: Vec<&str> = headers.iter().flat_map(|header| functions(header)).collect();
    declared.sort_unstable();
    assert_eq!(declared.join("\n") + "\n", exported());
}
