//! What `make install` and `make deb` give, used as their users use it.
#![cfg(all(feature = "capi", feature = "cli"))]
#![allow(clippy::unwrap_used)] // A test is to panic.

mod c_support;
mod installed;
mod skip;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;

use c_support::{crate_dir, run, said, succeed};
use installed::{PREFIX, make, tool, with_library};
use skip::skip;
use tempfile::TempDir;

const SIZE_LIMIT: u64 = 900 * 1024;

/// The library's version, which is in the name of its file.
const VERSION: &str = env!("CARGO_PKG_VERSION");

/// What examples/c/show.c prints of samples/pods/sr-iov.
const SHOWN: &str = "\
cpus: 2-3,10-11
hugepages of 2097152 bytes: 0 bytes
hugepages of 1073741824 bytes: 2147483648 bytes
interface eth0: no PCI device
interface net1: 0000:3b:02.1
interface net2: 0000:3b:0a.3
";

/// The Debian package. It is built in the same directory as what is installed: one after the other.
static PACKAGE: LazyLock<PathBuf> = LazyLock::new(|| {
    LazyLock::force(&PREFIX);
    make(&["deb".to_owned()]);
    let packages = fs::read_dir(crate_dir().join("target/debian")).unwrap();
    let prefixed = |path: &PathBuf| file_name(path).starts_with(&format!("podnet_{VERSION}-"));
    packages.map(|entry| entry.unwrap().path()).find(prefixed).unwrap()
});

fn file_name(path: &Path) -> &str {
    path.file_name().unwrap().to_str().unwrap()
}

fn output(command: &mut Command) -> String {
    String::from_utf8(succeed(command).stdout).unwrap()
}

fn library() -> PathBuf {
    PREFIX.join(format!("lib/libpodnet.so.{VERSION}"))
}

fn sample() -> PathBuf {
    crate_dir().join("samples/pods/sr-iov")
}

fn shows(program: &Path) {
    let mut command = Command::new(program);
    command.arg(sample()).env("LD_LIBRARY_PATH", PREFIX.join("lib"));
    assert_eq!(output(&mut command), SHOWN, "{}", program.display());
}

#[test]
fn libraries_headers_and_links_are_installed() {
    let lib = PREFIX.join("lib");
    let real = fs::canonicalize(library()).unwrap();
    for name in ["libpodnet.so", "libpodnet.so.0", "libnetutil_api.so"] {
        assert_eq!(fs::canonicalize(lib.join(name)).unwrap(), real, "{name}");
    }
    assert!(lib.join("libpodnet.a").is_file());
    for path in ["include/podnet.h", "include/libnetutil_api.h", "bindings/cpp/podnet.hpp"] {
        let path = crate_dir().join(path);
        let installed = PREFIX.join("include").join(file_name(&path));
        assert!(fs::read(installed).unwrap() == fs::read(&path).unwrap(), "{}", path.display());
    }
    let version = output(with_library(tool("pkg-config").args(["--modversion", "podnet"])));
    assert_eq!(version.trim(), VERSION);
    let command = Command::new(PREFIX.join("bin/podnet")).arg("--version").output();
    assert_eq!(said(&command.unwrap()), format!("podnet {VERSION}\n"));
}

#[test]
fn the_library_is_small_and_needs_libc_alone() {
    let stripped = TempDir::new().unwrap();
    let file = stripped.path().join("libpodnet.so");
    succeed(tool("strip").arg("-o").arg(&file).arg(library()));
    let size = fs::metadata(&file).unwrap().len();
    assert!(size <= SIZE_LIMIT, "{size} bytes stripped, of at most {SIZE_LIMIT}");

    let dynamic = output(tool("readelf").args(["-W", "-d"]).arg(library()));
    let values = |tag: &str| -> Vec<&str> {
        let lines = dynamic.lines().filter(|line| line.contains(tag));
        lines.map(|line| line.split(['[', ']']).nth(1).unwrap()).collect()
    };
    assert_eq!(values("(SONAME)"), ["libpodnet.so.0"]);
    // libc is two files: the second has thread-local memory.
    let libc = ["libc.so.6", "libgcc_s.so.1", "ld-linux-x86-64.so.2", "ld-linux-aarch64.so.1"];
    for needed in values("(NEEDED)") {
        assert!(libc.contains(&needed), "{needed} is needed");
    }
    assert!(values("PATH)").is_empty(), "{dynamic}");
}

/// What runs when the library is loaded: gcc's registration of nothing, and the standard library's
/// note of the program's arguments.
#[test]
fn no_constructor_of_ours_runs() {
    let symbols = output(tool("nm").arg(library()));
    let sections = output(tool("readelf").args(["-W", "-S"]).arg(library()));
    let section = sections.lines().find(|line| line.contains(".init_array")).unwrap();
    // Name, type, address, offset, size.
    let fields: Vec<&str> =
        section.split(".init_array").nth(1).unwrap().split_whitespace().collect();
    let number = |text: &str| u64::from_str_radix(text, 16).unwrap();
    let (start, size) = (number(fields[1]), number(fields[3]));
    let mut entries = Vec::new();
    for line in symbols.lines() {
        let [address, _, name] = line.split_whitespace().collect::<Vec<_>>()[..] else { continue };
        if (start..start + size).contains(&number(address)) && !name.starts_with("__init_array") {
            entries.push(name);
        }
    }
    assert_eq!(entries.len() as u64, size / 8, "{entries:?}");
    for name in entries {
        let known = name == "__frame_dummy_init_array_entry" || name.contains("ARGV_INIT_ARRAY");
        assert!(known, "{name} runs when the library is loaded");
    }
}

/// What tests/c_api.rs says of the library with debug information holds for this one.
#[test]
fn the_process_is_left_alone() {
    let directory = TempDir::new().unwrap();
    let mut process = Command::new(c_support::process(directory.path()));
    assert_eq!(output(process.arg(library()).arg(sample())), "passed\n");
}

/// The archive is one object beside the compiler's own: link-time optimisation made it of all.
#[test]
fn link_time_optimisation_is_applied() {
    let members = output(tool("ar").arg("t").arg(PREFIX.join("lib/libpodnet.a")));
    let rust = members.lines().filter(|name| name.ends_with(".rcgu.o"));
    let ours: Vec<&str> = rust.filter(|name| !name.starts_with("compiler_builtins-")).collect();
    assert!(ours.len() == 1 && ours[0].starts_with("podnet."), "{ours:?}");
}

/// Whether there is a DPDK to link with, which scripts/dpdk installs.
fn has_dpdk(test: &str) -> bool {
    let there = run(tool("pkg-config").args(["--exists", "libdpdk"])).status.success();
    if !there {
        skip(test, "l3fwd_args: no libdpdk: run: scripts/dpdk");
    }
    there
}

/// The other example, which the build files leave out without DPDK.
fn links_dpdk(program: &Path, there: bool) {
    assert_eq!(program.exists(), there, "{}", program.display());
    if there {
        let symbols = output(tool("nm").arg(program));
        assert!(symbols.contains("rte_eal_init"), "{}: {symbols}", program.display());
    }
}

#[test]
fn a_makefile_uses_it() {
    let directory = TempDir::new().unwrap();
    let program = directory.path().join("show");
    let dpdk = has_dpdk("a_makefile_uses_it");
    let mut make = tool("make");
    make.arg("-C").arg(crate_dir().join("examples/c"));
    if dpdk {
        make.arg("all")
    } else {
        make.arg(&program)
    };
    succeed(with_library(make.arg(format!("OUT={}", directory.path().display()))));
    shows(&program);
    links_dpdk(&directory.path().join("l3fwd_args"), dpdk);
}

#[test]
fn a_meson_project_uses_it() {
    let directory = TempDir::new().unwrap();
    let dpdk = has_dpdk("a_meson_project_uses_it");
    for (name, option) in [("shared", "false"), ("static", "true")] {
        let build = directory.path().join(name);
        let mut meson = tool("meson");
        meson.args(["setup", "--werror", &format!("-Dprefer_static={option}")]);
        succeed(with_library(meson.arg(&build).arg(crate_dir().join("examples/c"))));
        succeed(tool("ninja").arg("-C").arg(&build));
        shows(&build.join("show"));
        links_dpdk(&build.join("l3fwd_args"), dpdk);
        let needed = output(tool("readelf").arg("-d").arg(build.join("show")));
        assert_eq!(needed.contains("libpodnet.so.0"), name == "shared", "{name}: {needed}");
    }
}

#[test]
fn a_cmake_project_uses_it() {
    let build = TempDir::new().unwrap();
    let source = crate_dir().join("examples/c");
    let mut cmake = tool("cmake");
    cmake.arg("-S").arg(source).arg("-B").arg(build.path()).arg("-DCMAKE_C_FLAGS=-Wall -Werror");
    succeed(with_library(&mut cmake));
    succeed(tool("cmake").arg("--build").arg(build.path()));
    shows(&build.path().join("show"));
    links_dpdk(&build.path().join("l3fwd_args"), has_dpdk("a_cmake_project_uses_it"));
}

/// What `pkg-config --static` says of the installed library, for the archive in place of the shared
/// library, and for no shared library at all.
fn static_flags() -> [(&'static str, String); 2] {
    let mut pkg_config = tool("pkg-config");
    let flags = output(with_library(pkg_config.args(["--static", "--cflags", "--libs", "podnet"])));
    [
        ("archive", flags.replace("-lpodnet", "-Wl,-Bstatic -lpodnet -Wl,-Bdynamic")),
        ("static", flags.replace("-lpodnet", "-static -lpodnet")),
    ]
}

fn needs_no_libpodnet(program: &Path) {
    let needed = output(tool("readelf").arg("-d").arg(program));
    assert!(!needed.contains("libpodnet"), "{needed}");
}

#[test]
fn pkg_config_links_statically() {
    let directory = TempDir::new().unwrap();
    for (name, flags) in static_flags() {
        let program = directory.path().join(name);
        let mut compiler = c_support::compiler();
        compiler.arg(crate_dir().join("examples/c/show.c")).arg("-o").arg(&program);
        succeed(compiler.args(flags.split_whitespace()));
        assert_eq!(output(Command::new(&program).arg(sample())), SHOWN, "{name}");
        needs_no_libpodnet(&program);
    }
}

/// Compiles the test of the C++ header with no other headers than those the flags name.
fn compile_cpp(program: &Path, flags: &str) {
    let compiler = std::env::var("CXX").unwrap_or_else(|_| "c++".to_owned());
    let mut compiler = tool(&compiler);
    compiler.args(["-std=c++17", "-Wall", "-Wextra", "-Wpedantic", "-Werror", "-pthread"]);
    compiler.arg(crate_dir().join("tests/cpp/podnet_test.cpp")).arg("-o").arg(program);
    succeed(compiler.args(flags.split_whitespace()));
}

#[test]
fn cpp_programs_use_it() {
    let directory = TempDir::new().unwrap();
    let mut pkg_config = tool("pkg-config");
    let shared = output(with_library(pkg_config.args(["--cflags", "--libs", "podnet"])));
    let program = directory.path().join("shared");
    compile_cpp(&program, &shared);
    let lib = PREFIX.join("lib");
    succeed(Command::new(&program).arg(sample()).env("LD_LIBRARY_PATH", lib));
    for (name, flags) in static_flags() {
        let program = directory.path().join(name);
        compile_cpp(&program, &flags);
        succeed(Command::new(&program).arg(sample()));
        needs_no_libpodnet(&program);
    }
}

/// A command that may change the root: as root, or as the root of a user namespace.
fn as_root(program: &str) -> Command {
    // SAFETY: it only asks.
    #[allow(unsafe_code, reason = "libc has no safe form of it")]
    if unsafe { libc::geteuid() } == 0 {
        return Command::new(program);
    }
    let mut command = Command::new("unshare");
    command.args(["--map-root-user", program]);
    command
}

/// Copies the libraries that a program is linked with to where it finds them under `root`.
fn copy_libraries(program: &Path, root: &Path) {
    for word in output(tool("ldd").arg(program)).split_whitespace() {
        if word.starts_with('/') && !word.contains("libpodnet") {
            let to = root.join(word.trim_start_matches('/'));
            fs::create_dir_all(to.parent().unwrap()).unwrap();
            fs::copy(word, to).unwrap();
        }
    }
}

/// The package in a root with nothing else but libc.
#[test]
fn the_package_works_in_a_clean_root() {
    let directory = TempDir::new().unwrap();
    let root = directory.path();
    for name in ["info", "updates", "triggers"] {
        fs::create_dir_all(root.join("var/lib/dpkg").join(name)).unwrap();
    }
    fs::write(root.join("var/lib/dpkg/status"), "").unwrap();
    // libc is copied, not installed.
    let mut dpkg = as_root("dpkg");
    dpkg.arg(format!("--root={}", root.display())).args(["--force-depends", "--install"]);
    succeed(dpkg.arg(&*PACKAGE));
    let mut query = tool("dpkg-query");
    query.arg(format!("--admindir={}", root.join("var/lib/dpkg").display()));
    let status = output(query.args(["--show", "--showformat=${Status} ${Depends}", "podnet"]));
    assert!(status.starts_with("install ok installed"), "{status}");
    assert!(status.contains("libc6") && status.contains("libgcc-s1"), "{status}");

    copy_libraries(&root.join("usr/bin/podnet"), root);
    succeed(Command::new("cp").arg("-R").arg(sample()).arg(root.join("pod")));
    let chroot = |program: &str, arguments: &[&str]| {
        output(as_root("chroot").arg(root).arg(program).args(arguments))
    };
    let shown = chroot("/usr/bin/podnet", &["--root", "/pod", "show"]);
    assert!(shown.contains("net1") && shown.contains("0000:3b:02.1"), "{shown}");

    let mut pkg_config = tool("pkg-config");
    pkg_config.env("PKG_CONFIG_LIBDIR", root.join("usr/lib/pkgconfig"));
    pkg_config.env("PKG_CONFIG_SYSROOT_DIR", root).args(["--cflags", "--libs", "podnet"]);
    let flags = output(&mut pkg_config);
    let program = root.join("usr/bin/show");
    let mut compiler = Command::new(std::env::var("CC").unwrap_or_else(|_| "cc".to_owned()));
    compiler.arg(crate_dir().join("examples/c/show.c")).arg("-o").arg(&program);
    succeed(compiler.args(flags.split_whitespace()));
    copy_libraries(&root.join("usr/lib").join(format!("libpodnet.so.{VERSION}")), root);
    assert_eq!(chroot("/usr/bin/show", &["/pod"]), SHOWN);
    let program = root.join("usr/bin/cpp");
    compile_cpp(&program, &flags);
    copy_libraries(&program, root);
    chroot("/usr/bin/cpp", &["/pod"]);

    let share = root.join("usr/share");
    for name in ["podnet", "podnet-show", "podnet-exec"] {
        let page = share.join(format!("man/man1/{name}.1.gz"));
        let page = output(tool("gzip").arg("-dc").arg(page));
        assert!(page.contains(".SH NAME"), "{name}: {page}");
    }
    let completions = share.join("bash-completion/completions/podnet");
    succeed(tool("bash").arg("-n").arg(completions));
    assert!(share.join("zsh/vendor-completions/_podnet").is_file());
    assert!(share.join("fish/vendor_completions.d/podnet.fish").is_file());
}
