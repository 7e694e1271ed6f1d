//! `--ablate`: what the network reads off the lens, and how many permutations it takes.

use ssl_data::Source;
use ssl_experiment::{Comparison, Run};
use ssl_report::{Bars, HeatMap, Plot, percent};

use super::puzzle::{Maker, PuzzleFlags};
use super::tiles::TileFlags;
use super::{Ablation, Model, Settings, pretext_accuracy, train};

/// Epochs of each training: short, so that a comparison ends within half an hour.
const EPOCHS: usize = 3;

/// Trains all variants of a comparison and writes its page.
pub fn compare(ablation: Ablation, run: Run, settings: &Settings) -> anyhow::Result<()> {
    let mut settings = settings.clone();
    settings.flags.epochs = Some(settings.flags.epochs_or(EPOCHS));
    match ablation {
        Ablation::Shortcut => shortcut(run, &settings),
        Ablation::Permutations => permutations(&run.into_ablation("permutations")?, &settings),
    }
}

/// What is done against the shortcut: a name, and the flags, each with what the ones before it have.
const DEFENSES: [(&str, fn(TileFlags) -> TileFlags); 5] = [
    ("none", |flags| flags),
    ("gap", |flags| TileFlags { gap: 2, jitter: 3, ..flags }),
    ("normal.", |flags| TileFlags { no_normalization: false, ..flags }),
    ("color", |flags| TileFlags { channel_jitter: 1, grayscale: 0.3, ..flags }),
    ("light", |flags| TileFlags { relight: 0.3, ..flags }),
];

/// No defense at all: cells as large as patches, one beside the other.
const OPEN: TileFlags =
    TileFlags { gap: 0, jitter: 0, channel_jitter: 0, no_normalization: true, relight: 0.0, grayscale: 0.0 };

/// How often puzzles are solved, as a multiple of chance, with one defense more each time; with toys and, on Toybox, without.
fn shortcut(run: Run, settings: &Settings) -> anyhow::Result<()> {
    let bare = match &settings.flags.data {
        Source::Toybox(world) => {
            let mut bare = settings.clone();
            bare.flags.data = Source::Toybox(ssl_data::Toybox { toys: false, ..world.clone() });
            bare.flags.out = Some(run.out.join("ablation_shortcut/no_toys"));
            Some(Run::open(&bare)?.into_ablation("shortcut")?)
        }
        _ => None,
    };
    let run = run.into_ablation("shortcut")?;
    let mut comparison = Comparison::default();
    let mut rows = vec!["toys".to_string()];
    let mut values = vec![with_defenses(&run, settings, |name, model, maker| {
        comparison.push(name, run.evaluate(&model.backbone, &maker.cutter.input())?);
        Ok(())
    })?];
    if let Some(bare) = &bare {
        rows.push("no toys".to_string());
        values.push(with_defenses(bare, settings, |_, _, _| Ok(()))?);
    }
    let map = HeatMap {
        title: "Puzzles solved ÷ chance".to_string(),
        row_label: "images".to_string(),
        column_label: "with this defense and those before it".to_string(),
        rows,
        columns: DEFENSES.iter().map(|(name, _)| name.to_string()).collect(),
        values,
    };
    report_shortcut(&run, &map, &comparison)
}

/// How often puzzles are solved with one defense more each time, as a multiple of chance; `look` is shown each model.
fn with_defenses(
    run: &Run,
    settings: &Settings,
    mut look: impl FnMut(&str, &Model, &Maker) -> anyhow::Result<()>,
) -> anyhow::Result<Vec<f64>> {
    let with = |tiles: TileFlags| PuzzleFlags { tiles, ..settings.puzzle.clone() };
    // Patches are as large as they are behind all defenses.
    let closed = DEFENSES.iter().fold(OPEN, |tiles, (_, defend)| defend(tiles));
    let patch = Maker::new(run, &with(closed))?.cutter.patch;
    let (mut tiles, mut row) = (OPEN, Vec::new());
    for (name, defend) in DEFENSES {
        tiles = defend(tiles);
        let settings = Settings { puzzle: with(tiles.clone()), ..settings.clone() };
        let mut maker = Maker::new(run, &settings.puzzle)?;
        maker.cutter.patch = patch;
        let model = train(run, &settings, &maker, &format!("shortcut_{}", name.trim_end_matches('.')))?;
        let solved = pretext_accuracy(run, &maker, &model, &run.data.test)?;
        println!("{}, {name}: {} solved", run.data.name, percent(solved));
        row.push(solved * maker.classes() as f64);
        look(name, &model, &maker)?;
    }
    Ok(row)
}

fn report_shortcut(run: &Run, map: &HeatMap, comparison: &Comparison) -> anyhow::Result<()> {
    let mut page = run.page("Lab 02: what the network reads off the lens");
    page.text(
        "Each column has the defenses of those to its left as well. none: patches lie side by side, as bright as they are. gap: a gap of 2 \
         pixels and a jitter of 3. normal.: each patch normalized. color: each color channel with a jitter of its own, and three images \
         in ten gray. light: each patch in a light from a side of its own.",
    );
    page.figure(&map.save(&run.out, "shortcut")?, "Without toys there is nothing to see but the lens: 1 is chance.");
    comparison.write(&mut page);
    let bars = comparison.bars("Probes on images with toys", &run.out, "shortcut_probes")?;
    page.figure(&bars, "What the features are good for, with one defense more each time.");
    run.finish(&page, comparison)
}

/// Numbers of permutations, of which each asks for a finer distinction (Noroozi and Favaro, table 4).
const COUNTS: [usize; 4] = [8, 24, 64, 100];

fn permutations(run: &Run, settings: &Settings) -> anyhow::Result<()> {
    let mut comparison = Comparison::default();
    let mut solved = Vec::new();
    let all: usize = (1..=Maker::new(run, &settings.puzzle)?.tiles()).product();
    for count in COUNTS.into_iter().filter(|count| *count <= all) {
        let mut settings = settings.clone();
        settings.puzzle.permutations = Some(count);
        let maker = Maker::new(run, &settings.puzzle)?;
        let model = train(run, &settings, &maker, &format!("permutations_{count}"))?;
        solved.push(100.0 * pretext_accuracy(run, &maker, &model, &run.data.test)?);
        comparison.push(&count.to_string(), run.evaluate(&model.backbone, &maker.cutter.input())?);
    }
    let mut page = run.page("Lab 02: how many permutations");
    comparison.write(&mut page);
    let bars = Bars {
        title: "Puzzles solved, by the number of permutations".to_string(),
        y_label: "test images (%)".to_string(),
        groups: comparison.names(),
        series: vec![("solved".to_string(), solved)],
    };
    page.figure(&bars.save(&run.out, "permutations")?, "More permutations are harder to tell apart.");
    let bars = comparison.bars("Probes, by the number of permutations", &run.out, "permutations_probes")?;
    page.figure(&bars, "What the features are good for.");
    run.finish(&page, &comparison)
}
