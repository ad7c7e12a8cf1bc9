//! The program to start, and the user's arguments of it.

use std::env;
use std::ffi::OsStr;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use podnet::eal::App;

use super::args::ExecArgs;
use super::text::reason;
use super::{Failure, system};

const ARGS: &str = "PODNET_ARGS";

/// What `PROGRAM [ARGS]` of the command line says, and where it does not, `--app` and
/// `$PODNET_ARGS`.
#[derive(Debug)]
pub struct Program {
    pub name: String,
    pub path: PathBuf,
    pub args: Vec<String>,
}

impl Program {
    pub fn choose(args: &ExecArgs) -> Result<Program, Failure> {
        let (name, given) = split(&args.command);
        let (name, path) = match name {
            Some("") => {
                let why = "PROGRAM: is an empty word: the variable it comes from is not set";
                return Err(Failure::usage(why));
            }
            Some(name) => find(&[name])?,
            None => find(usual_names(args.plan.app)?)?,
        };
        let args = if given.is_empty() { from_environment()? } else { given.to_vec() };
        Ok(Program { name, path, args })
    }
}

/// No program's name begins with a dash: such a word is an argument of the program that `--app`
/// names.
fn split(command: &[String]) -> (Option<&str>, &[String]) {
    match command.split_first() {
        Some((name, args)) if !name.starts_with('-') => (Some(name), args),
        _ => (None, command),
    }
}

/// As DPDK installs it, as Linux distributions do, as its own build does.
fn usual_names(app: App) -> Result<&'static [&'static str], Failure> {
    match app {
        App::L3fwd => Ok(&["dpdk-l3fwd", "l3fwd"]),
        App::L2fwd => Ok(&["dpdk-l2fwd", "l2fwd"]),
        App::Testpmd => Ok(&["dpdk-testpmd", "testpmd"]),
        _ => Err(Failure::usage(
            "PROGRAM: not given: name it after --, or an application with --app or $PODNET_APP",
        )),
    }
}

fn find(names: &[&str]) -> Result<(String, PathBuf), Failure> {
    let mut failure = io::Error::from(io::ErrorKind::NotFound);
    for name in names {
        match search(name.as_ref()) {
            Ok(path) => return Ok((name.to_string(), path)),
            Err(error) => failure = error,
        }
    }
    Err(cannot_run(&names.join(", "), &failure))
}

/// `name` as `execvp(3)` would find it.
fn search(name: &OsStr) -> io::Result<PathBuf> {
    if name.as_bytes().contains(&b'/') {
        return runnable(PathBuf::from(name));
    }
    let path = env::var_os("PATH").unwrap_or_else(|| "/bin:/usr/bin".into());
    let mut failure = io::Error::from_raw_os_error(libc::ENOENT);
    for directory in env::split_paths(&path) {
        match runnable(directory.join(name)) {
            Ok(found) => return Ok(found),
            Err(error) if error.raw_os_error() == Some(libc::EACCES) => failure = error,
            Err(_) => {}
        }
    }
    Err(failure)
}

fn runnable(path: PathBuf) -> io::Result<PathBuf> {
    if !path.metadata()?.is_file() {
        return Err(io::Error::from_raw_os_error(libc::EACCES));
    }
    system::check_execute(&path)?;
    Ok(path)
}

fn from_environment() -> Result<Vec<String>, Failure> {
    let text = env::var_os(ARGS).unwrap_or_default();
    let text = text.to_str().ok_or_else(|| Failure::usage(format!("${ARGS}: is not UTF-8")))?;
    Ok(text.split_whitespace().map(str::to_owned).collect())
}

/// As env(1) does: 127 for a program that is not there, 126 for one that can't be run.
pub fn cannot_run(program: &str, error: &io::Error) -> Failure {
    let code = if error.kind() == io::ErrorKind::NotFound { 127 } else { 126 };
    let (why, fix) = (reason(error), fix(program, error));
    Failure { code, lines: vec![format!("{program}: cannot be run: {why}: {fix}")] }
}

fn fix(program: &str, error: &io::Error) -> &'static str {
    let by_path = program.contains('/');
    match (error.kind(), error.raw_os_error()) {
        (io::ErrorKind::NotFound, _) if !by_path => {
            "no directory of $PATH has it: install it in the image, or give its path"
        }
        (io::ErrorKind::NotFound, _) if Path::new(program).exists() => {
            "it is there, but not the interpreter (#!) or the dynamic loader that it names: install \
             that in the image"
        }
        (io::ErrorKind::NotFound, _) => "install it in the image, or mount its volume there",
        (_, Some(libc::ENOEXEC)) => {
            "it is made for other processors than this node's, or a script without a first line \
             such as #!/bin/sh"
        }
        _ if Path::new(program).is_dir() => "it is a directory: name a program in it",
        _ => "make it executable for this user in the image (chmod +x)",
    }
}
