//! `podnet get`.

use std::io::Write;

use podnet::lookup::{LookupError, lookup};

use super::args::{GetArgs, Global};
use super::{Failure, Outcome};

pub fn run(global: &Global, args: &GetArgs) -> Outcome {
    let snapshot = global.pod().snapshot()?;
    let key = &args.key;
    let values = lookup(&snapshot, key).map_err(|error| failure(key, &error))?;
    if let Some(value) = values.iter().find(|value| value.contains(char::is_control)) {
        // A line feed would make two values of one in the script that reads this.
        return Err(Failure::failed(format!("{key}: {value}: control characters in it")));
    }
    let mut out = std::io::stdout().lock();
    values.iter().try_for_each(|value| writeln!(out, "{value}"))?;
    Ok(out.flush()?)
}

fn failure(key: &str, error: &LookupError) -> Failure {
    let text = format!("{key}: {error}");
    match error {
        LookupError::Ambiguous(_) | LookupError::BadKey(_) => Failure::usage(text),
        _ => Failure::failed(text),
    }
}
