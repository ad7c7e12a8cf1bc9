//! Columns, aligned: as `kubectl get` prints them.

use std::io::{self, Write};

use anstyle::{AnsiColor, Style};

use super::text::visible;

pub const BOLD: Style = Style::new().bold();
pub const CAUTION: Style = AnsiColor::Yellow.on_default();
pub const PLAIN: Style = Style::new();

/// What a value that no source gives looks like.
const ABSENT: &str = "-";

/// One field of a row, safe for a terminal.
pub struct Cell {
    text: String,
    style: Style,
}

impl Cell {
    pub fn new(text: impl AsRef<str>, style: Style) -> Cell {
        let text = text.as_ref();
        Cell { text: if text.is_empty() { ABSENT.into() } else { visible(text).into() }, style }
    }

    fn width(&self) -> usize {
        self.text.chars().count()
    }
}

impl From<&str> for Cell {
    fn from(text: &str) -> Cell {
        Cell::new(text, PLAIN)
    }
}

impl From<String> for Cell {
    fn from(text: String) -> Cell {
        Cell::new(text, PLAIN)
    }
}

impl<T: Into<Cell>> From<Option<T>> for Cell {
    fn from(value: Option<T>) -> Cell {
        value.map_or_else(|| Cell::from(""), T::into)
    }
}

/// A header and rows of as many cells.
pub struct Table<const N: usize> {
    rows: Vec<[Cell; N]>,
}

impl<const N: usize> Table<N> {
    pub fn new(header: [&str; N]) -> Table<N> {
        Table { rows: vec![header.map(|name| Cell::new(name, BOLD))] }
    }

    pub fn row(&mut self, cells: [Cell; N]) {
        self.rows.push(cells);
    }

    /// Prints it, unless it has a header alone.
    pub fn print(&self, out: &mut impl Write) -> io::Result<()> {
        if self.rows.len() == 1 {
            return Ok(());
        }
        let mut widths = [0; N];
        for row in &self.rows {
            for (width, cell) in widths.iter_mut().zip(row) {
                *width = cell.width().max(*width);
            }
        }
        for row in &self.rows {
            for (column, cell) in row.iter().enumerate() {
                write!(out, "{}{}{:#}", cell.style, cell.text, cell.style)?;
                if column + 1 < N {
                    let padding = widths[column] - cell.width() + 2;
                    write!(out, "{:padding$}", "")?;
                }
            }
            writeln!(out)?;
        }
        Ok(())
    }
}
