//! EAL's options of a command line, the user's own among them.

const MIB: u64 = 1 << 20;

/// EAL's words: those after the program, up to `--`.
fn eal(words: &[String]) -> impl Iterator<Item = &str> {
    up_to_dashes(words).skip(1)
}

fn up_to_dashes(words: &[String]) -> impl Iterator<Item = &str> {
    words.iter().take_while(|word| *word != "--").map(String::as_str)
}

/// Whether the option `name`, which takes no value, is there.
pub fn has(words: &[String], name: &str) -> bool {
    eal(words).any(|word| word == name)
}

/// The values of these options, in their order: `-m 64`, `-m64`, `--socket-mem 64`,
/// `--socket-mem=64`.
pub fn values<'a>(words: &'a [String], names: &[&str]) -> Vec<&'a str> {
    values_in(eal(words), names)
}

fn values_in<'a>(mut rest: impl Iterator<Item = &'a str>, names: &[&str]) -> Vec<&'a str> {
    let mut values = Vec::new();
    while let Some(word) = rest.next() {
        let Some(end) = names.iter().find_map(|name| after(word, name)) else { continue };
        let value = if end.is_empty() { rest.next() } else { Some(end.trim_start_matches('=')) };
        values.extend(value);
    }
    values
}

/// What of `word` comes after the option `name`, if it is that one.
fn after<'a>(word: &'a str, name: &str) -> Option<&'a str> {
    let end = word.strip_prefix(name)?;
    let is_short = !name.starts_with("--");
    (end.is_empty() || end.starts_with('=') || is_short).then_some(end)
}

/// The value of the last of them, which counts.
pub fn value<'a>(words: &'a [String], names: &[&str]) -> Option<&'a str> {
    values(words, names).pop()
}

/// What EAL's files are named after, by its `arguments` without the program.
pub fn file_prefix(arguments: &[String]) -> &str {
    values_in(up_to_dashes(arguments), &["--file-prefix"]).pop().unwrap_or("rte")
}

/// The memory that EAL is told to take.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Memory {
    /// In all, in bytes.
    pub bytes: Option<u64>,
    /// By NUMA node, where that is said.
    pub nodes: Vec<u64>,
}

impl Memory {
    pub fn of(words: &[String]) -> Memory {
        let megabytes = |text: &str| text.trim().parse::<u64>().ok()?.checked_mul(MIB);
        if let Some(list) = value(words, &["--socket-mem", "--numa-mem"]) {
            let nodes: Option<Vec<u64>> = list.split(',').map(megabytes).collect();
            let bytes = nodes.iter().flatten().try_fold(0_u64, |sum, more| sum.checked_add(*more));
            return Memory {
                bytes: bytes.filter(|_| nodes.is_some()),
                nodes: nodes.unwrap_or_default(),
            };
        }
        let bytes = value(words, &["-m", "--memory-size"]).and_then(megabytes);
        Memory { bytes, nodes: Vec::new() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<String> {
        text.split_whitespace().map(str::to_owned).collect()
    }

    #[test]
    fn reads_options_in_every_form() {
        let devices = |text| values(&words(text), &["-a", "--allow"]).join(" ");
        assert_eq!(
            devices("app -a one -atwo --allow three --allow=four -a=five"),
            "one two three four five"
        );
        assert_eq!(devices("-a app --allowed one --vdev two -- -a three"), "");
        assert_eq!(devices("app -a"), "");
        assert!(has(&words("app --no-huge"), "--no-huge"));
        assert!(!has(&words("--no-huge --no-hugepages -- --no-huge"), "--no-huge"));
    }

    #[test]
    fn knows_the_file_prefix() {
        for (arguments, prefix) in [
            ("", "rte"),
            ("--file-prefix one -l 0", "one"),
            ("-l 0 --file-prefix=one --file-prefix two -- --file-prefix three", "two"),
        ] {
            assert_eq!(file_prefix(&words(arguments)), prefix, "{arguments}");
        }
    }

    #[test]
    fn adds_up_the_memory() {
        let bytes = |text| Memory::of(&words(text)).bytes.map(|bytes| bytes / MIB);
        assert_eq!(bytes("app --lcores 0@1 -m 64"), Some(64));
        assert_eq!(bytes("app -m64"), Some(64));
        assert_eq!(bytes("app --socket-mem 0,128,64"), Some(192));
        assert_eq!(bytes("app --numa-mem=0,128"), Some(128));
        assert_eq!(bytes("app --no-pci -- -m 64"), None);
        assert_eq!(bytes("app --socket-mem 0,x"), None);
        assert_eq!(bytes("app -m 99999999999999999999"), None);
        assert_eq!(bytes("app -m"), None);
    }
}
