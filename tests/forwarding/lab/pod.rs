//! A pod root for this machine: a sample, with the CPUs, hugepages and sockets that are really
//! there.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use podnet::parse::cpulist::CpuSet;
use serde_json::{Value, json};

use super::frames::Mac;
use super::hugepages::{Hugepages, POD_MIB};
use super::{Context, Result};

const STATUS: &str = "k8s.v1.cni.cncf.io/network-status=";
const ANNOTATIONS: &str = "etc/podnetinfo/annotations";

/// What the pod is to have on this machine.
pub struct Facts<'a> {
    pub cpus: &'a CpuSet,
    pub sockets: &'a [PathBuf; 2],
    /// Whether its interfaces are kernel netdevs, and no device is said to be behind them.
    pub netdevs: bool,
    /// Set for memif: which side creates the sockets.
    pub memif_role: Option<&'a str>,
    pub hugepages: Option<&'a Hugepages>,
    /// Whether the pod's own files state the limit, and not only its cgroup.
    pub states_limit: bool,
    /// Whether its node has pages of 1 GiB, too, which are not for this pod.
    pub foreign_pages: bool,
}

/// Writes the pod of `sample` to `root`. Returns the MACs of its two interfaces.
pub fn write(sample: &Path, root: &Path, facts: &Facts) -> Result<[Mac; 2]> {
    copy(sample, root)?;
    write_cpus(root, facts.cpus)?;
    write_topology(root)?;
    write_hugepages(root, facts)?;
    write_network_status(root, facts)
}

/// The value of a key in this process's own `/proc/self/status`.
pub fn own_status(key: &str) -> Result<String> {
    let status = fs::read_to_string("/proc/self/status").context("/proc/self/status")?;
    let value = status.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix(':'));
    Ok(value.ok_or_else(|| format!("/proc/self/status: no {key}"))?.trim().to_string())
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to).context(to.display())?;
    for entry in fs::read_dir(from).context(from.display())? {
        let entry = entry.context(from.display())?;
        let (source, target) = (entry.path(), to.join(entry.file_name()));
        let kind = entry.file_type().context(source.display())?;
        if kind.is_dir() {
            copy(&source, &target)?;
        } else if kind.is_symlink() {
            symlink(fs::read_link(&source)?, &target).context(target.display())?;
        } else {
            fs::copy(&source, &target).context(source.display())?;
        }
    }
    Ok(())
}

/// The affinity and the cgroup's cpuset.
fn write_cpus(root: &Path, cpus: &CpuSet) -> Result<()> {
    let cpus = cpus.to_string();
    let nodes = own_status("Mems_allowed_list")?;
    edit_lines(&root.join("proc/self/status"), |line| match line.split_once(':') {
        Some((key @ "Cpus_allowed_list", _)) => Some(format!("{key}:\t{cpus}")),
        Some((key @ "Mems_allowed_list", _)) => Some(format!("{key}:\t{nodes}")),
        _ => Some(line.to_string()),
    })?;
    for (file, list) in [("cpuset.cpus", &cpus), ("cpuset.mems", &nodes)] {
        for name in [file.to_string(), format!("{file}.effective")] {
            let path = root.join("sys/fs/cgroup").join(name);
            fs::write(&path, format!("{list}\n")).context(path.display())?;
        }
    }
    Ok(())
}

/// This machine's CPUs, nodes and page pools in place of the sample's.
fn write_topology(root: &Path) -> Result<()> {
    let online = |what| fs::read_to_string(format!("/sys/devices/system/{what}/online"));
    let cpus: CpuSet = online("cpu")?.trim().parse()?;
    let nodes: CpuSet = online("node").unwrap_or_default().trim().parse()?;
    let pool = "hugepages/hugepages-2048kB";
    let mut files = vec!["cpu/online".to_string(), "node/online".to_string()];
    files.extend(cpus.iter().map(|cpu| format!("cpu/cpu{cpu}/topology/thread_siblings_list")));
    for node in nodes.iter() {
        files.push(format!("node/node{node}/cpulist"));
        files.push(format!("node/node{node}/{pool}/nr_hugepages"));
        files.push(format!("node/node{node}/{pool}/free_hugepages"));
    }
    let system = Path::new("sys/devices/system");
    for directory in ["cpu", "node"] {
        let path = root.join(system).join(directory);
        fs::remove_dir_all(&path).context(path.display())?;
    }
    for file in files {
        let Ok(text) = fs::read(Path::new("/").join(system).join(&file)) else { continue };
        write_new(&root.join(system).join(file), &text)?;
    }
    Ok(())
}

/// The limit, as the injector and the cgroup state it, and the mount.
fn write_hugepages(root: &Path, facts: &Facts) -> Result<()> {
    let hugepages = facts.hugepages;
    let mib = if hugepages.is_some() && facts.states_limit { POD_MIB } else { 0 };
    for file in entries_below(&root.join("etc/podnetinfo")) {
        let name = file.file_name().unwrap_or_default().to_string_lossy();
        match name.strip_prefix("hugepages_") {
            Some(_) if mib == 0 => fs::remove_file(&file).context(file.display())?,
            Some(_) => fs::write(&file, mib.to_string()).context(file.display())?,
            None => {}
        }
    }
    let limit = root.join("sys/fs/cgroup/hugetlb.2MB.max");
    fs::write(&limit, format!("{}\n", mib << 20)).context(limit.display())?;

    if facts.foreign_pages {
        let pool = root.join("sys/devices/system/node/node0/hugepages/hugepages-1048576kB");
        write_new(&pool.join("nr_hugepages"), b"1\n")?;
        write_new(&pool.join("free_hugepages"), b"1\n")?;
        write_new(&root.join("sys/fs/cgroup/hugetlb.1GB.max"), b"0\n")?;
    }

    let mountinfo = root.join("proc/self/mountinfo");
    edit_lines(&mountinfo, |line| match (line.contains(" - hugetlbfs "), hugepages) {
        (false, _) => Some(line.to_string()),
        (true, None) => None,
        (true, Some(hugepages)) => {
            let mut fields: Vec<&str> = line.split(' ').collect();
            let mount = hugepages.mount().to_str()?;
            *fields.get_mut(4)? = mount;
            Some(fields.join(" "))
        }
    })
}

/// The device-info of the first two attachments that have one, with the lab's sockets.
fn write_network_status(root: &Path, facts: &Facts) -> Result<[Mac; 2]> {
    let path = root.join(ANNOTATIONS);
    let text = fs::read_to_string(&path).context(path.display())?;
    let quoted = text.lines().find_map(|line| line.strip_prefix(STATUS));
    // Go's quoting of a JSON text in ASCII, which the samples are, is JSON's quoting of it.
    let status: String = serde_json::from_str(quoted.unwrap_or_default()).context(STATUS)?;
    let mut status: Value = serde_json::from_str(&status).context(STATUS)?;

    let mut macs = Vec::new();
    let entries = status.as_array_mut().into_iter().flatten();
    let attached = entries.filter(|entry| entry.get("device-info").is_some());
    for (entry, socket) in attached.zip(facts.sockets) {
        let info = &mut entry["device-info"];
        let kind = info["type"].as_str().unwrap_or_default().to_string();
        let old = info[&kind]["path"].as_str().unwrap_or_default().to_string();
        info[&kind]["path"] = json!(socket);
        if let Some(role) = facts.memif_role {
            info[&kind]["role"] = json!(role);
        }
        // Under a root, a socket is a plain file with the text of its `ls`.
        if let Ok(text) = fs::read(below(root, Path::new(&old))) {
            write_new(&below(root, socket), &text)?;
        }
        if let Some(entry) = entry.as_object_mut().filter(|_| facts.netdevs) {
            entry.remove("device-info");
        }
        macs.push(entry["mac"].as_str().unwrap_or_default().parse()?);
    }
    let quoted = serde_json::to_string(&status.to_string()).context(STATUS)?;
    edit_lines(&path, |line| {
        let replaced = line.starts_with(STATUS).then(|| format!("{STATUS}{quoted}"));
        replaced.or(Some(line.to_string()))
    })?;
    macs.try_into()
        .map_err(|_| format!("{}: not two attachments with a device-info", path.display()).into())
}

fn below(root: &Path, absolute: &Path) -> PathBuf {
    root.join(absolute.strip_prefix("/").unwrap_or(absolute))
}

fn write_new(path: &Path, text: &[u8]) -> Result<()> {
    if let Some(directory) = path.parent() {
        fs::create_dir_all(directory).context(directory.display())?;
    }
    fs::write(path, text).context(path.display())
}

/// Replaces a file's lines; `None` leaves a line out.
fn edit_lines(path: &Path, edit: impl Fn(&str) -> Option<String>) -> Result<()> {
    let text = fs::read_to_string(path).context(path.display())?;
    let lines: String = text.lines().filter_map(edit).map(|line| line + "\n").collect();
    fs::write(path, lines).context(path.display())
}

/// Every file and symlink below a directory.
fn entries_below(directory: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(directory).into_iter().flatten().flatten() {
        match entry.file_type() {
            Ok(kind) if kind.is_dir() => found.extend(entries_below(&entry.path())),
            _ => found.push(entry.path()),
        }
    }
    found
}
