//! `podnet watch`.

use std::io::{self, Write};

use podnet::{Event, Interface};
use serde_json::{Map, Value};

use super::args::{Global, WatchArgs};
use super::text::visible;
use super::{Outcome, say};

pub fn run(global: &Global, args: &WatchArgs) -> Outcome {
    let mut out = io::stdout().lock();
    for event in global.pod().watch()? {
        match event {
            Ok(event) if args.json => {
                serde_json::to_writer(&mut out, &event).map_err(io::Error::from)?;
                writeln!(out)?;
            }
            Ok(event) => writeln!(out, "{}", visible(&line(&event)?))?,
            Err(error) => say(error.to_string()),
        }
        // Whoever reads this acts on each line.
        out.flush()?;
    }
    Ok(())
}

/// For people: what happened to which interface, and what of it is another.
fn line(event: &Event) -> io::Result<String> {
    let Event { kind, interface, before, .. } = event;
    let name = interface.name.as_deref().unwrap_or("-");
    let network = &interface.network;
    let rest = match before {
        Some(before) => differences(before, interface)?,
        None => [vec![interface.kind.to_string()], interface.ips.clone()].concat(),
    };
    Ok(format!("{kind:<7}  {name}  {network}  {}", rest.join("  ")))
}

/// The members that differ, in JSON: `mtu 1500 -> 9000`.
fn differences(before: &Interface, after: &Interface) -> io::Result<Vec<String>> {
    let members = |interface| -> io::Result<Map<String, Value>> {
        match serde_json::to_value(interface)? {
            Value::Object(members) => Ok(members),
            _ => Ok(Map::new()),
        }
    };
    let before = members(before)?;
    let differing = members(after)?.into_iter().filter_map(|(key, now)| {
        let was = before.get(&key).filter(|was| **was != now)?;
        Some(format!("{key} {was} -> {now}"))
    });
    Ok(differing.collect())
}
