//! What features do not tell: the same toy elsewhere, in other light, with other stripes.

use candle_core::{Device, Result, Tensor};
use rayon::prelude::*;
use ssl_data::Images;
use ssl_data::toybox::{Change, Toy, Toybox};
use ssl_eval::{embed, normalize};
use ssl_nn::Backbone;

/// What changes, and what to call it.
pub const CHANGES: [(Change, &str); 3] =
    [(Change::Position, "position"), (Change::Light, "light"), (Change::Texture, "texture")];
const TOYS: usize = 500;
const QUICK_TOYS: usize = 50;
const SEED: u64 = 81;

/// How little features change, for each of [`CHANGES`]: 1 where they stay the same, 0 where they become as different as those of another toy.
pub fn measure(backbone: &Backbone, device: &Device, quick: bool) -> anyhow::Result<[f64; 3]> {
    let (world, count) = (Toybox { seed: SEED, ..Toybox::default() }, if quick { QUICK_TOYS } else { TOYS });
    let directions = |render: &(dyn Fn(usize) -> Toy + Sync)| -> anyhow::Result<Tensor> {
        let toys: Vec<Toy> = (0..count).into_par_iter().map(render).collect();
        let pixels = toys.into_iter().flat_map(|toy| toy.pixels).collect();
        let encode = |images: &Tensor, train: bool| backbone.forward(images, train);
        Ok(normalize(&embed(&encode, &Images::new(pixels, world.size, world.size)?, device)?)?)
    };
    let plain = directions(&|i| world.render(i, 0.0))?;
    // The next toy is of another class.
    let others = Tensor::cat(&[plain.narrow(0, 1, count - 1)?, plain.narrow(0, 0, 1)?], 0)?;
    let other = cosine(&plain, &others)?;
    let mut found = [0.0; 3];
    for (found, (change, _)) in found.iter_mut().zip(CHANGES) {
        let same = cosine(&plain, &directions(&|i| world.render_changed(i, change, count + i))?)?;
        *found = (same - other) / (1.0 - other);
    }
    Ok(found)
}

/// Mean cosine of rows of length 1.
fn cosine(a: &Tensor, b: &Tensor) -> Result<f64> {
    Ok(f64::from((a * b)?.sum(1)?.mean_all()?.to_scalar::<f32>()?))
}
