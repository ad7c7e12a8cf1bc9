//! Enums that are read from names and printed as them.

/// Gives `$type` the names of its variants. An error calls it `$subject`, and expects `$expected`.
macro_rules! named {
    ($type:ident, $subject:literal, $expected:literal, $($name:literal => $variant:ident),+) => {
        impl std::str::FromStr for $type {
            type Err = crate::error::Error;

            fn from_str(text: &str) -> crate::error::Result<$type> {
                match text {
                    $($name => Ok($type::$variant),)+
                    _ => Err(crate::error::Error::invalid(
                        format!(concat!($subject, " {:?}"), text),
                        concat!("expected ", $expected),
                    )),
                }
            }
        }

        impl std::fmt::Display for $type {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(match self {
                    $($type::$variant => $name,)+
                })
            }
        }
    };
}
pub(super) use named;
