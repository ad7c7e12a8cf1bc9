//! Where the pod's program runs: command lines that go in front of its own, each of which ends in
//! `exec`, so that the process stays the same.

use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::{Path, PathBuf};

use super::cgroup::Cgroup;
use super::dpdk::Dpdk;
use super::process;
use super::trial::{Missing, Place};
use super::{Context, Result};

/// A number that no account has, as images use them.
const USER: u32 = 10_001;

/// Less than the pool has, and what l3fwd needs with little to spare.
pub const LIMIT_MIB: u64 = 300;

/// A container's view: its own cgroup is the root of the hierarchy.
const CGROUP_VIEW: &str = r#"mount -t cgroup2 podnet /sys/fs/cgroup && exec "$@""#;
const JOIN: &str = r#"echo $$ >"$0" && exec "$@""#;
/// The machine's kernel file systems and the lab below another root.
const ENTER: &str = r#"
set -e
root=$0 lab=$1
shift
for directory in proc sys dev; do mount --rbind "/$directory" "$root/$directory"; done
mount -t tmpfs podnet "$root/tmp"
mkdir -p "$root$lab"
mount --bind "$lab" "$root$lab"
exec chroot "$root" "$@"
"#;

/// A [`Place`], made.
pub struct Site {
    place: Place,
    cgroup: Option<Cgroup>,
    root: Option<PathBuf>,
}

impl Site {
    /// Makes `place`; the lab's directory is opened for whoever runs there.
    pub fn make(place: Place, lab: &Path, name: &str) -> Result<Site> {
        if place != Place::Here && !process::is_root() {
            return Err(Missing("not root".into()).into());
        }
        let mut site = Site { place, cgroup: None, root: None };
        match place {
            Place::Here => {}
            Place::Unprivileged => {
                chown(lab, Some(USER), Some(USER)).context(lab.display())?;
                fs::set_permissions(lab, fs::Permissions::from_mode(0o755))?;
            }
            Place::Limited => site.cgroup = Some(Cgroup::make(name, LIMIT_MIB)?),
            Place::Suite(suite) => site.root = Some(Dpdk::root_of(suite)?),
        }
        Ok(site)
    }

    pub fn cgroup(&self) -> Option<&Cgroup> {
        self.cgroup.as_ref()
    }

    /// What goes in front of the pod's command.
    pub fn pod_prefix(&self, lab: &Path) -> Vec<OsString> {
        match self.place {
            Place::Limited => {
                let processes = self.cgroup.as_ref().map(Cgroup::processes).unwrap_or_default();
                let mut words = line(&["sh", "-c", JOIN]);
                words.push(processes.into());
                words.extend(line(&[
                    "unshare",
                    "--mount",
                    "--cgroup",
                    "sh",
                    "-c",
                    CGROUP_VIEW,
                    "sh",
                ]));
                words
            }
            Place::Suite(_) => {
                let mut words = line(&["unshare", "--mount", "sh", "-c", ENTER]);
                words.push(self.root.clone().unwrap_or_default().into());
                words.push(lab.into());
                words
            }
            Place::Here | Place::Unprivileged => self.peer_prefix(),
        }
    }

    /// What goes in front of the peer's.
    pub fn peer_prefix(&self) -> Vec<OsString> {
        match self.place {
            Place::Unprivileged => {
                let (user, group) = (format!("--reuid={USER}"), format!("--regid={USER}"));
                line(&["setpriv", &user, &group, "--clear-groups", "--inh-caps=-all"])
            }
            _ => Vec::new(),
        }
    }
}

fn line(words: &[&str]) -> Vec<OsString> {
    words.iter().map(OsString::from).collect()
}
