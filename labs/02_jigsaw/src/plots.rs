//! The pictures of lab 02 and the page that holds them.

use candle_core::{D, Result, Tensor};
use ssl_data::Split;
use ssl_eval::normalize;
use ssl_experiment::{Comparison, Run};
use ssl_report::{Grid, percent};

use super::Model;
use super::puzzle::{Maker, generator};

/// Draws everything and writes the page.
pub fn report(run: &Run, maker: &Maker, model: &Model, accuracy: f64, comparison: &Comparison) -> anyhow::Result<()> {
    let mut page = run.page("Lab 02: puzzles");
    run.guesses(comparison, &[("accuracy", accuracy)], &mut page);
    page.heading("The pretext task");
    let chance = 1.0 / maker.classes() as f64;
    page.text(&format!("Puzzles of test images solved: {} (chance {}).", percent(accuracy), percent(chance)));
    let name = comparison_name(maker);
    page.figure(
        &run.training_curves(name, &["loss"], "loss (nats)")?,
        "The loss, and what it is for networks that have learned nothing: one that gives the same for all puzzles, and one that guesses.",
    );
    page.figure(
        &run.training_curves(name, &["accuracy", "kNN"], "accuracy (fraction)")?,
        "Puzzles of training images that are solved; after each epoch kNN of the classes on 1,000 test images.",
    );
    page.figure(
        &puzzles(run, maker, model)?,
        "Test images: above the patches as they are given, below where the network puts them. They are shown as they were cut; the \
         network sees them lit from a side and normalized.",
    );
    page.figure(
        &neighbors(run, maker, model)?,
        "A patch of a test image, and the patches of training images whose features h (handout, equation 4) are nearest. The queries are the \
         first, second, third … cell of their images.",
    );
    comparison.report(&mut page, &run.out)?;
    run.finish(&page, comparison)
}

fn comparison_name(maker: &Maker) -> &'static str {
    if maker.tiles() == 2 { "relative" } else { "jigsaw" }
}

/// Puzzles that are shown.
const SHOWN: usize = 8;

/// Above the patches as the network gets them, below where it puts them.
fn puzzles(run: &Run, maker: &Maker, model: &Model) -> anyhow::Result<String> {
    let shown = SHOWN.min(run.data.test.len());
    let images = run.data.test.images().select(&(0..shown).collect::<Vec<_>>()).to_tensor(&run.device)?;
    let puzzle = maker.puzzles(&images, &mut generator(run.seed()))?;
    let answers: Vec<u32> = model.logits(&puzzle, false)?.argmax(D::Minus1)?.to_vec1()?;
    let labels: Vec<u32> = puzzle.labels.to_vec1()?;
    let (mut above, mut below, mut captions) = (Vec::new(), Vec::new(), vec![String::new(); shown]);
    for (i, (&answer, &label)) in answers.iter().zip(&labels).enumerate() {
        let tiles = puzzle.pictures.get(i)?; // [T, 3, P, P]
        let order: Vec<usize> = (0..maker.tiles()).collect();
        above.push(board(&tiles, &order, maker)?);
        below.push(board(&tiles, &maker.orders[answer as usize], maker)?);
        captions.push(if answer == label { "✓".to_string() } else { "✗".to_string() });
    }
    let grid = Grid {
        title: "Above: as given. Below: as the network answers; ✗ where that is wrong".to_string(),
        columns: shown,
        images: Tensor::stack(&[above, below].concat(), 0)?,
        captions,
    };
    grid.save(&run.out, "puzzles")
}

/// Tiles `[T, 3, P, P]` on a board `[3, S, S]`, tile t in cell `cells[t]`; cells without a tile stay white.
fn board(tiles: &Tensor, cells: &[usize], maker: &Maker) -> Result<Tensor> {
    let (grid, patch) = (maker.cutter.grid, maker.cutter.patch);
    let white = Tensor::ones((3, patch, patch), tiles.dtype(), tiles.device())?;
    let cell = |cell: usize| {
        let tile = cells.iter().position(|&other| other == cell).map(|tile| tiles.get(tile));
        let border = |x: Tensor, axis: usize| x.affine(1.0, -1.0)?.pad_with_zeros(axis, 0, 1)?.affine(1.0, 1.0);
        tile.unwrap_or_else(|| Ok(white.clone())).and_then(|tile| border(border(tile, 1)?, 2))
    };
    let row =
        |row: usize| Tensor::cat(&(0..grid).map(|column| cell(row * grid + column)).collect::<Result<Vec<_>>>()?, 2);
    Tensor::cat(&(0..grid).map(row).collect::<Result<Vec<_>>>()?, 1)
}

/// Images whose patches are compared, patches that are looked for, and neighbors of each that are shown.
const COMPARED: usize = 1000;
const QUERIES: usize = 6;
const NEIGHBORS: usize = 7;

/// As figure 4 of Doersch, Gupta and Efros: what does the network take for alike?
fn neighbors(run: &Run, maker: &Maker, model: &Model) -> anyhow::Result<String> {
    let of = |split: &Split, count: usize| -> anyhow::Result<(Tensor, Tensor)> {
        let images = split.sample(count.min(split.len()), 0).images().to_tensor(&run.device)?;
        let (mut pictures, mut features) = (Vec::new(), Vec::new());
        for first in (0..images.dims()[0]).step_by(BATCH) {
            let batch = images.narrow(0, first, BATCH.min(images.dims()[0] - first))?;
            let cut = maker.cutter.cut(&batch, &mut generator(run.seed()))?;
            let seen = maker.cutter.finish(&cut, &mut generator(run.seed()))?.flatten_to(1)?;
            features.push(model.backbone.forward(&seen, false)?.detach());
            pictures.push(cut.flatten_to(1)?);
        }
        Ok((Tensor::cat(&pictures, 0)?, normalize(&Tensor::cat(&features, 0)?)?))
    };
    let (known, known_features) = of(&run.data.train, COMPARED)?;
    let (asked, asked_features) = of(&run.data.test, QUERIES)?;
    // A tile of each image, another one every time.
    let cells = maker.cutter.grid * maker.cutter.grid;
    let queries = (0..asked.dims()[0] / cells).map(|i| (i * cells + i % cells) as u32);
    let queries = Tensor::from_iter(queries, &run.device)?;
    let cosines: Vec<Vec<f32>> = asked_features.index_select(&queries, 0)?.matmul(&known_features.t()?)?.to_vec2()?;
    let (mut images, mut captions) = (Vec::new(), Vec::new());
    for (query, row) in queries.to_vec1::<u32>()?.into_iter().zip(cosines) {
        let mut order: Vec<u32> = (0..row.len() as u32).collect();
        order.sort_by(|&a, &b| row[b as usize].total_cmp(&row[a as usize]));
        order.truncate(NEIGHBORS);
        images.push(asked.narrow(0, query as usize, 1)?);
        captions.push("query".to_string());
        captions.extend(order.iter().map(|&i| format!("{:.2}", row[i as usize])));
        images.push(known.index_select(&Tensor::new(order, &run.device)?, 0)?);
    }
    let grid = Grid {
        title: "Patches whose features are nearest by cosine".to_string(),
        columns: 1 + NEIGHBORS,
        images: Tensor::cat(&images, 0)?,
        captions,
    };
    grid.save(&run.out, "neighbors")
}

/// Images whose patches are embedded at a time.
const BATCH: usize = 100;
