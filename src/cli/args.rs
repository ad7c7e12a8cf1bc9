//! What may stand on the command line.

use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use clap::builder::{BoolishValueParser, PossibleValuesParser, TypedValueParser};
use clap::error::{ContextKind, ContextValue};
use clap::{Args, CommandFactory, FromArgMatches, Parser, Subcommand, ValueEnum};

use podnet::eal::{App, IovaMode, Netdevs, Release, Smt};

use super::units;

/// Tells what a Kubernetes pod was given: CPUs, hugepages and network interfaces, and starts DPDK
/// programs with it.
#[derive(Debug, Parser)]
#[command(name = "podnet", version, arg_required_else_help = true, max_term_width = 100)]
#[command(after_help = "\
Examples:
  podnet show                                   what this container was given
  podnet exec --app l3fwd -- l3fwd              start l3fwd on all of it
  podnet --root samples/pods/sr-iov show        look at another pod's files

Exit status: 0 done, 1 failed, 2 wrong usage or an ambiguous key.")]
pub struct Cli {
    #[command(flatten)]
    pub global: Global,
    #[command(subcommand)]
    pub verb: Verb,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Global options")]
pub struct Global {
    /// Directory that stands for `/` of the pod, its environment and affinity included
    /// [default: $PODNET_ROOT, else /]
    #[arg(long, global = true, value_name = "DIR")]
    root: Option<PathBuf>,
    /// Where the Downward API is mounted [default: /etc/podnetinfo, else /etc/podinfo]
    #[arg(long, global = true, value_name = "DIR")]
    downward_api: Option<PathBuf>,
    /// Name of the own container [default: $CONTAINER_NAME]
    #[arg(long, global = true, value_name = "NAME")]
    container: Option<String>,
    /// Give devices without any evidence to interfaces by position
    #[arg(long, global = true)]
    assign_by_order: bool,
    /// Colour the output
    #[arg(long, global = true, value_name = "WHEN", value_enum, default_value_t = Color::Auto)]
    color: Color,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Color {
    Auto,
    Always,
    Never,
}

#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Shows the pod: CPUs, hugepages, interfaces and the devices behind them
    Show(ShowArgs),
    /// Prints one value, for scripts
    Get(GetArgs),
    /// Prints every annotation of the pod, decoded
    Annotations(AnnotationsArgs),
    /// Waits until the networks of the pod are attached
    Wait(WaitArgs),
    /// Prints what becomes of the interfaces, a line per change
    Watch(WatchArgs),
    /// Prints the arguments that DPDK needs
    Eal(EalArgs),
    /// Starts a DPDK program with the arguments it needs
    Exec(ExecArgs),
    /// Compares the ports of a running DPDK application with the plan, and shows their counters
    Ports(PortsArgs),
    /// Fills in a template of a configuration file
    Render(RenderArgs),
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  podnet show
  podnet show interfaces --json | jq -r '.interfaces[].device.pci.address'

Warnings are part of --json without a subject, and go to standard error otherwise.
Exit status: 1 when a file could not be read or is malformed; the rest is shown all the same.")]
pub struct ShowArgs {
    /// Only this part
    #[arg(value_enum)]
    pub subject: Option<Subject>,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Subject {
    Cpus,
    Hugepages,
    Interfaces,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  podnet get cpus                   2-5
  podnet get hugepages.1G.limit     2147483648
  podnet get net1.pci               0000:3b:02.1
  podnet get ran/fronthaul.ip       192.0.2.5

Exit status: 1 when there is no such value, 2 when several interfaces answer differently.")]
pub struct GetArgs {
    /// cpus, cpus.count, cpus.nodes, hugepages.SIZE.limit, hugepages.SIZE.request, or NET.FIELD:
    /// NET an interface or a network, FIELD one of pci mac ip ips mtu gateway path vdpa numa vfio
    pub key: String,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  podnet annotations
  podnet annotations --json | jq -r '.[\"k8s.v1.cni.cncf.io/network-status\"]'

In JSON a value is a string, or where its bytes are not UTF-8 an object {\"bytes\": [102, 255]}.")]
pub struct AnnotationsArgs {
    /// Print a JSON object, exact
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  podnet wait && podnet exec --app l3fwd -- l3fwd
  podnet wait --network ran/fronthaul --network net2 --timeout 2m

Exit status: 3 at once when no annotations are mounted, 4 no network-status in time, 5 some
networks not in it in time, which are named.")]
pub struct WaitArgs {
    /// Only for these, each an interface, namespace/name or name [default: every requested network]
    #[arg(long, value_name = "N", num_args = 1.., value_delimiter = ',')]
    pub network: Vec<String>,
    /// How long at most; 0 looks once
    #[arg(long, value_name = "TIME", default_value = "60s", value_parser = units::parse_time)]
    pub timeout: Duration,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  podnet watch
  podnet watch --json | jq -r 'select(.event == \"added\") | .interface.name'

In JSON a change is one line: {\"event\": \"added\", \"removed\" or \"changed\", \"interface\": as it is
now or was last, \"before\": what a changed one was, else null}. What can't be read goes to standard
error, and the watch goes on until it is ended.")]
pub struct WatchArgs {
    /// Print a JSON object per line
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Args)]
#[command(
    mut_args(hide_start),
    after_help = "\
Examples:
  podnet eal --app l3fwd
  eval \"exec l3fwd $(podnet eal --app l3fwd -- -- --lookup=fib)\"
  podnet eal -- {eal} -- --pci={net1.pci}
  podnet eal --devargs              net1 net_virtio_user_net1,path=.., and so on

Without placeholders ARGS before a second -- are added to EAL's, those after it to the
application's. Placeholders: {eal}, {app}, {cpus}, {main}, {workers}, {portmask}, {nports},
{NET.FIELD}; {{ is a brace. The options of exec's start are taken too, and do nothing."
)]
pub struct EalArgs {
    /// Print an object with the arguments, ports, lcores and warnings
    #[arg(long, conflicts_with = "null")]
    pub json: bool,
    /// Print a line for each port instead, `INTERFACE DEVARG`, for programs that add ports
    /// themselves, as grout does; a dash where a device is on no interface
    #[arg(long, conflicts_with_all = ["json", "null", "args"])]
    pub devargs: bool,
    /// End each argument with a NUL byte, unquoted
    #[arg(short = '0', long = "null")]
    pub null: bool,
    /// Arguments of your own
    #[arg(last = true, value_name = "ARGS")]
    pub args: Vec<String>,
    /// So that a script can pass the same options to both; eal starts nothing
    #[command(flatten)]
    _start: StartArgs,
    #[command(flatten)]
    pub plan: PlanArgs,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  podnet exec --app l3fwd -- l3fwd
  podnet exec --app testpmd --network ran/fronthaul -- dpdk-testpmd -- --stats-period 1
  podnet exec --dry-run --verbose -- myapp {eal} -- --ports {nports} --peer-if {net1.mac}
  PODNET_APP=l3fwd PODNET_ARGS=\"-- --lookup=fib\" podnet exec

PROGRAM replaces podnet, as the same process, once everything was checked that DPDK fails on
without a word. It defaults to the --app, found in PATH as dpdk-NAME or NAME; ARGS, which then may
begin with a dash, default to the words of $PODNET_ARGS. A program of a user other than root loses
the capabilities of podnet's file unless --raise-limits hands them on: what the devices need of them
is named. With --dry-run nothing is changed: no socket is removed, no link or file made, no limit
raised. A PROGRAM that has DPDK linked into it and does not show its release is run as PROGRAM -v -h
first, for 5 s at most and in a dry run too, and what it prints is read for it: EAL then prints its
version and help and ends; --dpdk saves that. A memif client of DPDK 22.11 needs its server at the
start: later testpmd leaves the port stopped, and l3fwd ends. When the peer went away while the port
was polled, the program was seen to crash: have it started again with its peer.
Exit status: 1 refused, 2 wrong usage, 126 PROGRAM can't be run, 127 PROGRAM was not found; else
PROGRAM's own.")]
pub struct ExecArgs {
    /// The program and arguments of your own
    #[arg(last = true, value_names = ["PROGRAM", "ARGS"])]
    pub command: Vec<String>,
    #[command(flatten)]
    pub start: StartArgs,
    #[command(flatten)]
    pub plan: PlanArgs,
}

#[derive(Debug, Args)]
#[command(
    mut_args(hide_start),
    after_help = "\
Examples:
  podnet exec --app l3fwd -- l3fwd & sleep 5; podnet ports --app l3fwd
  podnet ports --json | jq '.ports[] | {interface, rxPackets, txPackets}'

Give the options that the application was started with; those of the start do nothing. It is asked
over DPDK's telemetry socket, which --no-telemetry leaves out. DROPPED are packets that found no
free descriptor or buffer.
Exit status: 1 when a planned port is missing or has another number, or no application answers."
)]
pub struct PortsArgs {
    /// Print JSON
    #[arg(long)]
    pub json: bool,
    /// Which of several processes with this file prefix, by the number at the end of its socket, else 0
    #[arg(long, value_name = "N")]
    pub instance: Option<u32>,
    /// How long an application may take to answer
    #[arg(long, value_name = "TIME", default_value = "5s", value_parser = units::parse_time)]
    pub timeout: Duration,
    /// So that a script can pass the same options; ports starts nothing
    #[command(flatten)]
    _start: StartArgs,
    #[command(flatten)]
    pub plan: PlanArgs,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  podnet render samples/templates/vpp-startup.conf.j2 -o /etc/vpp/startup.conf
  podnet render trex_cfg.yaml.j2 --network ran/fronthaul --workers 4
  echo '{{ interface(\"fronthaul\").mac }} {{ eal.workers|cpu_array }}' | podnet render -

Jinja, with what show --json prints as variables, and with
  eal         what the options above make: args app ports lcores cpus main workers portMask
              filePrefix dpdk
  functions   interface(NET) get(KEY) fail(TEXT)
  CPU lists   cpu_range cpu_array cpu_mask cpu_count cpu_nth(N) cpu_minus(LIST)
  addresses   address prefix netmask ipv4 ipv6
  sizes       kib mib gib
  lists       named(NET) option(NAME) without(NAME...)
  quoting     word yaml shell
A variable that is missing or null is an error, and so is a value with a line break or another
control character in it, but after |safe.
Exit status: 1 a value is missing or refused, 2 a mistake in the template or an ambiguous name.")]
pub struct RenderArgs {
    /// The template, or - for standard input; it may include files of its own directory
    pub template: PathBuf,
    /// Write FILE in one step, instead of standard output
    #[arg(long, short, value_name = "FILE")]
    pub output: Option<PathBuf>,
    #[command(flatten)]
    pub plan: PlanArgs,
}

const START: &str = "The start";

/// Takes an option of the start without showing it: for verbs that start nothing.
fn hide_start(arg: clap::Arg) -> clap::Arg {
    let hidden = arg.get_help_heading() == Some(START);
    if hidden { arg.hide(true) } else { arg }
}

/// Options of the start.
#[derive(Debug, Args)]
#[command(next_help_heading = START)]
pub struct StartArgs {
    /// Wait at most this long for the networks, those of --network or every requested one
    #[arg(long, value_name = "TIME", env = "PODNET_WAIT_NETWORKS", value_parser = units::parse_time)]
    pub wait_networks: Option<Duration>,
    /// Wait at most this long for the sockets that we connect to
    #[arg(long, value_name = "TIME", env = "PODNET_WAIT_SOCKETS", value_parser = units::parse_time)]
    pub wait_sockets: Option<Duration>,
    /// Lift the limit of locked memory as far as podnet may, and hand on the capabilities that its
    /// file gives to a user other than root
    #[arg(long, env = "PODNET_RAISE_LIMITS", value_parser = BoolishValueParser::new())]
    pub raise_limits: bool,
    /// Start whatever the checks find
    #[arg(long, env = "PODNET_FORCE", value_parser = BoolishValueParser::new())]
    pub force: bool,
    /// Check, print the command line and stop
    #[arg(long, env = "PODNET_DRY_RUN", value_parser = BoolishValueParser::new())]
    pub dry_run: bool,
}

/// Options that shape the arguments.
#[derive(Debug, Args)]
#[command(next_help_heading = "Arguments to make")]
pub struct PlanArgs {
    /// The application to make arguments for
    #[arg(long, value_name = "NAME", env = "PODNET_APP", default_value = "none", value_parser = names::<App>(&APPS))]
    pub app: App,
    /// DPDK release, such as 22.11 [default: by the libraries that PROGRAM needs, else by what a
    /// static one has in it or prints for -v -h, else by the installed libraries]
    #[arg(long, value_name = "VERSION", env = "PODNET_DPDK")]
    pub dpdk: Option<Release>,
    /// Only these interfaces or networks
    #[arg(long, value_name = "N", env = "PODNET_NETWORK", num_args = 1.., value_delimiter = ',')]
    pub network: Vec<String>,
    /// Make ports of kernel netdevs too, the default interface's left out [default: skip them]
    #[arg(long, value_name = "HOW", env = "PODNET_NETDEVS", value_parser = names::<Netdevs>(&["af-xdp", "tap"]))]
    pub netdevs: Option<Netdevs>,
    /// MAC address that l3fwd and testpmd send packets out of the port of NET, an interface or
    /// network, to
    #[arg(long, value_name = "NET=MAC", env = "PODNET_ETH_DEST", value_delimiter = ',', value_parser = next_hop)]
    pub eth_dest: Vec<(String, String)>,
    /// Have l3fwd of 22.03 and later route to the networks of the pod's addresses: rules in FILE.ipv4
    /// and FILE.ipv6, which are written
    #[arg(long, value_name = "FILE", env = "PODNET_ROUTES")]
    pub routes: Option<String>,
    /// Queues of each port, l2fwd's apart, which has one [default: 1]
    #[arg(long, value_name = "N", env = "PODNET_QUEUES")]
    pub queues: Option<u32>,
    /// Lcores that forward packets [default: as the application needs]
    #[arg(long, value_name = "N", env = "PODNET_WORKERS")]
    pub workers: Option<u32>,
    /// CPU of the main lcore
    #[arg(long, value_name = "CPU", env = "PODNET_MAIN")]
    pub main: Option<u32>,
    /// Whether both hyper-threads of a core may be lcores
    #[arg(long, value_name = "HOW", env = "PODNET_SMT", default_value = "use", value_parser = names::<Smt>(&["use", "avoid"]))]
    pub smt: Smt,
    /// Memory, such as 512M, 1G, 1Gi or bytes [default: the hugepage limit]
    #[arg(long, value_name = "SIZE", env = "PODNET_MEMORY", value_parser = units::parse_size)]
    pub memory: Option<u64>,
    /// Do without hugepages
    #[arg(long, env = "PODNET_NO_HUGE", value_parser = BoolishValueParser::new())]
    pub no_huge: bool,
    /// Name of this DPDK instance [default: podnet-<pod>-<container>]
    #[arg(long, value_name = "P", env = "PODNET_FILE_PREFIX")]
    pub file_prefix: Option<String>,
    /// Which addresses devices are given [default: what the ports need]
    #[arg(long, value_name = "M", env = "PODNET_IOVA_MODE", value_parser = names::<IovaMode>(&["pa", "va"]))]
    pub iova_mode: Option<IovaMode>,
    /// Attach to a running instance of the same file prefix, which shares its memory: it was started
    /// on hugepages and with `-- PROGRAM --proc-type=primary`
    #[arg(long, env = "PODNET_SECONDARY", value_parser = BoolishValueParser::new())]
    pub secondary: bool,
    /// Say on standard error why each argument is there
    #[arg(long, short, env = "PODNET_VERBOSE", value_parser = BoolishValueParser::new())]
    pub verbose: bool,
}

fn next_hop(text: &str) -> Result<(String, String), String> {
    let (network, mac) = text.split_once('=').ok_or("expected NET=MAC")?;
    Ok((network.to_owned(), mac.to_owned()))
}

const APPS: [&str; 4] = ["l3fwd", "l2fwd", "testpmd", "none"];

/// Takes these names alone, which the library reads.
fn names<T>(names: &'static [&'static str]) -> impl TypedValueParser<Value = T>
where
    T: FromStr<Err = podnet::Error> + Clone + Send + Sync + 'static,
{
    PossibleValuesParser::new(names).try_map(|name| name.parse())
}

impl Cli {
    /// The command line, and the environment where it says nothing. A manifest sets a variable to
    /// the empty text to unset it.
    pub fn parse_with_environment() -> Cli {
        let empty = |arg: &clap::Arg| {
            arg.get_env().is_some_and(|name| std::env::var_os(name).is_some_and(|v| v.is_empty()))
        };
        let command = Cli::command().mut_subcommands(|verb| {
            verb.mut_args(|arg| if empty(&arg) { arg.env(None::<&str>) } else { arg })
        });
        let matches = command.clone().try_get_matches().unwrap_or_else(|error| {
            if let Some(name) = variable_of(&command, &error) {
                super::say(format!("${name}, from the environment, is refused:"));
            }
            error.exit()
        });
        Cli::from_arg_matches(&matches).unwrap_or_else(|error| error.exit())
    }
}

/// The variable of the environment that a refused value is from: clap names its option alone.
fn variable_of(command: &clap::Command, error: &clap::Error) -> Option<String> {
    let text = |kind| match error.get(kind) {
        Some(ContextValue::String(text)) => Some(text.as_str()),
        _ => None,
    };
    let option = text(ContextKind::InvalidArg)?.split(' ').next()?;
    let value = text(ContextKind::InvalidValue)?;
    let is_given = |word: String| word.split('=').next() == Some(option);
    if std::env::args().take_while(|word| word != "--").any(is_given) {
        return None;
    }
    let args = command.get_subcommands().flat_map(clap::Command::get_arguments);
    let mut names = args
        .filter(|arg| arg.get_long() == option.strip_prefix("--"))
        .filter_map(|arg| arg.get_env()?.to_str());
    let name = names.next()?;
    std::env::var(name).is_ok_and(|set| set.contains(value)).then(|| name.to_owned())
}

impl Global {
    /// The pod to look at.
    pub fn pod(&self) -> podnet::Pod {
        let builder = podnet::Pod::builder().assign_by_order(self.assign_by_order);
        let mut builder = match &self.root {
            Some(root) => builder.root(root),
            None => builder.root_from_environment(),
        };
        if let Some(directory) = &self.downward_api {
            builder = builder.downward_api(directory);
        }
        if let Some(name) = &self.container {
            builder = builder.container(name);
        }
        builder.build()
    }

    /// Standard output, without styles where those are not wanted.
    pub fn stdout(&self) -> anstream::AutoStream<std::io::StdoutLock<'static>> {
        let choice = match self.color {
            Color::Auto => anstream::AutoStream::choice(&std::io::stdout()),
            Color::Always => anstream::ColorChoice::AlwaysAnsi,
            Color::Never => anstream::ColorChoice::Never,
        };
        anstream::AutoStream::new(std::io::stdout().lock(), choice)
    }
}
