//! The pictures of lab 08 and the page that holds them.

use candle_core::{Device, Tensor};
use ssl_eval::Evaluation;
use ssl_experiment::{Comparison, Run};
use ssl_report::{Bars, Grid, Page, Plot, Scatter, percent};

use super::boxes::Found;
use super::fine_tuning::FRACTIONS;
use super::invariance::CHANGES;
use super::measures::{Measures, TEMPERATURES};
use super::regions::{self, Regions};

type Row = (String, Measures);

/// Draws everything and writes the page.
pub fn report(run: &Run, comparison: &Comparison, rows: &[Row]) -> anyhow::Result<()> {
    let mut page = run.page("Lab 08: evaluating representations");
    // The best that needed no labels: the last but one.
    let shown = rows.iter().rev().nth(1);
    let transfer = shown.and_then(|(_, measures)| measures.transfer);
    let measured: Vec<(&str, f64)> = transfer.map(|accuracy| ("transfer", accuracy)).into_iter().collect();
    run.guesses(comparison, &measured, &mut page);
    page.heading("All at a glance");
    page.table(&header(), &rows.iter().map(cells).collect::<Vec<_>>());
    page.text(
        "Probe, top 3 and fine-tuning: test accuracy. New toys: a linear probe on three classes that were in no training, with 30 labels each. Regions: \
         mean IoU of a 1×1 head on blocks 1 to 3. Boxes: share of IoU above one half, of toys in larger scenes.",
    );
    page.figure(
        &few_labels(run, rows)?,
        "Accuracy after fine-tuning by the share of training images that have labels.",
    );
    page.figure(&protocols(run, comparison, rows)?, "The same frozen features of the last block, judged in five ways: the lab's probe in batches with its weight decay chosen on validation or on test \
         images, the course's full-batch probe, and neighbors.");
    page.figure(&neighbors(run, rows)?, "Linear probe and nearest neighbors need not agree on who is better.");
    invariances(run, rows, &mut page)?;
    comparison.report(&mut page, &run.out)?;
    if let Some((name, Measures { looked_at: Some((regions, found)), .. })) = shown {
        pictures(run, name, regions, found, &mut page)?;
    }
    run.finish(&page, comparison)
}

fn header() -> Vec<String> {
    let mut header = vec![
        "backbone".to_string(),
        "probe".to_string(),
        "weight decay".to_string(),
        "top 3".to_string(),
        "kNN".to_string(),
    ];
    header.extend(shares().into_iter().map(|share| format!("fine-tuned, {share}")));
    header.extend(["new toys", "regions", "boxes"].map(String::from));
    header
}

fn cells((name, m): &Row) -> Vec<String> {
    let knn = m.knn.last().copied().unwrap_or(f64::NAN);
    let mut cells = vec![name.clone(), percent(m.linear), m.weight_decay.to_string(), percent(m.top_3), percent(knn)];
    cells.extend(m.fine_tuned.iter().map(|&accuracy| percent(accuracy)));
    let optional = [m.transfer, m.segmentation, m.boxes.map(|[_, right]| right)];
    cells.extend(optional.map(|value| value.map_or("–".to_string(), percent)));
    cells
}

fn shares() -> Vec<String> {
    FRACTIONS.iter().map(|share| format!("{} %", 100.0 * share)).collect()
}

fn in_percent(fractions: &[f64]) -> Vec<f64> {
    fractions.iter().map(|fraction| 100.0 * fraction).collect()
}

fn few_labels(run: &Run, rows: &[Row]) -> anyhow::Result<String> {
    let bars = Bars {
        title: "Fine-tuned on few labels".to_string(),
        y_label: "test accuracy (%)".to_string(),
        groups: shares(),
        series: rows.iter().map(|(name, m)| (name.clone(), in_percent(&m.fine_tuned))).collect(),
    };
    bars.save(&run.out, "few_labels")
}

/// The course's own probe beside the lab's, and neighbors at two temperatures.
fn protocols(run: &Run, comparison: &Comparison, rows: &[Row]) -> anyhow::Result<String> {
    let mut groups = ["chosen on validation", "best on test", "full batch"].map(String::from).to_vec();
    groups.extend(TEMPERATURES.map(|t| format!("kNN, T = {t}")));
    let of = |(name, m): &Row| {
        let full_batch = comparison.get(name).map_or(f64::NAN, Evaluation::linear);
        in_percent(&[&[m.linear, m.best_on_test, full_batch], m.knn.as_slice()].concat())
    };
    let bars = Bars {
        title: "One representation, five numbers".to_string(),
        y_label: "test accuracy (%)".to_string(),
        groups,
        series: rows.iter().map(|row| (row.0.clone(), of(row))).collect(),
    };
    bars.save(&run.out, "protocols")
}

fn neighbors(run: &Run, rows: &[Row]) -> anyhow::Result<String> {
    let point = |m: &Measures| vec![(100.0 * m.linear, 100.0 * m.knn.last().copied().unwrap_or(f64::NAN))];
    let scatter = Scatter {
        title: "Linear probe and neighbors".to_string(),
        x_label: "linear probe (%)".to_string(),
        y_label: "kNN (%)".to_string(),
        groups: rows.iter().map(|(name, m)| (name.clone(), point(m))).collect(),
        lines: Vec::new(),
        equal: true,
    };
    scatter.save(&run.out, "linear_and_knn")
}

fn invariances(run: &Run, rows: &[Row], page: &mut Page) -> anyhow::Result<()> {
    let known: Vec<_> = rows.iter().filter_map(|(name, m)| Some((name.clone(), in_percent(&m.invariance?)))).collect();
    if known.is_empty() {
        return Ok(());
    }
    let bars = Bars {
        title: "What features do not tell".to_string(),
        y_label: "invariance (%)".to_string(),
        groups: CHANGES.map(|(_, name)| name.to_string()).to_vec(),
        series: known,
    };
    page.figure(
        &bars.save(&run.out, "invariance")?,
        "100: features stay the same when a toy is rendered elsewhere, in other light or with other stripes; 0: they change as much as from one toy to another.",
    );
    Ok(())
}

/// Images in a picture.
const SHOWN: usize = 8;

/// Regions and boxes that a backbone's heads find in test images.
fn pictures(run: &Run, name: &str, regions: &Regions, found: &Found, page: &mut Page) -> anyhow::Result<()> {
    let first = |x: &Tensor| x.narrow(0, 0, SHOWN);
    let images = Tensor::cat(
        &[first(&regions.images)?, painted(&first(&regions.truth)?)?, painted(&first(&regions.found)?)?],
        0,
    )?;
    let grid = Grid { title: format!("Regions: image, truth, {name}"), columns: SHOWN, images, captions: Vec::new() };
    page.heading("Looked at");
    page.figure(
        &grid.save(&run.out, "regions")?,
        "Test images, the kind of part at each pixel, and what a 1×1 head finds.",
    );
    let numbers: Vec<usize> = (0..SHOWN).collect();
    let images = found.scenes.images.select(&numbers).to_tensor(&Device::Cpu)?;
    let images = framed(&framed(&images, &found.scenes.boxes, [1.0, 1.0, 1.0])?, &found.boxes, [1.0, 0.2, 0.1])?;
    let grid = Grid { title: format!("Boxes: truth white, {name} red"), columns: 4, images, captions: Vec::new() };
    page.figure(&grid.save(&run.out, "boxes")?, "Test scenes with the true box and the one that a linear head finds.");
    Ok(())
}

/// A color for each kind of part, as an image `[N, 3, H, W]`.
fn painted(parts: &Tensor) -> anyhow::Result<Tensor> {
    const COLORS: [[f32; 3]; regions::CLASSES] = [
        [0.10, 0.10, 0.10],
        [0.90, 0.60, 0.00],
        [0.35, 0.70, 0.90],
        [0.00, 0.60, 0.50],
        [0.95, 0.90, 0.25],
        [0.00, 0.45, 0.70],
        [0.80, 0.40, 0.00],
        [0.80, 0.60, 0.70],
    ];
    let (count, height, width) = parts.dims3()?;
    let colors = Tensor::new(&COLORS, parts.device())?.index_select(&parts.flatten_all()?, 0)?;
    Ok(colors.reshape((count, height, width, 3))?.permute((0, 3, 1, 2))?.contiguous()?)
}

/// Images with the outlines of boxes, whose edges are shares of the side length.
fn framed(images: &Tensor, boxes: &Tensor, color: [f32; 3]) -> anyhow::Result<Tensor> {
    let (count, _, height, width) = images.dims4()?;
    let (mut values, boxes): (Vec<f32>, Vec<Vec<f32>>) = (images.flatten_all()?.to_vec1()?, boxes.to_vec2()?);
    for (image, edges) in boxes.iter().take(count).enumerate() {
        let pixel = |edge: f32, length: usize| ((edge * length as f32) as usize).min(length - 1);
        let (top, bottom) = (pixel(edges[0], height), pixel(edges[2], height));
        let (left, right) = (pixel(edges[1], width), pixel(edges[3], width));
        for (y, x) in (0..height).flat_map(|y| (0..width).map(move |x| (y, x))) {
            let inside = (top..=bottom).contains(&y) && (left..=right).contains(&x);
            if inside && (y == top || y == bottom || x == left || x == right) {
                for (channel, value) in color.iter().enumerate() {
                    values[((image * 3 + channel) * height + y) * width + x] = *value;
                }
            }
        }
    }
    Ok(Tensor::from_vec(values, images.shape(), &Device::Cpu)?)
}
