//! The man pages and shell completions under `share/` are what clap makes of the arguments.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use clap::CommandFactory;
use clap_complete::Shell;

use super::args::Cli;

const SHELLS: [(Shell, &str); 3] = [
    (Shell::Bash, "bash-completion/completions/podnet"),
    (Shell::Zsh, "zsh/site-functions/_podnet"),
    (Shell::Fish, "fish/vendor_completions.d/podnet.fish"),
];

/// Writes all of them below `share`.
fn generate(share: &Path) {
    let pages = share.join("man/man1");
    fs::create_dir_all(&pages).unwrap();
    clap_mangen::generate_to(Cli::command(), &pages).unwrap();
    for page in files(&pages).into_keys().map(|name| pages.join(name)) {
        let text = fs::read_to_string(&page).unwrap();
        fs::write(page, text.replace(".SH EXTRA\nExamples:\n", ".SH EXAMPLES\n")).unwrap();
    }
    for (shell, path) in SHELLS {
        let mut text = Vec::new();
        clap_complete::generate(shell, &mut Cli::command(), "podnet", &mut text);
        fs::create_dir_all(share.join(path).parent().unwrap()).unwrap();
        fs::write(share.join(path), text).unwrap();
    }
}

/// The files below a directory, and what is in them.
fn files(directory: &Path) -> BTreeMap<PathBuf, String> {
    let mut found = BTreeMap::new();
    let mut left = vec![directory.to_owned()];
    while let Some(next) = left.pop() {
        for entry in fs::read_dir(next).into_iter().flatten() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                left.push(path);
            } else {
                let name = path.strip_prefix(directory).unwrap().to_owned();
                found.insert(name, fs::read_to_string(path).unwrap());
            }
        }
    }
    found
}

#[test]
fn man_pages_and_completions_are_fresh() {
    let share = Path::new(env!("CARGO_MANIFEST_DIR")).join("share");
    let made = tempfile::tempdir().unwrap();
    generate(made.path());
    if std::env::var_os("PODNET_BLESS").is_some() {
        let _ = fs::remove_dir_all(&share);
        generate(&share);
    }
    let (made, committed) = (files(made.path()), files(&share));
    assert!(made.contains_key(Path::new("man/man1/podnet-exec.1")), "{:?}", made.keys());
    let bless = "share/: not what the command says; run: PODNET_BLESS=1 cargo test --bin podnet";
    assert!(made == committed, "{bless}");
}
