//! `--ablate loss`: which of the three losses gives the best features?

use ssl_experiment::{Comparison, Input, Run};

use super::{Loss, Settings, train};

/// Trains with each loss from the same initial weights, on the same views.
pub fn losses(run: &Run, settings: &Settings) -> anyhow::Result<()> {
    let mut comparison = Comparison::default();
    for loss in Loss::ALL {
        let model = train(run, settings, loss)?;
        comparison.push(loss.name(), run.evaluate(&model.backbone, &Input::RGB)?);
    }
    let mut page = run.page("Lab 04: which loss");
    comparison.write(&mut page);
    let bars = comparison.bars("Which loss", &run.out, "ablation_loss")?;
    page.figure(&bars, "The same views, backbone, schedule and images seen.");
    run.finish(&page, &comparison)
}
