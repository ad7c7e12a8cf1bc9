//! Pods to look at, and runs of the command.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use tempfile::TempDir;

/// A directory that stands for a pod.
pub struct Pod {
    dir: TempDir,
}

/// A copy of podnet at `path`. Another process writes it: a child that another test forks meanwhile
/// would hold a file of ours open for writing, and then it can't be executed.
pub fn copy_podnet(path: &Path) {
    let copied = Command::new("cp").arg(env!("CARGO_BIN_EXE_podnet")).arg(path).status().unwrap();
    assert!(copied.success(), "{}", path.display());
}

/// A pod whose only source is this network-status.
pub fn pod(network_status: &str) -> Pod {
    let value = network_status.replace('\\', r"\\").replace('"', r#"\""#).replace('\n', r"\n");
    pod_with_annotations(format!("k8s.v1.cni.cncf.io/network-status=\"{value}\"\n"))
}

/// The same by its whole annotations file.
pub fn pod_with_annotations(annotations: impl AsRef<[u8]>) -> Pod {
    let pod = Pod { dir: tempfile::tempdir().unwrap() };
    let cpu = own_cpu();
    pod.file("proc/self/status", format!("Name:\tpodnet\nCpus_allowed_list:\t{cpu}\n"));
    pod.file("etc/podnetinfo/annotations", annotations);
    pod
}

/// A CPU that this process may run on, so that `exec` finds nothing wrong with it.
pub fn own_cpu() -> u32 {
    podnet::get_cpu_info().unwrap().allowed.first().unwrap()
}

impl Pod {
    pub fn path(&self) -> &Path {
        self.dir.path()
    }

    pub fn file(&self, path: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, content).unwrap();
        path
    }

    /// `podnet --root POD` with these arguments, split at spaces.
    pub fn command(&self, args: &str) -> Command {
        let mut command = podnet();
        command.arg("--root").arg(self.path()).args(args.split_whitespace());
        command
    }

    pub fn run(&self, args: &str) -> Run {
        run(&mut self.command(args))
    }
}

pub fn podnet() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_podnet"));
    command.env_remove("PODNET_ROOT").env_remove("RUNTIME_DIRECTORY");
    command
}

/// What a run printed, and how it ended.
#[derive(Debug)]
pub struct Run {
    pub out: String,
    pub err: String,
    pub code: Option<i32>,
}

pub fn run(command: &mut Command) -> Run {
    let Output { status, stdout, stderr } = command.output().unwrap();
    Run {
        out: String::from_utf8(stdout).unwrap(),
        err: String::from_utf8(stderr).unwrap(),
        code: status.code(),
    }
}

impl Run {
    #[track_caller]
    pub fn ends(self, code: i32) -> Run {
        assert_eq!(self.code, Some(code), "{self:#?}");
        self
    }

    #[track_caller]
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {self:#?}"))
    }

    #[track_caller]
    pub fn says(&self, text: &str) -> &Run {
        assert!(self.err.contains(text), "no {text:?} in {self:#?}");
        self
    }

    #[track_caller]
    pub fn shows(&self, text: &str) -> &Run {
        assert!(self.out.contains(text), "no {text:?} in {self:#?}");
        self
    }
}

/// A program made of a shell script, which another process writes as [`copy_podnet`] has it.
pub fn script(path: PathBuf, body: &str) -> PathBuf {
    let write = r##"printf '#!/bin/sh\n%s\n' "$2" >"$1" && chmod 755 "$1""##;
    let written = Command::new("sh").args(["-c", write, "sh"]).arg(&path).arg(body).status();
    assert!(written.unwrap().success(), "{}", path.display());
    path
}

/// One network-status entry with a vhost-user socket that the host makes.
pub fn vhost_client(name: &str, path: &Path) -> String {
    vhost(name, path, "client")
}

/// One with a socket that we make.
pub fn vhost_server(name: &str, path: &Path) -> String {
    vhost(name, path, "server")
}

fn vhost(name: &str, path: &Path, mode: &str) -> String {
    let path = path.display();
    device(
        name,
        &format!(r#""type":"vhost-user","vhost-user":{{"mode":"{mode}","path":"{path}"}}"#),
    )
}

pub fn memif_client(name: &str, path: &Path) -> String {
    memif(name, path, "slave")
}

pub fn memif_server(name: &str, path: &Path) -> String {
    memif(name, path, "master")
}

fn memif(name: &str, path: &Path, role: &str) -> String {
    let path = path.display();
    device(
        name,
        &format!(r#""type":"memif","memif":{{"role":"{role}","mode":"ethernet","path":"{path}"}}"#),
    )
}

pub fn vdpa(name: &str, path: &Path) -> String {
    let path = path.display();
    device(name, &format!(r#""type":"vdpa","vdpa":{{"driver":"vhost","path":"{path}"}}"#))
}

pub fn pci(name: &str, address: &str) -> String {
    device(name, &format!(r#""type":"pci","pci":{{"pci-address":"{address}"}}"#))
}

fn device(name: &str, info: &str) -> String {
    format!(
        r#"{{"name":"ran/{name}-net","interface":"{name}","mac":"02:00:00:00:01:01",
            "ips":["192.0.2.5"],"device-info":{{{info},"version":"1.1.0"}}}}"#
    )
}

/// The default interface, and these.
pub fn status(entries: &[String]) -> String {
    let eth0 = r#"{"name":"cbr0","interface":"eth0","ips":["10.0.0.5"],"default":true,"dns":{}}"#;
    let all: Vec<&str> = [eth0].into_iter().chain(entries.iter().map(String::as_str)).collect();
    format!("[{}]", all.join(","))
}

pub fn path_with(first: &Path) -> std::ffi::OsString {
    let rest = std::env::var_os("PATH").unwrap_or_default();
    let all = [first.as_os_str(), OsStr::new(":"), &rest];
    all.into_iter().collect()
}
