//! `cargo lab results`: tables of finished runs, written into the course's texts.
//!
//! A text marks the place of a table: what stands between `<!-- table NAME -->` and `<!-- end -->` is replaced. NAME is a run's, `NN_method`, or
//! `league`, or `methods` for its last block alone.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, ensure};

use crate::course::{Course, read};

/// Texts with tables.
const TEXTS: [&str; 2] = ["README.md", "docs/results.md"];
const END: &str = "<!-- end -->";

pub fn run(course: &Course, from: &Path) -> Result<()> {
    let path = from.join("tables.json");
    let mut tables: BTreeMap<String, String> =
        serde_json::from_str(&read(&path)?).with_context(|| format!("{} holds no tables", path.display()))?;
    tables.insert("league".to_string(), read(&from.join("league.md"))?.trim_end().to_string());
    for text in TEXTS {
        let path = course.root.join(text);
        let (filled, count) = filled(&read(&path)?, &tables).with_context(|| format!("filling {text}"))?;
        fs::write(&path, filled).with_context(|| format!("writing {}", path.display()))?;
        println!("{text}: {count} tables");
    }
    Ok(())
}

/// A text with its tables filled in, and how many they are. A table of which there is no run stays as it is.
fn filled(text: &str, tables: &BTreeMap<String, String>) -> Result<(String, usize)> {
    let mut parts = text.split("<!-- table ");
    let (mut filled, mut count) = (parts.next().unwrap_or_default().to_string(), 0);
    for part in parts {
        let (name, rest) = part.split_once(" -->").context("a mark of a table without end")?;
        let (old, after) = rest.split_once(END).with_context(|| format!("no {END} behind the table {name}"))?;
        ensure!(!old.contains("<!--"), "{name}: another mark within the table");
        filled.push_str(&format!("<!-- table {name} -->"));
        match tables.get(name) {
            Some(table) => {
                count += 1;
                filled.push_str(&format!("\n\n{table}\n\n"));
            }
            None => filled.push_str(old),
        }
        filled.push_str(END);
        filled.push_str(after);
    }
    Ok((filled, count))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::filled;

    #[test]
    fn only_what_is_marked_and_known_is_replaced() -> anyhow::Result<()> {
        let text = "a\n<!-- table 01_x -->\nold\n<!-- end -->\nb <!-- table 02_y -->kept<!-- end -->\n";
        let tables = BTreeMap::from([("01_x".to_string(), "| new |".to_string())]);
        let (new, count) = filled(text, &tables)?;
        assert_eq!(count, 1);
        assert_eq!(new, "a\n<!-- table 01_x -->\n\n| new |\n\n<!-- end -->\nb <!-- table 02_y -->kept<!-- end -->\n");
        assert_eq!(filled(&new, &tables)?.0, new);
        assert!(filled("<!-- table 01_x -->", &tables).is_err());
        Ok(())
    }
}
