//! The pictures of lab 04 and the page that holds them.

use std::path::{Path, PathBuf};

use anyhow::Context;
use candle_core::{Device, Tensor, Var};
use contrastive::{contrastive_loss, cosine_similarity_matrix, info_nce, pairwise_distance, triplet_loss};
use ssl_data::{Dataset, Loader};
use ssl_eval::Evaluation;
use ssl_nn::Params;
use ssl_report::plot::histogram;
use ssl_report::progress::history;
use ssl_report::{Baselines, Comparison, Curves, PROTOCOL, Page, Plot, Scatter};

use super::sphere::{TEMPERATURES, Views};
use super::{Loss, Model, Settings, circle};

/// Draws everything and writes the page.
pub fn report(
    settings: &Settings,
    model: &Model,
    data: &Dataset,
    evaluations: Option<&(Evaluation, Baselines)>,
    out: &Path,
    device: &Device,
) -> anyhow::Result<PathBuf> {
    let name = settings.loss.name();
    let title = format!("Lab 04: {name} on {}", data.name);
    let mut page = Page::new(&title, settings.options.seed, PROTOCOL, device);
    page.heading("Training");
    page.figure(&training(name, out)?, "The loss, and what Wang and Isola measure.");
    let untrained = Model::new(settings.options.backbone, &Params::new(settings.options.seed, device))?;
    page.figure(
        &similarities("untrained", &untrained, data, settings, out, device)?,
        "Before training: cosines of the two views of a test image (+), and of views of two images (−).",
    );
    page.figure(&similarities(name, model, data, settings, out, device)?, "After training.");
    if let Some((evaluation, baselines)) = evaluations {
        page.heading("What the features are good for");
        let rows = [("random", &baselines.random), (name, evaluation), ("supervised", &baselines.supervised)];
        let comparison = Comparison::of(&rows);
        comparison.print();
        comparison.write(&mut page);
        page.figure(&comparison.by_depth(out)?, "Linear probe on each block, pooled to 256 numbers.");
    }
    let views = Views::of(model, &data.train, &data.test, settings, device)?;
    where_embeddings_lie(&mut page, &views, settings, out)?;
    page.heading("How hard the losses pull");
    page.figure(&gradients(settings, out)?, "Length of the gradient at a negative, by its distance from the anchor.");
    page.save(out)
}

fn where_embeddings_lie(page: &mut Page, views: &Views, settings: &Settings, out: &Path) -> anyhow::Result<()> {
    page.heading("Where the losses put embeddings");
    page.text(
        "Free points of some classes on the circle, moved by nothing but the loss: a positive pair is two points of one class. Each \
         class on a ring of its own.",
    );
    for loss in [None].into_iter().chain(Loss::ALL.map(Some)) {
        let name = loss.map_or("where they start", Loss::name);
        page.figure(&on_circle(loss, settings, out)?, &format!("On the circle: {name}."));
    }
    let caption = "Small heads on the frozen backbone: down and to the left is better, and a temperature trades one for the other.";
    page.figure(&plane(views, settings.loss.name(), settings, out)?, caption);
    Ok(())
}

fn training(name: &str, out: &Path) -> anyhow::Result<String> {
    let series = ["loss", "alignment", "uniformity"];
    let series = series.map(|quantity| Ok((quantity.to_string(), history(out, name, quantity)?)));
    let curves = Curves {
        title: "Training".to_string(),
        x_label: "epoch".to_string(),
        y_label: "mean over the epoch".to_string(),
        series: series.into_iter().collect::<anyhow::Result<_>>()?,
    };
    curves.save(out, "training")
}

/// Bins of a histogram of cosines.
const BINS: usize = 40;

/// Test images whose cosines are counted.
const COMPARED: usize = 512;

fn similarities(
    name: &str,
    model: &Model,
    data: &Dataset,
    settings: &Settings,
    out: &Path,
    device: &Device,
) -> anyhow::Result<String> {
    let count = COMPARED.min(data.test.len());
    let loader = Loader::new(data.test.clone(), count, settings.options.seed, device)?;
    let batch = loader.views(0, &settings.two_views())?.next().context("no test images")??;
    let z = model.embed(&Tensor::cat(&batch.views, 0)?, false)?;
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
    };
    curves.save(out, &format!("similarities_{}", name.replace('-', "_")))
}

fn on_circle(loss: Option<Loss>, settings: &Settings, out: &Path) -> anyhow::Result<String> {
    let mut groups: Vec<_> = (1..=circle::CLASSES).map(|class| (format!("class {class}"), Vec::new())).collect();
    for (place, class) in circle::settle(loss, settings)?.iter().zip(circle::classes()) {
        let radius = 1.0 + 0.08 * class as f64;
        groups[class].1.push((radius * f64::from(place[0]), radius * f64::from(place[1])));
    }
    let name = loss.map_or("start", Loss::name);
    let scatter = Scatter {
        title: format!("Points on the circle: {name}"),
        x_label: "z₁ (× the class's radius)".to_string(),
        y_label: "z₂".to_string(),
        groups,
    };
    scatter.save(out, &format!("circle_{}", name.replace('-', "_")))
}

fn plane(views: &Views, run: &str, settings: &Settings, out: &Path) -> anyhow::Result<String> {
    let mut groups = Vec::new();
    for temperature in TEMPERATURES {
        groups.push((format!("τ = {temperature}"), vec![views.plane(temperature, settings.options.seed)?]));
    }
    let (alignment, uniformity) = (history(out, run, "alignment")?, history(out, run, "uniformity")?);
    let by_epoch = alignment.iter().zip(&uniformity).map(|(a, u)| (a.1, u.1)).collect();
    groups.push(("training".to_string(), by_epoch));
    let scatter = Scatter {
        title: "Alignment and uniformity".to_string(),
        x_label: "alignment (α = 2)".to_string(),
        y_label: "uniformity (t = 2)".to_string(),
        groups,
    };
    scatter.save(out, "alignment_uniformity")
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

fn gradients(settings: &Settings, out: &Path) -> anyhow::Result<String> {
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
    };
    curves.save(out, "gradients")
}
