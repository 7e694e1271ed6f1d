//! Tables as text with commas, as spreadsheets read and write them.

use anyhow::{Result, bail};
use csv_core::{ReadFieldResult, Reader};

/// The cells of every line.
pub fn lines(text: &str) -> Result<Vec<Vec<String>>> {
    let mut reader = Reader::new();
    let (mut lines, mut line, mut cell) = (Vec::new(), Vec::new(), Vec::new());
    let mut rest = text.as_bytes();
    let mut buffer = [0; 1024];
    loop {
        let (result, read, written) = reader.read_field(rest, &mut buffer);
        rest = &rest[read..];
        cell.extend_from_slice(&buffer[..written]);
        match result {
            // An empty rest tells the reader that the text ends here.
            ReadFieldResult::InputEmpty | ReadFieldResult::OutputFull => {}
            ReadFieldResult::Field { record_end } => {
                let Ok(words) = String::from_utf8(std::mem::take(&mut cell)) else { bail!("a cell that is no text") };
                line.push(words);
                if record_end {
                    lines.push(std::mem::take(&mut line));
                }
            }
            ReadFieldResult::End => return Ok(lines),
        }
    }
}

/// A text of lines of cells; quoted are cells that would be taken for several.
pub fn text(lines: &[Vec<String>]) -> String {
    let quoted = |cell: &String| match cell.contains([',', '"', '\n', '\r']) {
        true => format!("\"{}\"", cell.replace('"', "\"\"")),
        false => cell.clone(),
    };
    lines.iter().map(|line| line.iter().map(quoted).collect::<Vec<_>>().join(",") + "\n").collect()
}

#[cfg(test)]
mod tests {
    use super::{lines, text};

    #[test]
    fn cells_with_commas_quotes_and_lines_survive() -> anyhow::Result<()> {
        let long = "x".repeat(3000);
        let cells =
            vec![vec!["a".to_string(), "Lovelace, Ada".to_string()], vec![format!("\"{long}\"\nb"), String::new()]];
        assert_eq!(lines(&text(&cells))?, cells);
        assert_eq!(lines("a,b\r\n\"c\",d")?, [["a", "b"], ["c", "d"]]);
        Ok(())
    }
}
