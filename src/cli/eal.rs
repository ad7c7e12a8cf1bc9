//! `podnet eal`, and the arguments that `exec` starts a program with.

use std::io::Write;
use std::path::Path;

use podnet::eal::{EalArgs, Lcore, Port, Reason, Routes};
use podnet::{EalFacts, Pod, Snapshot, Warning};
use serde::Serialize;

use super::args::{self, Global, PlanArgs};
use super::text::{reason, shell_line};
use super::{Failure, Outcome, print_json, release, say, warn_of};

/// What `--json` prints.
#[derive(Serialize)]
struct Report<'a> {
    eal: &'a [String],
    app: &'a [String],
    /// Both, with the user's own arguments.
    argv: &'a [String],
    ports: &'a [Port],
    lcores: &'a [Lcore],
    /// The rule files, which were written.
    routes: Option<&'a Routes>,
    /// Of the pod's files, and of the arguments.
    warnings: Vec<&'a Warning>,
}

pub fn run(global: &Global, args: &args::EalArgs) -> Outcome {
    let pod = global.pod();
    let snapshot = pod.snapshot()?;
    let planner = Planner::new(&pod, &args.plan, None);
    let made = planner.plan(&snapshot)?;
    planner.explain(&made.explain(&snapshot, &args.args)?);
    write_routes(&made)?;
    // The program is the caller's.
    let argv = made.command_line(&snapshot, "", &args.args)?.split_off(1);
    let warnings = || snapshot.warnings.iter().chain(&made.warnings);
    if args.json {
        return print_json(&Report {
            eal: &made.eal,
            app: &made.app,
            argv: &argv,
            ports: &made.ports,
            lcores: &made.lcores,
            routes: made.routes.as_ref(),
            warnings: warnings().collect(),
        });
    }
    warnings().for_each(warn_of);
    if args.devargs {
        return print_devargs(&made.ports);
    }
    if args.null { print_null(&argv) } else { print_line(&argv) }
}

/// Writes the files that l3fwd reads its routes from.
pub fn write_routes(made: &EalArgs) -> Outcome {
    for file in made.routes.iter().flat_map(|routes| [&routes.ipv4, &routes.ipv6]) {
        std::fs::write(&file.path, &file.text).map_err(|error| {
            let why = reason(&error);
            Failure::failed(format!("{}: {why}: the routes are written there", file.path))
        })?;
    }
    Ok(())
}

fn print_devargs(ports: &[Port]) -> Outcome {
    let mut out = std::io::stdout().lock();
    for port in ports {
        writeln!(out, "{} {}", port.interface.as_deref().unwrap_or("-"), port.devarg)?;
    }
    Ok(out.flush()?)
}

fn print_null(words: &[String]) -> Outcome {
    let mut out = std::io::stdout().lock();
    words.iter().try_for_each(|word| write!(out, "{word}\0"))?;
    Ok(out.flush()?)
}

/// As one line for a shell.
pub fn print_line(words: &[String]) -> Outcome {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{}", shell_line(words))?;
    Ok(out.flush()?)
}

/// The options and what had to be found out for them, so that one set of both can make the
/// arguments of several snapshots.
pub struct Planner<'a> {
    options: &'a PlanArgs,
    pub release: podnet::eal::Release,
    facts: EalFacts,
}

impl<'a> Planner<'a> {
    /// `program` is what will read the arguments, where it is known.
    pub fn new(pod: &Pod, options: &'a PlanArgs, program: Option<&Path>) -> Planner<'a> {
        let found = match options.dpdk {
            Some(release) => release::Found { release, source: "--dpdk".to_owned() },
            None => release::detect(program),
        };
        if options.verbose {
            say(format!("DPDK {}: from {}", found.release, found.source));
        }
        Planner { options, release: found.release, facts: pod.eal_facts() }
    }

    pub fn plan(&self, snapshot: &Snapshot) -> podnet::Result<EalArgs> {
        let options = self.options;
        let mut builder = EalArgs::builder(snapshot)
            .app(options.app)
            .dpdk(self.release)
            .networks(&options.network)
            .smt(options.smt)
            .no_huge(options.no_huge)
            .secondary(options.secondary)
            .facts(self.facts.clone())
            .netdevs(options.netdevs)
            .queues(options.queues)
            .workers(options.workers)
            .main_cpu(options.main)
            .memory(options.memory)
            .iova_mode(options.iova_mode);
        for (network, mac) in &options.eth_dest {
            builder = builder.next_hop(network, mac);
        }
        if let Some(file) = &options.routes {
            builder = builder.routes(format!("{file}.ipv4"), format!("{file}.ipv6"));
        }
        if let Some(prefix) = &options.file_prefix {
            builder = builder.file_prefix(prefix);
        }
        builder.build()
    }

    /// With `--verbose`, why each argument is there.
    pub fn explain(&self, reasons: &[Reason]) {
        if self.options.verbose {
            reasons.iter().for_each(|one| say(format!("{}: {}", one.argument, one.why)));
        }
    }
}
