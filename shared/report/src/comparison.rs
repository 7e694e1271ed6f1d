//! Backbones side by side.

use std::path::Path;

use ssl_eval::Evaluation;

use crate::page::percent;
use crate::{Bars, Page, Plot};

/// How features are judged everywhere in the course, in the words of a report.
pub const PROTOCOL: &str = "backbone after the last epoch, frozen, in evaluation mode; linear probe: full-batch L-BFGS softmax \
    regression on standardised features (L2 1e-3), all training images; kNN: cosine, k = 200, T = 0.1; accuracy on the test split";

/// What the features of several backbones are good for.
#[derive(Clone, Debug, Default)]
pub struct Comparison {
    rows: Vec<(String, Evaluation)>,
}

impl Comparison {
    /// The rows, from above.
    pub fn of(rows: &[(&str, &Evaluation)]) -> Self {
        Self { rows: rows.iter().map(|&(name, evaluation)| (name.to_string(), evaluation.clone())).collect() }
    }

    /// Adds a row, and says on the terminal what is in it.
    pub fn push(&mut self, name: &str, evaluation: Evaluation) {
        println!("{name}: linear {}, kNN {}", percent(evaluation.linear()), percent(evaluation.knn));
        self.rows.push((name.to_string(), evaluation));
    }

    fn depth(&self) -> usize {
        self.rows.iter().map(|(_, evaluation)| evaluation.linear_by_depth.len()).max().unwrap_or(0)
    }

    /// What stands above the columns.
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
            groups: self.rows.iter().map(|(name, _)| name.clone()).collect(),
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
