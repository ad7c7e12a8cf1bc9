//! Text for terminals and for shells.

use std::borrow::Cow;
use std::io;

use podnet::eal::shell_quote;

/// `text` as it may go to a terminal. Names and paths come from the pod: one that holds an escape
/// sequence, or characters that reorder a line, must show and not act.
pub fn visible(text: &str) -> Cow<'_, str> {
    if !text.contains(acts_on_terminal) {
        return Cow::Borrowed(text);
    }
    let shown = text.chars().map(|c| match acts_on_terminal(c) {
        true => c.escape_default().to_string(),
        false => c.to_string(),
    });
    Cow::Owned(shown.collect())
}

/// Whether a terminal does something with `c` instead of showing it.
pub fn acts_on_terminal(c: char) -> bool {
    let reorders = matches!(c,
        '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    c.is_control() || reorders
}

/// One line that a shell splits into exactly `words`.
pub fn shell_line(words: &[String]) -> String {
    words.iter().map(|word| shell_quote(word)).collect::<Vec<_>>().join(" ")
}

/// The system's word for it, without the number.
pub fn reason(error: &io::Error) -> String {
    let text = error.to_string();
    text.split(" (os error").next().unwrap_or(&text).to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shows_what_would_act_on_a_terminal() {
        assert_eq!(visible("net1"), "net1");
        assert_eq!(
            visible("a\x1b[31mb\r\n\u{9b}2J\u{202e}c"),
            r"a\u{1b}[31mb\r\n\u{9b}2J\u{202e}c"
        );
        assert_eq!(visible("Zürich 東京"), "Zürich 東京");
    }
}
