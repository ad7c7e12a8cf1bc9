//! What `make install` gives, in a directory of this build.
#![allow(dead_code)] // No test uses all of it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;

use super::c_support::{crate_dir, run, said};

/// The directory that podnet is installed in, anew by each test program.
pub static PREFIX: LazyLock<PathBuf> = LazyLock::new(|| {
    let prefix = Path::new(env!("CARGO_TARGET_TMPDIR")).join("installed");
    let _ = fs::remove_dir_all(&prefix);
    make(&["install".to_owned(), format!("PREFIX={}", prefix.display())]);
    prefix
});

/// `make` in the top directory.
pub fn make(arguments: &[String]) {
    let output = run(Command::new("make").arg("-s").arg("-C").arg(crate_dir()).args(arguments));
    let text = said(&output);
    let hint = if text.contains("no such command") { "run: scripts/tools" } else { "" };
    assert!(output.status.success(), "make {arguments:?}: {text}{hint}");
}

/// A tool of Debian's.
pub fn tool(name: &str) -> Command {
    let there = Command::new(name).arg("--version").output().is_ok();
    assert!(there, "{name} can't be run: scripts/test installs its Debian package");
    Command::new(name)
}

/// A command that finds the installed library when it links, and when it runs.
pub fn with_library(command: &mut Command) -> &mut Command {
    command.env("PKG_CONFIG_PATH", PREFIX.join("lib/pkgconfig"));
    command.env("LD_LIBRARY_PATH", PREFIX.join("lib"))
}
