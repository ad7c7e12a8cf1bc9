//! What a program inherits through `exec`: everything, and nothing of podnet's own.

use std::collections::BTreeSet;
use std::os::unix::net::UnixListener;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use crate::support::{Pod, memif_client, pod, run, script, status};

/// A pod whose one port comes up, and what keeps it so.
fn memif_pod() -> (Pod, tempfile::TempDir, UnixListener) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("m.sock");
    let listener = UnixListener::bind(&path).unwrap();
    (pod(&status(&[memif_client("net1", &path)])), dir, listener)
}

/// What `body` prints when a shell with `before` starts it, by podnet and by itself.
fn both(before: &str, body: &str) -> (String, String) {
    let (pod, _dir, _listener) = memif_pod();
    let program = script(pod.path().join("program"), body);
    let by = |words: &[&std::ffi::OsStr]| {
        let mut command = Command::new("sh");
        command.args(["-c", &format!("{before}\nexec \"$@\""), "sh"]).args(words);
        command.env_remove("PODNET_ROOT").stdin(Stdio::null());
        run(&mut command).ends(0).out
    };
    let podnet = env!("CARGO_BIN_EXE_podnet");
    let options = ["exec", "--no-huge", "--"].map(std::ffi::OsStr::new);
    let root = [podnet.as_ref(), "--root".as_ref(), pod.path().as_os_str()];
    let with = by(&[&root[..], &options[..], &[program.as_os_str()]].concat());
    (with, by(&[program.as_os_str()]))
}

#[test]
fn signals_stay_as_they_were() {
    // Without a child: a shell blocks signals while it makes one.
    let body = "while read -r line; do
        case $line in Sig[BI]*) echo \"$line\"; esac
    done </proc/$$/status";
    let (with, without) = both("trap '' HUP USR1; trap - PIPE", body);
    assert_eq!(with, without);
    let ignored = with.lines().find_map(|line| line.strip_prefix("SigIgn:")).unwrap();
    let ignored = u64::from_str_radix(ignored.trim(), 16).unwrap();
    let [hup, usr1, pipe] = [1, 10, 13].map(|signal| ignored >> (signal - 1) & 1);
    assert_eq!([hup, usr1, pipe], [1, 1, 0], "{with}");
}

#[test]
fn descriptors_stay_as_they_were() {
    let body = "for fd in /proc/$$/fd/*; do echo \"${fd##*/} $(readlink $fd)\"; done";
    let (with, without) = both("exec 3</dev/null 9</dev/zero", body);
    let numbers = |out: &str| {
        let lines = out.lines().filter(|line| !line.contains("pipe:") && !line.contains("program"));
        lines.map(str::to_owned).collect::<BTreeSet<_>>()
    };
    assert_eq!(numbers(&with), numbers(&without));
    assert!(with.contains("3 /dev/null\n") && with.contains("9 /dev/zero\n"), "{with}");
}

#[test]
fn the_environment_stays_as_it_was() {
    let (pod, _dir, _listener) = memif_pod();
    let program = script(pod.path().join("program"), "cat /proc/$$/environ");
    let mut command = Command::new("env");
    command.args(["-i", "RUNTIME_DIRECTORY=/tmp", "PCIDEVICE_A_B-C=x", "LINES=a\nb", "EMPTY="]);
    command.arg(env!("CARGO_BIN_EXE_podnet")).arg("--root").arg(pod.path());
    let run = run(command.args(["exec", "--no-huge", "--"]).arg(program)).ends(0);
    let expected = "RUNTIME_DIRECTORY=/tmp\0PCIDEVICE_A_B-C=x\0LINES=a\nb\0EMPTY=\0";
    assert_eq!(run.out, expected);
}

/// A program that becomes its arguments, with an environment that no shell could give.
fn odd_environment(pod: &Pod) -> PathBuf {
    let source = pod.file(
        "odd.c",
        r#"#include <unistd.h>
        int main(int argc, char **argv)
        {
            char *env[] = {"ALONE", "RUNTIME_DIRECTORY=/tmp", "", "=x", "A=1", "A=2", 0};
            return argc < 2 ? 1 : execve(argv[1], argv + 1, env);
        }"#,
    );
    let program = pod.path().join("odd");
    let compiler = std::env::var_os("CC").unwrap_or_else(|| "cc".into());
    assert!(Command::new(compiler).arg("-o").arg(&program).arg(source).status().unwrap().success());
    program
}

#[test]
fn entries_of_the_environment_without_a_name_or_value_stay() {
    let (pod, _dir, _listener) = memif_pod();
    let program = script(pod.path().join("program"), "cat /proc/$$/environ");
    let mut command = Command::new(odd_environment(&pod));
    command.arg(env!("CARGO_BIN_EXE_podnet")).arg("--root").arg(pod.path());
    command.args(["exec", "--no-huge", "--"]).arg(program);
    let run = run(&mut command);
    let expected = "ALONE\0RUNTIME_DIRECTORY=/tmp\0\0=x\0A=1\0A=2\0";
    assert_eq!(run.out, expected, "{run:#?}");
}
