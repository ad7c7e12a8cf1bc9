//! Sizes of hugepages, in each of their spellings, and the Downward API files named after them.

/// Bytes of `2MB` (cgroup), `2048kB` (sysfs), `2M` (mount option, network resources injector),
/// `2Mi` (Kubernetes) or `2097152`. Units are powers of 1024.
pub fn parse(text: &str) -> Option<u64> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.split_at(digits);
    let unit = match unit.to_ascii_lowercase().as_str() {
        "" | "b" => 1,
        "k" | "kb" | "ki" => 1 << 10,
        "m" | "mb" | "mi" => 1 << 20,
        "g" | "gb" | "gi" => 1 << 30,
        "t" | "tb" | "ti" => 1u64 << 40,
        _ => return None,
    };
    number.parse::<u64>().ok()?.checked_mul(unit)
}

/// The size of a page: as [`parse`], but never 0.
pub(crate) fn page(text: &str) -> Option<u64> {
    parse(text).filter(|size| *size > 0)
}

/// Which of the two figures a hugepage file holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Figure {
    /// `requests.hugepages-<size>`.
    Request,
    /// `limits.hugepages-<size>`.
    Limit,
}

/// The name of a hugepage file: `hugepages_[<size>_]{request,limit}[_<container>]`.
///
/// With size and container it is the network resources injector's, and the value counts MiB.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct HugepageFile {
    /// The page size in bytes.
    pub size: Option<u64>,
    /// Which figure it is.
    pub figure: Figure,
    /// The container it is of.
    pub container: Option<String>,
}

/// Reads the name of a hugepage file; `None` when it is another file.
pub fn hugepage_file(name: &str) -> Option<HugepageFile> {
    let rest = name.strip_prefix("hugepages_")?;
    let (size, rest) = match rest.split_once('_') {
        Some((size, rest)) if page(size).is_some() => (page(size), rest),
        _ => (None, rest),
    };
    // Container names are DNS labels and hold no underscore.
    let (figure, container) = match rest.split_once('_') {
        Some((figure, container)) => (figure, Some(container.to_owned())),
        None => (rest, None),
    };
    let figure = match figure {
        "request" => Figure::Request,
        "limit" => Figure::Limit,
        _ => return None,
    };
    Some(HugepageFile { size, figure, container })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_every_spelling() {
        for text in ["2MB", "2048kB", "2M", "2Mi", "2097152"] {
            assert_eq!(parse(text), Some(2 << 20), "{text}");
        }
        assert_eq!(parse("1024M"), Some(1 << 30));
        for text in ["", "M", "2X", "-2M", "99999999999999999999", "18446744073709551615K"] {
            assert_eq!(parse(text), None, "{text}");
        }
    }

    #[test]
    fn reads_names_of_hugepage_files() {
        let file = |name| hugepage_file(name).map(|file| (file.size, file.figure, file.container));
        let app = Some("my-app-2".to_owned());
        assert_eq!(
            file("hugepages_1G_request_my-app-2"),
            Some((Some(1 << 30), Figure::Request, app.clone()))
        );
        assert_eq!(file("hugepages_64K_limit"), Some((Some(64 << 10), Figure::Limit, None)));
        assert_eq!(file("hugepages_limit_my-app-2"), Some((None, Figure::Limit, app)));
        assert_eq!(file("hugepages_request"), Some((None, Figure::Request, None)));
        for name in ["annotations", "hugepages_", "hugepages_1G", "hugepages_1G_most_x"] {
            assert_eq!(file(name), None, "{name}");
        }
    }
}
