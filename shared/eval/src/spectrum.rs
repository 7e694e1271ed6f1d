//! Along how many directions embeddings are spread.

use candle_core::{DType, Result, Tensor, bail};
use nalgebra::{DMatrix, SymmetricEigen};

/// The eigenvectors of the covariance of centered rows `[N, D]`, and the standard deviations along them, the greatest first.
fn principal(centered: &Tensor) -> Result<(DMatrix<f64>, Vec<(usize, f64)>)> {
    let (count, width) = centered.dims2()?;
    let covariance = (centered.t()?.matmul(centered)? / count as f64)?; // [D, D]
    let covariance: Vec<f64> = covariance.flatten_all()?.to_vec1()?;
    // With NaN the decomposition never ends.
    if covariance.iter().any(|number| !number.is_finite()) {
        bail!("principal directions: expected finite numbers, got NaN or infinity");
    }
    let eigen = SymmetricEigen::new(DMatrix::from_vec(width, width, covariance));
    // Rounding may leave an eigenvalue a little below 0.
    let deviations = eigen.eigenvalues.iter().map(|variance: &f64| variance.max(0.0).sqrt());
    let mut deviations: Vec<(usize, f64)> = deviations.enumerate().collect();
    deviations.sort_by(|a, b| b.1.total_cmp(&a.1));
    Ok((eigen.eigenvectors, deviations))
}

/// Rows less their mean, in double precision.
fn centered(z: &Tensor) -> Result<Tensor> {
    let z = z.to_dtype(DType::F64)?;
    z.broadcast_sub(&z.mean_keepdim(0)?)
}

/// Singular values of embeddings `[N, D]`, centered and divided by √N, the greatest first: the standard deviations along their principal directions.
/// Some that are 0 are directions that nothing uses (*dimensional collapse*, Jing et al. 2022).
///
/// # Errors
/// A rank other than 2, no embeddings.
pub fn singular_values(z: &Tensor) -> Result<Vec<f64>> {
    z.dims2()?;
    Ok(principal(&centered(z)?)?.1.into_iter().map(|(_, deviation)| deviation).collect())
}

/// Features along their `width` first principal directions, with mean 0 and variance 1 along each (PCA-whitening). A direction along which
/// nothing varies gives 0.
///
/// # Shapes
/// `[N, D]` → `[N, width]`.
///
/// # Errors
/// A rank other than 2; more directions than D, or none.
pub fn whiten(features: &Tensor, width: usize) -> Result<Tensor> {
    let (_, all) = features.dims2()?;
    if width == 0 || width > all {
        bail!("whiten: {width} directions of {all}");
    }
    let centered = centered(features)?;
    let (vectors, deviations) = principal(&centered)?;
    let least = deviations[0].1 * NOTHING;
    let column = |&(i, deviation): &(usize, f64)| {
        let scale = if deviation > least { 1.0 / deviation } else { 0.0 };
        vectors.column(i).iter().map(move |x| x * scale).collect::<Vec<f64>>()
    };
    let map: Vec<f64> = deviations[..width].iter().flat_map(column).collect();
    let map = Tensor::from_vec(map, (width, all), features.device())?;
    centered.matmul(&map.t()?)?.to_dtype(features.dtype())
}

/// A deviation below this share of the greatest is rounding.
const NOTHING: f64 = 1e-6;

/// How many directions count: exp of the entropy of σᵢ / Σ σ (Roy and Vetterli 2007, equation 4). From 1, where all embeddings lie on a line, to D,
/// where they are spread evenly; 0 where they lie on a point.
pub fn effective_rank(singular_values: &[f64]) -> f64 {
    let total: f64 = singular_values.iter().sum();
    if total == 0.0 {
        return 0.0;
    }
    let shares = singular_values.iter().map(|value| value / total).filter(|share| *share > 0.0);
    (-shares.map(|share| share * share.ln()).sum::<f64>()).exp()
}
