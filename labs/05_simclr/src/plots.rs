//! The pictures of lab 05 and the page that holds them.

use candle_core::{Device, Tensor};
use rand::SeedableRng;
use ssl_data::{Rng, Split};
use ssl_eval::{embed, normalize, tsne};
use ssl_experiment::{Comparison, Run};
use ssl_report::plot::{Scale, histogram};
use ssl_report::{Curves, Grid, Page, Plot, Scatter, percent};

use super::views::{Recipe, pair};
use super::{Model, Settings};

/// Draws everything and writes the page.
pub fn report(run: &Run, settings: &Settings, model: &Model, comparison: &Comparison) -> anyhow::Result<()> {
    let mut page = run.page("Lab 05: SimCLR");
    run.guesses(comparison, &[], &mut page);
    what_the_network_sees(run, settings, &mut page)?;
    page.heading("Training");
    page.figure(&run.training_curves("simclr", &["loss"], "NT-Xent (nats)")?, "NT-Xent, from the first step on.");
    comparison.report(&mut page, &run.out)?;
    if let Some(h) = comparison.get("SimCLR") {
        let mut before_and_after = Comparison::default();
        let z = model.evaluate_z(run)?;
        println!("after the head: linear {}, kNN {}", percent(z.linear()), percent(z.knn));
        before_and_after.insert("h, before the head", h.clone());
        before_and_after.insert("z, after the head", z);
        let bars = before_and_after.bars("Representation h and embedding z", &run.out, "h_and_z")?;
        page.figure(&bars, "What the head throws away.");
    }
    what_is_near_what(run, model, &mut page)?;
    run.finish(&page, comparison)
}

fn what_the_network_sees(run: &Run, settings: &Settings, page: &mut Page) -> anyhow::Result<()> {
    page.heading("What the network sees");
    page.figure(
        &pairs(run, settings)?,
        "Above and below: two views of one image. Would you know that they belong together?",
    );
    page.figure(
        &histograms(run, settings, false)?,
        "Without color jitter two crops of an image have the same histogram: there is nothing else to learn.",
    );
    page.figure(&histograms(run, settings, true)?, "With color jitter and gray the histogram gives nothing away.");
    Ok(())
}

fn what_is_near_what(run: &Run, model: &Model, page: &mut Page) -> anyhow::Result<()> {
    page.heading("What is near what");
    let encode = |images: &Tensor, _: bool| Ok(model.represent(images)?.0);
    let (train, test) = (run.data.train.sample(NEIGHBORS_AMONG, 0), run.data.test.sample(POINTS, 0));
    let (known, new) = (embed(&encode, train.images(), &run.device)?, embed(&encode, test.images(), &run.device)?);
    if test.len() > 100 {
        page.figure(&plane(run, &new, &test)?, "t-SNE of standardized h of test images.");
    }
    let caption = "A test image, and the training images of nearest h.";
    page.figure(&neighbors(run, &known, &new, &train, &test)?, caption);
    Ok(())
}

/// Images whose views are shown.
const SHOWN: usize = 10;

/// Two views of some training images, as the network sees them.
pub fn pairs(run: &Run, settings: &Settings) -> anyhow::Result<String> {
    let mut rng = Rng::seed_from_u64(run.seed());
    let shown = SHOWN.min(run.data.train.len());
    let (mut above, mut below) = (Vec::new(), Vec::new());
    for i in 0..shown {
        let views = pair(settings.recipes(), &run.data.train.images().image(i)?, &mut rng)?;
        above.push(views[0].clone());
        below.push(views[1].clone());
    }
    let grid = Grid {
        title: "Pairs of views".to_string(),
        columns: shown,
        images: Tensor::stack(&[above, below].concat(), 0)?,
        captions: Vec::new(),
    };
    grid.save(&run.out, "pairs")
}

/// Bins of a histogram of values in [0, 1].
const BINS: usize = 16;

/// Histograms of two views of each of two images (figure 6 of the paper).
fn histograms(run: &Run, settings: &Settings, color: bool) -> anyhow::Result<String> {
    let recipe = if color { settings.recipes()[0] } else { Recipe::crop_only(settings.views.crop) };
    let mut rng = Rng::seed_from_u64(run.seed());
    let mut series = Vec::new();
    for (i, image) in ["first", "second"].into_iter().enumerate() {
        let views = pair([recipe; 2], &run.data.train.images().image(i)?, &mut rng)?;
        for (name, view) in ["a", "b"].into_iter().zip(views) {
            // All channels together.
            let values: Vec<f32> = view.flatten_all()?.to_vec1()?;
            series.push((format!("{image} image, {name}"), histogram(&values, (0.0, 1.0), BINS)));
        }
    }
    let curves = Curves {
        title: format!("Values of pixels in crops, {} color distortion", if color { "with" } else { "without" }),
        x_label: "value".to_string(),
        y_label: "share of pixels (%)".to_string(),
        series,
        levels: Vec::new(),
        scale: Scale::Linear,
    };
    curves.save(&run.out, if color { "histograms_with_color" } else { "histograms_without_color" })
}

/// Test images in the plane.
const POINTS: usize = 1000;

fn plane(run: &Run, features: &Tensor, test: &Split) -> anyhow::Result<String> {
    let classes = &run.data.classes;
    let classes = if classes.is_empty() { vec!["images".to_string()] } else { classes.clone() };
    let mut groups: Vec<(String, Vec<(f64, f64)>)> = classes.into_iter().map(|name| (name, Vec::new())).collect();
    for (i, place) in tsne(features, run.seed())?.into_iter().enumerate() {
        groups[test.labels().map_or(0, |labels| labels[i] as usize)].1.push(place);
    }
    let scatter = Scatter {
        title: "t-SNE of the representation h".to_string(),
        x_label: "t-SNE 1".to_string(),
        y_label: "t-SNE 2".to_string(),
        groups,
        lines: Vec::new(),
        equal: false,
    };
    scatter.save(&run.out, "tsne")
}

/// Training images among which neighbors are sought.
const NEIGHBORS_AMONG: usize = 10_000;
/// Test images whose neighbors are shown, and how many each.
const QUERIES: usize = 6;
const NEIGHBORS: usize = 7;

fn neighbors(run: &Run, known: &Tensor, new: &Tensor, train: &Split, test: &Split) -> anyhow::Result<String> {
    let queries = QUERIES.min(test.len());
    let cosines: Vec<Vec<f32>> = normalize(&new.narrow(0, 0, queries)?)?.matmul(&normalize(known)?.t()?)?.to_vec2()?;
    let (mut images, mut captions) = (Vec::new(), Vec::new());
    for (query, row) in cosines.iter().enumerate() {
        let mut order: Vec<usize> = (0..row.len()).collect();
        order.sort_by(|&a, &b| row[b].total_cmp(&row[a]));
        order.truncate(NEIGHBORS);
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
        title: "Nearest neighbors by cosine of h; ✓ the same class".to_string(),
        columns: 1 + NEIGHBORS.min(train.len()),
        images: Tensor::cat(&images, 0)?,
        captions,
    };
    grid.save(&run.out, "neighbors")
}
