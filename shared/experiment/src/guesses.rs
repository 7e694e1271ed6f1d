//! What somebody expects before a run: who has guessed looks at a result with other eyes.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::str::FromStr;

use anyhow::{Context, ensure};
use ssl_report::Page;
use ssl_report::file::write_atomically;

use crate::{Comparison, Settings};

/// What can be guessed in every lab: a name, and what it is.
pub const USUAL: [(&str, &str); 4] = [
    ("random", "linear probe on the last block of a random backbone"),
    ("linear", "linear probe on the last block of the lab's backbone"),
    ("knn", "kNN on the last block of the lab's backbone"),
    ("supervised", "linear probe on the last block of a supervised backbone"),
];

/// A guess as it is typed: a name and percent.
#[derive(Clone, Debug, PartialEq)]
pub struct Guess {
    name: String,
    percent: f64,
}

impl FromStr for Guess {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let expected = || format!("expected NAME=PERCENT with 0 to 100 percent, such as linear=50, got {text:?}");
        let (name, percent) = text.split_once('=').ok_or_else(expected)?;
        let percent = percent.parse().ok().filter(|percent| (0.0..=100.0).contains(percent)).ok_or_else(expected)?;
        Ok(Self { name: name.to_string(), percent })
    }
}

/// The guesses of a run, by name; they are kept in its folder, so that they need to be typed only once.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Guesses {
    /// Name and meaning of all that can be guessed.
    known: Vec<(&'static str, &'static str)>,
    percent: BTreeMap<String, f64>,
}

impl Guesses {
    /// Makes sure that the guesses of a lab's settings have names that the lab knows.
    ///
    /// # Errors
    /// A name that it does not know.
    pub(crate) fn of<S: Settings>(settings: &S) -> anyhow::Result<Self> {
        let known: Vec<_> = S::GUESSES.iter().chain(&USUAL).copied().collect();
        let names: Vec<&str> = known.iter().map(|(name, _)| *name).collect();
        let guesses = &settings.flags().predict;
        for Guess { name, .. } in guesses {
            ensure!(
                names.contains(&name.as_str()),
                "--predict {name}=…: expected one of the names {}",
                names.join(", ")
            );
        }
        let percent = guesses.iter().map(|guess| (guess.name.clone(), guess.percent)).collect();
        Ok(Self { known, percent })
    }

    /// Keeps the guesses in a folder, or, where there are none, takes those that an earlier run kept there.
    ///
    /// # Errors
    /// A file that can't be written, or is damaged.
    pub(crate) fn kept_in(self, folder: &Path) -> anyhow::Result<Self> {
        let path = folder.join("guesses.json");
        if !self.percent.is_empty() {
            write_atomically(&path, serde_json::to_string_pretty(&self.percent)?.as_bytes())?;
        } else if let Ok(text) = fs::read_to_string(&path) {
            let percent = serde_json::from_str(&text);
            let percent =
                percent.with_context(|| format!("{}: expected guesses by name; remove it", path.display()))?;
            return Ok(Self { percent, ..self });
        }
        Ok(self)
    }

    /// Writes each guess beside what was measured; `measured` has what the lab knows besides the comparison, as fractions.
    pub(crate) fn write(&self, comparison: &Comparison, measured: &[(&str, f64)], page: &mut Page) {
        let of_comparison = USUAL.iter().zip(comparison.usual()).map(|((name, _), value)| (*name, value));
        let measured: BTreeMap<&str, f64> = of_comparison.chain(measured.iter().copied()).collect();
        page.heading("Guessed and measured");
        if self.percent.is_empty() {
            let names = self.known.iter().map(|(name, what)| format!("{name} ({what})"));
            let names = names.collect::<Vec<_>>().join(", ");
            page.text(&format!(
                "Nothing was guessed. Next time say first what you expect: --predict NAME=PERCENT …, with these names: {names}."
            ));
            return;
        }
        let row = |(name, what): &(&str, &str)| {
            let (guess, measured) = (self.percent.get(*name)?, 100.0 * measured.get(name)?);
            let numbers = [format!("{guess:.1}"), format!("{measured:.1}"), format!("{:+.1}", measured - guess)];
            Some([what.to_string()].into_iter().chain(numbers).collect())
        };
        let header = ["in %", "guessed", "measured", "difference"].map(String::from);
        page.table(&header, &self.known.iter().filter_map(row).collect::<Vec<Vec<String>>>());
    }
}
