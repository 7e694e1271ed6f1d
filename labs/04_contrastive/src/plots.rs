//! The pictures of lab 04 and the page that holds them.

use anyhow::Context;
use candle_core::{Device, Tensor, Var};
use contrastive::{contrastive_loss, cosine_similarity_matrix, info_nce, pairwise_distance, triplet_loss};
use ssl_data::Loader;
use ssl_experiment::{Comparison, Run};
use ssl_report::plot::{Scale, circle as unit_circle, histogram};
use ssl_report::progress::history;
use ssl_report::{Curves, Page, Plot, Scatter};

use super::sphere::{TEMPERATURES, Views};
use super::{Loss, Model, Settings, circle};

/// Draws everything and writes the page.
pub fn report(run: &Run, settings: &Settings, model: &Model, comparison: &Comparison) -> anyhow::Result<()> {
    let name = settings.loss.name();
    let mut page = run.page(&format!("Lab 04: {name}"));
    run.guesses(comparison, &[], &mut page);
    page.heading("Training");
    let curves = run.training_curves(name, &["loss", "alignment", "uniformity"], "loss; alignment and uniformity")?;
    page.figure(&curves, "The loss, and what Wang and Isola measure.");
    let untrained = Model::new(run, &run.params())?;
    page.figure(
        &similarities(run, settings, &untrained, "untrained")?,
        "Before training: cosines of the two views of a test image (+), and of views of two images (−).",
    );
    page.figure(&similarities(run, settings, model, name)?, "After training.");
    comparison.report(&mut page, &run.out)?;
    where_embeddings_lie(run, settings, model, &mut page)?;
    page.heading("How hard the losses pull");
    page.figure(&gradients(run, settings)?, "Length of the gradient at a negative, by its distance from the anchor.");
    run.finish(&page, comparison)
}

fn where_embeddings_lie(run: &Run, settings: &Settings, model: &Model, page: &mut Page) -> anyhow::Result<()> {
    page.heading("Where the losses put embeddings");
    page.text(
        "Free points of some classes on the circle, moved by nothing but the loss: a positive pair is two points of one class. Each \
         class is drawn on a ring of its own inside the circle.",
    );
    for loss in [None].into_iter().chain(Loss::ALL.map(Some)) {
        let name = loss.map_or("where they start", Loss::name);
        page.figure(&on_circle(run, settings, loss)?, &format!("On the circle: {name}."));
    }
    let caption = "Small heads on the frozen backbone: down and to the left is better, and a temperature trades one for the other.";
    page.figure(&plane(run, settings, &Views::of(run, settings, model)?)?, caption);
    Ok(())
}

/// Bins of a histogram of cosines.
const BINS: usize = 40;

/// Test images whose cosines are counted.
const COMPARED: usize = 512;

fn similarities(run: &Run, settings: &Settings, model: &Model, name: &str) -> anyhow::Result<String> {
    let count = COMPARED.min(run.data.test.len());
    let loader = Loader::new(run.data.test.clone(), count, run.seed(), &run.device)?;
    let batch = loader.views(0, &settings.two_views())?.next().context("no test images")??;
    let z = model.embed(&Tensor::cat(&batch.tensors, 0)?, false)?;
    let matrix: Vec<Vec<f32>> = cosine_similarity_matrix(&z)?.to_vec2()?;
    let positive: Vec<f32> = (0..count).map(|i| matrix[i][i + count]).collect();
    let negative = (0..count).flat_map(|i| (i + 1..count).map(move |j| (i, j)));
    let negative: Vec<f32> = negative.map(|(i, j)| matrix[i][j]).collect();
    let low = positive.iter().chain(&negative).fold(1.0f32, |low, &cosine| low.min(cosine));
    let low = f64::from(low).min(1.0 - 1e-6);
    let curves = Curves {
        title: format!("Cosines of positive (+) and negative (−) pairs, {name}"),
        x_label: "cosine".to_string(),
        y_label: "share of pairs (%)".to_string(),
        series: vec![
            ("+".to_string(), histogram(&positive, (low, 1.0), BINS)),
            ("−".to_string(), histogram(&negative, (low, 1.0), BINS)),
        ],
        levels: Vec::new(),
        scale: Scale::Linear,
    };
    curves.save(&run.out, &format!("similarities_{}", name.replace('-', "_")))
}

fn on_circle(run: &Run, settings: &Settings, loss: Option<Loss>) -> anyhow::Result<String> {
    let mut groups: Vec<_> = (1..=circle::CLASSES).map(|class| (format!("class {class}"), Vec::new())).collect();
    for (place, class) in circle::settle(loss, settings)?.iter().zip(circle::classes()) {
        let radius = 1.0 - 0.08 * (class + 1) as f64;
        groups[class].1.push((radius * f64::from(place[0]), radius * f64::from(place[1])));
    }
    let name = loss.map_or("start", Loss::name);
    let scatter = Scatter {
        title: format!("Points on the circle: {name}"),
        x_label: "z₁ (× the class's radius)".to_string(),
        y_label: "z₂".to_string(),
        groups,
        lines: vec![("the circle".to_string(), unit_circle())],
        equal: true,
    };
    scatter.save(&run.out, &format!("circle_{}", name.replace('-', "_")))
}

fn plane(run: &Run, settings: &Settings, views: &Views) -> anyhow::Result<String> {
    let mut groups = Vec::new();
    for temperature in TEMPERATURES {
        groups.push((format!("τ = {temperature}"), vec![views.plane(temperature, run.seed())?]));
    }
    let of_training = |quantity: &str| history(&run.out, settings.loss.name(), quantity);
    let (alignment, uniformity) = (of_training("alignment")?, of_training("uniformity")?);
    let by_epoch = alignment.iter().zip(&uniformity).map(|(a, u)| (a.1, u.1)).collect();
    groups.push(("training".to_string(), by_epoch));
    let scatter = Scatter {
        title: "Alignment and uniformity".to_string(),
        x_label: "alignment (α = 2)".to_string(),
        y_label: "uniformity (t = 2)".to_string(),
        groups,
        lines: Vec::new(),
        equal: false,
    };
    scatter.save(&run.out, "alignment_uniformity")
}

/// The positive lies at this distance from the anchor, on the other side.
const NEAR: f64 = 0.5;

/// The point of the circle at `distance` from (1, 0), clockwise where it is negative.
fn at(distance: f64) -> candle_core::Result<Tensor> {
    let angle = 2.0 * (distance / 2.0).asin();
    Tensor::new(&[[angle.cos() as f32, angle.sin() as f32]], &Device::Cpu)
}

/// Length of the gradient that `loss` of (anchor, positive, negative) has at a negative `distance` away.
fn pull(distance: f64, loss: &dyn Fn(&Tensor, &Tensor, &Tensor) -> candle_core::Result<Tensor>) -> anyhow::Result<f64> {
    let negative = Var::from_tensor(&at(distance)?)?;
    let gradients = loss(&at(0.0)?, &at(-NEAR)?, &negative)?.backward()?;
    let Some(gradient) = gradients.get(&negative) else { return Ok(0.0) };
    Ok(f64::from(gradient.sqr()?.sum_all()?.sqrt()?.to_scalar::<f32>()?))
}

fn gradients(run: &Run, settings: &Settings) -> anyhow::Result<String> {
    let margin = settings.margin;
    let pair = |a: &Tensor, _: &Tensor, n: &Tensor| {
        contrastive_loss(&pairwise_distance(a, n)?, &Tensor::new(&[0u8], &Device::Cpu)?, margin)
    };
    let triplet = |a: &Tensor, p: &Tensor, n: &Tensor| triplet_loss(a, p, n, margin);
    // The negative's own two views are at one place, so that nothing but the anchor and its positive moves it.
    let nce = |temperature: f64| {
        move |a: &Tensor, p: &Tensor, n: &Tensor| {
            info_nce(&Tensor::cat(&[a, n], 0)?, &Tensor::cat(&[p, n], 0)?, temperature)
        }
    };
    let distances: Vec<f64> = (1..50).map(|i| 0.04 * f64::from(i)).collect();
    let curve = |name: String, loss: &dyn Fn(&Tensor, &Tensor, &Tensor) -> candle_core::Result<Tensor>| {
        let points = distances.iter().map(|&d| Ok((d, pull(d, loss)?)));
        Ok((name, points.collect::<anyhow::Result<Vec<_>>>()?))
    };
    let mut series = vec![curve("contrastive".to_string(), &pair), curve("triplet".to_string(), &triplet)];
    series.extend([0.1, 0.2, 0.5].map(|t| curve(format!("InfoNCE, τ = {t}"), &nce(t))));
    let curves = Curves {
        title: format!("Gradient at a negative; positive at {NEAR}, margin {margin}"),
        x_label: "distance of the negative from the anchor".to_string(),
        y_label: "length of the gradient".to_string(),
        series: series.into_iter().collect::<anyhow::Result<_>>()?,
        levels: Vec::new(),
        scale: Scale::Linear,
    };
    curves.save(&run.out, "gradients")
}
