//! `podnet annotations`.

use std::collections::BTreeMap;
use std::io::Write;

use serde::Serialize;

use super::Outcome;
use super::args::{AnnotationsArgs, Global};
use super::table::BOLD;
use super::text::visible;

/// A value in JSON, exact: JSON has no strings of other bytes than UTF-8.
#[derive(Serialize)]
#[serde(untagged)]
enum Value<'a> {
    Text(&'a str),
    Bytes { bytes: &'a [u8] },
}

pub fn run(global: &Global, args: &AnnotationsArgs) -> Outcome {
    let annotations = global.pod().annotations()?;
    let values = &annotations.values;
    if args.json { print_json(values) } else { print_text(global, values) }?;
    annotations.warnings.iter().for_each(super::warn_of);
    super::end(&annotations.warnings)
}

fn print_json(annotations: &BTreeMap<String, Vec<u8>>) -> Outcome {
    let values = annotations.iter().map(|(key, value)| match std::str::from_utf8(value) {
        Ok(text) => (key, Value::Text(text)),
        Err(_) => (key, Value::Bytes { bytes: value }),
    });
    super::print_json(&values.collect::<BTreeMap<_, _>>())
}

/// The value's own lines are kept, indented below the key: most values are JSON.
fn print_text(global: &Global, annotations: &BTreeMap<String, Vec<u8>>) -> Outcome {
    let mut out = global.stdout();
    for (key, value) in annotations {
        writeln!(out, "{BOLD}{}{BOLD:#}", visible(key))?;
        for line in value.split(|byte| *byte == b'\n') {
            writeln!(out, "    {}", visible_bytes(line))?;
        }
    }
    Ok(out.flush()?)
}

/// Bytes that are not UTF-8 are shown as `\xff`.
fn visible_bytes(bytes: &[u8]) -> String {
    let mut text = String::new();
    for chunk in bytes.utf8_chunks() {
        text.push_str(&visible(chunk.valid()));
        chunk.invalid().iter().for_each(|byte| text.push_str(&format!("\\x{byte:02x}")));
    }
    text
}
