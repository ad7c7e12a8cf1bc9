//! A cgroup that limits hugepages, made for the time of a run.

use std::fs;
use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::Duration;

use super::trial::Missing;
use super::{Context, Result};

const HIERARCHIES: [&str; 2] = ["/sys/fs/cgroup", "/sys/fs/cgroup/unified"];
const CONTROL: &str = "cgroup.subtree_control";

pub struct Cgroup {
    directory: PathBuf,
    /// Whether the hierarchy's root did not hand hugetlb down before.
    enabled: Option<PathBuf>,
}

/// What a cgroup was charged with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Usage {
    pub limit: u64,
    /// While the program forwarded.
    pub bytes: u64,
    /// How often the limit was met.
    pub refused: u64,
}

impl Cgroup {
    /// With at most `mib` MiB of 2 MiB pages. [`Missing`] where there is no such controller.
    pub fn make(name: &str, mib: u64) -> Result<Cgroup> {
        let root = HIERARCHIES
            .iter()
            .map(Path::new)
            .find(|root| lists_hugetlb(&root.join("cgroup.controllers")));
        let root = root.ok_or_else(|| Missing("no cgroup2 with the hugetlb controller".into()))?;
        let control = root.join(CONTROL);
        let mut enabled = None;
        if !lists_hugetlb(&control) {
            fs::write(&control, "+hugetlb")
                .map_err(|why| Missing(format!("{}: {why}", control.display())))?;
            enabled = Some(control);
        }
        let cgroup = Cgroup { directory: root.join(name), enabled };
        fs::create_dir(&cgroup.directory)
            .map_err(|why| Missing(format!("{}: {why}", cgroup.directory.display())))?;
        let limit = cgroup.directory.join("hugetlb.2MB.max");
        fs::write(&limit, format!("{mib}M")).context(limit.display())?;
        Ok(cgroup)
    }

    /// Where a process is put in.
    pub fn processes(&self) -> PathBuf {
        self.directory.join("cgroup.procs")
    }

    pub fn usage(&self) -> Result<Usage> {
        let read = |file| {
            let path = self.directory.join(file);
            fs::read_to_string(&path).context(path.display())
        };
        let number = |file| -> Result<u64> { Ok(read(file)?.trim().parse()?) };
        let events = read("hugetlb.2MB.events")?;
        let refused = events.lines().find_map(|line| line.strip_prefix("max "));
        Ok(Usage {
            limit: number("hugetlb.2MB.max")?,
            bytes: number("hugetlb.2MB.current")?,
            refused: refused.ok_or("hugetlb.2MB.events: no max")?.parse()?,
        })
    }
}

fn lists_hugetlb(path: &Path) -> bool {
    let text = fs::read_to_string(path).unwrap_or_default();
    text.split_whitespace().any(|controller| controller == "hugetlb")
}

impl Drop for Cgroup {
    fn drop(&mut self) {
        // A process that was just killed may still be on its way out.
        for _ in 0..250 {
            if fs::remove_dir(&self.directory).is_ok() || !self.directory.exists() {
                break;
            }
            sleep(Duration::from_millis(20));
        }
        if let Some(control) = &self.enabled {
            let _ = fs::write(control, "-hugetlb");
        }
    }
}
