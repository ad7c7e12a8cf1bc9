//! Where DPDK's own programs are.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::{App, Missing, Result};

const HINT: &str = "run scripts/dpdk, which installs Debian's DPDK and builds l3fwd and l2fwd";

/// The programs of one DPDK release.
#[derive(Debug, Clone)]
pub struct Dpdk {
    pub testpmd: PathBuf,
    l3fwd: PathBuf,
    l2fwd: PathBuf,
}

impl Dpdk {
    /// Debian's testpmd, and the examples that `scripts/dpdk` has built for it.
    pub fn find() -> Result<Dpdk> {
        let version = Command::new("pkg-config")
            .args(["--modversion", "libdpdk"])
            .output()
            .ok()
            .filter(|output| output.status.success())
            .ok_or_else(|| format!("libdpdk.pc: not found by pkg-config: {HINT}"))?;
        let version = String::from_utf8(version.stdout)?;
        let examples =
            Path::new(env!("CARGO_MANIFEST_DIR")).join("target/dpdk").join(version.trim());
        let path = env::var_os("PATH").unwrap_or_default();
        let testpmd = env::split_paths(&path)
            .map(|directory| directory.join("dpdk-testpmd"))
            .find(|program| program.is_file())
            .ok_or_else(|| format!("dpdk-testpmd: not found in PATH: {HINT}"))?;
        let (l3fwd, l2fwd) = (present(examples.join("l3fwd"))?, present(examples.join("l2fwd"))?);
        Ok(Dpdk { testpmd, l3fwd, l2fwd })
    }

    /// The root directory that `scripts/dpdk SUITE` has made.
    pub fn root_of(suite: &str) -> Result<PathBuf> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/dpdk").join(suite);
        match root.join("usr/bin/l3fwd").is_file() {
            true => Ok(root),
            false => Err(Missing(format!("no DPDK of {suite}: see scripts/dpdk {suite}")).into()),
        }
    }

    /// Where a program is in such a root directory.
    pub fn program_in_root(app: App) -> PathBuf {
        Path::new("/usr/bin").join(match app {
            App::Testpmd => "dpdk-testpmd",
            other => other.name(),
        })
    }

    pub fn program(&self, app: App) -> &Path {
        match app {
            App::L3fwd => &self.l3fwd,
            App::L2fwd => &self.l2fwd,
            App::Testpmd => &self.testpmd,
        }
    }
}

fn present(program: PathBuf) -> Result<PathBuf> {
    match program.is_file() {
        true => Ok(program),
        false => Err(format!("{}: not found: {HINT}", program.display()).into()),
    }
}
