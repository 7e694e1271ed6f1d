//! What a handout must have.

use anyhow::{Context, Result, ensure};

use crate::course::{Lab, read};

/// Second-level headings of every handout, in this order.
const SECTIONS: [&str; 9] = [
    "The question",
    "The idea",
    "Equations",
    "Exercises",
    "Predict first",
    "The experiment",
    "What to look at",
    "How it differs from the paper",
    "Questions for your report",
];

/// A lab's README.md.
pub struct Handout {
    pub title: String,
    text: String,
}

impl Handout {
    pub fn read(lab: &Lab) -> Result<Self> {
        let path = lab.folder.join("README.md");
        let text = read(&path)?;
        let title = text.lines().next().and_then(|line| line.strip_prefix("# "));
        let title = title.with_context(|| format!("{}: no title in the first line", path.display()))?;
        Ok(Self { title: title.to_string(), text })
    }

    /// Makes sure that all sections are there, in order, and that the table of exercises has them in order with their points.
    pub fn check(&self, exercises: &[(String, u32)]) -> Result<()> {
        let headings: Vec<&str> = self.text.lines().filter_map(|line| line.strip_prefix("## ")).collect();
        ensure!(headings == SECTIONS, "the handout's sections are {headings:?}, expected {SECTIONS:?}");
        let rows: Vec<(String, u32)> = self.text.lines().filter_map(row).collect();
        ensure!(
            rows == exercises,
            "the handout's table of exercises is {rows:?}, the lab's exercises are {exercises:?}"
        );
        Ok(())
    }
}

/// Name and points of a line of the table of exercises, such as "| 1 | `rotate90`: equation 1 | 15 | 20 |".
fn row(line: &str) -> Option<(String, u32)> {
    let cells: Vec<&str> = line.trim().trim_matches('|').split('|').map(str::trim).collect();
    let [number, function, _, points] = cells[..] else { return None };
    number.parse::<u32>().ok()?;
    let name = function.strip_prefix('`')?.split('`').next()?;
    Some((name.to_string(), points.parse().ok()?))
}
