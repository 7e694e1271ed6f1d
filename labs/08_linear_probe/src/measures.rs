//! Everything that is measured of one backbone.

use std::fmt;

use anyhow::Context;
use serde::Serialize;
use ssl_data::Split;
use ssl_data::toybox::Toybox;
use ssl_experiment::Run;
use ssl_report::percent;

use super::probing::{Labeled, linear, neighbors, standardized};
use super::{Settings, Subject, boxes, fine_tuning, invariance, regions};

/// Blocks that are probed: in the middle, and the last.
const DEPTHS: [usize; 2] = [2, 4];
const LAST: usize = 4;
/// Temperatures of the neighbors' vote that papers use.
pub const TEMPERATURES: [f64; 2] = [0.07, 0.1];
/// Images of toys that nobody has seen, for training and for testing: 30 labels a class.
const NEW_TOYS: (usize, usize) = (90, 1500);

/// Fractions, but for weight decay. What needs toys is none where images are others.
#[derive(Clone, Debug, Serialize)]
pub struct Measures {
    /// Linear probe of the lab on each of [`DEPTHS`], averaged over places.
    pub linear_by_depth: Vec<f64>,
    pub weight_decay: f64,
    pub top_3: f64,
    pub best_on_test: f64,
    /// At each of [`TEMPERATURES`].
    pub knn: Vec<f64>,
    /// After fine-tuning on each of [`fine_tuning::FRACTIONS`].
    pub fine_tuned: Vec<f64>,
    /// Linear probe on three classes that were held out.
    pub transfer: Option<f64>,
    pub segmentation: Option<f64>,
    /// Mean IoU of boxes, and the share above one half.
    pub boxes: Option<[f64; 2]>,
    /// For each of [`invariance::CHANGES`].
    pub invariance: Option<[f64; 3]>,
}

impl Measures {
    pub fn of(run: &Run, settings: &Settings, Subject { backbone, .. }: &Subject) -> anyhow::Result<Self> {
        let (classes, seed, quick, device) = (run.data.classes.len(), run.seed(), settings.flags.quick, &run.device);
        let labeled = |split: &Split, depth: usize| -> anyhow::Result<Labeled> {
            let labels = split.labels().context("these images have no classes")?;
            Ok(Labeled::of(backbone, split.images(), labels, depth, device)?)
        };
        let (mut linear_by_depth, mut last, mut knn) = (Vec::new(), None, Vec::new());
        for depth in DEPTHS {
            let (train, test) = (labeled(&run.data.train, depth)?, labeled(&run.data.test, depth)?);
            let (known, new) = standardized(&train, &test)?;
            let probe = linear(&known, &new, classes, seed)?;
            linear_by_depth.push(probe.accuracy);
            if depth == LAST {
                knn = TEMPERATURES.iter().map(|&t| neighbors(&train, &test, t)).collect::<Result<_, _>>()?;
                last = Some(probe);
            }
        }
        let last = last.context("a backbone without blocks")?;
        let tuned = fine_tuning::FRACTIONS.iter().map(|&share| fine_tuning::accuracy(run, settings, backbone, share));
        let fine_tuned = tuned.collect::<anyhow::Result<_>>()?;
        let of_toys = run.data.name.starts_with("toybox");
        let boxes = of_toys.then(|| boxes::find(backbone, device, seed, quick)).transpose()?;
        let regions = of_toys.then(|| regions::segment(backbone, device, seed, quick)).transpose()?;
        Ok(Self {
            linear_by_depth,
            weight_decay: last.weight_decay,
            top_3: last.top_3,
            best_on_test: last.best_on_test,
            knn,
            fine_tuned,
            transfer: of_toys.then(|| transfer(run, &labeled)).transpose()?,
            segmentation: regions.map(|regions| regions.mean_iou),
            boxes: boxes.map(|found| [found.mean_iou, found.right]),
            invariance: of_toys.then(|| invariance::measure(backbone, device, quick)).transpose()?,
        })
    }

    /// Accuracy of the linear probe on the last block.
    pub fn linear(&self) -> f64 {
        self.linear_by_depth.last().copied().unwrap_or(f64::NAN)
    }
}

/// A linear probe on three classes that were in no training.
fn transfer(run: &Run, labeled: &dyn Fn(&Split, usize) -> anyhow::Result<Labeled>) -> anyhow::Result<f64> {
    let (train, test) = NEW_TOYS;
    let data = Toybox { held_out: true, train, test, ..Toybox::default() }.dataset()?;
    let (known, new) = standardized(&labeled(&data.train, LAST)?, &labeled(&data.test, LAST)?)?;
    Ok(linear(&known, &new, data.classes.len(), run.seed())?.accuracy)
}

impl fmt::Display for Measures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let tuned: Vec<String> = self.fine_tuned.iter().map(|&share| percent(share)).collect();
        write!(f, "probe {}, fine-tuned {}", percent(self.linear()), tuned.join(" / "))?;
        let more = [("new toys", self.transfer), ("regions", self.segmentation), ("boxes", self.boxes.map(|b| b[1]))];
        more.into_iter()
            .filter_map(|(name, value)| Some((name, value?)))
            .try_for_each(|(name, value)| write!(f, ", {name} {}", percent(value)))
    }
}
