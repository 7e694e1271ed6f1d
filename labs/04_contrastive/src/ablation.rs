//! `--ablate loss`: which of the three losses gives the best features?

use std::path::Path;

use candle_core::Device;
use ssl_data::Dataset;
use ssl_report::{Comparison, PROTOCOL, Page};

use super::{Loss, Settings, train};

/// Trains with each loss from the same initial weights, on the same views. A variant that has been finished before is read
/// from its checkpoint.
pub fn run(settings: &Settings, data: &Dataset, out: &Path, device: &Device) -> anyhow::Result<()> {
    let settings = Settings { options: settings.options.for_comparison(data)?, ..settings.clone() };
    let mut comparison = Comparison::default();
    for loss in Loss::ALL {
        let model = train(&settings, data, loss, loss.name(), out, device)?;
        comparison.push(loss.name(), model.evaluate(data, device)?);
    }
    let title = format!("Lab 04: which loss, on {}", data.name);
    let mut page = Page::new(&title, settings.options.seed, PROTOCOL, device);
    comparison.write(&mut page);
    let bars = comparison.bars("Which loss", out, "ablation_loss")?;
    page.figure(&bars, "The same views, backbone, schedule and number of images.");
    println!("report: {}", page.save(out)?.display());
    Ok(())
}
