//! Downward API map files, `annotations` and `labels`: lines of `key="value"`.
//!
//! Kubernetes prints each value with Go's `strconv.Quote` (`FormatMap` in
//! pkg/fieldpath): one line a key, whatever the value holds.

use std::collections::BTreeMap;

use super::{Parsed, Problem};

/// A decoded map file. Values are bytes: the quoting carries any.
pub type Map = BTreeMap<String, Vec<u8>>;

/// Reads a map file. A line that can't be read is a problem and costs no other line.
pub fn parse(text: &[u8]) -> Parsed<Map> {
    let mut map = Map::new();
    let mut problems = Vec::new();
    for (index, line) in text.split(|byte| *byte == b'\n').enumerate() {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if line.is_empty() {
            continue;
        }
        match entry(line) {
            Ok((key, value)) => {
                if map.insert(key.clone(), value).is_some() {
                    problems.push(Problem::new(
                        format!("line {}", index + 1),
                        format!("{key} stands here a second time; the last one counts"),
                    ));
                }
            }
            Err(why) => problems.push(Problem::new(format!("line {}", index + 1), why)),
        }
    }
    (map, problems)
}

fn entry(line: &[u8]) -> Result<(String, Vec<u8>), String> {
    let equals = line
        .iter()
        .position(|byte| *byte == b'=')
        .ok_or_else(|| format!("expected key=\"value\", found {}", shown(line)))?;
    let key = std::str::from_utf8(&line[..equals])
        .map_err(|_| format!("the key {} is not UTF-8", shown(&line[..equals])))?;
    let value = unquote(&line[equals + 1..])
        .map_err(|(column, why)| format!("{key}: column {}: {why}", equals + 2 + column))?;
    Ok((key.to_owned(), value))
}

fn shown(bytes: &[u8]) -> String {
    format!("{:?}", String::from_utf8_lossy(&bytes[..bytes.len().min(40)]))
}

/// The bytes of a Go interpreted string literal, or the offset and reason of what is wrong with it.
pub fn unquote(literal: &[u8]) -> Result<Vec<u8>, (usize, String)> {
    let Some(inner) = literal.strip_prefix(b"\"") else {
        return Err((0, "expected a double quote".to_owned()));
    };
    let mut value = Vec::with_capacity(inner.len());
    let mut rest = inner;
    loop {
        let offset = literal.len() - rest.len();
        // Runs without an escape are copied whole: a line may be hundreds of KiB long.
        let run = rest.iter().position(|byte| matches!(byte, b'"' | b'\\')).unwrap_or(rest.len());
        value.extend_from_slice(&rest[..run]);
        rest = &rest[run..];
        match rest {
            [] => return Err((literal.len(), "the value ends without its closing quote".into())),
            [b'"'] => return Ok(value),
            [b'"', ..] => return Err((offset + run + 1, "text after the closing quote".into())),
            escape => {
                let used = unescape(escape, &mut value).ok_or_else(|| {
                    (
                        offset + run,
                        format!("{} is no escape", shown(&escape[..escape.len().min(4)])),
                    )
                })?;
                rest = &rest[used..];
            }
        }
    }
}

/// Appends what the escape at the start of `text` stands for, and says how long the escape is.
fn unescape(text: &[u8], value: &mut Vec<u8>) -> Option<usize> {
    let simple = match text.get(1)? {
        b'a' => 0x07,
        b'b' => 0x08,
        b'f' => 0x0c,
        b'n' => b'\n',
        b'r' => b'\r',
        b't' => b'\t',
        b'v' => 0x0b,
        b'\\' => b'\\',
        b'"' => b'"',
        b'\'' => b'\'',
        b'x' => {
            value.push(u8::try_from(hex(text.get(2..4)?)?).ok()?);
            return Some(4);
        }
        b'u' => return push_char(text.get(2..6)?, value).map(|()| 6),
        b'U' => return push_char(text.get(2..10)?, value).map(|()| 10),
        b'0'..=b'7' => {
            let digits = text.get(1..4)?;
            let octal = digits.iter().try_fold(0u32, |number, digit| {
                matches!(digit, b'0'..=b'7').then(|| number * 8 + u32::from(digit - b'0'))
            })?;
            value.push(u8::try_from(octal).ok()?);
            return Some(4);
        }
        _ => return None,
    };
    value.push(simple);
    Some(2)
}

fn push_char(digits: &[u8], value: &mut Vec<u8>) -> Option<()> {
    let character = char::from_u32(hex(digits)?)?;
    value.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
    Some(())
}

fn hex(digits: &[u8]) -> Option<u32> {
    digits
        .iter()
        .try_fold(0u32, |number, digit| Some(number * 16 + char::from(*digit).to_digit(16)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn decoded(literal: &str, expected: &[u8]) {
        assert_eq!(unquote(format!("\"{literal}\"").as_bytes()).unwrap(), expected, "{literal}");
    }

    #[test]
    fn decodes_every_go_escape() {
        decoded(r"\a\b\f\n\r\t\v\\\'", b"\x07\x08\x0c\n\r\t\x0b\\'");
        decoded(r#"say \"x\" = 1"#, br#"say "x" = 1"#);
        decoded(r"\x00\x01\x1f\x7f", &[0, 1, 0x1f, 0x7f]);
        decoded(r"\xff\xfe\x80a", &[0xff, 0xfe, 0x80, b'a']);
        decoded(r"\u00ad\u200b\ufeff\u3000", "\u{ad}\u{200b}\u{feff}\u{3000}".as_bytes());
        decoded(r"\U000e0001\U0010ffff", "\u{e0001}\u{10ffff}".as_bytes());
        decoded("é😀\u{fffd}", "é😀\u{fffd}".as_bytes());
        decoded(r"\101", b"A");
        decoded("", b"");
    }

    #[test]
    fn says_where_a_literal_is_broken() {
        for (literal, column) in [
            ("abc", 0),
            ("\"abc", 4),
            (r#""a\qb""#, 2),
            (r#""a\x4""#, 2),
            (r#""\ud800""#, 1),
            (r#""\U00110000""#, 1),
            (r#""\400""#, 1),
            (r#""ab"c"#, 4),
            ("\"a\\", 2),
        ] {
            assert_eq!(unquote(literal.as_bytes()).unwrap_err().0, column, "{literal}");
        }
    }

    #[test]
    fn reads_the_good_lines_and_names_the_bad_ones() {
        let text = b"a=\"1\"\n\nb=\"x=y\"\nbroken\nc=\"cut\nd=\"4\"\n";
        let (map, problems) = parse(text);
        let keys: Vec<&str> = map.keys().map(String::as_str).collect();
        assert_eq!(keys, ["a", "b", "d"]);
        assert_eq!(map["b"], b"x=y");
        let places: Vec<&str> = problems.iter().map(|problem| problem.place.as_str()).collect();
        assert_eq!(places, ["line 4", "line 5"]);
        assert!(problems[1].why.contains("closing quote"), "{:?}", problems[1]);
    }

    #[test]
    fn reads_a_line_of_a_megabyte() {
        let value = "x y=\\\"".repeat(200_000);
        let (map, problems) = parse(format!("long=\"{value}\"\nnext=\"1\"").as_bytes());
        assert_eq!(problems, []);
        assert_eq!(map["long"], "x y=\"".repeat(200_000).as_bytes());
        assert_eq!(map["next"], b"1");
    }

    #[test]
    fn an_empty_file_is_an_empty_map() {
        assert_eq!(parse(b""), (Map::new(), Vec::new()));
    }
}
