//! Where `exec` has the DPDK release of its program from.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::support::{Run, memif_server, pod, run, script, status};

/// What a program has in it that EAL is linked into, without the path of its plugins.
const EAL: &str = r#"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
const char *const has[] = { "EAL: RTE Version: '%s'\n", "base-virtaddr" };
static void note(void)
{
    FILE *file = fopen(getenv("ASKED"), "a");
    fprintf(file, "%d\n", (int)getpid());
    fclose(file);
}
int main(int argc, char **argv)
{
    if (argc != 3 || strcmp(argv[1], "-v") || strcmp(argv[2], "-h"))
        return 3;
    note();
    /* Of all that is read as input nothing comes. */
    if (getchar() != EOF)
        return 4;
    ANSWER
}
"#;

fn compile(source: &str, more: &[&str]) -> (TempDir, PathBuf) {
    let directory = tempfile::tempdir().unwrap();
    let (file, program) = (directory.path().join("main.c"), directory.path().join("program"));
    fs::write(&file, source).unwrap();
    let mut compiler = Command::new("cc");
    let built = compiler.arg("-o").arg(&program).arg(file).args(more).output().unwrap();
    assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
    (directory, program)
}

/// A program that answers `-v -h` by these statements.
fn answers(statements: &str) -> (TempDir, PathBuf) {
    compile(&EAL.replace("ANSWER", statements), &[])
}

fn dry_run(program: &Path, options: &str) -> Run {
    let pod = pod(&status(&[memif_server("net1", Path::new("/tmp/podnet-test-absent.sock"))]));
    let mut command = pod.command(&format!("exec --no-huge --dry-run --verbose {options} --"));
    run(command.arg(program).env("ASKED", asked(program)))
}

/// Where a program notes that it was run.
fn asked(program: &Path) -> PathBuf {
    program.with_file_name("asked")
}

fn was_asked(program: &Path) -> bool {
    asked(program).exists()
}

/// Whether a process that is no zombie has one of these numbers.
fn runs(numbers: &str) -> bool {
    numbers.lines().any(|number| {
        let stat = fs::read_to_string(format!("/proc/{number}/stat")).unwrap_or_default();
        stat.rsplit_once(") ").is_some_and(|(_, state)| !state.starts_with('Z'))
    })
}

#[test]
fn a_static_program_is_asked() {
    let answers_and_releases = [
        (r#"fprintf(stderr, has[0], "DPDK 21.11.9"); puts("Usage: x"); return 0;"#, "21.11"),
        (
            r#"puts(" --lcores\n\thttps://doc.dpdk.org/guides-25.11/linux_gsg/"); return 0;"#,
            "25.11",
        ),
        (r#"puts(" --pagesz-mem\n"); return 1;"#, "26.07"),
    ];
    for (statements, release) in answers_and_releases {
        let (_directory, program) = answers(statements);
        let said =
            format!("podnet: DPDK {release}: from {} -v -h, which printed it\n", program.display());
        let run = dry_run(&program, "").ends(0);
        run.says(&said);
        assert!(!run.out.contains("Usage") && !run.err.contains("Usage"), "{run:#?}");
    }
}

/// The forms of the argument vector are those of the answer.
#[test]
fn the_answer_shapes_the_arguments() {
    let (_directory, program) = answers(r#"printf(has[0], "DPDK 22.11.11"); return 0;"#);
    assert!(!dry_run(&program, "--app l3fwd").ends(0).out.contains("--relax-rx-offload"));
    let (_directory, program) = answers(r#"printf(has[0], "DPDK 23.11.7"); return 0;"#);
    assert!(dry_run(&program, "--app l3fwd").ends(0).out.contains("--relax-rx-offload"));
}

#[test]
fn a_program_that_does_not_answer_holds_nothing_up_and_is_gone() {
    // The pipe is kept open by a child, which notes its number.
    let child = "if (fork() == 0) { note(); sleep(60); }";
    let version = r#"fprintf(stderr, has[0], "DPDK 22.11.11");"#;
    let cases = [
        ("for (;;) pause();".to_owned(), None),
        ("for (;;) puts(\"https://doc.dpdk.org/guides-none\");".to_owned(), None),
        (format!("{child} usleep(300000); return 0;"), None),
        (format!("{version} {child} usleep(300000); return 0;"), Some("22.11")),
        (format!("{version} {child} for (;;) pause();"), Some("22.11")),
        ("return 0;".to_owned(), None),
        ("abort();".to_owned(), None),
    ];
    for (statements, release) in cases {
        let (_directory, program) = answers(&statements);
        let start = Instant::now();
        let run = dry_run(&program, "").ends(0);
        assert!(start.elapsed() < Duration::from_secs(30), "{statements}: {run:#?}");
        match release {
            Some(release) => {
                run.says(&format!("podnet: DPDK {release}: from {}", program.display()))
            }
            None => run.says("podnet: DPDK "),
        };
        assert_eq!(run.err.contains("-v -h, which printed it"), release.is_some(), "{run:#?}");
        let numbers = fs::read_to_string(asked(&program)).unwrap();
        assert_eq!(numbers.lines().count(), 1 + usize::from(statements.contains("fork")));
        assert!(!runs(&numbers), "{statements}: {numbers}");
    }
}

#[test]
fn nothing_else_is_run() {
    let pod = pod("[]");
    let note = "echo $$ >>\"$ASKED\"; exit 1\n# RTE Version: '%s' base-virtaddr";
    let shell = script(pod.path().join("program"), note);
    assert!(!dry_run(&shell, "").ends(0).err.contains("-v -h"));
    assert!(!was_asked(&shell));
    let plain =
        EAL.replace("\"EAL: RTE Version: '%s'\\n\"", "\"x\"").replace("ANSWER", "return 0;");
    let (_directory, program) = compile(&plain, &[]);
    dry_run(&program, "").ends(0);
    assert!(!was_asked(&program));
    // Where the release is known otherwise.
    let (_directory, program) = answers("return 0;");
    dry_run(&program, "--dpdk 25.11").ends(0).says("podnet: DPDK 25.11: from --dpdk\n");
    assert!(!was_asked(&program));
    let path = r#"const char path[] = "DPDK_PLUGIN_PATH=/usr/lib/dpdk/pmds-24.1";"#;
    let (_directory, program) = compile(&format!("{path}{}", EAL.replace("ANSWER", "")), &[]);
    dry_run(&program, "").ends(0).says(&format!(
        "podnet: DPDK 24.03: from {}, which has the path of DPDK's plugins in it\n",
        program.display()
    ));
    assert!(!was_asked(&program));
}

/// Programs of the installed DPDK.
#[test]
fn real_programs_tell_their_release_in_each_way() {
    let version = pkg_config(&["--modversion"]);
    let release: String = version.trim().chars().take(5).collect();
    let source =
        "#include <rte_eal.h>\nint main(int c, char **v) { return rte_eal_init(c, v) < 0; }";
    let flags = pkg_config(&["--cflags"]);
    let flags = || flags.split_whitespace();
    let from = |program: &Path| {
        let run = dry_run(program, "").ends(0);
        let line = run.err.lines().find_map(|line| line.strip_prefix("podnet: DPDK "));
        line.unwrap().replace(program.to_str().unwrap(), "PROGRAM")
    };

    let shared: Vec<&str> = flags().chain(["-lrte_eal"]).collect();
    let (_directory, program) = compile(source, &shared);
    let abi = release[..2].parse::<u32>().unwrap() + 1;
    assert_eq!(from(&program), format!("{release}: from PROGRAM, which needs librte_eal.so.{abi}"));

    let libraries = ["-l:librte_eal.a", "-l:librte_kvargs.a", "-l:librte_telemetry.a", "-lnuma"];
    // Where the C library has no strlcpy.
    let all = pkg_config(&["--static", "--libs"]);
    let bsd = all.split_whitespace().filter(|library| *library == "-lbsd").take(1);
    let linked: Vec<&str> = flags().chain(libraries).chain(bsd).chain(["-lm"]).collect();
    let (_directory, program) = compile(source, &linked);
    let by_path = format!("{release}: from PROGRAM, which has the path of DPDK's plugins in it");
    assert_eq!(from(&program), by_path);

    // As of a build whose drivers are in a place of another name.
    let mut bytes = fs::read(&program).unwrap();
    let name = b"DPDK_PLUGIN_PATH=";
    let place = bytes.windows(name.len()).position(|found| found == name).unwrap();
    bytes[place..].iter_mut().take_while(|byte| **byte != 0).for_each(|byte| *byte = b'x');
    fs::write(&program, bytes).unwrap();
    assert_eq!(from(&program), format!("{release}: from PROGRAM -v -h, which printed it"));
}

fn pkg_config(query: &[&str]) -> String {
    let found = Command::new("pkg-config").args(query).arg("libdpdk").output();
    let there = found.as_ref().is_ok_and(|output| output.status.success());
    assert!(there, "no libdpdk: install the Debian packages libdpdk-dev and pkg-config");
    let output = found.unwrap();
    String::from_utf8(output.stdout).unwrap()
}
