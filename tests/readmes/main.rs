//! The commands of README.md and of the READMEs of samples/ and bindings/ run, and print what is
//! shown. What any page of this repository links to is there.
//!
//! A block ```` ```console ```` holds commands and what they print, standard error included:
//!
//! ```text
//! $ podnet --root samples/pods/sr-iov get net1.pci
//! 0000:3b:02.1
//! ```
//!
//! - The prompt `$ ` begins a command, `# ` one of root's. `> ` goes on with it.
//! - A line `...` stands for any lines, `[..]` in a line for any text.
//! - A command has to succeed, unless the next one is `echo $?`, which then shows its status.
//! - The blocks of one page share a shell, which begins in the top directory of a copy of this
//!   repository, with podnet installed: the command, and the library by pkg-config.
//! - A block that can't run here says why after `console`: [`ELSEWHERE`], or the path of the script
//!   or test that runs it. Every block of commands is `console`.
//! - A block of another language with a name after it, ```` ```cpp show.cpp ````, is that file: it is
//!   there when the commands run. One without a name is the inside of a function: `fragments.rs`
//!   says what is around it, and compiles it.
//!
//! With `PODNET_BLESS=1` what the commands print now is written into the page, but where `...` or
//! `[..]` stand.
#![cfg(all(feature = "capi", feature = "cli"))]
#![allow(clippy::unwrap_used)] // A test is to panic.

#[path = "../c_support/mod.rs"]
mod c_support;
mod fragments;
#[path = "../installed/mod.rs"]
mod installed;
mod page;

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use c_support::{crate_dir, succeed};
use installed::with_library;
use page::{Block, Fragment, Step, blocks, differs, files, fragments, links};

/// Why a block is not run.
const ELSEWHERE: [&str; 2] = ["in-a-cluster", "in-a-pod"];

const MARK: &str = "====podnet-readme";

/// The pages in a directory and those below it, but for what was built and the roots of pods.
fn pages(directory: &Path, found: &mut Vec<PathBuf>) {
    let mut entries: Vec<PathBuf> =
        fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path()).collect();
    entries.sort();
    for path in entries {
        let name = path.file_name().unwrap().to_str().unwrap();
        let skipped = ["target", ".git"].contains(&name)
            || ["samples/pods", "tests/roots"].iter().any(|roots| directory.ends_with(roots));
        if path.is_dir() && !path.is_symlink() && !skipped {
            pages(&path, found);
        } else if name.ends_with(".md") {
            found.push(path);
        }
    }
}

/// A copy of this repository in which the commands may write.
fn tree() -> PathBuf {
    let tree = Path::new(env!("CARGO_TARGET_TMPDIR")).join("readmes");
    let _ = fs::remove_dir_all(&tree);
    fs::create_dir_all(&tree).unwrap();
    let mut copy = Command::new("cp");
    for entry in fs::read_dir(crate_dir()).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        if !["target", "tests", "fuzz", ".git"].contains(&name) {
            copy.arg(path);
        }
    }
    succeed(copy.arg("-a").arg(&tree));
    tree
}

/// One shell for all steps of a page, and what each of them printed and its status.
fn run(tree: &Path, steps: &[&Step]) -> Vec<(String, i32)> {
    let mut script = "exec 2>&1\n__last=0\n__status() { return $1; }\n".to_owned();
    for step in steps {
        // The step sees the status of the one before.
        script += &format!("__status $__last\n{}\n__last=$?\n", step.command);
        script += &format!("printf '\\n{MARK} %d\\n' $__last\n");
    }
    let programs = tempfile::tempdir().unwrap();
    symlink(env!("CARGO_BIN_EXE_podnet"), programs.path().join("podnet")).unwrap();
    let path = format!("{}:{}", programs.path().display(), std::env::var("PATH").unwrap());
    let mut shell = Command::new("timeout");
    shell.args(["300", "bash", "-c", &script]).current_dir(tree).stdin(Stdio::null());
    shell.env("PATH", path).env("NO_COLOR", "1").env("PYTHONDONTWRITEBYTECODE", "1");
    // Anew with each tree, for Go does not notice when a header has changed.
    shell.env("GOCACHE", tree.join("go-cache")).env("GOPROXY", "off");
    shell.env("CARGO_TARGET_DIR", Path::new(env!("CARGO_TARGET_TMPDIR")).join("rust_app"));
    shell.env_remove("PODNET_ROOT").env_remove("CONTAINER_NAME").env_remove("MAKEFLAGS");
    let output = with_library(&mut shell).output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let mut results = Vec::new();
    let mut rest = text.as_str();
    while let Some((printed, after)) = rest.split_once(&format!("\n{MARK} ")) {
        let (status, after) = after.split_once('\n').unwrap();
        results.push((printed.to_owned(), status.parse().unwrap()));
        rest = after;
    }
    if results.len() < steps.len() {
        results.push((format!("{rest}[the shell ended here, or ran for five minutes]"), -1));
    }
    results
}

/// What is wrong with the blocks of a page as they are written.
fn misuse(blocks: &[Block]) -> Vec<String> {
    let mut found = Vec::new();
    for block in blocks {
        let at = block.line;
        let known = ELSEWHERE.contains(&block.mark.as_str());
        let path =
            block.mark.split('/').next().is_some_and(|top| ["scripts", "tests"].contains(&top));
        if block.mark.is_empty() && block.language != "console" {
            found.push(format!(
                "{at}: ```{}: make it ```console, with what the commands print, or say after it who \
                 runs them: {}, or the path of a script or test",
                block.language,
                ELSEWHERE.join(", ")
            ));
        } else if !(block.mark.is_empty()
            || known
            || path && crate_dir().join(&block.mark).exists())
        {
            found.push(format!(
                "{at}: {:?}: neither {} nor a script or test",
                block.mark,
                ELSEWHERE.join(", ")
            ));
        } else if block.runs() && block.steps.is_empty() {
            found.push(format!("{at}: no command: it begins with \"$ \" or \"# \""));
        }
    }
    found
}

/// The steps of a page that don't print what is shown.
fn wrong(tree: &Path, blocks: &[Block]) -> Vec<String> {
    let steps: Vec<&Step> =
        blocks.iter().filter(|block| block.runs()).flat_map(|block| &block.steps).collect();
    let mut found = Vec::new();
    if steps.is_empty() {
        return found;
    }
    for (index, (printed, status)) in run(tree, &steps).iter().enumerate() {
        let step = steps[index];
        let told = steps.get(index + 1).is_some_and(|next| next.command == "echo $?");
        let place = format!("{}: $ {}", step.line, step.command);
        if *status != 0 && !told {
            found.push(format!(
                "{place}\nexit status {status}, and no `echo $?` after it\n{printed}"
            ));
        } else if let Some(difference) = differs(&step.shown, printed) {
            found.push(format!("{place}\n{difference}"));
        }
    }
    found
}

/// The pages of users.
fn manuals() -> Vec<PathBuf> {
    let mut found = vec![crate_dir().join("README.md")];
    pages(&crate_dir().join("samples"), &mut found);
    pages(&crate_dir().join("bindings"), &mut found);
    assert!(found.len() > 20, "{found:?}");
    found
}

#[test]
fn the_fragments_of_the_pages_compile() {
    let (mut report, mut languages) = (String::new(), BTreeSet::new());
    for file in manuals() {
        let name = file.strip_prefix(crate_dir()).unwrap().display();
        for fragment in fragments(&fs::read_to_string(&file).unwrap()) {
            let problem = fragments::problem(&fragment);
            if !problem.is_empty() {
                report += &format!("{name}:{}: {problem}\n", fragment.line);
            }
            languages.insert(fragment.language);
        }
    }
    assert!(report.is_empty(), "\n{report}");
    let expected = ["c", "cpp", "go", "python", "rust,no_run"].map(str::to_owned);
    assert_eq!(languages, expected.into());
}

#[test]
fn a_fragment_that_is_wrong_is_found() {
    for (language, text) in [
        ("c", "podnet_no_such();\n"),
        ("cpp", "pod.no_such();\n"),
        ("go", "return pod.NoSuch()\n"),
        ("python", "podnet.no_such()\n"),
        ("python", "for event in podnet.watch():\n    print(event)\n"),
        ("perl", "1;\n"),
    ] {
        let fragment = Fragment { line: 1, language: language.to_owned(), text: text.to_owned() };
        assert_ne!(fragments::problem(&fragment), "", "{language}: {text}");
    }
}

#[test]
fn the_commands_of_the_pages_print_what_is_shown() {
    let found = manuals();
    let tree = tree();
    let mut report = String::new();
    for file in found {
        let name = file.strip_prefix(crate_dir()).unwrap().display();
        let text = fs::read_to_string(&file).unwrap();
        let blocks = blocks(&text);
        for file in files(&text) {
            let path = tree.join(&file.name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, file.text).unwrap();
        }
        let mut found = misuse(&blocks);
        if std::env::var_os("PODNET_BLESS").is_some() {
            let steps: Vec<&Step> =
                blocks.iter().filter(|block| block.runs()).flat_map(|block| &block.steps).collect();
            fs::write(&file, page::blessed(&text, &steps, &run(&tree, &steps))).unwrap();
            continue;
        }
        found.extend(wrong(&tree, &blocks));
        for problem in found {
            report += &format!("{name}:{problem}\n\n");
        }
        for block in blocks.iter().filter(|block| !block.runs()) {
            println!("not run: {name}:{}: {}", block.line, block.mark);
        }
    }
    assert!(
        report.is_empty(),
        "\n{report}tests/readmes/main.rs says how a page is written. If what was found is right: \
         PODNET_BLESS=1 cargo test --test readmes\n"
    );
}

/// The links of a page that lead nowhere.
fn broken(page: &Path, text: &str) -> Vec<String> {
    let directory = page.parent().unwrap();
    let lost = |target: &String| !directory.join(target).exists();
    let lost = links(text).into_iter().filter(|(_, target)| lost(target));
    lost.map(|(line, target)| format!("{line}: {target} is not there")).collect()
}

#[test]
fn the_links_of_the_pages_lead_somewhere() {
    let mut found = Vec::new();
    pages(crate_dir(), &mut found);
    assert!(found.len() > 25, "{found:?}");
    for page in found {
        let lost = broken(&page, &fs::read_to_string(&page).unwrap());
        assert_eq!(lost, [""; 0], "{}", page.display());
    }
    let page = crate_dir().join("samples/README.md");
    let text = "[a](pods) [b](no-such#x)\n[c](https://example.com/x) [d](#e)\n```c\n[f](g)\n```\n\
                [h](../no-such.md)\n";
    assert_eq!(broken(&page, text), ["1: no-such is not there", "6: ../no-such.md is not there"]);
}

/// A page with a mistake of each kind, so that none passes.
#[test]
fn a_page_that_is_wrong_is_found() {
    let directory = tempfile::tempdir().unwrap();
    let cases = [
        ("```console\n$ echo a\nb\n```\n", "expected: b\nfound:    a"),
        ("```console\n$ echo a\n```\n", "found:    a"),
        ("```console\n$ true\nb\n```\n", "expected: b"),
        ("```console\n$ false\n```\n", "exit status 1"),
        ("```console\n$ false\n$ echo $?\n0\n```\n", "found:    1"),
        ("```console\n$ no-such-command-here\n```\n", "exit status 127"),
        ("```console\n$ exit 0\n$ echo a\na\n```\n", "the shell ended here"),
        ("```console\n$ printf 'a\\nb\\n'\na\n...\nc\n```\n", "expected: c"),
        ("```console\n$ echo abc\na[..]d\n```\n", "found:    abc"),
    ];
    for (text, expected) in cases {
        let found = wrong(directory.path(), &blocks(text)).join("\n");
        assert!(found.contains(expected), "{text}{found}");
    }
    let cases = [
        ("```sh\nls\n```\n", "make it ```console"),
        ("```console somewhere\n$ ls\n```\n", "neither in-a-cluster"),
        ("```console tests/no-such.rs\n$ ls\n```\n", "neither in-a-cluster"),
        ("```console\nls\n```\n", "no command"),
    ];
    for (text, expected) in cases {
        let found = misuse(&blocks(text)).join("\n");
        assert!(found.contains(expected), "{text}{found}");
    }
}

#[test]
fn a_page_that_is_right_passes() {
    let directory = tempfile::tempdir().unwrap();
    let text = "Text.\n```console\n$ cd /\n$ pwd\n/\n$ printf 'a\\nb\\nc\\nd'\na\n...\nd\n$ echo a \\\n\
                > b\na b\n$ (exit 3)\n$ echo $?\n3\n$ echo 'took 3 s'; echo e >&2\ntook [..] s\ne\n```\n\
                ```console\n$ pwd\n/\n```\n```console in-a-cluster\n$ kubectl get pods\n```\n\
                ```rust\nlet a = 1;\n```\n";
    let blocks = blocks(text);
    assert_eq!(misuse(&blocks), [""; 0]);
    assert_eq!(wrong(directory.path(), &blocks), [""; 0]);
    assert_eq!(blocks.iter().filter(|block| block.runs()).count(), 2);
}

/// scripts/demo makes names of its own and installs packages; what it shows is of now's shape.
#[test]
fn the_demo_is_shown_as_podnet_prints_it() {
    let text = fs::read_to_string(crate_dir().join("README.md")).unwrap();
    let blocks = blocks(&text);
    let block = blocks.iter().find(|block| block.mark == "scripts/demo").unwrap();
    let shown = &block.steps[0].shown;
    let pod = crate_dir().join("samples/pods/vhost-user-client");
    let mut show = Command::new(env!("CARGO_BIN_EXE_podnet"));
    let now = String::from_utf8(succeed(show.arg("--root").arg(pod).arg("show")).stdout).unwrap();
    for heading in ["Pod ", "Container ", "Networks ", "CPUs ", "HUGEPAGES ", "INTERFACE "] {
        let words = |line: &str| -> Vec<String> {
            let all = line.split_whitespace().map(str::to_owned);
            if heading.ends_with("S ") || heading.starts_with("INT") {
                all.collect()
            } else {
                all.take(1).collect()
            }
        };
        let now = now.lines().find(|line| line.starts_with(heading)).unwrap();
        let shown = shown.iter().find(|line| line.starts_with(heading));
        let shown = shown.unwrap_or_else(|| panic!("README.md: the demo shows no {heading}"));
        assert_eq!(words(shown), words(now), "README.md: the demo's {heading}");
    }
    assert!(shown.iter().any(|line| line.starts_with("--lcores 0@0 --no-pci --vdev net_virtio_user_net1,path=")));
    let last: Vec<&str> = shown.last().unwrap().split(' ').collect();
    let [sent, "of", forwarded, "packets", "forwarded"] = last[..] else { panic!("{last:?}") };
    assert!(sent == forwarded && sent.parse::<u32>().unwrap() > 0, "{last:?}");
}
