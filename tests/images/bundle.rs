//! A container of an image, as a Kubernetes node's runtime starts it: an OCI bundle for runc or crun.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};
use std::sync::atomic::{AtomicU32, Ordering};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::build::Image;

/// What containerd leaves a container that asks for none.
const USUAL: [&str; 14] = [
    "CAP_CHOWN",
    "CAP_DAC_OVERRIDE",
    "CAP_FSETID",
    "CAP_FOWNER",
    "CAP_MKNOD",
    "CAP_NET_RAW",
    "CAP_SETGID",
    "CAP_SETUID",
    "CAP_SETFCAP",
    "CAP_SETPCAP",
    "CAP_NET_BIND_SERVICE",
    "CAP_SYS_CHROOT",
    "CAP_KILL",
    "CAP_AUDIT_WRITE",
];

/// A program that starts containers.
#[derive(Debug, Clone, Copy)]
pub struct Runtime {
    pub name: &'static str,
    words: &'static [&'static str],
}

pub const RUNC: Runtime = Runtime { name: "runc", words: &["runc"] };
pub const CRUN: Runtime = Runtime { name: "crun", words: &["crun"] };

/// It refuses a machine with controllers in both versions of cgroups: it is shown version 1 alone.
pub const CRUN_IN_V1: Runtime = Runtime {
    name: "crun, which sees cgroup v1 alone",
    words: &[
        "unshare",
        "--mount",
        "sh",
        "-c",
        r#"umount /sys/fs/cgroup/unified && exec crun "$@""#,
        "crun",
    ],
};

/// A container that is gone when this is.
pub struct Container<'a> {
    pub image: &'a Image,
    pub runtime: Runtime,
    /// After the entry point, as `args` of a pod.
    pub args: Vec<String>,
    pub env: Vec<String>,
    /// From the machine, to the container.
    pub mounts: Vec<(String, String)>,
    pub cpus: String,
    /// The cgroup that its own is made in: that of the pod.
    pub parent: String,
    /// Beside the usual ones, as `securityContext.capabilities.add`.
    pub capabilities: Vec<&'static str>,
    pub allow_privilege_escalation: bool,
    /// Of the entry point in the image, where it is not that.
    pub entrypoint: Option<Vec<String>>,
    directory: TempDir,
    id: String,
}

impl<'a> Container<'a> {
    pub fn new(image: &'a Image, runtime: Runtime) -> Container<'a> {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        Container {
            image,
            runtime,
            args: Vec::new(),
            env: Vec::new(),
            mounts: Vec::new(),
            cpus: String::from("0"),
            parent: String::new(),
            capabilities: Vec::new(),
            allow_privilege_escalation: true,
            entrypoint: None,
            directory: TempDir::with_prefix("podnet-bundle-").unwrap(),
            id: format!("podnet-images-{}-{number}", std::process::id()),
        }
    }

    pub fn args(mut self, args: &[&str]) -> Container<'a> {
        self.args.extend(args.iter().map(|arg| arg.to_string()));
        self
    }

    pub fn env(mut self, variables: &[&str]) -> Container<'a> {
        self.env.extend(variables.iter().map(|one| one.to_string()));
        self
    }

    pub fn mount(mut self, from: &Path, to: &str) -> Container<'a> {
        self.mounts.push((from.to_str().unwrap().to_owned(), to.to_owned()));
        self
    }

    /// The command that runs it, and ends with it.
    pub fn command(&self) -> Command {
        let config = serde_json::to_vec_pretty(&self.config()).unwrap();
        fs::write(self.directory.path().join("config.json"), config).unwrap();
        let mut command = self.runtime();
        command.args(["run", "--bundle"]).arg(self.directory.path()).arg(&self.id);
        command
    }

    pub fn run(&self) -> Output {
        self.command().output().unwrap()
    }

    fn runtime(&self) -> Command {
        let mut command = Command::new(self.runtime.words[0]);
        command.args(&self.runtime.words[1..]);
        command.arg("--root").arg(self.directory.path().join("state"));
        command
    }

    fn config(&self) -> Value {
        let (uid, gid) = self.image.user();
        let entrypoint = || self.image.words("Entrypoint");
        let mut args = self.entrypoint.clone().unwrap_or_else(entrypoint);
        args.extend(self.args.iter().cloned());
        let mut env = self.image.words("Env");
        env.extend(self.env.iter().cloned());
        let capabilities: Vec<&str> = USUAL.iter().chain(&self.capabilities).copied().collect();
        let namespaces = ["pid", "ipc", "uts", "mount", "network"];
        let namespaces = namespaces.map(|kind| json!({"type": kind}));
        json!({
            "ociVersion": "1.0.2",
            "hostname": "dpdk-app",
            "root": {"path": self.image.rootfs, "readonly": true},
            "process": {
                "terminal": false,
                "user": {"uid": uid, "gid": gid},
                "args": args,
                "env": env,
                "cwd": "/",
                "noNewPrivileges": !self.allow_privilege_escalation,
                "capabilities": {
                    "bounding": capabilities,
                    "effective": capabilities,
                    "permitted": capabilities,
                },
            },
            "mounts": self.mounts(),
            "linux": {
                "namespaces": namespaces,
                "cgroupsPath": format!("{}/{}", self.parent, self.id),
                "resources": {"cpu": {"cpus": self.cpus}},
                "maskedPaths": ["/proc/kcore", "/proc/keys", "/sys/firmware"],
                "readonlyPaths": ["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys"],
            },
        })
    }

    fn mounts(&self) -> Vec<Value> {
        let usual = [
            ("/proc", "proc", "nosuid,noexec,nodev"),
            ("/sys", "sysfs", "nosuid,noexec,nodev,ro"),
            ("/sys/fs/cgroup", "cgroup", "nosuid,noexec,nodev,relatime,ro"),
            ("/dev", "tmpfs", "nosuid,strictatime,mode=755,size=65536k"),
            ("/dev/shm", "tmpfs", "nosuid,noexec,nodev,mode=1777,size=65536k"),
            ("/tmp", "tmpfs", "nosuid,nodev,mode=1777"),
            ("/run", "tmpfs", "nosuid,nodev,mode=755"),
        ];
        let usual = usual.map(|(to, kind, options)| {
            let options: Vec<&str> = options.split(',').collect();
            json!({"destination": to, "type": kind, "source": kind, "options": options})
        });
        let bound = self.mounts.iter().map(|(from, to)| {
            json!({"destination": to, "type": "bind", "source": from, "options": ["rbind", "rw"]})
        });
        usual.into_iter().chain(bound).collect()
    }
}

impl Drop for Container<'_> {
    fn drop(&mut self) {
        let _ = self.runtime().args(["delete", "--force", &self.id]).output();
    }
}
