//! Lab 06: clustering (DeepCluster, Caron et al. 2018; SwAV, Caron et al. 2020; PCL, Li et al. 2021).
//!
//! Which images belong together? Ask the features, make labels of the answer, train with them, and ask again. The handout is this folder's
//! README.md.
//!
//! Tensors hold `f32` where the text says no other type. What `# Errors` promises may be an error of Candle's own that is passed on with `?`.

#![allow(unused)] // delete this line when you are done

use candle_core::{D, Result, Tensor, bail};
use candle_nn::ops::log_softmax;
use rand::Rng as _;
use rand::seq::SliceRandom as _;
use ssl_data::Rng;

/// Exercise 1: centroids to start from, far from each other (k-means++, Arthur and Vassilvitskii 2007).
///
/// The first is a feature that is drawn uniformly. Each further one is a feature that is drawn with a probability proportional to
///
/// ```text
/// d(x)² = min over the chosen centroids c of ‖x − c‖²
/// ```
///
/// or uniformly among all features where all d are 0. All random numbers come from `rng`.
///
/// # Shapes
/// `[N, D]` → `[k, D]`, in the order in which they were drawn.
///
/// # Errors
/// A rank other than 2; no centroids, or more than features.
///
/// # Hint
/// A feature that is chosen has d = 0, so that it is not chosen again. `rng.random_range(0.0..total)` is a number between 0 and Σ d²; it lies in one
/// feature's share: whose?
pub fn kmeans_plus_plus(features: &Tensor, k: usize, rng: &mut Rng) -> Result<Tensor> {
    todo!("exercise 1: one feature after the other, by squared distance")
}

/// Exercise 2: the nearest centroid of every feature.
///
/// ```text
/// assignment[i] = argmin over c of ‖xᵢ − c‖²
/// ```
///
/// the Euclidean distance, whatever the lengths. Any of those that are equally near may be taken.
///
/// # Shapes
/// features `[N, D]`, centroids `[K, D]` → `[N]` of type `u32`.
///
/// # Errors
/// A rank other than 2; widths that differ.
///
/// # Hint
/// ‖x − c‖² = ‖x‖² − 2 x·c + ‖c‖²: one matrix product has all the products, and `[N, K, D]` never has to fit into memory.
pub fn assign(features: &Tensor, centroids: &Tensor) -> Result<Tensor> {
    todo!("exercise 2: least squared distance")
}

/// Exercise 3: every centroid moves into the middle of its features, and no cluster stays empty.
///
/// First, for each empty cluster in the order of its number: the cluster that is largest by then (of several, the first) gives it the second half of its members, the
/// last ⌊n/2⌋ of them in the order of their rows. Then
///
/// ```text
/// centroid[c] = mean of the features that are in cluster c
/// ```
///
/// (DeepCluster puts an empty cluster beside a random other one.)
///
/// # Shapes
/// features `[N, D]`, one assignment a feature → `[k, D]`.
///
/// # Errors
/// A rank other than 2; another number of assignments than features; an assignment that is not below k; more clusters than features.
///
/// # Hint
/// Lists of members make the halving easy. A one-hot matrix `[k, N]` times the features sums them, or `index_add` does.
pub fn update_centroids(features: &Tensor, assignments: &[u32], k: usize) -> Result<Tensor> {
    todo!("exercise 3: halve the largest for each empty one, then the means")
}

/// Exercise 4: images in an order in which every cluster comes equally often (DeepCluster, section 3.3, *trivial parametrization*).
///
/// Of `n` places every one of the C clusters that is not empty has ⌊n/C⌋, and the first n mod C of them one more. A cluster fills its places with its
/// images, all of them once before any comes twice, all twice before any comes three times; which come once more than others is random. All
/// places are shuffled at last. All random numbers come from `rng`.
///
/// # Shapes
/// One assignment an image → `n` numbers of images.
///
/// # Errors
/// An assignment that is not below k; no images where n is not 0.
///
/// # Hint
/// `shuffle` of a cluster's images, then as many rounds through them as it has places. `SliceRandom` is imported.
pub fn balanced_indices(assignments: &[u32], k: usize, n: usize, rng: &mut Rng) -> Result<Vec<usize>> {
    todo!("exercise 4: equal shares, each cluster's images round after round")
}

/// Exercise 5: how much two labelings of the same images have in common (Strehl and Ghosh 2002, equation 3).
///
/// ```text
/// I = Σ over a, b of  p(a, b) · ln( p(a, b) / (p(a) · p(b)) ),   H(a) = −Σ p(a) · ln p(a),   NMI = I / √(H(a) · H(b))
/// ```
///
/// 0 · ln 0 is 0. Where both labelings have one label only, NMI is 1; where one of them has, 0.
///
/// # Units
/// From 0 (independent) to 1 (the same up to names).
///
/// # Errors
/// Lists of different lengths; no labels.
///
/// # Hint
/// Count pairs first: labels need not be below any number, so a `HashMap` counts them.
pub fn normalized_mutual_information(a: &[u32], b: &[u32]) -> Result<f64> {
    todo!("exercise 5: from counts of pairs")
}

/// Exercise 6: codes that spread a batch evenly over the prototypes (Sinkhorn and Knopp; SwAV, section 3.1 and appendix A).
///
/// ```text
/// Q = exp((scores − max of all scores) / ε)
/// `iterations` times:  divide each column (a prototype) by its sum, then each row (a sample) by its sum
/// ```
///
/// so that every row is a distribution, and all columns have nearly the same sum. The maximum is one number for the whole batch. The codes
/// are targets: no gradient goes through them.
///
/// # Shapes
/// scores `[B, K]` → codes `[B, K]`, whose rows sum to 1.
///
/// # Errors
/// A rank other than 2; an ε that is not positive; no iterations.
///
/// # Hint
/// Detach first. Why would the maximum of each row change the result, and that of all scores not?
pub fn sinkhorn(scores: &Tensor, epsilon: f64, iterations: usize) -> Result<Tensor> {
    todo!("exercise 6: columns, then rows, again and again")
}

/// Exercise 7: each view predicts the other view's code (SwAV, equation 2).
///
/// ```text
/// loss = ½ · ( ℓ(scores_a, codes_b) + ℓ(scores_b, codes_a) ),
/// ℓ(s, q) = −1/B · Σᵢ Σₖ q[i, k] · log softmax(sᵢ / τ)[k]
/// ```
///
/// (the paper sums the two, its code averages). Codes are constants, whatever they come with.
///
/// # Shapes
/// Four times `[B, K]` → a number `[]`.
///
/// # Units
/// Nats; ln K where the scores say nothing.
///
/// # Errors
/// A rank other than 2; shapes that differ.
///
/// # Hint
/// Whose code does view a predict? A softmax before a logarithm underflows: `log_softmax`.
pub fn swapped_prediction_loss(
    scores_a: &Tensor,
    scores_b: &Tensor,
    codes_a: &Tensor,
    codes_b: &Tensor,
    temperature: f64,
) -> Result<Tensor> {
    todo!("exercise 7: cross-entropy with the other view's code, both ways")
}

/// Exercise 8: how tight each cluster is, as a temperature of its own (PCL, equation 12 and its code).
///
/// ```text
/// φ[c] = Σ over members v of c of ‖v − c‖ / (Z · ln(Z + α)),   Z the number of members
/// ```
///
/// the distance itself, not its square. Clusters of one member or none take the greatest φ of the others. Then every φ is raised to the 10th
/// percentile of all K, or lowered to the 90th (between two values: on the line between them, as NumPy does), and all are scaled so that
/// their mean is τ.
///
/// # Shapes
/// features `[N, D]`, centroids `[K, D]`, one assignment a feature → `[K]`.
///
/// # Errors
/// A rank other than 2; widths that differ; another number of assignments than features; an assignment that is not below K; no cluster of two members.
///
/// # Hint
/// Percentile p of K sorted values lies at place p/100 · (K − 1).
pub fn concentration(
    features: &Tensor,
    centroids: &Tensor,
    assignments: &[u32],
    alpha: f64,
    temperature: f64,
) -> Result<Tensor> {
    todo!("exercise 8: mean distances, tempered, clipped, scaled")
}

/// Exercise 9: an image is to be told by its cluster's prototype (PCL, equation 11, the prototypes' term).
///
/// ```text
/// loss = −1/B · Σᵢ log softmax over c of ( zᵢ · c / φ[c] ) at c = assignment[i]
/// ```
///
/// Prototypes and φ are constants: gradients reach z alone. Nothing is normalized here.
///
/// # Shapes
/// z `[B, D]`, prototypes `[K, D]`, one assignment a row of z, φ `[K]` → a number `[]`.
///
/// # Units
/// Nats.
///
/// # Errors
/// A rank of z or prototypes other than 2; widths that differ; another number of assignments than rows, of φ than prototypes; an assignment that is
/// not below K.
///
/// # Hint
/// Every column of the logits has a temperature of its own. `gather` takes each row's own column.
pub fn proto_nce(z: &Tensor, prototypes: &Tensor, assignments: &[u32], concentration: &Tensor) -> Result<Tensor> {
    todo!("exercise 9: cross-entropy with the own prototype, each with its temperature")
}
