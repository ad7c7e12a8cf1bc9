//! `podnet render`: a configuration file from a template.

mod filters;
mod template;

use std::fs::{self, OpenOptions, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use minijinja::value::{Enumerator, Object, Serde};
use minijinja::{Error, Value};
use podnet::Snapshot;
use podnet::eal::{EalArgs, Release};
use podnet::lookup::{self, LookupError};
use podnet::parse::cpulist::CpuSet;

use super::args::{Global, RenderArgs};
use super::eal::Planner;
use super::text::reason;
use super::{Failure, Outcome, warn_of, words};
use template::{Template, refused, usage};

pub fn run(global: &Global, args: &RenderArgs) -> Outcome {
    let template = Template::read(&args.template)?;
    let pod = global.pod();
    let snapshot = Arc::new(pod.snapshot()?);
    snapshot.warnings.iter().for_each(warn_of);
    let planner = Planner::new(&pod, &args.plan, None);
    let made = planner.plan(&snapshot);
    let variables = Arc::new(Variables::new(&snapshot, &made, planner.release));
    let text = template.render(Value::from_dyn_object(variables.clone()))?;
    if let (true, Ok(made)) = (variables.eal_was_used.load(Ordering::Relaxed), &made) {
        made.warnings.iter().for_each(warn_of);
        planner.explain(&made.reasons);
    }
    match &args.output {
        Some(path) => write_file(path, &text).map_err(|why| cannot_write(path, &why)),
        None => {
            let mut out = io::stdout().lock();
            out.write_all(text.as_bytes())?;
            Ok(out.flush()?)
        }
    }
}

/// What a template sees: the keys of the snapshot, `eal`, and functions that look into the snapshot.
#[derive(Debug)]
struct Variables {
    snapshot: Value,
    interface: Value,
    get: Value,
    fail: Value,
    /// The plan; or the error that whoever asks for it gets, and nobody else.
    eal: Value,
    eal_was_used: AtomicBool,
}

impl Variables {
    fn new(
        snapshot: &Arc<Snapshot>,
        made: &podnet::Result<EalArgs>,
        release: Release,
    ) -> Variables {
        let eal = match made {
            Ok(made) => plan(made, release),
            Err(error @ podnet::Error::Invalid { .. }) => Value::from(usage(error.to_string())),
            Err(error) => Value::from(refused(format!("no arguments can be made: {error}"))),
        };
        let (first, second) = (snapshot.clone(), snapshot.clone());
        Variables {
            snapshot: Value::from(Serde(&**snapshot)),
            interface: Value::from_function(move |name: &str| interface(&first, name)),
            get: Value::from_function(move |key: &str| get(&second, key)),
            fail: Value::from_function(|why: &str| Err::<Value, _>(refused(why.to_owned()))),
            eal,
            eal_was_used: AtomicBool::new(false),
        }
    }
}

impl Object for Variables {
    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        match key.as_str()? {
            "eal" => {
                self.eal_was_used.store(true, Ordering::Relaxed);
                Some(self.eal.clone())
            }
            "interface" => Some(self.interface.clone()),
            "get" => Some(self.get.clone()),
            "fail" => Some(self.fail.clone()),
            name => self.snapshot.get_attr(name).ok().filter(|value| !value.is_undefined()),
        }
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        let own = ["eal", "interface", "get", "fail"].map(Value::from);
        Enumerator::Values(self.snapshot.try_iter().into_iter().flatten().chain(own).collect())
    }
}

/// The plan as templates see it.
fn plan(made: &EalArgs, release: Release) -> Value {
    let cpus = |from: usize| made.lcores.iter().skip(from).map(|one| one.cpu).collect::<CpuSet>();
    let ports = made.ports.len() as u32;
    Value::from_pairs([
        ("args", Value::from(Serde(&made.eal))),
        ("app", Value::from(Serde(&made.app))),
        ("ports", Value::from(Serde(&made.ports))),
        ("lcores", Value::from(Serde(&made.lcores))),
        ("cpus", Value::from(cpus(0).to_string())),
        ("main", Value::from(made.lcores.first().map(|one| one.cpu))),
        ("workers", Value::from(cpus(1).to_string())),
        ("portMask", Value::from((0..ports).collect::<CpuSet>().to_mask())),
        ("filePrefix", Value::from(words::file_prefix(&made.eal))),
        ("dpdk", Value::from(release.to_string())),
    ])
}

/// The one interface of this name or network.
fn interface(snapshot: &Snapshot, name: &str) -> Result<Value, Error> {
    match lookup::matching(snapshot, name).as_slice() {
        [one] => Ok(Value::from(Serde(*one))),
        [] => Err(refused(format!(
            "the pod has no interface or network {name:?}: podnet show lists those it has"
        ))),
        several => {
            let names = several.iter().filter_map(|one| one.name.clone()).collect();
            Err(usage(LookupError::Ambiguous(names).to_string()))
        }
    }
}

/// What `podnet get` prints, where it is one value.
fn get(snapshot: &Snapshot, key: &str) -> Result<String, Error> {
    let values = lookup::lookup(snapshot, key).map_err(|error| match &error {
        LookupError::None(why) => refused(format!("{key}: {why}")),
        _ => usage(format!("{key}: {error}")),
    })?;
    match <[String; 1]>::try_from(values) {
        Ok([one]) => Ok(one),
        Err(several) => {
            let why = "are several values, and one was asked for: use interface(NET)";
            Err(usage(format!("{key}: {} {why}", several.join(", "))))
        }
    }
}

/// Readers see the old file or the new one, and never a part of it.
fn write_file(path: &Path, text: &str) -> io::Result<()> {
    match fs::symlink_metadata(path) {
        Ok(found) if !found.is_file() => return Err(io::Error::other(NOT_A_FILE)),
        _ => {}
    }
    let name = path.file_name().ok_or(io::ErrorKind::IsADirectory)?;
    let part = PathBuf::from(format!(".{}.podnet-{}", name.to_string_lossy(), std::process::id()));
    let part = path.with_file_name(part);
    let written = write_part(&part, text).and_then(|()| fs::rename(&part, path));
    if written.is_err() {
        let _ = fs::remove_file(&part);
    }
    written
}

const NOT_A_FILE: &str =
    "there is something else than a file; without -o the text goes to standard output";

fn write_part(part: &Path, text: &str) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(part)?;
    file.write_all(text.as_bytes())?;
    // Whatever the umask: the program that reads it may be another user.
    file.set_permissions(Permissions::from_mode(0o644))?;
    file.sync_all()
}

fn cannot_write(path: &Path, error: &io::Error) -> Failure {
    Failure::failed(format!("{}: cannot be written: {}", path.display(), reason(error)))
}
