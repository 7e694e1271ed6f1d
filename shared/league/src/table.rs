//! The rows of the league table, and a table for each lab.

use std::collections::BTreeMap;

use crate::number::Number;
use crate::runs::{Evaluation, Run};

/// The columns' names: all in percent, but for the collapse level.
pub const COLUMNS: [&str; 15] = [
    "block 1",
    "block 2",
    "block 3",
    "block 4",
    "kNN",
    "collapse",
    "1 % labels",
    "10 % labels",
    "100 % labels",
    "new toys",
    "regions",
    "boxes",
    "position",
    "light",
    "texture",
];

/// The linear probe and kNN on the last block.
pub const LAST_BLOCK: [usize; 2] = [3, 4];

/// Columns of the evaluation that every lab ends in.
pub const EVALUATED: usize = 6;

/// A method, or a backbone to compare with.
#[derive(Clone, Debug)]
pub struct Row {
    pub name: String,
    /// `NN` of the lab; empty for backbones to compare with.
    pub lab: String,
    pub seeds: Vec<u64>,
    /// One for each of [`COLUMNS`].
    pub numbers: Vec<Number>,
}

impl Row {
    /// Whether it is of a method, or of a backbone that sees images as they are.
    pub fn is_plain(&self) -> bool {
        !self.name.contains(", ")
    }
}

/// All methods in the order of their labs, between random and supervised backbones.
pub fn rows(runs: &[Run]) -> Vec<Row> {
    let mut found: Vec<(u8, Row)> = Vec::new();
    for run in runs.iter().filter(|run| run.measures.is_empty()) {
        for (place, named) in run.record.evaluations.iter().enumerate() {
            let last = run.record.evaluations.len() - 1;
            // Lab 08 has measured random and supervised backbones that see images as they are, under these names.
            let (rank, name, lab) = match place {
                0 => (0, baseline("random", run), String::new()),
                _ if place == last => (2, baseline("supervised", run), String::new()),
                _ => (1, named.name.clone(), number(&run.label).to_string()),
            };
            let key = if rank == 1 { run.label.clone() } else { name.clone() };
            let row = found.iter().position(|(_, row)| row.name == name && row.lab == lab).unwrap_or_else(|| {
                let numbers = vec![Number::default(); COLUMNS.len()];
                found.push((rank, Row { name, lab, seeds: Vec::new(), numbers }));
                found.len() - 1
            });
            let row = &mut found[row].1;
            if row.seeds.contains(&run.record.seed) {
                continue;
            }
            row.seeds.push(run.record.seed);
            let values = evaluated(&named.evaluation).into_iter().chain(measured(runs, &key, run.record.seed));
            row.numbers.iter_mut().zip(values).for_each(|(number, value)| number.0.extend(value));
        }
    }
    found.sort_by_key(|(rank, _)| *rank);
    found.into_iter().map(|(_, row)| row).collect()
}

/// `NN` of `NN_method`.
fn number(label: &str) -> &str {
    label.split('_').next().unwrap_or_default()
}

/// A name for a backbone to compare with: with what it is shown, where that is not the image as it is.
fn baseline(name: &str, run: &Run) -> String {
    match run.record.sees.as_str() {
        "RGB" => name.to_string(),
        sees => format!("{name}, {sees}"),
    }
}

fn evaluated(evaluation: &Evaluation) -> Vec<Option<f64>> {
    let block = |i: usize| evaluation.linear_by_depth.get(i).map(|accuracy| 100.0 * accuracy);
    let mut values: Vec<Option<f64>> = (0..4).map(block).collect();
    values.extend([Some(100.0 * evaluation.knn), Some(evaluation.collapse_level)]);
    values
}

/// What lab 08 measured of a backbone; nothing where it did not.
fn measured(runs: &[Run], name: &str, seed: u64) -> Vec<Option<f64>> {
    let run = runs.iter().find(|run| run.record.seed == seed && run.measures.contains_key(name));
    let Some(measures) = run.map(|run| &run.measures[name]) else { return vec![None; COLUMNS.len() - EVALUATED] };
    let mut values: Vec<Option<f64>> = (0..3).map(|i| measures.fine_tuned.get(i).copied()).collect();
    values.extend([measures.transfer, measures.segmentation, measures.boxes.map(|[_, right]| right)]);
    values.extend((0..3).map(|i| measures.invariance.map(|invariance| invariance[i])));
    values.into_iter().map(|value| value.map(|fraction| 100.0 * fraction)).collect()
}

/// A table in Markdown for each run's label, as docs/results.md has it: values of all seeds side by side.
pub fn of_labs(runs: &[Run]) -> BTreeMap<String, String> {
    let mut labels: Vec<&str> = runs.iter().map(|run| run.label.as_str()).collect();
    labels.dedup();
    let table = |label: &str| {
        let runs: Vec<&Run> = runs.iter().filter(|run| run.label == label).collect();
        let names = runs[0].record.evaluations.iter().map(|named| named.name.as_str());
        let lines: Vec<String> = names.enumerate().map(|(place, name)| line(name, place, &runs)).collect();
        let blocks: String = (1..=4).map(|i| format!(" block {i} |")).collect();
        format!("| backbone |{blocks} kNN | collapse level |\n|---|{}\n{}", "---|".repeat(EVALUATED), lines.join("\n"))
    };
    labels.into_iter().map(|label| (label.to_string(), table(label))).collect()
}

fn line(name: &str, place: usize, runs: &[&Run]) -> String {
    let evaluations: Vec<Vec<Option<f64>>> = runs
        .iter()
        .filter_map(|run| run.record.evaluations.get(place))
        .map(|named| evaluated(&named.evaluation))
        .collect();
    let cell = |column: usize| {
        let digits = if column + 1 == EVALUATED { 2 } else { 1 };
        let values =
            evaluations.iter().map(|values| values[column].map_or("–".to_string(), |v| format!("{v:.digits$}")));
        values.collect::<Vec<_>>().join(" / ")
    };
    let cells: Vec<String> = (0..EVALUATED).map(cell).collect();
    format!("| {name} | {} |", cells.join(" | "))
}
