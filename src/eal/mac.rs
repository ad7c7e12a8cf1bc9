//! MAC addresses, as arguments have them.

use std::fmt;

#[derive(Debug, Clone, Copy)]
pub(super) struct Mac([u8; 6]);

impl Mac {
    /// Six bytes of two hexadecimal digits each.
    pub fn parse(text: &str) -> Option<Mac> {
        let mut bytes = [0; 6];
        let mut parts = text.split(':');
        for byte in &mut bytes {
            let part = parts.next().filter(|part| part.len() == 2)?;
            let plain = part.bytes().all(|digit| digit.is_ascii_hexdigit());
            *byte = u8::from_str_radix(part, 16).ok().filter(|_| plain)?;
        }
        parts.next().is_none().then_some(Mac(bytes))
    }

    pub fn is_zero(self) -> bool {
        self.0 == [0; 6]
    }

    pub fn is_group(self) -> bool {
        self.0[0] & 1 == 1
    }
}

impl fmt::Display for Mac {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.map(|byte| format!("{byte:02x}")).join(":"))
    }
}
