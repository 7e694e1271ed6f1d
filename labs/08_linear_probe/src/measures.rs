//! Everything that is measured of one backbone.

use std::fmt;

use anyhow::Context;
use serde::Serialize;
use ssl_data::Split;
use ssl_data::toybox::Toybox;
use ssl_experiment::Run;
use ssl_nn::Backbone;
use ssl_report::percent;

use super::boxes::Found;
use super::probing::{Labeled, linear, neighbors, standardized};
use super::regions::Regions;
use super::{Settings, Subject, boxes, fine_tuning, invariance, regions};

/// The block that is probed here; the course's evaluation probes all of them.
const LAST: usize = 4;
/// Temperatures of the neighbors' vote that papers use.
pub const TEMPERATURES: [f64; 2] = [0.07, 0.1];
/// Images of toys that nobody has seen, for training and for testing: 30 labels a class.
const NEW_TOYS: (usize, usize) = (90, 1500);

/// Fractions, but for weight decay. What needs toys is none where images are others.
#[derive(Serialize)]
pub struct Measures {
    /// The lab's linear probe on the last block.
    pub linear: f64,
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
    /// What the heads found, for pictures.
    #[serde(skip)]
    pub looked_at: Option<(Regions, Found)>,
}

impl Measures {
    pub fn of(run: &Run, settings: &Settings, Subject { backbone, .. }: &Subject) -> anyhow::Result<Self> {
        let (classes, seed, quick, device) = (run.data.classes.len(), run.seed(), settings.flags.quick, &run.device);
        let (train, test) = (labeled(run, backbone, &run.data.train)?, labeled(run, backbone, &run.data.test)?);
        let (known, new) = standardized(&train, &test)?;
        let probe = linear(&known, &new, classes, seed)?;
        let knn = TEMPERATURES.iter().map(|&t| neighbors(&train, &test, t)).collect::<Result<_, _>>()?;
        let tuned = fine_tuning::FRACTIONS.iter().map(|&share| fine_tuning::accuracy(run, settings, backbone, share));
        let fine_tuned = tuned.collect::<anyhow::Result<_>>()?;
        let of_toys = run.data.name.starts_with("toybox");
        let found = of_toys.then(|| boxes::find(backbone, device, seed, quick)).transpose()?;
        let regions = of_toys.then(|| regions::segment(backbone, device, seed, quick)).transpose()?;
        Ok(Self {
            linear: probe.accuracy,
            weight_decay: probe.weight_decay,
            top_3: probe.top_3,
            best_on_test: probe.best_on_test,
            knn,
            fine_tuned,
            transfer: of_toys.then(|| transfer(run, backbone)).transpose()?,
            segmentation: regions.as_ref().map(|regions| regions.mean_iou),
            boxes: found.as_ref().map(|found| [found.mean_iou, found.right]),
            invariance: of_toys.then(|| invariance::measure(backbone, device, quick)).transpose()?,
            looked_at: regions.zip(found),
        })
    }
}

/// Features of a split after the last block.
fn labeled(run: &Run, backbone: &Backbone, split: &Split) -> anyhow::Result<Labeled> {
    let labels = split.labels().context("these images have no classes")?;
    Ok(Labeled::of(backbone, split.images(), labels, LAST, &run.device)?)
}

/// A linear probe on three classes that were in no training.
fn transfer(run: &Run, backbone: &Backbone) -> anyhow::Result<f64> {
    let (train, test) = NEW_TOYS;
    let data = Toybox { held_out: true, train, test, ..Toybox::default() }.dataset()?;
    let (train, test) = (labeled(run, backbone, &data.train)?, labeled(run, backbone, &data.test)?);
    let (known, new) = standardized(&train, &test)?;
    Ok(linear(&known, &new, data.classes.len(), run.seed())?.accuracy)
}

impl fmt::Display for Measures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let tuned: Vec<String> = self.fine_tuned.iter().map(|&share| percent(share)).collect();
        write!(f, "probe {}, fine-tuned {}", percent(self.linear), tuned.join(" / "))?;
        let more = [("new toys", self.transfer), ("regions", self.segmentation), ("boxes", self.boxes.map(|b| b[1]))];
        more.into_iter()
            .filter_map(|(name, value)| Some((name, value?)))
            .try_for_each(|(name, value)| write!(f, ", {name} {}", percent(value)))
    }
}
