//! Patches and their features, taken in other ways, most of them wrong.

use candle_core::{D, Result, Tensor, bail};
use jigsaw::puzzle_features;
use ssl_nn::Encode;

/// Which jitter a patch of an image has: (image, cell, cells, images) → its number.
type Number = fn(usize, usize, usize, usize) -> usize;

/// How patches are cut.
pub struct Rule {
    pub transposed: bool,
    pub jitter: Number,
    /// By how much cells are farther apart than they should be.
    pub longer: isize,
    /// The side of a cell, if it is not the image's share.
    pub side: Option<usize>,
}

pub const RIGHT: Rule = Rule { transposed: false, jitter: |b, t, n, _| b * n + t, longer: 0, side: None };

pub fn cut(images: &Tensor, grid: usize, patch: usize, jitter: &[(usize, usize)], rule: &Rule) -> Result<Tensor> {
    let (batch, channels, height, width) = images.dims4()?;
    if jitter.len() != batch * grid * grid {
        bail!("another number of jitters");
    }
    let side = |length: usize| rule.side.unwrap_or((length / grid).saturating_add_signed(rule.longer));
    let mut patches = Vec::new();
    for b in 0..batch {
        for t in 0..grid * grid {
            let (row, column) = if rule.transposed { (t % grid, t / grid) } else { (t / grid, t % grid) };
            let (dy, dx) = jitter[(rule.jitter)(b, t, grid * grid, batch)];
            let (top, left) = (row * side(height) + dy, column * side(width) + dx);
            patches.push(images.get(b)?.narrow(1, top, patch)?.narrow(2, left, patch)?);
        }
    }
    Tensor::stack(&patches, 0)?.reshape((batch, grid * grid, channels, patch, patch))
}

pub fn swapped(jitter: &[(usize, usize)]) -> Vec<(usize, usize)> {
    jitter.iter().map(|&(dy, dx)| (dx, dy)).collect()
}

/// Jitters that are larger by `more`.
pub fn beyond(jitter: &[(usize, usize)], more: usize) -> Vec<(usize, usize)> {
    jitter.iter().map(|&(dy, dx)| (dy + more, dx + more)).collect()
}

fn check(images: &Tensor, grid: usize, patch: usize, gap: usize, jitter: &[(usize, usize)]) -> Result<()> {
    let (batch, _, height, width) = images.dims4()?;
    let fits = |offset: usize, length: usize| offset + patch + gap <= length / grid;
    if grid == 0
        || jitter.len() != batch * grid * grid
        || jitter.iter().any(|&(y, x)| !fits(y, height) || !fits(x, width))
    {
        bail!("jitters that do not fit");
    }
    Ok(())
}

/// Every pixel by its number.
pub fn patches_by_index(
    images: &Tensor,
    grid: usize,
    patch: usize,
    gap: usize,
    jitter: &[(usize, usize)],
) -> Result<Tensor> {
    check(images, grid, patch, gap, jitter)?;
    let (batch, channels, height, width) = images.dims4()?;
    let mut pixels = Vec::new();
    for b in 0..batch {
        for t in 0..grid * grid {
            let (dy, dx) = jitter[b * grid * grid + t];
            let (top, left) = (t / grid * (height / grid) + dy, t % grid * (width / grid) + dx);
            for c in 0..channels {
                for y in top..top + patch {
                    pixels.extend((left..left + patch).map(|x| (((b * channels + c) * height + y) * width + x) as u32));
                }
            }
        }
    }
    let pixels = Tensor::from_vec(pixels, batch * grid * grid * channels * patch * patch, images.device())?;
    images.flatten_all()?.index_select(&pixels, 0)?.reshape((batch, grid * grid, channels, patch, patch))
}

/// All images' patches of one cell after the other.
pub fn cells_first(
    images: &Tensor,
    grid: usize,
    patch: usize,
    gap: usize,
    jitter: &[(usize, usize)],
) -> Result<Tensor> {
    check(images, grid, patch, gap, jitter)?;
    let cells = grid * grid;
    let cell = |t: usize| {
        let of_image = |(b, image): (usize, Result<Tensor>)| {
            let (_, height, width) = image.as_ref().map_err(|_| candle_core::Error::Msg("no image".into()))?.dims3()?;
            let (dy, dx) = jitter[b * cells + t];
            image?.narrow(1, t / grid * (height / grid) + dy, patch)?.narrow(2, t % grid * (width / grid) + dx, patch)
        };
        let patches: Result<Vec<_>> = (0..images.dims()[0]).map(|b| (b, images.get(b))).map(of_image).collect();
        Tensor::stack(&patches?, 0)
    };
    Tensor::stack(&(0..cells).map(cell).collect::<Result<Vec<_>>>()?, 1)
}

pub fn centered(x: &Tensor) -> Result<Tensor> {
    x.broadcast_sub(&x.mean_keepdim((3, 4))?)
}

pub fn variance(x: &Tensor) -> Result<Tensor> {
    centered(x)?.sqr()?.mean_keepdim((3, 4))
}

/// By statistics over some axes, the variance divided by the number of elements less `correction`.
pub fn normalized(x: &Tensor, axes: &[usize], correction: f64) -> Result<Tensor> {
    if x.rank() != 5 {
        bail!("another rank");
    }
    let count: usize = axes.iter().map(|&axis| x.dims()[axis]).product();
    let sum = |x: &Tensor| axes.iter().try_fold(x.clone(), |x, &axis| x.sum_keepdim(axis));
    let centered = x.broadcast_sub(&(sum(x)? / count as f64)?)?;
    let variance = (sum(&centered.sqr()?)? / (count as f64 - correction))?;
    centered.broadcast_div(&(variance + 1e-5)?.sqrt()?)
}

pub fn statistics_detached(x: &Tensor) -> Result<Tensor> {
    let mean = x.mean_keepdim((3, 4))?.detach();
    x.broadcast_sub(&mean)?.broadcast_div(&(variance(x)? + 1e-5)?.sqrt()?.detach())
}

/// The variance as the mean of squares less the square of the mean.
pub fn normalized_by_moments(x: &Tensor) -> Result<Tensor> {
    x.dims5()?;
    let mean = x.mean_keepdim((3, 4))?;
    let shifted = x.broadcast_sub(&mean.detach())?;
    let (first, second) = (shifted.mean_keepdim((3, 4))?, shifted.sqr()?.mean_keepdim((3, 4))?);
    shifted.broadcast_sub(&first)?.broadcast_div(&((second - first.sqr()?)? + 1e-5)?.sqrt()?)
}

/// Each channel of a patch as one row.
pub fn normalized_by_row(x: &Tensor) -> Result<Tensor> {
    x.dims5()?;
    let rows = x.flatten_from(3)?;
    let rows = rows.broadcast_sub(&rows.mean_keepdim(D::Minus1)?)?;
    let scale = (rows.sqr()?.mean_keepdim(D::Minus1)? + 1e-5)?.powf(-0.5)?;
    rows.broadcast_mul(&scale)?.reshape(x.shape())
}

/// `[B, T, D]`
pub fn by_tile(encode: &Encode, patches: &Tensor, train: bool) -> Result<Tensor> {
    let (batch, tiles, ..) = patches.dims5()?;
    puzzle_features(encode, patches, train)?.reshape((batch, tiles, ()))
}

/// Slices along an axis, each by itself.
pub fn parts(x: &Tensor, axis: usize, of: impl Fn(&Tensor) -> Result<Tensor>) -> Result<Tensor> {
    x.dims5()?;
    let parts = (0..x.dims()[axis]).map(|i| of(&x.narrow(axis, i, 1)?));
    Tensor::cat(&parts.collect::<Result<Vec<_>>>()?, axis)
}

pub fn batch_and_tile_mixed(encode: &Encode, patches: &Tensor, train: bool) -> Result<Tensor> {
    let (batch, tiles, ..) = patches.dims5()?;
    let features = encode(&patches.flatten_to(1)?, train)?;
    features.reshape((tiles, batch, ()))?.transpose(0, 1)?.flatten_from(1)
}

/// The features of each place, side by side, after one call for all.
pub fn features_by_cat(encode: &Encode, patches: &Tensor, train: bool) -> Result<Tensor> {
    let (batch, tiles, ..) = patches.dims5()?;
    let places: Result<Vec<_>> = (0..tiles).map(|t| patches.narrow(1, t, 1)?.squeeze(1)).collect();
    let features = encode(&Tensor::cat(&places?, 0)?, train)?;
    let places: Result<Vec<_>> = (0..tiles).map(|t| features.narrow(0, t * batch, batch)).collect();
    Tensor::cat(&places?, 1)
}
