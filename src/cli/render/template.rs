//! Templates of configuration files: where they come from, what they may print, and what went wrong
//! in one.

use std::error::Error as _;
use std::fs;
use std::io::{self, Read};
use std::ops::Range;
use std::path::{Component, Path, PathBuf};

use minijinja::syntax::SyntaxConfig;
use minijinja::value::ValueKind;
use minijinja::{
    AutoEscape, Environment, Error, ErrorKind, Output, State, UndefinedBehavior, Value,
};

use super::filters;
use crate::cli::Failure;
use crate::cli::text::{acts_on_terminal, reason};

/// The steps that filling a template in may take: a second or so, and far more than any needs.
const FUEL: u64 = 10_000_000;

/// A template and where its includes may come from.
pub struct Template {
    /// How messages call it.
    name: String,
    source: String,
    /// `None` for standard input.
    directory: Option<PathBuf>,
}

impl Template {
    pub fn read(path: &Path) -> Result<Template, Failure> {
        if path == Path::new("-") {
            let name = "standard input".to_owned();
            let mut source = String::new();
            io::stdin().read_to_string(&mut source).map_err(|error| unreadable(&name, &error))?;
            return Ok(Template { name, source, directory: None });
        }
        let name = path.to_string_lossy().into_owned();
        let source = fs::read_to_string(path).map_err(|error| unreadable(&name, &error))?;
        let directory = match path.parent() {
            Some(parent) if parent != Path::new("") => parent.to_owned(),
            _ => PathBuf::from("."),
        };
        Ok(Template { name, source, directory: Some(directory) })
    }

    pub fn render(&self, variables: Value) -> Result<String, Failure> {
        let mut environment = Environment::new();
        filters::add(&mut environment);
        environment.set_undefined_behavior(UndefinedBehavior::Strict);
        // What a template prints itself, in a macro or a block, is told from a value by being safe,
        // which minijinja only keeps track of when it thinks that values are escaped.
        environment.set_auto_escape_callback(|_| AutoEscape::Custom("configuration".into()));
        environment.set_formatter(print);
        environment.set_syntax(syntax()?);
        environment.set_fuel(Some(FUEL));
        // Where the error is in the source, for messages.
        environment.set_debug(true);
        let directory = self.directory.clone();
        environment.set_loader(move |name| include(directory.as_deref(), name));
        let made = environment.render_named_str(&self.name, &self.source, variables);
        made.map_err(|error| failure(&self.name, &error))
    }
}

/// A line with a block alone leaves no line behind, and the file ends as the template does.
fn syntax() -> Result<SyntaxConfig, Failure> {
    let mut builder = SyntaxConfig::builder();
    builder.trim_blocks(true).lstrip_blocks(true).keep_trailing_newline(true);
    builder.build().map_err(|error| Failure::failed(error.to_string()))
}

fn unreadable(name: &str, error: &io::Error) -> Failure {
    Failure::failed(format!("{name}: cannot be read as a template: {}", reason(error)))
}

/// The source of another template, which must lie in the directory of the first, wherever links lead.
/// `None` where there is no file, for an include may say that this is no error.
fn include(directory: Option<&Path>, name: &str) -> Result<Option<String>, Error> {
    let refused = |why: &str| usage(format!("{name}: cannot be included: {why}"));
    let Some(directory) = directory else {
        return Err(refused("a template from standard input has no directory"));
    };
    let plain = Path::new(name).components().all(|part| matches!(part, Component::Normal(_)));
    if !plain {
        return Err(refused(OUTSIDE));
    }
    let read = || -> io::Result<Option<String>> {
        let path = directory.join(name).canonicalize()?;
        let inside = path.starts_with(directory.canonicalize()?);
        inside.then(|| fs::read_to_string(path)).transpose()
    };
    match read() {
        Ok(Some(source)) => Ok(Some(source)),
        Ok(None) => Err(refused(OUTSIDE)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(refused(&reason(&error))),
    }
}

const OUTSIDE: &str = "it is not in the directory of the template";

/// Prints the value of an expression. One that is missing must not make half a file, and one that
/// breaks the line could add a setting.
fn print(out: &mut Output, _: &mut State, value: &Value) -> Result<(), Error> {
    let text = match value.kind() {
        ValueKind::Undefined => return Err(Error::from(ErrorKind::UndefinedError)),
        ValueKind::None => return Err(Error::new(ErrorKind::UndefinedError, NULL)),
        ValueKind::Bool => value.is_true().to_string(),
        // As JSON has them, which is YAML too.
        ValueKind::Seq | ValueKind::Map | ValueKind::Iterable => filters::json(value)?,
        _ => value.to_string(),
    };
    if !value.is_safe() && text.contains(acts_on_terminal) {
        return Err(Error::new(ErrorKind::BadEscape, format!("{text:?} {CONTROL}")));
    }
    out.write_str(&text).map_err(|_| Error::from(ErrorKind::WriteFailure))
}

const NULL: &str = "the value is null";
const CONTROL: &str = "has a line break or another control character in it, which could add a line \
                       to the file: |yaml quotes it, |safe prints it all the same";

/// The error of a value that the template can't do without.
pub fn refused(why: impl Into<String>) -> Error {
    Error::new(ErrorKind::InvalidOperation, why.into())
}

/// Marks the errors that are a mistake in the template or an ambiguous name.
#[derive(Debug, thiserror::Error)]
#[error("wrong usage")]
struct Usage;

pub fn usage(why: impl Into<String>) -> Error {
    refused(why).with_source(Usage)
}

/// Why there is no file: template, line, expression, reason and next step.
fn failure(template: &str, error: &Error) -> Failure {
    let error = innermost(error);
    let place = match (error.name(), error.line()) {
        (Some(name), Some(line)) => format!("{name}:{line}"),
        _ => template.to_owned(),
    };
    let source = error.template_source().zip(error.range());
    let what = source.and_then(|(text, at)| whole(text, at));
    // A fail() says it all.
    let what = what.filter(|text| !text.trim_start_matches(['{', '-', ' ']).starts_with("fail("));
    let what = what.map(|text| format!("{text}: ")).unwrap_or_default();
    let why = match error.kind() {
        ErrorKind::OutOfFuel => format!("the template takes more than {FUEL} steps"),
        kind => error.detail().map_or_else(|| kind.to_string(), str::to_owned),
    };
    let text = match error.kind() {
        ErrorKind::UndefinedError => format!("{place}: {what}{why}: {UNDEFINED}"),
        _ => format!("{place}: {what}{why}"),
    };
    if is_usage(error) { Failure::usage(text) } else { Failure::failed(text) }
}

const UNDEFINED: &str = "podnet show --json prints every variable and podnet eal --json those of eal; \
                         |default(VALUE, true) stands in for one that may be missing";

/// The whole expression or statement around a part of it, where it is on one line.
fn whole(source: &str, part: Range<usize>) -> Option<&str> {
    let start =
        source.get(..part.start)?.rfind(['{', '\n']).filter(|at| source[*at..].starts_with('{'))?;
    let start = if source[..start].ends_with('{') { start - 1 } else { start };
    let end = part.start + source.get(part.start..)?.find('}')? + 1;
    let end = if source[end..].starts_with('}') { end + 1 } else { end };
    source.get(start..end).filter(|text| !text.contains('\n'))
}

/// The error itself, below the includes and blocks it happened in.
fn innermost(error: &Error) -> &Error {
    let mut found = error;
    let mut next = error.source();
    while let Some(cause) = next {
        found = cause.downcast_ref::<Error>().unwrap_or(found);
        next = cause.source();
    }
    found
}

/// Whether the template is wrong for any pod.
pub fn is_usage(error: &Error) -> bool {
    error.source().is_some_and(|source| source.is::<Usage>())
        || matches!(
            error.kind(),
            ErrorKind::SyntaxError
                | ErrorKind::TemplateNotFound
                | ErrorKind::UnknownFilter
                | ErrorKind::UnknownTest
                | ErrorKind::UnknownFunction
                | ErrorKind::UnknownMethod
                | ErrorKind::UnknownBlock
                | ErrorKind::TooManyArguments
                | ErrorKind::MissingArgument
        )
}
