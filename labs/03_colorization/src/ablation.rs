//! `--ablate loss`: is a color a number to be guessed, or one of several possibilities (figure 4 and table 1 of the paper)?

use ssl_experiment::{Comparison, Run};
use ssl_report::{Bars, Plot};

use super::paint::{Painted, gray, judge, paint};
use super::palette::{INPUT, Loss, Palette};
use super::plots::{gallery, shown, table};
use super::{Settings, train};

/// Trains a model with each loss, from the same initial weights of the backbone, and compares what they paint and their features.
pub fn losses(run: &Run, settings: &Settings) -> anyhow::Result<()> {
    let palette = Palette::new(run, settings.lambda)?;
    let images = shown(run)?;
    let mut comparison = Comparison::default();
    let mut rows = vec![("gray".to_string(), gray(&images)?)];
    let mut painted = Vec::new();
    for loss in Loss::ALL {
        let model = train(run, settings, &palette, loss)?;
        painted.push((loss.name(), judge(run, &palette, &model, settings.temperature)?));
        rows.push((loss.name().to_string(), paint(&palette, &model, &images, settings.temperature)?));
        comparison.push(loss.name(), run.evaluate(&model.backbone, &INPUT)?);
    }
    rows.push(("truth".to_string(), images));
    let mut page = run.page("Lab 03: one color, or many possible ones");
    let title = "Test images: gray, painted by networks with three losses, and as they are";
    page.figure(
        &gallery(run, title, &rows, "losses")?,
        "A regression's best answer to several possible colors is their mean. A distribution over bins keeps them apart.",
    );
    table(&mut page, &painted.iter().map(|(name, painted)| (*name, painted)).collect::<Vec<_>>());
    page.figure(&bins(run, &painted)?, "Squares whose bin is right: all, and those whose true bin is rare.");
    comparison.write(&mut page);
    page.figure(&comparison.bars("Which loss", &run.out, "ablation_loss")?, "What the features are good for.");
    run.finish(&page, &comparison)
}

fn bins(run: &Run, painted: &[(&str, Painted)]) -> anyhow::Result<String> {
    let series = |name: &str, of: fn(&Painted) -> f64| {
        (name.to_string(), painted.iter().map(|(_, painted)| 100.0 * of(painted)).collect())
    };
    let bars = Bars {
        title: "Bins that are right".to_string(),
        y_label: "squares of test images (%)".to_string(),
        groups: painted.iter().map(|(name, _)| name.to_string()).collect(),
        series: vec![series("all", |painted| painted.right), series("rare", |painted| painted.rare)],
    };
    bars.save(&run.out, "bins_right")
}
