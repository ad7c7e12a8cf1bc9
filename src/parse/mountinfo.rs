//! `/proc/self/mountinfo`, proc_pid_mountinfo(5).

/// One mount.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Mount {
    /// The directory of the file system that is mounted.
    pub root: String,
    /// Where it is mounted.
    pub mount_point: String,
    /// The file system's type.
    pub fs_type: String,
    /// The options of the file system, separated by commas.
    pub super_options: String,
}

impl Mount {
    /// Whether the file system has the option `name`, without a value.
    pub fn has_option(&self, name: &str) -> bool {
        self.super_options.split(',').any(|option| option == name)
    }

    /// The value of the option `name=value` of the file system.
    pub fn option(&self, name: &str) -> Option<&str> {
        self.super_options
            .split(',')
            .find_map(|option| option.strip_prefix(name)?.strip_prefix('='))
    }
}

/// Reads mountinfo. A line that is none is left out: the kernel writes this file.
pub fn parse(text: &str) -> Vec<Mount> {
    text.lines().filter_map(mount).collect()
}

/// Six fields, any number of optional ones up to a lone dash, and three more.
fn mount(line: &str) -> Option<Mount> {
    let (before, after) = line.split_once(" - ")?;
    let mut before = before.split(' ').skip(3);
    let (root, mount_point) = (before.next()?, before.next()?);
    let mut after = after.splitn(3, ' ');
    let (fs_type, _source) = (after.next()?, after.next()?);
    Some(Mount {
        root: unescape(root),
        mount_point: unescape(mount_point),
        fs_type: fs_type.to_owned(),
        super_options: after.next().unwrap_or_default().to_owned(),
    })
}

/// Space, tab, newline and backslash stand as three octal digits.
fn unescape(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, tail)) = rest.split_first() {
        let octal = (first == b'\\')
            .then(|| std::str::from_utf8(tail.get(..3)?).ok())
            .flatten()
            .and_then(|digits| u8::from_str_radix(digits, 8).ok());
        bytes.push(octal.unwrap_or(first));
        rest = if octal.is_some() { &tail[3..] } else { tail };
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_optional_fields_escapes_and_spaces_in_options() {
        let mounts = parse(
            "36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 shared:7 - ext3 /dev/root rw,errors=continue\n\
             74 66 0:36 / /huge\\040pages\\134x rw - hugetlbfs nodev rw,pagesize=2M,size=1048576\n\
             75 66 0:37 / /c rw - 9p drvfs rw,aname=C:\\x y;uid=0\nnonsense\n",
        );
        assert_eq!(mounts.len(), 3);
        assert_eq!((mounts[0].root.as_str(), mounts[0].mount_point.as_str()), ("/mnt1", "/mnt2"));
        assert_eq!(mounts[1].mount_point, "/huge pages\\x");
        assert_eq!(mounts[1].option("pagesize"), Some("2M"));
        assert_eq!(mounts[1].option("size"), Some("1048576"));
        assert_eq!(mounts[1].option("page"), None);
        assert!(mounts[1].has_option("rw") && !mounts[1].has_option("pagesize"));
        assert_eq!(mounts[2].super_options, "rw,aname=C:\\x y;uid=0");
    }
}
