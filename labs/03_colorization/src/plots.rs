//! The pictures of lab 03 and the page that holds them.

use candle_core::Tensor;
use ssl_experiment::{Comparison, Run};
use ssl_report::{Grid, Page, percent};

use super::Settings;
use super::colorizer::Colorizer;
use super::paint::{MODE, Painted, gray, paint};
use super::palette::{Loss, Palette};

/// Draws everything and writes the page.
pub fn report(
    run: &Run,
    settings: &Settings,
    palette: &Palette,
    model: &Colorizer,
    painted: &Painted,
    comparison: &Comparison,
) -> anyhow::Result<()> {
    let mut page = run.page("Lab 03: colorization");
    run.guesses(comparison, &[("chroma", painted.chroma)], &mut page);
    page.heading("The pretext task");
    table(&mut page, &[(model.loss.name(), painted)]);
    let name = model.loss.name();
    let unit = if model.loss == Loss::Regression { "loss (mean square)" } else { "loss (nats)" };
    page.figure(
        &run.training_curves(name, &["loss"], unit)?,
        "The loss, and what it is for networks that look at nothing: one that knows how often each color occurs, and one that does not.",
    );
    if !run.data.classes.is_empty() {
        page.figure(
            &run.training_curves(name, &["kNN"], "accuracy (fraction)")?,
            "After each epoch kNN of the classes on 1,000 test images.",
        );
    }
    let images = shown(run)?;
    page.figure(
        &temperatures(run, settings, palette, model, &images)?,
        "Test images, which the network has never seen, without their colors, as it paints them, and as they are.",
    );
    comparison.report(&mut page, &run.out)?;
    run.finish(&page, comparison)
}

/// Test images that are shown.
const SHOWN: usize = 10;

/// The first test images.
pub fn shown(run: &Run) -> anyhow::Result<Tensor> {
    let count = SHOWN.min(run.data.test.len());
    Ok(run.data.test.images().select(&(0..count).collect::<Vec<_>>()).to_tensor(&run.device)?)
}

/// How good each model paints, a row for each.
pub fn table(page: &mut Page, models: &[(&str, &Painted)]) {
    let row = |(name, painted): &(&str, &Painted)| {
        let shares = [painted.chroma, painted.right, painted.rare].map(percent);
        [vec![name.to_string(), format!("{:.1}", painted.error)], shares.to_vec()].concat()
    };
    page.table(
        &["test images", "error", "chroma", "bins right", "rare bins right"].map(String::from),
        &models.iter().map(row).collect::<Vec<_>>(),
    );
    page.text(
        "Error: mean distance of painted and true color, in units of a and b. Chroma: mean of √(a² + b²), painted ÷ true. Bins right: squares \
         whose most probable bin is that of their true color; a bin is rare where it occurs in less than 1 % of the squares.",
    );
}

/// Rows of images `[N, 3, H, W]`, each with its name below its first image.
pub fn gallery(run: &Run, title: &str, rows: &[(String, Tensor)], name: &str) -> anyhow::Result<String> {
    let columns = rows.first().map_or(0, |(_, images)| images.dims()[0]);
    let captions = rows.iter().flat_map(|(name, _)| {
        std::iter::once(name.clone()).chain(std::iter::repeat_n(String::new(), columns.saturating_sub(1)))
    });
    let grid = Grid {
        title: title.to_string(),
        columns,
        captions: captions.collect(),
        images: Tensor::cat(&rows.iter().map(|(_, images)| images).collect::<Vec<_>>(), 0)?,
    };
    grid.save(&run.out, name)
}

/// Gray, painted from the mean to the mode, and the truth; a regression has one answer only.
fn temperatures(
    run: &Run,
    settings: &Settings,
    palette: &Palette,
    model: &Colorizer,
    images: &Tensor,
) -> anyhow::Result<String> {
    let mut rows = vec![("gray".to_string(), gray(images)?)];
    if model.loss == Loss::Regression {
        rows.push(("regression".to_string(), paint(palette, model, images, settings.temperature)?));
    } else {
        for (name, temperature) in [("mean, T = 1", 1.0), ("", settings.temperature), ("mode, T → 0", MODE)] {
            let name = if name.is_empty() { format!("T = {temperature}") } else { name.to_string() };
            rows.push((name, paint(palette, model, images, temperature)?));
        }
    }
    rows.push(("truth".to_string(), images.clone()));
    gallery(run, "Test images: gray, painted, and as they are", &rows, "painted")
}
