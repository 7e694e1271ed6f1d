//! Figures that many experiments draw.

use candle_core::Tensor;
use ssl_data::Augmentation;
use ssl_report::plot::Scale;
use ssl_report::progress::{LANDMARKS, curve, history};
use ssl_report::{Curves, Grid, Plot};

use crate::flags::Settings;
use crate::run::Run;

/// Images whose views are shown.
const SHOWN: usize = 8;

impl Run {
    /// The first training images' views, one row for each augmentation `[N, 3, H, W]`.
    ///
    /// # Errors
    /// As [`ssl_data::Loader::views`].
    pub fn first_views(&self, settings: &impl Settings, views: &[Augmentation]) -> anyhow::Result<Vec<Tensor>> {
        let loader = self.loader(settings)?;
        let Some(batch) = loader.views(0, views)?.next() else { anyhow::bail!("no training images") };
        let shown = SHOWN.min(loader.batch_size());
        Ok(batch?.tensors.iter().map(|views| views.narrow(0, 0, shown)).collect::<candle_core::Result<_>>()?)
    }

    /// Rows of images `[N, 3, H, W]` below each other, as `NAME`.
    ///
    /// # Errors
    /// Rows of different shapes; files that can't be written.
    pub fn rows(&self, title: &str, rows: &[Tensor], name: &str) -> anyhow::Result<String> {
        let images = Tensor::cat(rows, 0)?;
        let columns = images.dims()[0] / rows.len();
        Grid { title: title.to_string(), columns, images, captions: Vec::new() }.save(&self.out, name)
    }

    /// Curves of `quantities` of a training, from its first step on. With the loss come its landmarks, and the file is `training_NAME`; one
    /// quantity other than kNN gives `QUANTITY_NAME`, anything else `accuracy_NAME`.
    ///
    /// # Errors
    /// Metrics that can't be read; files that can't be written.
    pub fn training_curves(&self, training: &str, quantities: &[&str], y_label: &str) -> anyhow::Result<String> {
        let line = |quantity: &str| Ok((quantity.to_string(), curve(&self.out, training, quantity)?));
        let landmark = |name: &str| Ok((name.replace('_', " "), history(&self.out, training, name)?));
        let of_loss = quantities.contains(&"loss");
        let landmarks = LANDMARKS.iter().filter(|_| of_loss).map(|(name, _)| landmark(name));
        let landmarks = landmarks.collect::<anyhow::Result<Vec<_>>>()?.into_iter();
        let curves = Curves {
            title: format!("Training: {training}"),
            x_label: "epoch".to_string(),
            y_label: y_label.to_string(),
            series: quantities.iter().map(|quantity| line(quantity)).collect::<anyhow::Result<_>>()?,
            levels: landmarks.filter_map(|(name, points)| Some((name, points.first()?.1))).collect(),
            scale: Scale::Linear,
        };
        let file = match quantities {
            _ if of_loss => "training",
            [quantity] if *quantity != "kNN" => quantity,
            _ => "accuracy",
        };
        curves.save(&self.out, &format!("{file}_{}", training.replace(['-', ' '], "_")))
    }

    /// Curves of one quantity of several trainings, a label and a name each, as `while_training_QUANTITY`.
    ///
    /// # Errors
    /// As [`Run::training_curves`].
    pub fn compared_curves(&self, trainings: &[(String, String)], quantity: &str) -> anyhow::Result<String> {
        let line = |(label, training): &(String, String)| Ok((label.clone(), curve(&self.out, training, quantity)?));
        let curves = Curves {
            title: format!("{quantity} while training"),
            x_label: "epoch".to_string(),
            y_label: quantity.to_string(),
            series: trainings.iter().map(line).collect::<anyhow::Result<_>>()?,
            levels: Vec::new(),
            scale: Scale::Linear,
        };
        curves.save(&self.out, &format!("while_training_{}", quantity.to_lowercase().replace(", ", "_")))
    }
}
