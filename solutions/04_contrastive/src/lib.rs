//! Lab 04: contrastive losses (Hadsell et al. 2006, Schroff et al. 2015, van den Oord et al. 2018, Chen et al. 2020, Wang and
//! Isola 2020).
//!
//! Bring together what belongs together and push apart what does not: pairs, triplets, and one against all others. The handout
//! is this folder's README.md.
//!
//! Tensors hold `f32` where the text says no other type. What `# Errors` promises may be an error of Candle's own that is passed on with `?`.

use candle_core::{D, Result, Tensor, bail};

/// Exercise 1: the Euclidean distance between row i of `a` and row i of `b`.
///
/// ```text
/// dᵢ = √( Σₖ (aᵢ[k] − bᵢ[k])² + ε ),   ε = 1e-12
/// ```
///
/// With ε inside the root the gradient of two equal rows is 0; without it, or with ε outside, it is 0/0.
///
/// # Shapes
/// `[B, D]` and `[B, D]` → `[B]`.
///
/// # Errors
/// Shapes that differ, or a rank other than 2.
///
/// # Hint
/// The root's derivative is 1/(2√x): what is it where a row of `a` equals its row of `b`?
pub fn pairwise_distance(a: &Tensor, b: &Tensor) -> Result<Tensor> {
    // BEGIN SOLUTION 1: Euclidean distance, row by row
    if a.rank() != 2 || a.dims() != b.dims() {
        bail!("pairwise_distance expects [B, D] twice, got {:?} and {:?}", a.dims(), b.dims());
    }
    ((a - b)?.sqr()?.sum(D::Minus1)? + 1e-12)?.sqrt() // [B]
    // END SOLUTION
}

/// Exercise 2: the contrastive loss of pairs, without squares.
///
/// ```text
/// loss = 1/B · Σᵢ  dᵢ              if pair i is positive
///                  max(0, α − dᵢ)   if it is negative
/// ```
///
/// Positive pairs are drawn together; negative ones are pushed apart until they are the margin α away from each other. (Hadsell,
/// Chopra and LeCun 2006, equation 4, square both terms and halve them.)
///
/// # Shapes
/// Distances `[B]`, `is_positive` `[B]` of type `u8`: 1 for a positive pair, 0 for a negative one → a number `[]`.
///
/// # Units
/// Those of the distance.
///
/// # Errors
/// Shapes other than these.
///
/// # Hint
/// `where_cond` chooses between two tensors, element by element; `relu` is max(0, ·).
pub fn contrastive_loss(distance: &Tensor, is_positive: &Tensor, margin: f64) -> Result<Tensor> {
    // BEGIN SOLUTION 2: near if positive, a margin away if not
    if distance.rank() != 1 || distance.dims() != is_positive.dims() {
        bail!("contrastive_loss expects [B] twice, got {:?} and {:?}", distance.dims(), is_positive.dims());
    }
    let apart = (margin - distance)?.relu()?; // [B]
    is_positive.where_cond(distance, &apart)?.mean_all()
    // END SOLUTION
}

/// Exercise 3: the triplet loss (Schroff et al. 2015, equation 3, with distances that are not squared).
///
/// ```text
/// loss = 1/B · Σᵢ max(0, d(aᵢ, pᵢ) − d(aᵢ, nᵢ) + α)
/// ```
///
/// with the distance d of exercise 1. The mean is over all triplets, those that are already right included.
///
/// # Shapes
/// Anchors a, positives p and negatives n, `[B, D]` each → a number `[]`.
///
/// # Units
/// Those of the distance.
///
/// # Errors
/// Shapes that differ.
///
/// # Hint
/// When is nothing left to do for a triplet? Then its term has to be 0.
pub fn triplet_loss(anchor: &Tensor, positive: &Tensor, negative: &Tensor, margin: f64) -> Result<Tensor> {
    // BEGIN SOLUTION 3: nearer to the positive than to the negative, by a margin
    let near = pairwise_distance(anchor, positive)?; // [B]
    let far = pairwise_distance(anchor, negative)?; // [B]
    ((near - far)? + margin)?.relu()?.mean_all()
    // END SOLUTION
}

/// Exercise 4: a semi-hard negative for every anchor (Schroff et al. 2015, section 3.2 and equation 4).
///
/// The negatives of anchor i are the samples of other labels. Semi-hard are those that are farther away than the anchor's
/// positive p = `positives[i]`, but not yet by the margin:
///
/// ```text
/// d(i, p) < d(i, n) < d(i, p) + α
/// ```
///
/// The answer for anchor i is the closest of them, the one with the lowest index where several are equally close, and `None`
/// where there is none.
///
/// # Shapes
/// Distances `[N, N]`, labels `[N]` of type `u32`, N positives → N answers.
///
/// # Errors
/// Shapes other than these.
///
/// # Hint
/// This is a search, not a formula: nothing has to be differentiated. `to_vec2` gives you rows to search.
pub fn semi_hard_negatives(
    distances: &Tensor,
    labels: &Tensor,
    positives: &[usize],
    margin: f64,
) -> Result<Vec<Option<usize>>> {
    // BEGIN SOLUTION 4: the closest negative beyond the positive and within the margin
    let count = positives.len();
    if distances.dims() != [count, count] || labels.dims() != [count] {
        bail!("{count} positives, distances {:?}, labels {:?}", distances.dims(), labels.dims());
    }
    let (rows, labels): (Vec<Vec<f32>>, Vec<u32>) = (distances.to_vec2()?, labels.to_vec1()?);
    let search = |(anchor, row): (usize, &Vec<f32>)| {
        let near = row[positives[anchor]];
        let semi_hard = |&n: &usize| {
            let far = row[n];
            labels[n] != labels[anchor] && near < far && f64::from(far) < f64::from(near) + margin
        };
        // `min_by` keeps the first of equal ones.
        (0..count).filter(semi_hard).min_by(|&a, &b| row[a].total_cmp(&row[b]))
    };
    Ok(rows.iter().enumerate().map(search).collect())
    // END SOLUTION
}

/// Exercise 5: the cosine of the angle between every two rows.
///
/// ```text
/// S[i, j] = ẑᵢ · ẑⱼ,   ẑ = z / √( Σₖ z[k]² + ε ),   ε = 1e-12
/// ```
///
/// A row of zeros has no direction: its cosines are 0.
///
/// # Shapes
/// `[N, D]` → `[N, N]`.
///
/// # Errors
/// A rank other than 2.
///
/// # Hint
/// Each row gets length 1 first: over which axis does the sum run? Then all cosines are one matrix product.
pub fn cosine_similarity_matrix(z: &Tensor) -> Result<Tensor> {
    // BEGIN SOLUTION 5: all cosines in one product
    let z = normalized(z)?; // [N, D]
    z.matmul(&z.t()?) // [N, N]
    // END SOLUTION
}

// BEGIN SOLUTION helper
/// Rows of length 1.
fn normalized(z: &Tensor) -> Result<Tensor> {
    z.dims2()?;
    let length = (z.sqr()?.sum_keepdim(D::Minus1)? + 1e-12)?.sqrt()?; // [N, 1]
    z.broadcast_div(&length)
}
// END SOLUTION

/// Exercise 6: InfoNCE over two views of N images, as NT-Xent (van den Oord et al. 2018, equation 4; Chen et al. 2020,
/// equation 1).
///
/// Put the views together, z = (z_a; z_b), 2N rows in all. Each row i is an anchor; its positive p(i) is the other view of the
/// same image, and all other 2N − 2 rows are its negatives:
///
/// ```text
/// loss = 1/2N · Σᵢ −log( exp(S[i, p(i)] / τ) / Σ_{j ≠ i} exp(S[i, j] / τ) )
/// ```
///
/// with the cosines S of exercise 5. The sum below leaves out the anchor alone: the positive is in it. At τ = 0.01 the
/// exponents reach 100, and exp(100) is larger than any `f32`.
///
/// # Shapes
/// `[N, D]` and `[N, D]` → a number `[]`.
///
/// # Units
/// Nats: ln(2N − 1) where all embeddings are the same.
///
/// # Errors
/// Shapes that differ.
///
/// # Hint
/// A row of S / τ without its diagonal element holds logits, and p(i) is the right class. exp(−∞) is 0.
pub fn info_nce(z_a: &Tensor, z_b: &Tensor, temperature: f64) -> Result<Tensor> {
    // BEGIN SOLUTION 6: each of 2N views finds its partner among all others
    let (count, _) = z_a.dims2()?;
    if z_a.dims() != z_b.dims() {
        bail!("info_nce expects two views of equal shape, got {:?} and {:?}", z_a.dims(), z_b.dims());
    }
    let device = z_a.device();
    let rows = 2 * count as u32;
    let similarity = cosine_similarity_matrix(&Tensor::cat(&[z_a, z_b], 0)?)?; // [2N, 2N]
    let logits = (similarity / temperature)?;
    let numbers = Tensor::arange(0, rows, device)?;
    let itself = numbers.unsqueeze(1)?.broadcast_eq(&numbers.unsqueeze(0)?)?; // [2N, 2N]
    let nothing = Tensor::new(f32::NEG_INFINITY, device)?.broadcast_as(logits.shape())?;
    let logits = itself.where_cond(&nothing, &logits)?;
    let partners = Tensor::from_iter((0..rows).map(|i| (i + rows / 2) % rows), device)?; // [2N]
    let log_probability = candle_nn::ops::log_softmax(&logits, D::Minus1)?;
    log_probability.gather(&partners.unsqueeze(1)?, 1)?.mean_all()?.neg()
    // END SOLUTION
}

/// Exercise 7: how far apart the two views of an image are (Wang and Isola 2020, section 4.1.1).
///
/// ```text
/// alignment = 1/N · Σᵢ ‖ẑ_a,i − ẑ_b,i‖^α
/// ```
///
/// of rows normalized as in exercise 5. Less is better: 0 where both views have the same embedding. For α < 2 the
/// derivative of the root is infinite there, so there is no gradient where two views are equal; from α = 2 on it is 0.
///
/// # Shapes
/// `[N, D]` and `[N, D]` → a number `[]`.
///
/// # Errors
/// Shapes that differ.
///
/// # Hint
/// ‖x‖^α = (‖x‖²)^(α/2): for α = 2 no root is needed.
pub fn alignment(z_a: &Tensor, z_b: &Tensor, alpha: f64) -> Result<Tensor> {
    // BEGIN SOLUTION 7: mean distance of the two views, to the power of α
    let squared = (normalized(z_a)? - normalized(z_b)?)?.sqr()?.sum(D::Minus1)?; // [N]
    squared.powf(alpha / 2.0)?.mean_all()
    // END SOLUTION
}

/// Exercise 8: how evenly embeddings cover the sphere (Wang and Isola 2020, section 4.1.2).
///
/// ```text
/// uniformity = log( mean over i < j of exp(−t · ‖ẑᵢ − ẑⱼ‖²) )
/// ```
///
/// of rows normalized as in exercise 5. Less is better: 0 where all are the same, about −2·t where they are spread evenly over
/// a sphere of many dimensions.
///
/// # Shapes
/// `[N, D]`, no row of which is zero → a number `[]`.
///
/// # Units
/// Nats.
///
/// # Errors
/// Fewer than two rows.
///
/// # Hint
/// Rows of length 1: ‖ẑᵢ − ẑⱼ‖² = 2 − 2·S[i, j]. How many pairs i < j are there, and how often does S hold each?
pub fn uniformity(z: &Tensor, t: f64) -> Result<Tensor> {
    // BEGIN SOLUTION 8: log of the mean Gaussian potential of all pairs
    let (count, _) = z.dims2()?;
    if count < 2 {
        bail!("uniformity expects at least two embeddings, got {count}");
    }
    let numbers = Tensor::arange(0, count as u32, z.device())?;
    let pairs = numbers.unsqueeze(1)?.broadcast_lt(&numbers.unsqueeze(0)?)?.to_dtype(z.dtype())?; // [N, N]
    let squared = (2.0 - (2.0 * cosine_similarity_matrix(z)?)?)?; // [N, N]
    let potential = ((squared * -t)?.exp()? * &pairs)?.sum_all()?;
    (potential / (count * (count - 1) / 2) as f64)?.log()
    // END SOLUTION
}
