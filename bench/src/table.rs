//! A Markdown table of results.

use std::fmt::{self, Display};

/// What one benchmark found.
#[derive(Debug)]
pub struct Table {
    title: String,
    columns: Vec<String>,
    rows: Vec<Vec<String>>,
    remarks: Vec<String>,
}

impl Table {
    /// An empty table under a heading.
    pub fn new(title: impl Into<String>, columns: &[&str]) -> Self {
        let columns = columns.iter().map(|&column| column.to_owned()).collect();
        Self { title: title.into(), columns, rows: Vec::new(), remarks: Vec::new() }
    }

    /// Adds a row.
    pub fn row(&mut self, cells: impl IntoIterator<Item = impl Into<String>>) {
        self.rows.push(cells.into_iter().map(Into::into).collect());
    }

    /// Adds a sentence below the table.
    pub fn remark(&mut self, text: impl Into<String>) {
        self.remarks.push(text.into());
    }
}

impl Display for Table {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(formatter, "### {}\n", self.title)?;
        writeln!(formatter, "| {} |", self.columns.join(" | "))?;
        writeln!(formatter, "|{}", "---|".repeat(self.columns.len()))?;
        for row in &self.rows {
            writeln!(formatter, "| {} |", row.join(" | "))?;
        }
        writeln!(formatter)?;
        for remark in &self.remarks {
            writeln!(formatter, "{remark}\n")?;
        }
        Ok(())
    }
}

/// `yes` or `no`, in words that stand out in a column of results.
pub fn verdict(met: bool) -> String {
    if met { "met".into() } else { "**missed**".into() }
}

/// A count with its thousands separated: `1,234,567`.
pub fn count(number: f64) -> String {
    let digits = format!("{:.0}", number.max(0.0));
    let mut grouped = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// A number of milliseconds, with as many digits as say something.
pub fn milliseconds(number: f64) -> String {
    if number >= 100.0 { format!("{} ms", count(number)) } else { format!("{number:.1} ms") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_is_markdown() {
        let mut table = Table::new("Title", &["what", "found"]);
        table.row(["a", "1"]);
        table.remark("A remark.");
        assert_eq!(table.to_string(), "### Title\n\n| what | found |\n|---|---|\n| a | 1 |\n\nA remark.\n\n");
    }

    #[test]
    fn thousands_are_separated() {
        assert_eq!(count(0.4), "0");
        assert_eq!(count(999.0), "999");
        assert_eq!(count(1000.0), "1,000");
        assert_eq!(count(1_234_567.0), "1,234,567");
    }
}
