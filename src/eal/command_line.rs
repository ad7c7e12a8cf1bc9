//! The whole command line: the plan's arguments, joined with a user's.

use super::app::port_mask;
use super::options::Argument;
use super::{EalArgs, Reason, conflicts, options};
use crate::error::{Error, Result};
use crate::lookup::{self, LookupError};
use crate::parse::cpulist::CpuSet;
use crate::snapshot::Snapshot;

/// Words of a command line that belong together, and why they are there.
struct Part {
    words: Vec<String>,
    why: String,
}

impl Part {
    fn new(word: &str, why: impl Into<String>) -> Part {
        Part { words: vec![word.to_owned()], why: why.into() }
    }
}

const YOURS: &str = "yours";

impl EalArgs {
    /// `PROGRAM <eal> [user's before a --] -- <app> [user's after it]`, where an option of the
    /// user's replaces the builder's: `-l`, `-c` and `--lcores` are one option, `-m`,
    /// `--socket-mem` and `--numa-mem` one; `-a` and `--vdev` add.
    pub fn argv(&self, program: &str, user: &[String]) -> Vec<String> {
        join(program, self.merged(user))
    }

    fn merged(&self, user: &[String]) -> Vec<Part> {
        let mut sides = user.splitn(2, |word| word == "--");
        let eal = options::merge_eal(&self.eal, sides.next().unwrap_or_default());
        let app = options::merge_app(&self.app, sides.next().unwrap_or_default());
        let dashes = Part::new("--", "ends EAL's arguments: the application's follow");
        self.made(eal).chain([dashes]).chain(self.made(app)).collect()
    }

    fn made<'a>(&'a self, arguments: Vec<Argument<'a>>) -> impl Iterator<Item = Part> + 'a {
        arguments.into_iter().map(|argument| {
            let why = match &argument.replaces {
                None => self.reason(argument.words),
                Some(replaced) => yours(replaced),
            };
            Part { words: argument.words.to_vec(), why }
        })
    }

    /// Why the builder made this argument.
    fn reason(&self, words: &[String]) -> String {
        let argument = words.join(" ");
        let found = self.reasons.iter().find(|reason| reason.argument == argument);
        found.map(|reason| reason.why.clone()).unwrap_or_default()
    }

    /// Looks for options of a user's that EAL refuses beside those of the plan, and for arguments of
    /// the application that a user's own `-l`, `--lcores` or `-c` leaves behind: `--config` and
    /// `--nb-cores` are of the planned lcores.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`] for such an option, for `--no-huge` without `-m`, and for a list of other
    /// lcores than the planned ones, where the user does not give those arguments, too.
    pub fn check(&self, user: &[String]) -> Result<()> {
        let mut parts = user.splitn(2, |word| word == "--");
        let eal = parts.next().unwrap_or_default();
        conflicts::check(&self.eal, eal)?;
        let Some((option, ids)) = options::lcores(eal) else { return Ok(()) };
        let planned: CpuSet = self.lcores.iter().map(|lcore| lcore.id).collect();
        if ids.as_ref() == Some(&planned) {
            return Ok(());
        }
        let app = options::merge_app(&self.app, parts.next().unwrap_or_default());
        let is_stale = |argument: &&Argument<'_>| {
            let name = argument.words.first().and_then(|word| word.split('=').next());
            matches!(name, Some("--config" | "--nb-cores")) && argument.replaces.is_none()
        };
        let Some(stale) = app.iter().find(is_stale) else { return Ok(()) };
        let stale = stale.words.join(" ");
        let why = format!(
            "{stale} is for the lcores {planned}: choose CPUs with --workers and --main, or give \
             that argument too, after a second --"
        );
        Err(Error::invalid(format!("argument {option:?}"), why))
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
    /// [`Error::Invalid`] for a brace that begins no placeholder, and for one that is out of place,
    /// no key or of several interfaces; [`Error::Refused`] for a value that nothing gives, and for
    /// one that could add an argument or a key.
    pub fn command_line(
        &self,
        snapshot: &Snapshot,
        program: &str,
        user: &[String],
    ) -> Result<Vec<String>> {
        Ok(join(program, self.parts(snapshot, user)?))
    }

    /// Why each argument of [`EalArgs::command_line`] is there, in its order, without the program:
    /// what the builder's is for and the data it comes from, and which of the builder's one of the
    /// user's replaces.
    ///
    /// # Errors
    ///
    /// As [`EalArgs::command_line`].
    pub fn explain(&self, snapshot: &Snapshot, user: &[String]) -> Result<Vec<Reason>> {
        let reason = |part: Part| Reason { argument: part.words.join(" "), why: part.why };
        Ok(self.parts(snapshot, user)?.into_iter().map(reason).collect())
    }

    fn parts(&self, snapshot: &Snapshot, user: &[String]) -> Result<Vec<Part>> {
        let mut has_placeholder = false;
        let mut literal = Vec::new();
        for word in user {
            match word.as_str() {
                "{eal}" => literal.extend(self.made(options::merge_eal(&self.eal, &[]))),
                "{app}" => literal.extend(self.made(options::merge_app(&self.app, &[]))),
                _ => {
                    let (text, expanded) = self.expand(snapshot, word)?;
                    let filled = || format!("{YOURS}: {word}, filled in from the pod");
                    let why = if expanded { filled() } else { YOURS.to_owned() };
                    literal.push(Part::new(&text, why));
                    has_placeholder |= expanded;
                    continue;
                }
            }
            has_placeholder = true;
        }
        if has_placeholder {
            return Ok(literal);
        }
        // Only the doubled braces have changed.
        let user: Vec<String> = literal.into_iter().flat_map(|part| part.words).collect();
        self.check(&user)?;
        Ok(self.merged(&user))
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
            "eal" | "app" => Err(Error::invalid(named(key), "expected to be a word of its own")),
            _ if key.contains('.') => field(snapshot, key),
            _ => Err(not_a_placeholder(&format!("{{{key}}}"))),
        }
    }
}

fn join(program: &str, parts: Vec<Part>) -> Vec<String> {
    let words = parts.into_iter().flat_map(|part| part.words);
    [program.to_owned()].into_iter().chain(words).collect()
}

fn yours(replaced: &[&[String]]) -> String {
    if replaced.is_empty() {
        return YOURS.to_owned();
    }
    let replaced: Vec<String> = replaced.iter().map(|words| words.join(" ")).collect();
    format!("{YOURS}; replaces {}", replaced.join(", "))
}

/// A value from the pod's data, which must stay within the word, and within a key's value.
fn field(snapshot: &Snapshot, key: &str) -> Result<String> {
    let values = lookup::lookup(snapshot, key).map_err(|error| match error {
        LookupError::None(why) => missing(key, &why),
        LookupError::Ambiguous(_) | LookupError::BadKey(_) => {
            Error::invalid(named(key), error.to_string())
        }
    })?;
    let bad = |c: char| c.is_control() || c == ',';
    match values.iter().find(|value| value.contains(bad)) {
        Some(value) if !key.starts_with("cpus") => Err(hostile(key, value)),
        _ => Ok(values.join(",")),
    }
}

fn named(key: &str) -> String {
    format!("placeholder {{{key}}}")
}

fn missing(key: &str, why: &str) -> Error {
    Error::refused(named(key), why)
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

#[cfg(test)]
mod tests {
    use super::super::tests::{pod, vf, with_mac};
    use super::super::{App, EalArgs};
    use super::*;

    fn words(text: &str) -> Vec<String> {
        text.split_whitespace().map(str::to_owned).collect()
    }

    fn snapshot() -> Snapshot {
        let mac = "02:11:22:33:44:55";
        pod(vec![with_mac(vf("net1", "0000:3b:02.1"), mac), vf("net2", "0000:3b:02.2")])
    }

    fn args(snapshot: &Snapshot) -> EalArgs {
        EalArgs::builder(snapshot).app(App::L3fwd).workers(2).build().unwrap()
    }

    /// The EAL part and the application's part of a command line.
    fn halves(user: &str) -> (String, String) {
        let argv = args(&snapshot()).argv("l3fwd", &words(user));
        let middle = argv.iter().position(|word| word == "--").unwrap();
        assert_eq!(argv[0], "l3fwd");
        (argv[1..middle].join(" "), argv[middle + 1..].join(" "))
    }

    #[test]
    fn user_arguments_stand_on_their_side_of_the_dashes() {
        let (eal, app) = halves("--no-telemetry -- --eth-dest=1,02:00:00:00:00:01");
        assert!(eal.starts_with("--lcores ") && eal.ends_with(" --no-telemetry"), "{eal}");
        assert!(app.starts_with("-p 0x3 -P ") && app.ends_with(" --eth-dest=1,02:00:00:00:00:01"));
        let (eal, app) = halves("");
        assert!(eal.contains("--file-prefix podnet-0f1e2d3c-dpdk") && app.contains("--config="));
    }

    #[test]
    fn user_options_replace_the_builder_s_in_every_spelling() {
        let (plain, _) = halves("");
        assert!(plain.contains("--lcores 0@2,1@3") && plain.contains("--socket-mem 2048"));
        for user in ["-l 4", "-l4", "-l=4", "--lcores 4", "--lcores=0@4", "-c 10", "-c0x10"] {
            let (eal, _) = halves(user);
            assert!(!eal.contains("0@2") && eal.ends_with(user), "{user}: {eal}");
        }
        for user in ["-m 64", "-m64", "--socket-mem 64", "--socket-mem=64", "--numa-mem=64"] {
            let (eal, _) = halves(user);
            assert!(!eal.contains("2048") && eal.ends_with(user), "{user}: {eal}");
        }
        let (eal, _) = halves("--file-prefix=mine --iova-mode pa");
        assert!(!eal.contains("podnet-") && !eal.contains("=va"), "{eal}");
        let (_, app) = halves("-- -p 0x1 --config=(0,0,0) -P");
        assert_eq!(app.matches("-p ").count(), 1);
        assert_eq!((app.matches("--config").count(), app.matches("-P").count()), (1, 1));
    }

    #[test]
    fn a_user_s_lcores_leave_no_argument_behind() {
        let snapshot = snapshot();
        let two = args(&snapshot);
        let check = |args: &EalArgs, user: &str| args.check(&words(user));
        let same = ["", "-l 0-1", "-l0,1", "--lcores 0@7,1@9", "-c 0x3", "-c3", "--lcores=1,0"];
        for user in same.into_iter().chain(["--lcores (0,1)@(2,3)"]) {
            check(&two, user).unwrap();
        }
        let own = "-- --config=(0,0,4)";
        for user in ["-l 4", "-l4-5", "--lcores (0,4)@(2,3)", "--lcores=0@2", "-c 0x30", "-l x"] {
            let error = check(&two, user).unwrap_err().to_string();
            assert!(error.contains("--config=") && error.contains("--workers"), "{error}");
            assert!(two.command_line(&snapshot, "p", &words(user)).is_err(), "{user}");
            check(&two, &format!("{user} {own}")).unwrap();
        }
        let plain = EalArgs::builder(&snapshot).build().unwrap();
        check(&plain, "-l 4").unwrap();
        let testpmd = EalArgs::builder(&snapshot).app(App::Testpmd).build().unwrap();
        assert!(check(&testpmd, "-l 4").unwrap_err().to_string().contains("--nb-cores=1"));
        // Literal words are the user's own business.
        two.command_line(&snapshot, "p", &words("{eal} -l 7 -- {app}")).unwrap();
    }

    #[test]
    fn each_argument_has_one_reason_and_a_user_s_says_what_it_replaces() {
        let snapshot = snapshot();
        let args = args(&snapshot);
        let why = |user: &str, argument: &str| {
            let words = words(user);
            let reasons = args.explain(&snapshot, &words).unwrap();
            let line = args.command_line(&snapshot, "p", &words).unwrap()[1..].join(" ");
            let explained: Vec<&str> = reasons.iter().map(|one| one.argument.as_str()).collect();
            assert_eq!(explained.join(" "), line);
            let found = reasons.into_iter().find(|one| one.argument == argument);
            found.unwrap_or_else(|| panic!("no {argument} in {line}")).why
        };
        let own = "-- --config=(0,0,4)";
        let replaced = why(&format!("-l 4 {own}"), "-l 4");
        assert_eq!(replaced, "yours; replaces --lcores 0@2,1@3");
        let replaced = why(&format!("-l 4 {own}"), "--config=(0,0,4)");
        assert!(replaced.starts_with("yours; replaces --config=(0,0,0)"), "{replaced}");
        let replaced = why("--no-huge --memory-size=64", "--no-huge");
        assert_eq!(replaced, "yours; replaces --socket-mem 2048, --socket-limit 2048, --in-memory");
        assert_eq!(why("--log-level 8", "--log-level 8"), "yours");
        assert_eq!(why("-a 0000:81:00.0", "-a 0000:81:00.0"), "yours");
        assert_eq!(why("--new-option x -- y", "--new-option"), "yours");
        assert!(why("", "--").starts_with("ends EAL's"));
        assert!(why("", "--lcores 0@2,1@3").contains("CPU"));
        let filled = why("{eal} -- --mac={net1.mac}", "--mac=02:11:22:33:44:55");
        assert_eq!(filled, "yours: --mac={net1.mac}, filled in from the pod");
        assert!(why("{eal} x", "--lcores 0@2,1@3").contains("CPU"));
    }

    #[test]
    fn devices_add() {
        let (eal, _) = halves("-a 0000:81:00.0 --vdev net_null0");
        assert_eq!(eal.matches("-a ").count(), 3);
        let no_device = pod(Vec::new());
        let args = EalArgs::builder(&no_device).build().unwrap();
        assert!(args.argv("app", &[]).contains(&"--no-pci".to_owned()));
        let argv = args.argv("app", &words("-a0000:81:00.0"));
        assert!(!argv.contains(&"--no-pci".to_owned()), "{argv:?}");
    }

    #[test]
    fn what_dpdk_refuses_beside_a_user_s_option_goes() {
        let (eal, _) = halves("--no-huge");
        assert!(!eal.contains("--socket-mem") && !eal.contains("--in-memory"), "{eal}");
        let (eal, _) = halves("--legacy-mem");
        assert!(!eal.contains("--in-memory") && !eal.contains("--socket-limit"), "{eal}");
        let (eal, _) = halves("--proc-type=primary");
        assert!(!eal.contains("--in-memory"), "{eal}");
        // A value that looks like an option is none.
        let (eal, _) = halves("--base-virtaddr --no-huge");
        assert!(eal.contains("--socket-mem"), "{eal}");
    }

    #[test]
    fn what_dpdk_refuses_beside_the_plan_is_refused_with_the_next_step() {
        let snapshot = snapshot();
        let plan = EalArgs::builder(&snapshot).build().unwrap();
        let no_huge = EalArgs::builder(&snapshot).no_huge(true).build().unwrap();
        for (args, user, why) in [
            (&plan, "-b 0000:81:00.0", "--network"),
            (&plan, "--block=0000:81:00.0", "--network"),
            (&plan, "--no-huge", "give --no-huge to podnet"),
            (&no_huge, "--socket-mem=64", "give -m"),
            (&no_huge, "--huge-unlink=always", "leave one of the two out"),
            (&no_huge, "--iova-mode pa", "no physical addresses without hugepages"),
        ] {
            let error = args.check(&words(user)).unwrap_err().to_string();
            assert!(error.starts_with("argument \"-") && error.contains(why), "{user}: {error}");
        }
        for (args, user) in [
            (&plan, "--huge-unlink -- -b"),
            (&plan, "--no-huge -m 64"),
            (&plan, "--no-huge -m64"),
            (&plan, "--base-virtaddr -b"),
            (&no_huge, "-m 64 --iova-mode=va"),
        ] {
            args.check(&words(user)).unwrap_or_else(|error| panic!("{user}: {error}"));
        }
    }

    #[test]
    fn placeholders_make_the_rest_literal() {
        let snapshot = snapshot();
        let args = args(&snapshot);
        let line = |user: &str| args.command_line(&snapshot, "p", &words(user)).unwrap().join(" ");
        let eal = args.eal.join(" ");
        assert_eq!(line("{eal} -l 7 -- -x"), format!("p {eal} -l 7 -- -x"));
        assert_eq!(line("-- {app}"), format!("p -- {}", args.app.join(" ")));
        assert_eq!(line("-c {cpus} {main}/{workers}"), "p -c 2-3 2/3");
        assert_eq!(line("{nports}:{portmask}"), "p 2:0x3");
        assert_eq!(line("-w={net1.pci},mac={net1.mac}"), "p -w=0000:3b:02.1,mac=02:11:22:33:44:55");
        assert_eq!(
            line("{hugepages.1G.limit} {net2-network.numa} {net1.ip}"),
            "p 2147483648 0 192.0.2.5"
        );
        assert_eq!(line("{cpus.count} {{x} }"), "p 4 {x} }");
        assert_eq!(line("{{x}"), args.argv("p", &["{x}".to_owned()]).join(" "));
    }

    #[test]
    fn a_brace_that_begins_nothing_is_refused() {
        let snapshot = snapshot();
        let args = args(&snapshot);
        for user in [
            "{",
            "{x}",
            "{cpu}",
            "a{eal}",
            "{eal}b",
            "{net1.warp}",
            "{net7.mac}",
            "{net2.mac}",
            "{}",
        ] {
            let error = args.command_line(&snapshot, "p", &words(user)).unwrap_err();
            assert!(
                matches!(error, Error::Invalid { .. } | Error::Refused { .. }),
                "{user}: {error}"
            );
        }
        let one = EalArgs::builder(&snapshot).app(App::L3fwd).build().unwrap();
        assert!(one.command_line(&snapshot, "p", &words("{workers}")).is_err());
    }

    #[test]
    fn a_value_stays_in_its_word_and_its_key() {
        for mac in ["x,mac=y", "--evil", "a\nb"] {
            let snapshot = pod(vec![with_mac(vf("net1", "0000:3b:02.1"), mac)]);
            let args = EalArgs::builder(&snapshot).build().unwrap();
            let error = args.command_line(&snapshot, "p", &words("{net1.mac}")).unwrap_err();
            assert!(error.to_string().contains("could add an argument"), "{mac}: {error}");
        }
    }
}
