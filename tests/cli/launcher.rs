//! `examples/l3fwd_launcher.rs`.

use std::process::Command;

use crate::support::{pci, pod, run, script, status};

/// Cargo builds the example if it has to, and becomes it.
fn launcher() -> Command {
    let mut command = Command::new(env!("CARGO"));
    command.current_dir(env!("CARGO_MANIFEST_DIR"));
    command.args(["run", "--quiet", "--offline", "--example", "l3fwd_launcher", "--"]);
    command
}

#[test]
fn starts_the_program_with_the_arguments_of_the_pod() {
    let pod = pod(&status(&[pci("net1", "0000:3b:02.1")]));
    let program = script(pod.path().join("l3fwd"), r#"printf '%s\n' "$@""#);
    let mut command = launcher();
    command.env("PODNET_ROOT", pod.path()).arg(program).args(["--log-level", "8", "--", "-E"]);
    let run = run(&mut command).ends(0);
    run.says("port 0 is 0000:3b:02.1 (net1)");
    let words: Vec<_> = run.out.lines().collect();
    let position = |word: &str| words.iter().position(|one| *one == word).unwrap();
    assert!(position("0000:3b:02.1") < position("--"), "{words:?}");
    assert!(position("--log-level") < position("--"), "{words:?}");
    assert!(position("--config=(0,0,0)") > position("--"), "{words:?}");
    assert_eq!(words.last(), Some(&"-E"));
}

#[test]
fn says_how_to_use_it() {
    run(&mut launcher()).ends(2).says("usage: l3fwd_launcher PROGRAM");
}
