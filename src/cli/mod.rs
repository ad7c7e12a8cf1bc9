//! The command: options in, the library's answers out.

mod annotations;
mod args;
mod checks;
mod eal;
mod exec;
mod get;
#[cfg(test)]
mod manual;
mod ports;
mod program;
mod release;
mod render;
mod runtime;
mod show;
mod socket;
mod system;
mod table;
mod text;
mod units;
mod wait;
mod watch;
mod words;

use std::io::Write;
use std::process::ExitCode;

use args::{Cli, Verb};

/// How a run of the command ends when it does not end well.
#[derive(Debug)]
struct Failure {
    code: u8,
    /// For standard error; none when everything was said already.
    lines: Vec<String>,
}

type Outcome = Result<(), Failure>;

impl Failure {
    /// Exit 1.
    fn failed(text: impl Into<String>) -> Failure {
        Failure { code: 1, lines: vec![text.into()] }
    }

    /// Exit 2.
    fn usage(text: impl Into<String>) -> Failure {
        Failure { code: 2, lines: vec![text.into()] }
    }

    /// Exit 1, after the reasons were printed.
    fn silent() -> Failure {
        Failure { code: 1, lines: Vec::new() }
    }
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Failure {
        Failure::failed(format!("standard output: {error}"))
    }
}

impl From<podnet::Error> for Failure {
    fn from(error: podnet::Error) -> Failure {
        match error {
            podnet::Error::Invalid { .. } => Failure::usage(error.to_string()),
            _ => Failure::failed(error.to_string()),
        }
    }
}

pub fn main() -> ExitCode {
    // A reader that goes away (`podnet show | head`) ends us silently, as it ends any other tool.
    system::set_sigpipe(system::Sigpipe::Default);
    let cli = Cli::parse_with_environment();
    match run(&cli) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            failure.lines.iter().for_each(say);
            ExitCode::from(failure.code)
        }
    }
}

fn run(cli: &Cli) -> Outcome {
    match &cli.verb {
        Verb::Show(args) => show::run(&cli.global, args),
        Verb::Get(args) => get::run(&cli.global, args),
        Verb::Annotations(args) => annotations::run(&cli.global, args),
        Verb::Wait(args) => wait::run(&cli.global, args),
        Verb::Watch(args) => watch::run(&cli.global, args),
        Verb::Eal(args) => eal::run(&cli.global, args),
        Verb::Exec(args) => exec::run(&cli.global, args),
        Verb::Ports(args) => ports::run(&cli.global, args),
        Verb::Render(args) => render::run(&cli.global, args),
    }
}

/// One line on standard error. When even that can't be written there is nobody left to tell.
fn say(line: impl AsRef<str>) {
    let _ = writeln!(std::io::stderr(), "podnet: {}", text::visible(line.as_ref()));
}

/// Exact JSON on standard output, for programs.
fn print_json(value: &impl serde::Serialize) -> Outcome {
    let mut out = std::io::stdout().lock();
    serde_json::to_writer_pretty(&mut out, value).map_err(std::io::Error::from)?;
    writeln!(out)?;
    Ok(out.flush()?)
}

/// The end of a verb that has printed all it could read: exit 1 where a warning is of a failure.
fn end(warnings: &[podnet::Warning]) -> Outcome {
    match warnings.iter().any(|warning| warning.code.is_failure()) {
        true => Err(Failure::silent()),
        false => Ok(()),
    }
}

/// A warning of the library's.
fn warn_of(warning: &podnet::Warning) {
    warn(&warning.text);
}

fn warn(text: impl AsRef<str>) {
    say(format!("warning: {}", text.as_ref()));
}
