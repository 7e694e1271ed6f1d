//! The pictures of lab 09 and the page that holds them.

use candle_core::Tensor;
use moco::invariance;
use rand::SeedableRng;
use ssl_data::Rng;
use ssl_eval::embed;
use ssl_experiment::{Comparison, Input, Run};
use ssl_nn::Backbone;
use ssl_report::{Bars, Plot};

use super::puzzle::{self, TILES};
use super::{Method, Settings};

/// Draws everything and writes the page.
pub fn report(run: &Run, settings: &Settings, backbone: &Backbone, comparison: &Comparison) -> anyhow::Result<()> {
    let name = settings.method.name();
    let mut page = run.page(&format!("Lab 09: {name}"));
    run.guesses(comparison, &[], &mut page);
    page.heading("What the network sees");
    let views = run.first_views(settings, &vec![settings.views.augmentation(); 2])?;
    let (picture, caption) = match settings.method {
        Method::Moco => (
            run.rows("Views of the same images", &views, "views")?,
            "Each column: the query's view of an image, and the key's.",
        ),
        Method::Pirl => {
            (puzzles(run, settings, &views)?, "Each column: a view of an image, and the tiles of its puzzle.")
        }
    };
    page.figure(&picture, caption);
    page.heading("Training");
    let guess = "The loss, beside that of embeddings that are all the same, ln(1 + K) with K negatives, and in random directions.";
    page.figure(&run.training_curves(name, &["loss"], "loss (nats)")?, guess);
    page.figure(
        &run.training_curves(name, &["kNN"], "accuracy (fraction)")?,
        "After each epoch kNN of the classes on 1,000 test images.",
    );
    page.heading("Does a puzzle look like its picture?");
    let random = run.backbone(&Input::RGB, &run.params().pp("backbone"))?;
    let bars = [("random", &random), (name, backbone)]
        .map(|(name, backbone)| Ok::<_, anyhow::Error>((name.to_string(), of_puzzles(run, backbone)?)));
    page.figure(
        &invariances(run, &bars.into_iter().collect::<anyhow::Result<Vec<_>>>()?)?,
        "Cosine of the features of a test image and of the same image with its tiles jumbled, less the mean of each: 100 where the tiles' order makes \
         no difference.",
    );
    comparison.report(&mut page, &run.out)?;
    run.finish(&page, comparison)
}

/// Test images whose puzzles are looked at.
const SEEN: usize = 2000;

/// How alike a backbone's features of pictures and of their puzzles are.
pub fn of_puzzles(run: &Run, backbone: &Backbone) -> anyhow::Result<f64> {
    let mut rng = Rng::seed_from_u64(run.seed());
    let test = run.data.test.sample(SEEN.min(run.data.test.len()), 0);
    let pictures = embed(&|images, train| backbone.forward(images, train), test.images(), &run.device)?;
    let mut puzzles = Vec::new();
    for indices in (0..test.len()).collect::<Vec<_>>().chunks(BATCH) {
        let images = test.images().select(indices).to_tensor(&run.device)?;
        puzzles.push(backbone.forward(&puzzle::jumbled(&images, &mut rng)?, false)?.detach());
    }
    Ok(invariance(&pictures, &Tensor::cat(&puzzles, 0)?.to_device(pictures.device())?)?)
}

/// Puzzles that are looked at together.
const BATCH: usize = 250;

/// Invariance of several backbones, in the order given.
pub fn invariances(run: &Run, values: &[(String, f64)]) -> anyhow::Result<String> {
    let bars = Bars {
        title: "Pictures and their puzzles".to_string(),
        y_label: "cosine of features × 100".to_string(),
        groups: values.iter().map(|(name, _)| name.clone()).collect(),
        series: vec![("test images".to_string(), values.iter().map(|(_, value)| 100.0 * value).collect())],
    };
    bars.save(&run.out, "invariance")
}

fn puzzles(run: &Run, settings: &Settings, views: &[Tensor]) -> anyhow::Result<String> {
    let patches = puzzle::cut(&views[1], &mut run.loader(settings)?.rng(0, 0))?.patches;
    let ((shown, channels, full_height, full_width), (_, _, height, width)) = (views[0].dims4()?, patches.dims4()?);
    let (rows, columns) = (full_height - height, full_width - width);
    let framed = patches.pad_with_zeros(2, rows / 2, rows - rows / 2)?;
    let framed = framed.pad_with_zeros(3, columns / 2, columns - columns / 2)?;
    let tiles = framed.reshape((shown, TILES, channels, full_height, full_width))?;
    let tiles = (0..TILES).map(|tile| tiles.narrow(1, tile, 1)?.squeeze(1)).collect::<candle_core::Result<Vec<_>>>()?;
    run.rows("Pictures and their tiles", &[&views[..1], &tiles].concat(), "puzzles")
}
