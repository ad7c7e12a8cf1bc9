//! DPDK's runtime directory: its lock, its sockets and the files of secondary processes.

use std::collections::BTreeSet;
use std::env;
use std::path::{Path, PathBuf};

use super::system;

const VARIABLE: &str = "RUNTIME_DIRECTORY";

/// Where DPDK will put its runtime files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuntimeDirectory {
    pub path: PathBuf,
    /// Whether the variable has to say so, for DPDK would choose another.
    pub set: bool,
    /// Whether it can be written.
    pub usable: bool,
}

impl RuntimeDirectory {
    /// The caller's, else DPDK's own choice, else the first that can be written.
    pub fn choose() -> RuntimeDirectory {
        let variable = |name| env::var_os(name).map(PathBuf::from);
        choose(variable(VARIABLE), variable("XDG_RUNTIME_DIR"), rustix::process::getuid().is_root())
    }

    /// What to add to the environment.
    pub fn variable(&self) -> Option<(&'static str, &Path)> {
        self.set.then_some((VARIABLE, self.path.as_path()))
    }
}

/// Where the runtime files of an application may be that another user or environment started: the
/// caller's directory, else all that DPDK and `exec` choose from.
pub fn candidates() -> Vec<PathBuf> {
    let variable = |name| env::var_os(name).map(PathBuf::from);
    if let Some(directory) = variable(VARIABLE) {
        return vec![directory];
    }
    let user = variable("XDG_RUNTIME_DIR").into_iter();
    let all = FALLBACKS.map(PathBuf::from).into_iter().chain(user);
    let mut seen = BTreeSet::new();
    all.filter(|path| seen.insert(path.canonicalize().unwrap_or_else(|_| path.clone()))).collect()
}

/// What `exec` chooses from where DPDK's own choice can't be written.
const FALLBACKS: [&str; 4] = ["/var/run", "/tmp", "/run", "/dev/shm"];

fn choose(set: Option<PathBuf>, user: Option<PathBuf>, is_root: bool) -> RuntimeDirectory {
    let default = match &user {
        _ if is_root => PathBuf::from("/var/run"),
        Some(directory) => directory.clone(),
        None => PathBuf::from("/tmp"),
    };
    let is_callers = set.is_some();
    let path = set.unwrap_or(default);
    let usable = is_usable(&path);
    if usable || is_callers {
        return RuntimeDirectory { path, set: false, usable };
    }
    let others = FALLBACKS.map(PathBuf::from).into_iter().skip(1);
    match user.into_iter().chain(others).find(|path| is_usable(path)) {
        Some(path) => RuntimeDirectory { path, set: true, usable: true },
        None => RuntimeDirectory { path, set: false, usable: false },
    }
}

/// DPDK makes `dpdk/<file prefix>` in it; another user's `dpdk` may be there already.
fn is_usable(directory: &Path) -> bool {
    let below = directory.join("dpdk");
    let made_in = if below.exists() { &below } else { directory };
    system::check_make_in(made_in).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn replaces_only_dpdks_own_choice_that_cannot_be_written() {
        let good = tempfile::tempdir().unwrap().keep();
        let bad = good.join("absent");
        let chosen = |set: Option<&PathBuf>, user: Option<&PathBuf>| {
            choose(set.cloned(), user.cloned(), false)
        };
        assert_eq!(chosen(None, Some(&good)).variable(), None);
        let other = chosen(None, Some(&bad));
        assert!(other.set && other.usable && other.path != bad, "{other:?}");
        let callers = chosen(Some(&bad), Some(&good));
        assert_eq!((callers.variable(), callers.usable, &callers.path), (None, false, &bad));
        std::fs::write(good.join("dpdk"), "in the way").unwrap();
        let other = chosen(None, Some(&good));
        assert!(other.set && other.path != good, "{other:?}");
        std::fs::remove_dir_all(good).unwrap();
    }
}
