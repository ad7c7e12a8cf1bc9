//! The whole command line: the plan's arguments, joined with a user's.

use super::app::port_mask;
use super::{EalArgs, options};
use crate::error::{Error, Result};
use crate::lookup;
use crate::parse::cpulist::CpuSet;
use crate::snapshot::Snapshot;

impl EalArgs {
    /// `PROGRAM <eal> [user's before a --] -- <app> [user's after it]`, where an option of the
    /// user's replaces the builder's: `-l`, `-c` and `--lcores` are one option, `-m`,
    /// `--socket-mem` and `--numa-mem` one; `-a` and `--vdev` add.
    pub fn argv(&self, program: &str, user: &[String]) -> Vec<String> {
        let mut parts = user.splitn(2, |word| word == "--");
        let eal = options::merge_eal(&self.eal, parts.next().unwrap_or_default());
        let app = options::merge_app(&self.app, parts.next().unwrap_or_default());
        let program = [program.to_owned()].into_iter();
        program.chain(eal).chain(["--".to_owned()]).chain(app).collect()
    }

    /// The command line of a user's arguments that may hold placeholders. Without any it is
    /// [`EalArgs::argv`]; with any, the user's arguments are literal but for them:
    ///
    /// - `{eal}` and `{app}`, each a word of its own: all arguments of EAL, of the application;
    /// - `{cpus}`, `{main}`, `{workers}`: the CPUs of all lcores, of the main one, of the others;
    /// - `{portmask}`, `{nports}`: the mask and the number of the ports;
    /// - `{NET.FIELD}`: a value of the snapshot as [`lookup::lookup`] gives it, lists joined by
    ///   commas;
    /// - `{{`: a brace.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`] for a brace that begins no placeholder, a value that nothing gives, and
    /// one that could add an argument or a key.
    pub fn command_line(
        &self,
        snapshot: &Snapshot,
        program: &str,
        user: &[String],
    ) -> Result<Vec<String>> {
        let mut has_placeholder = false;
        let mut literal = vec![program.to_owned()];
        for word in user {
            match word.as_str() {
                "{eal}" => literal.extend(self.eal.iter().cloned()),
                "{app}" => literal.extend(self.app.iter().cloned()),
                _ => {
                    let (text, expanded) = self.expand(snapshot, word)?;
                    literal.push(text);
                    has_placeholder |= expanded;
                    continue;
                }
            }
            has_placeholder = true;
        }
        // Without placeholders only the doubled braces have changed.
        Ok(if has_placeholder { literal } else { self.argv(program, &literal[1..]) })
    }

    /// A word with its placeholders filled in, and whether it had any.
    fn expand(&self, snapshot: &Snapshot, word: &str) -> Result<(String, bool)> {
        let mut text = String::new();
        let mut expanded = false;
        let mut rest = word;
        while let Some((before, after)) = rest.split_once('{') {
            text.push_str(before);
            if let Some(after) = after.strip_prefix('{') {
                text.push('{');
                rest = after;
                continue;
            }
            let (key, after) = after.split_once('}').ok_or_else(|| not_a_placeholder(word))?;
            let value = self.value(snapshot, key)?;
            if text.is_empty() && value.starts_with('-') {
                return Err(hostile(key, &value));
            }
            text.push_str(&value);
            expanded = true;
            rest = after;
        }
        text.push_str(rest);
        Ok((text, expanded))
    }

    fn value(&self, snapshot: &Snapshot, key: &str) -> Result<String> {
        let cpus = |from: usize| {
            self.lcores.iter().skip(from).map(|lcore| lcore.cpu).collect::<CpuSet>().to_string()
        };
        let main = || self.lcores.first().map(|lcore| lcore.cpu.to_string());
        match key {
            "cpus" => Ok(cpus(0)),
            "main" => main().ok_or_else(|| missing(key, "the plan has no lcore")),
            "workers" if self.lcores.len() > 1 => Ok(cpus(1)),
            "workers" => Err(missing(key, "the plan has no lcore beside the main one")),
            "portmask" => Ok(port_mask(self.ports.len())),
            "nports" => Ok(self.ports.len().to_string()),
            "eal" | "app" => Err(missing(key, "expected to be a word of its own")),
            _ if key.contains('.') => field(snapshot, key),
            _ => Err(not_a_placeholder(&format!("{{{key}}}"))),
        }
    }
}

/// A value from the pod's data, which must stay within the word, and within a key's value.
fn field(snapshot: &Snapshot, key: &str) -> Result<String> {
    let values = lookup::lookup(snapshot, key).map_err(|error| missing(key, &error.to_string()))?;
    let bad = |c: char| c.is_control() || c == ',';
    match values.iter().find(|value| value.contains(bad)) {
        Some(value) if !key.starts_with("cpus") => Err(hostile(key, value)),
        _ => Ok(values.join(",")),
    }
}

fn missing(key: &str, why: &str) -> Error {
    Error::invalid(format!("placeholder {{{key}}}"), why)
}

fn hostile(key: &str, value: &str) -> Error {
    let shown: String = value.chars().take(128).collect();
    missing(key, &format!("{shown:?} could add an argument or a key to one"))
}

fn not_a_placeholder(word: &str) -> Error {
    let why = "expected {eal}, {app}, {cpus}, {main}, {workers}, {portmask}, {nports} or \
               {NET.FIELD}; a brace itself is written {{";
    Error::invalid(format!("argument {word:?}"), why)
}
