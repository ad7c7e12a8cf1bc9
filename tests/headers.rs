//! The committed headers are what cbindgen makes of the sources, and compile without a warning.
#![allow(clippy::unwrap_used)] // A test is to panic.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A header and the sources it is made of, in the order of their appearance.
struct Header {
    name: &'static str,
    sources: &'static [&'static str],
}

const PODNET: Header = Header {
    name: "podnet",
    sources: &[
        "src/capi/error.rs",
        "src/capi/owned.rs",
        "src/capi/pod.rs",
        "src/capi/cpu.rs",
        "src/capi/hugepages.rs",
        "src/capi/device.rs",
        "src/capi/interfaces.rs",
        "src/capi/watch.rs",
        "src/capi/eal.rs",
    ],
};

const NETUTIL: Header = Header {
    name: "libnetutil_api",
    sources: &["src/compat/types.rs", "src/compat/config.rs", "src/compat/mod.rs"],
};

fn manifest_dir() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn include_dir() -> PathBuf {
    manifest_dir().join("include")
}

fn generate(header: &Header) -> String {
    let config = include_dir().join(format!("{}.toml", header.name));
    let config = cbindgen::Config::from_file(config).unwrap();
    let mut builder = cbindgen::Builder::new().with_config(config);
    for source in header.sources {
        builder = builder.with_src(manifest_dir().join(source));
    }
    let mut bytes = Vec::new();
    builder.generate().unwrap().write(&mut bytes);
    String::from_utf8(bytes)
        .unwrap()
        .replace("@VERSION@", env!("CARGO_PKG_VERSION"))
        .replace("@MAJOR@", env!("CARGO_PKG_VERSION_MAJOR"))
        .replace("@MINOR@", env!("CARGO_PKG_VERSION_MINOR"))
        .replace("@PATCH@", env!("CARGO_PKG_VERSION_PATCH"))
}

fn check(header: &Header) {
    let path = include_dir().join(format!("{}.h", header.name));
    let made = generate(header);
    if std::env::var_os("PODNET_BLESS").is_some() {
        fs::write(&path, &made).unwrap();
    }
    let committed = fs::read_to_string(&path).unwrap_or_default();
    let stale = format!(
        "include/{}.h is not what the sources say; run: PODNET_BLESS=1 cargo test --test headers",
        header.name
    );
    assert!(committed == made, "{stale}");
}

#[test]
fn podnet_h_is_fresh() {
    check(&PODNET);
}

#[test]
fn libnetutil_api_h_is_fresh() {
    check(&NETUTIL);
}

/// A struct whose size nothing pins could change unseen. Those of the drop-in are in one macro.
#[test]
fn the_size_of_every_struct_is_pinned() {
    let read = |source: &&str| fs::read_to_string(manifest_dir().join(source)).unwrap();
    let pins: String = PODNET.sources.iter().map(read).collect();
    let header = generate(&PODNET);
    let starts = header.lines().filter_map(|line| line.strip_prefix("struct podnet_"));
    let names: Vec<&str> = starts.filter_map(|rest| rest.strip_suffix(" {")).collect();
    assert!(names.len() > 20, "{names:?}");
    for name in names {
        assert!(pins.contains(&format!("size_of::<podnet_{name}>() == ")), "podnet_{name}");
    }
}

const C: [&str; 6] = ["c99", "c11", "c17", "c2x", "gnu99", "gnu17"];
const CPP: [&str; 4] = ["c++11", "c++17", "c++20", "gnu++17"];

/// What programs have before a header: nothing, or headers that define awkward macros.
const BEFORE: [&str; 2] = ["", "#include <errno.h>\n#include <stdio.h>\n"];

const TOGETHER: [&str; 4] = [
    "#include \"podnet.h\"\n",
    "#include \"libnetutil_api.h\"\n",
    "#include \"podnet.h\"\n#include \"libnetutil_api.h\"\n",
    "#include \"libnetutil_api.h\"\n#include \"podnet.h\"\n#include \"podnet.h\"\n",
];

#[test]
fn headers_compile_without_warnings_in_c_and_cpp() {
    let directory = tempfile::tempdir().unwrap();
    for header in [&PODNET, &NETUTIL] {
        let path = directory.path().join(format!("{}.h", header.name));
        fs::write(path, generate(header)).unwrap();
    }
    let compilers = [("CC", "cc", "c", &C[..]), ("CXX", "c++", "cpp", &CPP[..])];
    for (variable, default, extension, standards) in compilers {
        let compiler = std::env::var(variable).unwrap_or_else(|_| default.to_owned());
        let mut sources = Vec::new();
        for (number, (before, headers)) in
            BEFORE.iter().flat_map(|before| TOGETHER.map(|headers| (before, headers))).enumerate()
        {
            let path = directory.path().join(format!("use{number}.{extension}"));
            // A translation unit must declare something.
            fs::write(&path, format!("{before}{headers}extern int unused;\n")).unwrap();
            sources.push(path);
        }
        for standard in standards {
            let output = Command::new(&compiler)
                .arg(format!("-std={standard}"))
                .args(["-Wall", "-Wextra", "-Wpedantic", "-Wshadow", "-Werror", "-fsyntax-only"])
                .arg("-I")
                .arg(directory.path())
                .args(&sources)
                .output()
                .unwrap_or_else(|error| panic!("{compiler}: {error}: install the package g++"));
            let errors = String::from_utf8_lossy(&output.stderr);
            assert!(output.status.success(), "{compiler} -std={standard}: {errors}");
        }
    }
}
