//! Arguments as a shell reads them back.

use std::borrow::Cow;

/// `text` as one word of a POSIX shell: bare where that is safe, else in single quotes.
pub fn shell_quote(text: &str) -> Cow<'_, str> {
    if !text.is_empty() && text.bytes().all(is_plain) {
        return Cow::Borrowed(text);
    }
    Cow::Owned(format!("'{}'", text.replace('\'', r"'\''")))
}

fn is_plain(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"_@%+=:,./-".contains(&byte)
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use proptest::prelude::*;

    use super::*;

    fn through_a_shell(words: &[String]) -> Vec<String> {
        let quoted: Vec<_> = words.iter().map(|word| shell_quote(word)).collect();
        let script = format!("printf '%s\\0' {}", quoted.join(" "));
        let output = Command::new("sh").arg("-c").arg(script).output().unwrap();
        assert!(output.status.success());
        let text = String::from_utf8(output.stdout).unwrap();
        text.strip_suffix('\0').unwrap().split('\0').map(str::to_owned).collect()
    }

    #[test]
    fn plain_words_stay_as_they_are() {
        assert_eq!(shell_quote("--vdev"), "--vdev");
        assert_eq!(
            shell_quote("net_virtio_user_net1,path=/a.sock"),
            "net_virtio_user_net1,path=/a.sock"
        );
        assert_eq!(shell_quote("--config=(0,0,0)"), "'--config=(0,0,0)'");
        assert_eq!(shell_quote("it's"), r"'it'\''s'");
        assert_eq!(shell_quote(""), "''");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn a_shell_reads_back_what_was_quoted(
            words in prop::collection::vec(
                "[^\\x00]{0,12}|[-'\"$`!\\\\ \n*?~#;&|<>(){}]{0,8}", 1..20
            )
        ) {
            prop_assert_eq!(through_a_shell(&words), words);
        }
    }
}
