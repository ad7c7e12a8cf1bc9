//! What `/proc` says of a process and of memory: proc_pid_status(5), proc_pid_environ(5),
//! proc_meminfo(5).

use std::collections::BTreeMap;

use crate::ordered::filled;

/// The value of a `Name: value` line of `status` or `meminfo`, without the white space around it.
pub(crate) fn field<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':')).map(str::trim)
}

/// The variables of `environ` by name: each ends with a NUL. Names may hold `-`, values `=` and
/// newlines; what has no `=` is no variable.
pub(crate) fn environ(content: &[u8]) -> BTreeMap<String, Vec<u8>> {
    let variable = |text: &[u8]| {
        let equals = text.iter().position(|byte| *byte == b'=')?;
        let name = String::from_utf8_lossy(&text[..equals]).into_owned();
        Some((name, text[equals + 1..].to_vec()))
    };
    filled(content.split(|byte| *byte == 0).filter_map(variable))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_fields_by_their_whole_name() {
        let text = "Name:\tUid: 7\nUids:\t1\nUid:\t1000\t1001\nHugepagesize:       2048 kB\n";
        assert_eq!(field(text, "Uid"), Some("1000\t1001"));
        assert_eq!(field(text, "Hugepagesize"), Some("2048 kB"));
        assert_eq!(field(text, "Gid"), None);
    }

    #[test]
    fn variables_are_raw() {
        let variables = environ(b"A-B=x=y\nC=1\0D=\xff\0nonsense\0");
        assert_eq!(variables["A-B"], b"x=y\nC=1");
        assert_eq!(variables["D"], b"\xff");
        assert_eq!(variables.len(), 2);
    }
}
