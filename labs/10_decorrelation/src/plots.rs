//! The pictures of lab 10 and the page that holds them.

use candle_core::{D, Result, Tensor};
use decorrelation::{cross_correlation, random_directions};
use rand::SeedableRng;
use ssl_data::Rng;
use ssl_eval::singular_values;
use ssl_experiment::{Comparison, Network, Run};
use ssl_report::plot::Scale;
use ssl_report::{Curves, Grid, Plot};

use super::Settings;
use super::training::{self, SEEN, rank};

/// Embeddings of test images by a network of this name.
type Named = (String, Tensor);

/// Draws everything and writes the page.
pub fn report(run: &Run, settings: &Settings, network: &Network, comparison: &Comparison) -> anyhow::Result<()> {
    let name = settings.method.name();
    let mut page = run.page(&format!("Lab 10: {name}"));
    run.guesses(comparison, &[], &mut page);
    page.heading("What the network sees");
    let views = run.first_views(settings, &vec![settings.views.augmentation(); 2])?;
    page.figure(&run.rows("Views of the same images", &views, "views")?, "Each column: the two views of an image.");
    page.heading("Training");
    page.figure(
        &run.training_curves(name, &["loss"], "loss")?,
        "The loss, beside that of views that have nothing in common: all alike (collapsed), and drawn by chance (random).",
    );
    page.figure(
        &run.training_curves(name, &["rank"], "effective rank of z")?,
        "After each epoch: how many dimensions the embeddings of 1,000 test images use.",
    );
    page.figure(
        &run.training_curves(name, &["kNN"], "accuracy (fraction)")?,
        "After each epoch kNN of the classes on 1,000 test images.",
    );
    page.heading("What the loss has done to the embeddings");
    let untrained = training::network(run, settings, &run.params())?.of_test_images(run, SEEN)?;
    let embeddings =
        [("before training".to_string(), untrained), (name.to_string(), network.of_test_images(run, SEEN)?)];
    page.figure(
        &correlations(run, &embeddings)?,
        "How the channels of z go with each other over test images: black 0, white 1 or −1. The diagonal is each channel with itself.",
    );
    page.figure(
        &spectrum(run, &embeddings)?,
        "Singular values of z, divided by the greatest: a line that falls to nothing leaves dimensions unused.",
    );
    page.figure(
        &projections(run, &embeddings)?,
        "How z is spread along random directions, each with mean 0 and deviation 1, beside a Gaussian.",
    );
    comparison.report(&mut page, &run.out)?;
    run.finish(&page, comparison)
}

fn less_mean(x: &Tensor) -> Result<Tensor> {
    x.broadcast_sub(&x.mean_keepdim(0)?)
}

/// How the channels of z go with each other. Small z are made larger first: what the lab's function adds to variances would hide them.
pub fn correlation(z: &Tensor) -> Result<Tensor> {
    let z = z.broadcast_div(&(less_mean(z)?.sqr()?.mean_all()? + 1e-20)?.sqrt()?)?;
    cross_correlation(&z, &z)
}

/// Correlation matrices as pictures.
fn correlations(run: &Run, embeddings: &[Named]) -> anyhow::Result<String> {
    let picture = |(_, z): &Named| {
        let gray = correlation(z)?.abs()?.clamp(0f32, 1f32)?;
        Tensor::stack(&[&gray; 3], 0)
    };
    let grid = Grid {
        title: "Correlation of channels".to_string(),
        columns: embeddings.len(),
        images: Tensor::stack(&embeddings.iter().map(picture).collect::<Result<Vec<_>>>()?, 0)?,
        captions: embeddings.iter().map(|(name, _)| name.clone()).collect(),
    };
    grid.save(&run.out, "correlations")
}

/// Singular values, divided by the greatest.
pub fn spectrum(run: &Run, embeddings: &[Named]) -> anyhow::Result<String> {
    let line = |(name, z): &Named| {
        let values = singular_values(z)?;
        let rank = rank(z)?;
        let most = values.first().copied().filter(|value| *value > 0.0).unwrap_or(1.0);
        let points = values.iter().enumerate().map(|(i, value)| ((i + 1) as f64, value / most)).collect();
        Ok((format!("{name}: {rank:.1}"), points))
    };
    let curves = Curves {
        title: "Spectrum of z, and its effective rank".to_string(),
        x_label: "direction".to_string(),
        y_label: "singular value ÷ greatest".to_string(),
        series: embeddings.iter().map(line).collect::<Result<Vec<_>>>()?,
        levels: Vec::new(),
        scale: Scale::Logarithmic,
    };
    curves.save(&run.out, "spectrum")
}

/// Directions on which embeddings are projected, and the bins of the projections, from −4 to 4.
const DIRECTIONS: usize = 64;
const BINS: usize = 40;
const REACH: f64 = 4.0;

/// Densities of standardized projections on random directions, all together.
fn projections(run: &Run, embeddings: &[Named]) -> anyhow::Result<String> {
    let width = 2.0 * REACH / BINS as f64;
    let middle = |bin: usize| (bin as f64 + 0.5) * width - REACH;
    let density = |(name, z): &Named| {
        let directions = random_directions(z.dims2()?.1, DIRECTIONS, &mut Rng::seed_from_u64(run.seed()))?;
        let x = z.matmul(&directions.to_device(z.device())?)?;
        let x = less_mean(&x)?;
        let x: Vec<f32> =
            x.broadcast_div(&(x.sqr()?.mean_keepdim(0)? + 1e-12)?.sqrt()?)?.flatten_to(D::Minus1)?.to_vec1()?;
        let mut counts = [0usize; BINS];
        for x in &x {
            let bin = ((f64::from(*x) + REACH) / width).floor().clamp(0.0, (BINS - 1) as f64);
            counts[bin as usize] += 1;
        }
        let height = |count: usize| count as f64 / (x.len() as f64 * width);
        Ok((name.clone(), counts.iter().enumerate().map(|(bin, &count)| (middle(bin), height(count))).collect()))
    };
    let mut series = embeddings.iter().map(density).collect::<Result<Vec<_>>>()?;
    let bell = |x: f64| (-x * x / 2.0).exp() / std::f64::consts::TAU.sqrt();
    series.push(("Gaussian".to_string(), (0..BINS).map(|bin| (middle(bin), bell(middle(bin)))).collect()));
    let curves = Curves {
        title: "Projections of z".to_string(),
        x_label: "projection (standard deviations)".to_string(),
        y_label: "density".to_string(),
        series,
        levels: Vec::new(),
        scale: Scale::Linear,
    };
    curves.save(&run.out, "projections")
}
