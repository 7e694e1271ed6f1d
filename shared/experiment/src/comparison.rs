//! Backbones side by side.

use std::path::Path;

use ssl_eval::Evaluation;

use serde_json::{Value, json};
use ssl_report::{Bars, Page, Plot, percent};

/// What the features of several backbones are good for.
#[derive(Clone, Debug, Default)]
pub struct Comparison {
    rows: Vec<(String, Evaluation)>,
    /// What all of them are shown of images, where that is known.
    pub(crate) sees: Option<String>,
}

impl Comparison {
    /// Nothing yet, of backbones that are all shown the same of images.
    pub(crate) fn of_backbones_seeing(what: &str) -> Self {
        Self { sees: Some(what.to_string()), ..Self::default() }
    }

    /// Adds a row below the others.
    pub fn insert(&mut self, name: &str, evaluation: Evaluation) {
        self.rows.push((name.to_string(), evaluation));
    }

    /// Adds a row, and says on the terminal what is in it.
    pub fn push(&mut self, name: &str, evaluation: Evaluation) {
        println!("{name}: linear {}, kNN {}", percent(evaluation.linear()), percent(evaluation.knn));
        self.insert(name, evaluation);
    }

    /// Whether there is nothing to compare, as with images that have no classes.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The names of the rows.
    pub fn names(&self) -> Vec<String> {
        self.rows.iter().map(|(name, _)| name.clone()).collect()
    }

    /// The row of this name.
    pub fn get(&self, name: &str) -> Option<&Evaluation> {
        self.rows.iter().find(|(row, _)| row == name).map(|(_, evaluation)| evaluation)
    }

    /// What every lab measures, in the order of [`USUAL`](crate::guesses::USUAL): linear probes of random, method and supervised on the
    /// last block, and the method's kNN. Empty where [`Run::compare`](crate::Run::compare) did not make the comparison.
    pub(crate) fn usual(&self) -> Vec<f64> {
        match self.rows.as_slice() {
            [(_, random), (_, method), (_, supervised)] => {
                vec![random.linear(), method.linear(), method.knn, supervised.linear()]
            }
            _ => Vec::new(),
        }
    }

    /// The rows as JSON: a name and an evaluation each.
    pub fn record(&self) -> Value {
        self.rows.iter().map(|(name, evaluation)| json!({ "name": name, "evaluation": evaluation })).collect()
    }

    fn depth(&self) -> usize {
        self.rows.iter().map(|(_, evaluation)| evaluation.linear_by_depth.len()).max().unwrap_or(0)
    }

    /// The names of the columns.
    fn header(&self) -> Vec<String> {
        let mut header = vec!["linear probe on".to_string()];
        header.extend(blocks(self.depth()));
        header.extend(["kNN", "collapse"].map(String::from));
        header
    }

    /// A row for each backbone: linear probe by depth, kNN, collapse level.
    fn cells(&self) -> Vec<Vec<String>> {
        let row = |(name, e): &(String, Evaluation)| {
            let linear = e.linear_by_depth.iter().map(|&accuracy| percent(accuracy));
            let rest = [percent(e.knn), format!("{:.2}", e.collapse_level)];
            std::iter::once(name.clone()).chain(linear).chain(rest).collect()
        };
        self.rows.iter().map(row).collect()
    }

    /// The table, on the terminal.
    pub fn print(&self) {
        let line = |cells: &[String]| {
            let cells = cells.iter().enumerate();
            cells.map(|(i, c)| if i == 0 { format!("{c:<22}") } else { format!("{c:>10}") }).collect::<String>()
        };
        println!("{}", line(&self.header()));
        self.cells().iter().for_each(|row| println!("{}", line(row)));
    }

    /// The table, on a page.
    pub fn write(&self, page: &mut Page) {
        page.table(&self.header(), &self.cells());
    }

    /// The table and the probe by depth, under a heading; nothing where there is nothing to compare.
    ///
    /// # Errors
    /// As [`Plot::save`].
    pub fn report(&self, page: &mut Page, out: &Path) -> anyhow::Result<()> {
        if !self.is_empty() {
            page.heading("What the features are good for");
            self.write(page);
            page.text(
                "Collapse: how far the features are from lying on one point. Each is divided by its length; the standard deviation of \
                 every coordinate over the test images, averaged, times the root of their number, is 1 where features are spread evenly \
                 and 0 where all are the same.",
            );
            page.figure(
                &self.by_depth(out)?,
                "Linear probe on each block, pooled to a grid of cells: to 256 numbers, or as many as it has channels.",
            );
        }
        Ok(())
    }

    /// Bars of the linear probe on every block.
    ///
    /// # Errors
    /// As [`Plot::save`].
    pub fn by_depth(&self, out: &Path) -> anyhow::Result<String> {
        let bars = Bars {
            title: "Linear probe by depth".to_string(),
            y_label: "test accuracy (%)".to_string(),
            groups: blocks(self.depth()),
            series: self.rows.iter().map(|(name, e)| (name.clone(), percentages(&e.linear_by_depth))).collect(),
        };
        bars.save(out, "probe_by_depth")
    }

    /// Bars of linear probe and kNN on the last block, a group for each backbone.
    ///
    /// # Errors
    /// As [`Plot::save`].
    pub fn bars(&self, title: &str, out: &Path, name: &str) -> anyhow::Result<String> {
        let series = |name: &str, value: fn(&Evaluation) -> f64| {
            (name.to_string(), self.rows.iter().map(|(_, e)| 100.0 * value(e)).collect())
        };
        let bars = Bars {
            title: title.to_string(),
            y_label: "test accuracy (%)".to_string(),
            groups: self.names(),
            series: vec![series("linear probe", Evaluation::linear), series("kNN", |e| e.knn)],
        };
        bars.save(out, name)
    }
}

/// Names of blocks, shallow to deep.
pub fn blocks(count: usize) -> Vec<String> {
    (1..=count).map(|i| format!("block {i}")).collect()
}

fn percentages(fractions: &[f64]) -> Vec<f64> {
    fractions.iter().map(|fraction| 100.0 * fraction).collect()
}
