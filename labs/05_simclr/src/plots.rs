//! The pictures of lab 05 and the page that holds them.

use std::path::{Path, PathBuf};

use candle_core::{Device, Tensor};
use rand::SeedableRng;
use ssl_data::{Dataset, Rng, Split};
use ssl_eval::{Evaluation, embed, normalise, tsne};
use ssl_report::plot::histogram;
use ssl_report::progress::history;
use ssl_report::{Baselines, Comparison, Curves, Grid, PROTOCOL, Page, Plot, Scatter};

use super::views::{Recipe, pair};
use super::{Model, Settings};

/// Draws everything and writes the page.
pub fn report(
    settings: &Settings,
    model: &Model,
    data: &Dataset,
    evaluations: Option<&(Evaluation, Evaluation, Baselines)>,
    out: &Path,
    device: &Device,
) -> anyhow::Result<PathBuf> {
    let title = format!("Lab 05: SimCLR on {}", data.name);
    let mut page = Page::new(&title, settings.options.seed, PROTOCOL, device);
    what_the_network_sees(&mut page, settings, data, out)?;
    page.heading("Training");
    page.figure(&training(out)?, "NT-Xent by epoch.");
    if let Some((h, z, baselines)) = evaluations {
        page.heading("What the features are good for");
        let rows = [("random", &baselines.random), ("SimCLR", h), ("supervised", &baselines.supervised)];
        let comparison = Comparison::of(&rows);
        comparison.print();
        comparison.write(&mut page);
        page.figure(&comparison.by_depth(out)?, "Linear probe on each block, pooled to 256 numbers.");
        let before_and_after = Comparison::of(&[("h, before the head", h), ("z, behind the head", z)]);
        page.figure(
            &before_and_after.bars("Representation h and embedding z", out, "h_and_z")?,
            "What the head throws away.",
        );
        println!("behind the head: linear {:.1} %, kNN {:.1} %", 100.0 * z.linear(), 100.0 * z.knn);
    }
    what_is_near_what(&mut page, settings, model, data, out, device)?;
    page.save(out)
}

fn what_the_network_sees(page: &mut Page, settings: &Settings, data: &Dataset, out: &Path) -> anyhow::Result<()> {
    page.heading("What the network sees");
    page.figure(
        &pairs(settings, data, out)?,
        "Above and below: two views of one image. Would you know that they belong together?",
    );
    page.figure(
        &histograms(settings, data, false, out)?,
        "Without colour jitter two crops of an image have the same histogram: there is nothing else to learn.",
    );
    page.figure(
        &histograms(settings, data, true, out)?,
        "With colour jitter and grey the histogram gives nothing away.",
    );
    Ok(())
}

fn what_is_near_what(
    page: &mut Page,
    settings: &Settings,
    model: &Model,
    data: &Dataset,
    out: &Path,
    device: &Device,
) -> anyhow::Result<()> {
    page.heading("What is near what");
    let encode = |images: &Tensor, _: bool| Ok(model.represent(images)?.0);
    let (train, test) = (data.train.sample(NEIGHBOURS_AMONG, 0), data.test.sample(POINTS, 0));
    let (known, new) = (embed(&encode, train.images(), device)?, embed(&encode, test.images(), device)?);
    if test.len() > 100 {
        page.figure(&plane(&new, &test, data, settings.options.seed, out)?, "t-SNE of standardised h of test images.");
    }
    page.figure(&neighbours(&known, &new, &train, &test, out)?, "A test image, and the training images of nearest h.");
    Ok(())
}

/// Images whose views are shown.
const SHOWN: usize = 10;

/// Two views of some training images, as the network sees them.
pub fn pairs(settings: &Settings, data: &Dataset, out: &Path) -> anyhow::Result<String> {
    let mut rng = Rng::seed_from_u64(settings.options.seed);
    let shown = SHOWN.min(data.train.len());
    let views = (0..shown).map(|i| pair(settings.recipes(), &data.train.images().image(i)?, &mut rng));
    let (a, b): (Vec<Tensor>, Vec<Tensor>) = views.collect::<candle_core::Result<Vec<_>>>()?.into_iter().unzip();
    let grid = Grid {
        title: "Pairs of views".to_string(),
        columns: shown,
        images: Tensor::stack(&[a, b].concat(), 0)?,
        captions: Vec::new(),
    };
    grid.save(out, "pairs")
}

/// Bins of a histogram of values in [0, 1].
const BINS: usize = 16;

/// Histograms of two views of each of two images (figure 6 of the paper).
fn histograms(settings: &Settings, data: &Dataset, colour: bool, out: &Path) -> anyhow::Result<String> {
    let recipe = if colour { settings.recipes()[0] } else { Recipe::crop_only(settings.crop) };
    let mut rng = Rng::seed_from_u64(settings.options.seed);
    let mut series = Vec::new();
    for (i, image) in ["first", "second"].into_iter().enumerate() {
        let (a, b) = pair([recipe; 2], &data.train.images().image(i)?, &mut rng)?;
        for (name, view) in [("a", a), ("b", b)] {
            // All channels together.
            let values: Vec<f32> = view.flatten_all()?.to_vec1()?;
            series.push((format!("{image} image, {name}"), histogram(&values, (0.0, 1.0), BINS)));
        }
    }
    let curves = Curves {
        title: format!("Values of pixels in crops, {} colour distortion", if colour { "with" } else { "without" }),
        x_label: "value".to_string(),
        y_label: "share of pixels (%)".to_string(),
        series,
    };
    curves.save(out, if colour { "histograms_with_colour" } else { "histograms_without_colour" })
}

fn training(out: &Path) -> anyhow::Result<String> {
    let curves = Curves {
        title: "Training".to_string(),
        x_label: "epoch".to_string(),
        y_label: "NT-Xent (nats)".to_string(),
        series: vec![("loss".to_string(), history(out, "simclr", "loss")?)],
    };
    curves.save(out, "training")
}

/// Test images in the plane.
const POINTS: usize = 1000;

fn plane(features: &Tensor, test: &Split, data: &Dataset, seed: u64, out: &Path) -> anyhow::Result<String> {
    let classes = if data.classes.is_empty() { vec!["images".to_string()] } else { data.classes.clone() };
    let mut groups: Vec<(String, Vec<(f64, f64)>)> = classes.into_iter().map(|name| (name, Vec::new())).collect();
    for (i, place) in tsne(features, seed)?.into_iter().enumerate() {
        groups[test.labels().map_or(0, |labels| labels[i] as usize)].1.push(place);
    }
    let scatter = Scatter {
        title: "t-SNE of the representation h".to_string(),
        x_label: "no unit".to_string(),
        y_label: "no unit".to_string(),
        groups,
    };
    scatter.save(out, "tsne")
}

/// Training images among which neighbours are sought.
const NEIGHBOURS_AMONG: usize = 10_000;
/// Test images whose neighbours are shown, and how many each.
const QUERIES: usize = 6;
const NEIGHBOURS: usize = 7;

fn neighbours(known: &Tensor, new: &Tensor, train: &Split, test: &Split, out: &Path) -> anyhow::Result<String> {
    let queries = QUERIES.min(test.len());
    let cosines: Vec<Vec<f32>> = normalise(&new.narrow(0, 0, queries)?)?.matmul(&normalise(known)?.t()?)?.to_vec2()?;
    let (mut images, mut captions) = (Vec::new(), Vec::new());
    for (query, row) in cosines.iter().enumerate() {
        let mut order: Vec<usize> = (0..row.len()).collect();
        order.sort_by(|&a, &b| row[b].total_cmp(&row[a]));
        order.truncate(NEIGHBOURS);
        let label = |split: &Split, i: usize| split.labels().map(|labels| labels[i]);
        images.push(test.images().select(&[query]).to_tensor(&Device::Cpu)?);
        images.push(train.images().select(&order).to_tensor(&Device::Cpu)?);
        captions.push("query".to_string());
        captions.extend(order.iter().map(|&i| {
            let mark = if label(train, i) == label(test, query) { "✓" } else { "✗" };
            format!("{mark} {:.2}", row[i])
        }));
    }
    let grid = Grid {
        title: "Nearest neighbours by cosine of h; ✓ the same class".to_string(),
        columns: 1 + NEIGHBOURS.min(train.len()),
        images: Tensor::cat(&images, 0)?,
        captions,
    };
    grid.save(out, "neighbours")
}
