//! The blocks of programs that are no whole file: each is the inside of a function.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;

use super::c_support::{self, crate_dir, run, said, succeed};
use super::installed::{tool, with_library};
use super::page::Fragment;

const C: &str = "#include <podnet.h>

int rte_eal_init(int argc, char **argv);
int fragment(void);

int fragment(void)
{
FRAGMENT
    return 0;
}
";

const CPP: &str = "#include <iostream>
#include <poll.h>
#include <podnet.hpp>

extern \"C\" int rte_eal_init(int argc, char **argv);
extern \"C\" int rte_eal_cleanup();

void fragment(podnetpp::pod &pod)
{
FRAGMENT
}
";

/// Paths of packages; Go takes none that is not used.
const GO: [&str; 7] = ["context", "errors", "fmt", "log", "syscall", "time", "podnet"];

/// Anew by each test program, for Go does not notice when a header has changed.
static GO_CACHE: LazyLock<PathBuf> = LazyLock::new(|| {
    let cache = Path::new(env!("CARGO_TARGET_TMPDIR")).join("fragments-go-cache");
    let _ = fs::remove_dir_all(&cache);
    cache
});

/// Runs it in the pod that is named. A watch sees the annotations change as the kubelet changes them, and what is printed of
/// that is the end.
const PYTHON: &str = "
import functools
import os
import sys

import podnet

root = sys.argv[1]
info = os.path.join(root, 'etc/podnetinfo')
watch_pod = podnet.watch
podnet.wait = functools.partial(podnet.wait, root=root)


def watch():
    events = watch_pod(root)
    os.replace(os.path.join(info, '..next'), os.path.join(info, '..data'))
    return events


def end(*words):
    sys.exit(' '.join(map(str, words)))


podnet.watch = watch
print = end
";

/// What is wrong with a fragment, by the compiler of its language; empty for a language that is
/// tested elsewhere.
pub fn problem(fragment: &Fragment) -> String {
    let directory = tempfile::tempdir().unwrap();
    let text = &fragment.text;
    let output = match fragment.language.as_str() {
        // rustdoc's.
        "rust" | "rust,no_run" => return String::new(),
        "c" => {
            let mut compiler = c_support::compiler();
            compile(
                &mut compiler,
                &directory.path().join("fragment.c"),
                &C.replace("FRAGMENT\n", text),
            )
        }
        "cpp" => {
            let mut compiler =
                Command::new(std::env::var("CXX").unwrap_or_else(|_| "c++".to_owned()));
            compiler.args(["-std=c++17", "-Wall", "-Wextra", "-Wpedantic", "-Werror"]);
            for include in ["include", "bindings/cpp"] {
                compiler.arg("-I").arg(crate_dir().join(include));
            }
            let text = CPP.replace("FRAGMENT\n", text);
            compile(&mut compiler, &directory.path().join("fragment.cpp"), &text)
        }
        "go" => vet(directory.path(), text),
        "python" => return python(directory.path(), text),
        other => return format!("a block of {other} that is neither a file nor compiled"),
    };
    if output.status.success() { String::new() } else { said(&output) }
}

fn compile(compiler: &mut Command, file: &Path, text: &str) -> std::process::Output {
    fs::write(file, text).unwrap();
    run(compiler.arg("-fsyntax-only").arg(file))
}

fn vet(directory: &Path, text: &str) -> std::process::Output {
    let used = GO.iter().filter(|path| text.contains(&format!("{path}.")));
    let imports: String = used.map(|path| format!("import \"{path}\"\n")).collect();
    let program = format!(
        "package main\n\n{imports}\nfunc fragment(pod podnet.Pod) error {{\n{text}}}\n\nfunc main() {{}}\n"
    );
    fs::write(directory.join("main.go"), program).unwrap();
    let bindings = crate_dir().join("bindings/go");
    let module = format!(
        "module fragment\n\ngo 1.19\n\nrequire podnet v0.0.0\n\nreplace podnet => {}\n",
        bindings.display()
    );
    fs::write(directory.join("go.mod"), module).unwrap();
    let mut go = Command::new("go");
    go.current_dir(directory).args(["vet", "."]).env("GOCACHE", &*GO_CACHE);
    go.env("GOPATH", directory.join("path")).env("GOPROXY", "off").env("GOTOOLCHAIN", "local");
    run(with_library(go.env("CGO_ENABLED", "1")))
}

fn python(directory: &Path, text: &str) -> String {
    let root = directory.join("pod");
    succeed(Command::new("cp").arg("-R").arg(crate_dir().join("samples/pods/sr-iov")).arg(&root));
    let info = root.join("etc/podnetinfo");
    fs::create_dir(info.join("..changed")).unwrap();
    let annotations = crate_dir().join("samples/pods/vdpa/etc/podnetinfo/annotations");
    fs::copy(annotations, info.join("..changed/annotations")).unwrap();
    symlink("..changed", info.join("..next")).unwrap();
    let program = directory.join("fragment.py");
    fs::write(&program, format!("{PYTHON}{text}")).unwrap();
    let mut python = tool("python3");
    python.args(["-W", "error"]).arg(program).arg(root);
    python.env("PYTHONPATH", crate_dir().join("bindings/python"));
    let printed = said(&run(with_library(python.env("PYTHONDONTWRITEBYTECODE", "1"))));
    if printed == "removed eth0 ('10.128.2.14/23',)\n" { String::new() } else { printed }
}
