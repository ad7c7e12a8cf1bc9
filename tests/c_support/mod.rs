//! Compiling C programs against the library of this build.
#![allow(dead_code)] // No test uses all of it.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use tempfile::TempDir;

/// Writes a network-status as the Downward API has it.
pub fn annotations(status: &str) -> String {
    format!("k8s.v1.cni.cncf.io/network-status={status:?}\nkubernetes.io/config.source=\"api\"")
}

pub fn crate_dir() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The library of this build. Cargo puts both forms of it beside the test program, without the
/// version that its soname has.
pub struct Library {
    directory: TempDir,
}

impl Library {
    pub fn new() -> Library {
        let directory = tempfile::tempdir().unwrap();
        let built = std::env::current_exe().unwrap().parent().unwrap().to_owned();
        let shared = built.join("libpodnet.so");
        let archive = built.join("libpodnet.a");
        assert!(shared.exists() && archive.exists(), "no libpodnet in {}", built.display());
        for name in ["libpodnet.so", "libpodnet.so.0", "libnetutil_api.so"] {
            symlink(&shared, directory.path().join(name)).unwrap();
        }
        symlink(archive, directory.path().join("libpodnet.a")).unwrap();
        Library { directory }
    }

    pub fn directory(&self) -> &Path {
        self.directory.path()
    }

    /// The shared library itself, which stays when this goes.
    pub fn shared(&self) -> PathBuf {
        fs::canonicalize(self.directory.path().join("libpodnet.so")).unwrap()
    }

    pub fn archive(&self) -> PathBuf {
        self.directory.path().join("libpodnet.a")
    }
}

/// The C compiler with all warnings, and our headers.
pub fn compiler() -> Command {
    let compiler = std::env::var("CC").unwrap_or_else(|_| "cc".to_owned());
    let mut command = Command::new(compiler);
    command.args(["-std=c11", "-g", "-Wall", "-Wextra", "-Wpedantic", "-Werror", "-I"]);
    command.arg(crate_dir().join("include"));
    command
}

/// Compiles `tests/c/process.c`, which loads a library by its path.
pub fn process(to: &Path) -> PathBuf {
    let program = to.join("process");
    let mut compiler = compiler();
    compiler.arg(crate_dir().join("tests/c/process.c")).arg("-o").arg(&program);
    succeed(compiler.args(["-ldl", "-lpthread"]));
    program
}

/// Runs a command that must succeed.
pub fn succeed(command: &mut Command) -> Output {
    let output = run(command);
    assert!(output.status.success(), "{command:?}: {}\n{}", output.status, said(&output));
    output
}

/// Runs a command to its end.
pub fn run(command: &mut Command) -> Output {
    command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"))
}

/// What a program printed, for a failure's message.
pub fn said(output: &Output) -> String {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    format!("{}{}", text(&output.stdout), text(&output.stderr))
}
