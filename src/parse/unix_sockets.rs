//! The kernel's list of unix sockets, `/proc/self/net/unix`.

/// `__SO_ACCEPTCON`: the socket listens.
const LISTENS: u32 = 1 << 16;

/// The names of the abstract sockets that somebody listens on, without the `@` before them. The
/// kernel writes every NUL of a name as `@`, so those that pad its end are left out.
pub fn abstract_listeners(list: &[u8]) -> impl Iterator<Item = &[u8]> {
    list.split(|byte| *byte == b'\n').filter_map(|line| {
        // Num: RefCount Protocol Flags Type St Inode Path
        let mut rest = line;
        let mut flags = None;
        for column in 0..7 {
            rest = rest.trim_ascii_start();
            let end = rest.iter().position(u8::is_ascii_whitespace)?;
            if column == 3 {
                let text = std::str::from_utf8(&rest[..end]).ok()?;
                flags = u32::from_str_radix(text, 16).ok();
            }
            rest = &rest[end + 1..];
        }
        let mut name = rest.strip_prefix(b"@").filter(|_| flags.is_some_and(listens))?;
        while let Some(shorter) = name.strip_suffix(b"@") {
            name = shorter;
        }
        Some(name)
    })
}

fn listens(flags: u32) -> bool {
    flags & LISTENS != 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_listening_abstract_sockets_alone() {
        let list = b"Num       RefCount Protocol Flags    Type St Inode Path\n\
            0000000000000000: 00000002 00000000 00010000 0005 01  4711 @vpp/memif net1\n\
            0000000000000000: 00000002 00000000 00010000 0005 01  4712 @padded@@@\n\
            0000000000000000: 00000003 00000000 00000000 0001 03 25001 @connected\n\
            0000000000000000: 00000002 00000000 00010000 0001 01 25002 /run/file.sock\n\
            0000000000000000: 00000002 00000000 00000000 0002 01 25003\n\
            x @\n\n0: 1 2 zz 4 5 6 @bad";
        let found: Vec<_> = abstract_listeners(list).collect();
        assert_eq!(found, [&b"vpp/memif net1"[..], b"padded"]);
    }
}
