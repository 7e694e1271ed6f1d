//! From a network's answers to painted images, and how good those are.

use candle_core::{DType, Result, Tensor};
use colorization::{annealed_mean, lab_to_rgb, rgb_to_lab};
use ssl_experiment::Run;
use ssl_nn::ops::upsample2d;

use super::colorizer::Colorizer;
use super::palette::{Loss, Palette, SPREAD, lightness, mean_ab};

/// a and b `[B, 2, H/4, W/4]` of a model's answers.
fn color(palette: &Palette, loss: Loss, answers: &Tensor, temperature: f64) -> Result<Tensor> {
    match loss {
        Loss::Regression => answers * SPREAD,
        _ => annealed_mean(answers, &palette.bins, temperature),
    }
}

/// Images `[B, 3, H, W]` painted anew: their own lightness, the model's a and b.
pub fn paint(palette: &Palette, model: &Colorizer, images: &Tensor, temperature: f64) -> Result<Tensor> {
    let lab = rgb_to_lab(images)?;
    let (_, _, height, width) = lab.dims4()?;
    let answers = model.forward(&lightness(&lab)?, false)?;
    let ab = upsample2d(&color(palette, model.loss, &answers, temperature)?, (height, width))?;
    lab_to_rgb(&Tensor::cat(&[lab.narrow(1, 0, 1)?, ab], 1)?)
}

/// Images without their colors.
pub fn gray(images: &Tensor) -> Result<Tensor> {
    let lightness = rgb_to_lab(images)?.narrow(1, 0, 1)?;
    lab_to_rgb(&lightness.pad_with_zeros(1, 0, 2)?)
}

/// How good painted test images are.
pub struct Painted {
    /// Mean distance of painted and true colors, in units of a and b.
    pub error: f64,
    /// Mean chroma √(a² + b²) of what is painted ÷ the truth's.
    pub chroma: f64,
    /// Share of squares whose bin is right: of all, and of those whose true bin is rare.
    pub right: f64,
    pub rare: f64,
}

/// Test images that are painted at a time.
const BATCH: usize = 100;

/// A bin is rare that occurs less often than this.
pub const RARE: f64 = 0.01;

/// Paints all test images.
pub fn judge(run: &Run, palette: &Palette, model: &Colorizer, temperature: f64) -> anyhow::Result<Painted> {
    let [mut squares, mut rare_squares, mut error, mut got, mut true_chroma, mut right, mut rare] = [0.0; 7];
    let is_rare = palette.prior.lt(RARE)?.to_dtype(DType::F32)?;
    let sum = |x: &Tensor| Ok::<_, candle_core::Error>(f64::from(x.sum_all()?.to_scalar::<f32>()?));
    for indices in (0..run.data.test.len()).collect::<Vec<_>>().chunks(BATCH) {
        let lab = rgb_to_lab(&run.data.test.images().select(indices).to_tensor(&run.device)?)?;
        let answers = model.forward(&lightness(&lab)?, false)?;
        let (painted, truth) = (color(palette, model.loss, &answers, temperature)?, mean_ab(&lab)?);
        let bins = palette.targets(&lab)?.argmax(1)?; // [B, H/4, W/4]
        let answered = palette.nearest(&color(palette, model.loss, &answers, MODE)?)?;
        let hits = answered.eq(&bins)?.to_dtype(DType::F32)?;
        let rares = is_rare.index_select(&bins.flatten_all()?, 0)?.reshape(bins.shape())?;
        squares += bins.elem_count() as f64;
        rare_squares += sum(&rares)?;
        error += sum(&length(&(&painted - &truth)?)?)?;
        got += sum(&length(&painted)?)?;
        true_chroma += sum(&length(&truth)?)?;
        right += sum(&hits)?;
        rare += sum(&(hits * rares)?)?;
    }
    Ok(Painted { error: error / squares, chroma: got / true_chroma, right: right / squares, rare: rare / rare_squares })
}

/// So low a temperature makes the annealed mean the mode.
pub const MODE: f64 = 0.01;

/// √(a² + b²) of `[B, 2, H, W]`: `[B, H, W]`.
fn length(ab: &Tensor) -> Result<Tensor> {
    ab.sqr()?.sum(1)?.sqrt()
}
