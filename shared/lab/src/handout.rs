//! What a handout must have.

use anyhow::{Context, Result, ensure};

use crate::course::{Lab, read};

/// Second-level headings of every handout, in this order.
const SECTIONS: [&str; 8] = [
    "The question",
    "The idea",
    "Equations",
    "Exercises",
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

    /// Makes sure that all sections are there, in order, and that each exercise is spoken of.
    pub fn check(&self, exercises: &[String]) -> Result<()> {
        let headings: Vec<&str> = self.text.lines().filter_map(|line| line.strip_prefix("## ")).collect();
        ensure!(headings == SECTIONS, "the handout's sections are {headings:?}, expected {SECTIONS:?}");
        for exercise in exercises {
            ensure!(self.text.contains(&format!("`{exercise}`")), "the handout does not speak of `{exercise}`");
        }
        Ok(())
    }
}
