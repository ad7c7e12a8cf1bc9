//! Sizes and times on the command line, and sizes for people.

use std::time::Duration;

/// Suffixes of sizes. Memory comes in powers of two, so `M` and `Mi` are the same, as in DPDK.
const SIZES: [(&str, u64); 7] = [
    ("Ki", 1 << 10),
    ("Mi", 1 << 20),
    ("Gi", 1 << 30),
    ("K", 1 << 10),
    ("M", 1 << 20),
    ("G", 1 << 30),
    ("", 1),
];

const TIMES: [(&str, u64); 4] = [("ms", 1), ("s", 1000), ("m", 60_000), ("", 1000)];

/// Reads `512M`, `1G`, `1Gi` or bytes.
pub fn parse_size(text: &str) -> Result<u64, String> {
    scaled(text, &SIZES).ok_or_else(|| "expected a size like 512M, 1G, 1Gi or bytes".to_owned())
}

/// Reads `500ms`, `60s`, `2m` or seconds.
pub fn parse_time(text: &str) -> Result<Duration, String> {
    let millis = scaled(text, &TIMES);
    millis.map(Duration::from_millis).ok_or_else(|| "expected a time like 500ms, 60s or 2m".into())
}

fn scaled(text: &str, units: &[(&str, u64)]) -> Option<u64> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.split_at(digits);
    let (_, factor) = units.iter().find(|(name, _)| *name == unit)?;
    number.parse::<u64>().ok()?.checked_mul(*factor)
}

/// `bytes` in the largest unit that divides it, in the pod specification's terms: `2Gi`.
pub fn show_size(bytes: u64) -> String {
    let binary = [("Gi", 1 << 30), ("Mi", 1 << 20), ("Ki", 1 << 10)];
    let fits = binary.iter().find(|(_, factor)| bytes >= *factor && bytes % factor == 0);
    fits.map_or(bytes.to_string(), |(unit, factor)| format!("{}{unit}", bytes / factor))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_sizes() {
        let mebi = 1 << 20;
        for (text, bytes) in [
            ("512M", 512 * mebi),
            ("1G", 1 << 30),
            ("1Gi", 1 << 30),
            ("4096", 4096),
            ("64Ki", 65536),
        ] {
            assert_eq!(parse_size(text), Ok(bytes), "{text}");
        }
        for text in ["", "G", "-1", "1.5G", "1T", "99999999999999999999", "18446744073709551615K"] {
            assert!(parse_size(text).is_err(), "{text}");
        }
    }

    #[test]
    fn reads_times() {
        assert_eq!(parse_time("500ms"), Ok(Duration::from_millis(500)));
        assert_eq!(parse_time("60s"), parse_time("1m"));
        assert_eq!(parse_time("5"), Ok(Duration::from_secs(5)));
        assert!(parse_time("soon").is_err());
    }

    #[test]
    fn shows_sizes() {
        assert_eq!(show_size(0), "0");
        assert_eq!(show_size(2 << 30), "2Gi");
        assert_eq!(show_size(1536 << 20), "1536Mi");
        assert_eq!(show_size(1000), "1000");
    }
}
