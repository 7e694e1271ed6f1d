//! The evaluation of a backbone against scikit-learn, measured side by side in one run:
//!
//! `cargo bench --profile dev -p ssl-eval --bench against_sklearn`
//!
//! Features are those of Toybox's 15,000 images by a ConvNet4: by the one in the file `BACKBONE` (an absolute path), or else by its initialization. Both sides fit the
//! same features, in turns. scikit-learn's needs `${PYTHON:-python3}`; without it our side is printed alone.

use std::collections::BTreeMap;
use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use anyhow::{Context, ensure};
use candle_core::{DType, Device, Tensor};
use ssl_data::{Split, Toybox};
use ssl_eval::evaluation::PROBE_WIDTH;
use ssl_eval::{Knn, LinearProbe, accuracy, embed_blocks};
use ssl_nn::{Backbone, BackboneKind, Params};

// Our side allocates as the labs do.
use ssl_experiment as _;

const ROUNDS: usize = 3;

/// By name: seconds, and the accuracy where there is one.
type Answers = BTreeMap<String, (f64, f64)>;

/// Features of both splits by depth, and where scikit-learn finds them.
struct Known {
    train: Vec<Tensor>,
    test: Vec<Tensor>,
    labels: [Vec<u32>; 2],
    classes: usize,
}

fn main() -> anyhow::Result<()> {
    let data = Toybox::default().dataset()?;
    let backbone = match env::var_os("BACKBONE") {
        Some(path) => Backbone::load(&PathBuf::from(path), &Device::Cpu)?,
        None => Backbone::new(BackboneKind::ConvNet4, 3, &Params::new(0, &Device::Cpu))?,
    };
    let embed = |split: &Split| {
        let blocks = |images: &Tensor| backbone.block_features(images, PROBE_WIDTH);
        embed_blocks(blocks, split.images(), &Device::Cpu)
    };
    let folder = tempfile::tempdir()?;
    let labels = [&data.train, &data.test].map(|split| split.labels().unwrap_or_default().to_vec());
    let known = Known { train: embed(&data.train)?, test: embed(&data.test)?, labels, classes: data.classes.len() };
    known.write(folder.path())?;
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let start = Instant::now();
        embed(&data.train)?;
        embed(&data.test)?;
        let features = start.elapsed().as_secs_f64();
        ours.push(known.ours(features)?);
        theirs.extend(sklearn(folder.path()));
    }
    print(&median(&ours), &median(&theirs));
    Ok(())
}

impl Known {
    fn write(&self, folder: &Path) -> anyhow::Result<()> {
        for (name, blocks, labels) in [("train", &self.train, &self.labels[0]), ("test", &self.test, &self.labels[1])] {
            for (i, features) in blocks.iter().enumerate() {
                features.write_npy(folder.join(format!("{name}_{}.npy", i + 1)))?;
            }
            let labels = Tensor::new(labels.as_slice(), &Device::Cpu)?.to_dtype(DType::I64)?;
            labels.write_npy(folder.join(format!("{name}_labels.npy")))?;
        }
        Ok(())
    }

    fn ours(&self, features: f64) -> anyhow::Result<Answers> {
        let mut answers = Answers::from([("features".to_string(), (features, f64::NAN))]);
        let [known, truth] = &self.labels;
        for (i, (train, test)) in self.train.iter().zip(&self.test).enumerate() {
            let start = Instant::now();
            let predictions = LinearProbe::fit(train, known, self.classes, LinearProbe::L2)?.predict(test)?;
            let seconds = start.elapsed().as_secs_f64();
            answers.insert(format!("probe of block {}", i + 1), (seconds, accuracy(&predictions, truth)));
        }
        let (train, test) = self.train.last().zip(self.test.last()).context("no blocks")?;
        let start = Instant::now();
        let predictions = Knn::new(train, known, self.classes)?.predict(test)?;
        answers.insert("kNN".to_string(), (start.elapsed().as_secs_f64(), accuracy(&predictions, truth)));
        Ok(answers)
    }
}

/// scikit-learn's answers, or nothing, with a word on why.
fn sklearn(folder: &Path) -> Option<Answers> {
    let python = env::var("PYTHON").unwrap_or_else(|_| "python3".to_string());
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/benches/against_sklearn/sklearn_side.py");
    let answers = || {
        let output = Command::new(&python).arg(script).arg(folder).output()?;
        ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let text = String::from_utf8(output.stdout)?;
        text.lines().map(parsed).collect::<anyhow::Result<Answers>>()
    };
    answers()
        .inspect_err(|error| eprintln!("our side only: {python} with scikit-learn did not answer ({error:#})"))
        .ok()
}

/// `name<TAB>seconds<TAB>accuracy`
fn parsed(line: &str) -> anyhow::Result<(String, (f64, f64))> {
    let mut parts = line.split('\t');
    let mut next = || parts.next().with_context(|| format!("expected a name and two numbers, got {line:?}"));
    Ok((next()?.to_string(), (next()?.parse()?, next()?.parse()?)))
}

/// The median time of each answer.
fn median(rounds: &[Answers]) -> Answers {
    let names = rounds.iter().flat_map(|answers| answers.keys().cloned());
    let of = |name: String| {
        let mut found: Vec<(f64, f64)> = rounds.iter().map(|answers| answers[&name]).collect();
        found.sort_by(|a, b| a.0.total_cmp(&b.0));
        (name, found[found.len() / 2])
    };
    names.map(of).collect()
}

fn print(ours: &Answers, theirs: &Answers) {
    let total = |answers: &Answers| answers.values().map(|(seconds, _)| seconds).sum::<f64>();
    for (name, (seconds, accuracy)) in ours {
        let beside = theirs.get(name).map_or_else(String::new, |(other, right)| {
            format!("\t{other:.3} s\t{:.2} %\t{:.1}", 100.0 * right, other / seconds)
        });
        let right = if accuracy.is_nan() { String::new() } else { format!("{:.2} %", 100.0 * accuracy) };
        println!("{name}\t{seconds:.3} s\t{right}{beside}");
    }
    let (ours, theirs) = (total(ours), Some(total(theirs)).filter(|_| !theirs.is_empty()));
    let beside = theirs.map_or_else(String::new, |theirs| format!("\t\t{theirs:.3} s\t\t{:.1}", theirs / ours));
    println!("all\t{ours:.3} s{beside}");
}
