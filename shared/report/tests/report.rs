//! Plots, pages and metrics as files.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use anyhow::Result;
use candle_core::{DType, Device, Tensor};
use ssl_report::plot::{Scale, circle, histogram};
use ssl_report::progress::{curve, history};
use ssl_report::{Bars, Curves, Grid, HeatMap, Landmarks, Page, Plot, Progress, Scatter};

/// Both files are there; the PNG has ink on it, the SVG the words.
fn is_drawn(out: &Path, name: &str, words: &[&str]) -> Result<()> {
    let image = image::open(out.join(format!("{name}.png")))?.to_rgb8();
    let ink = image.pixels().filter(|pixel| pixel.0 != [255, 255, 255]).count();
    assert!(ink > 500, "{name}: {ink} pixels of ink");
    let svg = fs::read_to_string(out.join(format!("{name}.svg")))?;
    for word in words {
        assert!(svg.contains(word), "{name}: no {word:?}");
    }
    Ok(())
}

fn names(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| name.to_string()).collect()
}

#[test]
fn every_plot_is_saved_as_svg_and_png() -> Result<()> {
    let dir = tempfile::tempdir()?;
    let out = dir.path();
    let title = |text: &str| text.to_string();
    let points = vec![(0.0, 1.0), (1.0, 0.5), (2.0, f64::NAN)];
    let curves = Curves {
        title: title("loss by epoch"),
        x_label: title("epoch"),
        y_label: title("loss"),
        series: vec![("rotation".to_string(), points.clone()), ("empty".to_string(), Vec::new())],
        levels: vec![("collapsed".to_string(), 1.2), ("random".to_string(), 1.2)],
        scale: Scale::Linear,
    };
    curves.save(out, "curves")?;
    is_drawn(out, "curves", &["loss by epoch", "rotation", "collapsed"])?;
    let curves = Curves { scale: Scale::Logarithmic, ..curves };
    curves.save(out, "logarithmic")?;
    is_drawn(out, "logarithmic", &["loss by epoch", "0.5"])?;
    let sizes = vec![("SimCLR".to_string(), vec![(32.0, 50.0), (256.0, 55.0), (1024.0, 60.0)])];
    let curves = Curves { scale: Scale::Doublings, series: sizes, ..curves };
    curves.save(out, "doublings")?;
    is_drawn(out, "doublings", &["loss by epoch", ">\n32\n<", ">\n1024\n<"])?;
    let bars = Bars {
        title: title("probes"),
        y_label: title("accuracy"),
        groups: names(&["block 1", "block 2"]),
        series: vec![("random".to_string(), vec![12.5, -3.0]), ("trained".to_string(), vec![50.0, 60.0])],
    };
    bars.save(out, "bars")?;
    is_drawn(out, "bars", &["probes", "block 2", "12.5", "-3.0", "trained"])?;
    let scatter = Scatter {
        title: title("embeddings"),
        x_label: title("x"),
        y_label: title("y"),
        groups: (0..10).map(|i| (format!("class {i}"), vec![(f64::from(i), f64::from(i * i))])).collect(),
        lines: vec![("a path".to_string(), points)],
        equal: false,
    };
    scatter.save(out, "scatter")?;
    is_drawn(out, "scatter", &["embeddings", "class 9", "a path"])?;
    let map = HeatMap {
        title: title("confusion"),
        row_label: title("true"),
        column_label: title("predicted"),
        rows: names(&["cat", "dog"]),
        columns: names(&["cat", "dog"]),
        values: vec![vec![7.0, 1.0], vec![0.0, 8.25]],
    };
    map.save(out, "map")?;
    is_drawn(out, "map", &["confusion", "dog", "8.2"])
}

#[test]
fn a_circle_on_equal_axes_is_as_wide_as_it_is_tall() -> Result<()> {
    let dir = tempfile::tempdir()?;
    let scatter = Scatter {
        title: "circle".to_string(),
        x_label: String::new(),
        y_label: String::new(),
        groups: Vec::new(),
        lines: vec![("circle".to_string(), circle())],
        equal: true,
    };
    scatter.save(dir.path(), "circle")?;
    let image = image::open(dir.path().join("circle.png"))?.to_rgb8();
    let blue = image.enumerate_pixels().filter(|(x, _, pixel)| *x < 550 && pixel.0 == [0, 114, 178]);
    let (columns, rows): (BTreeSet<u32>, BTreeSet<u32>) = blue.map(|(x, y, _)| (x, y)).unzip();
    let extent = |places: &BTreeSet<u32>| places.last().zip(places.first()).map_or(0, |(last, first)| last - first);
    let (width, height) = (extent(&columns), extent(&rows));
    assert!(width > 300 && width.abs_diff(height) <= 4, "{width} × {height} pixels");
    Ok(())
}

#[test]
fn of_two_equal_lines_both_can_be_seen() -> Result<()> {
    let dir = tempfile::tempdir()?;
    let points: Vec<(f64, f64)> = (0..10).map(|i| (f64::from(i), f64::from(i * i))).collect();
    let curves = Curves {
        title: String::new(),
        x_label: String::new(),
        y_label: String::new(),
        series: vec![("one".to_string(), points.clone()), ("two".to_string(), points)],
        levels: Vec::new(),
        scale: Scale::Linear,
    };
    curves.save(dir.path(), "equal")?;
    let image = image::open(dir.path().join("equal.png"))?.to_rgb8();
    for line in [[0, 114, 178], [213, 94, 0]] {
        let ink = image.enumerate_pixels().filter(|(x, _, pixel)| *x < 550 && pixel.0 == line).count();
        assert!(ink > 200, "{ink} pixels of {line:?}");
    }
    Ok(())
}

#[test]
fn a_histogram_counts_what_lies_outside_at_its_ends() {
    assert_eq!(histogram(&[-1.0, 0.1, 0.5, 0.75, 3.0], (0.0, 1.0), 2), [(0.25, 40.0), (0.75, 60.0)]);
}

#[test]
fn a_grid_shows_the_pixels_of_its_images() -> Result<()> {
    let dir = tempfile::tempdir()?;
    let red = Tensor::cat(
        &[
            Tensor::ones((1, 1, 8, 8), DType::F32, &Device::Cpu)?,
            Tensor::zeros((1, 2, 8, 8), DType::F32, &Device::Cpu)?,
        ],
        1,
    )?;
    let grid = Grid {
        title: "red".into(),
        columns: 2,
        images: red.repeat((3, 1, 1, 1))?,
        captions: names(&["a", "b", "✗ c"]),
    };
    let svg = grid.save(dir.path(), "grid")?;
    assert!(svg.contains("data:image/png;base64,"));
    let image = image::open(dir.path().join("grid.png"))?.to_rgb8();
    let reds = image.pixels().filter(|pixel| pixel.0 == [255, 0, 0]).count();
    assert_eq!(reds, 3 * 96 * 96);
    let wrong = Grid { captions: names(&["one"]), ..grid };
    assert!(wrong.save(dir.path(), "grid").is_err_and(|error| error.to_string().contains("3 images, 1 captions")));
    Ok(())
}

#[test]
fn a_page_holds_everything_in_one_file() -> Result<()> {
    let dir = tempfile::tempdir()?;
    let mut page = Page::new("A <b> & c", &[("Seed", "7".to_string()), ("Protocol", "linear <probe>".to_string())]);
    page.heading("Features");
    page.table(&names(&["", "probe"]), &[vec!["random".into(), "12 %".into()]]);
    page.figure("<?xml version=\"1.0\"?><svg></svg>", "what to see");
    let html = fs::read_to_string(page.save(dir.path())?)?;
    for part in ["A &lt;b&gt; &amp; c", "<dd>7</dd>", "linear &lt;probe&gt;", "<td>12 %</td>", "<figure><svg></svg>"] {
        assert!(html.contains(part), "no {part:?} in {html}");
    }
    assert!(!html.contains("src=\"http") && !html.contains("<link"), "the page refers to other files");
    Ok(())
}

/// Trains for as many epochs as there are losses, of one step each.
fn train(out: &Path, name: &str, first: usize, losses: &[f64]) -> Result<()> {
    let mut progress = Progress::new(name, out, first, first + losses.len(), 1)?;
    for loss in losses {
        progress.measure("accuracy", 0.5);
        progress.step(*loss, 10)?;
        progress.end_epoch()?;
    }
    Ok(())
}

#[test]
fn metrics_of_epochs_that_are_trained_again_are_replaced() -> Result<()> {
    let dir = tempfile::tempdir()?;
    let out = dir.path();
    train(out, "other", 0, &[9.0])?;
    train(out, "run", 0, &[3.0, 2.0, 1.0])?;
    train(out, "run", 1, &[1.5])?;
    assert_eq!(history(out, "run", "loss")?, [(1.0, 3.0), (2.0, 1.5)]);
    assert_eq!(history(out, "other", "accuracy")?, [(1.0, 0.5)]);
    Ok(())
}

#[test]
fn half_and_foreign_lines_of_metrics_spoil_nothing() -> Result<()> {
    let dir = tempfile::tempdir()?;
    let out = dir.path();
    let path = out.join("metrics.jsonl");
    train(out, "run", 0, &[3.0, 2.0])?;
    let text = fs::read(&path)?;
    // The second line is cut in half, and bytes of something else follow.
    fs::write(&path, [&text[..text.len() - 20], b"\n{\"a\": 1}\n\xff\xfe\n"].concat())?;
    train(out, "run", 2, &[1.0])?;
    assert_eq!(history(out, "run", "loss")?, [(1.0, 3.0), (3.0, 1.0)]);
    assert_eq!(fs::read_to_string(&path)?.lines().count(), 2);
    fs::remove_file(&path)?;
    train(out, "run", 3, &[0.5])?;
    assert_eq!(history(out, "run", "loss")?, [(4.0, 0.5)]);
    Ok(())
}

#[test]
fn a_quantity_is_kept_as_its_mean_and_the_landmarks_beside_the_loss() -> Result<()> {
    let dir = tempfile::tempdir()?;
    let progress = Progress::new("run", dir.path(), 0, 1, 2)?;
    let mut progress = progress.with_landmarks(Landmarks { collapsed: 2.0, random: 3.0 });
    for (loss, spread) in [(1.0, 0.5), (2.0, 0.75)] {
        progress.measure("spread", spread);
        progress.step(loss, 10)?;
    }
    progress.end_epoch()?;
    for (quantity, expected) in [("loss", 1.5), ("spread", 0.625), ("loss_if_collapsed", 2.0), ("loss_if_random", 3.0)]
    {
        assert_eq!(history(dir.path(), "run", quantity)?, [(1.0, expected)], "{quantity}");
    }
    Ok(())
}

#[test]
fn a_curve_begins_with_the_first_step() -> Result<()> {
    let dir = tempfile::tempdir()?;
    let mut progress = Progress::new("run", dir.path(), 0, 2, 40)?;
    for epoch in 0..2 {
        for step in 0..40 {
            progress.step(f64::from(100 - 40 * epoch - step), 1)?;
        }
        progress.measure("kNN", f64::from(epoch));
        progress.end_epoch()?;
    }
    let loss = curve(dir.path(), "run", "loss")?;
    assert_eq!(loss[..3], [(0.0, 100.0), (0.05, 99.5), (0.1, 97.5)]);
    assert_eq!((loss.len(), loss[40]), (41, (2.0, 21.5)));
    assert_eq!(curve(dir.path(), "run", "kNN")?, [(1.0, 0.0), (2.0, 1.0)]);
    Ok(())
}

#[test]
fn a_loss_that_is_no_number_stops_the_run_at_once() -> Result<()> {
    let dir = tempfile::tempdir()?;
    for loss in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        let mut progress = Progress::new("run", dir.path(), 2, 4, 5)?;
        progress.step(1.0, 1)?;
        let message = progress.step(loss, 1).err().map(|error| error.to_string()).unwrap_or_default();
        assert!(message.contains("epoch 3, step 2") && message.contains("--learning-rate"), "{message}");
    }
    Ok(())
}
