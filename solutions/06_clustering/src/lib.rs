//! Lab 06: clustering (DeepCluster, Caron et al. 2018; SwAV, Caron et al. 2020; PCL, Li et al. 2021).
//!
//! Which images belong together? Ask the features, make labels of the answer, train with them, and ask again. The handout is this folder's
//! README.md.
//!
//! Tensors hold `f32` where the text says no other type. What `# Errors` promises may be an error of Candle's own that is passed on with `?`.

use candle_core::{D, Result, Tensor, bail};
use candle_nn::ops::log_softmax;
use rand::Rng as _;
use rand::seq::SliceRandom as _;
use ssl_data::Rng;

// BEGIN SOLUTION helper
/// Squared distances of all features and centroids, `[N, K]`.
fn squared_distances(features: &Tensor, centroids: &Tensor) -> Result<Tensor> {
    let lengths = centroids.sqr()?.sum(1)?.unsqueeze(0)?; // [1, K]
    let products = (features.matmul(&centroids.t()?)? * 2.0)?;
    features.sqr()?.sum_keepdim(1)?.broadcast_add(&lengths)?.sub(&products)?.relu()
}
// END SOLUTION

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
    // BEGIN SOLUTION 1: one feature after the other, by squared distance
    let (count, _) = features.dims2()?;
    if k == 0 || k > count {
        bail!("kmeans_plus_plus: {k} centroids of {count} features");
    }
    let mut chosen = vec![rng.random_range(0..count)];
    let mut nearest = vec![f32::INFINITY; count];
    while chosen.len() < k {
        let last = features.narrow(0, chosen[chosen.len() - 1], 1)?;
        let squares: Vec<f32> = features.broadcast_sub(&last)?.sqr()?.sum(1)?.to_vec1()?;
        nearest.iter_mut().zip(squares).for_each(|(nearest, square)| *nearest = nearest.min(square));
        chosen.push(draw(&nearest, rng));
    }
    let rows = Tensor::from_iter(chosen.into_iter().map(|i| i as u32), features.device())?;
    features.index_select(&rows, 0)
    // END SOLUTION
}

// BEGIN SOLUTION helper
/// A place, with a probability proportional to its weight, or uniformly where all are 0.
fn draw(weights: &[f32], rng: &mut Rng) -> usize {
    let total: f64 = weights.iter().map(|&weight| f64::from(weight)).sum();
    if total == 0.0 {
        return rng.random_range(0..weights.len());
    }
    let mut left = rng.random_range(0.0..total);
    let place = weights.iter().position(|&weight| {
        left -= f64::from(weight);
        left < 0.0
    });
    place.unwrap_or_else(|| weights.iter().rposition(|&weight| weight > 0.0).unwrap_or(0))
}
// END SOLUTION

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
    // BEGIN SOLUTION 2: least squared distance
    let ((_, width), (_, other)) = (features.dims2()?, centroids.dims2()?);
    if width != other {
        bail!("assign: features of {width} numbers, centroids of {other}");
    }
    squared_distances(features, centroids)?.argmin(D::Minus1)
    // END SOLUTION
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
    // BEGIN SOLUTION 3: halve the largest for each empty one, then the means
    let (count, _) = features.dims2()?;
    if assignments.len() != count || k > count {
        bail!("update_centroids: {count} features, {} assignments, {k} clusters", assignments.len());
    }
    let mut members = vec![Vec::new(); k];
    for (row, &cluster) in assignments.iter().enumerate() {
        match members.get_mut(cluster as usize) {
            Some(members) => members.push(row as u32),
            None => bail!("update_centroids: cluster {cluster} of {k}"),
        }
    }
    for empty in 0..k {
        if members[empty].is_empty() {
            // The first of the largest: `max_by_key` takes the last.
            let largest = (0..k).rev().max_by_key(|&cluster| members[cluster].len()).unwrap_or(empty);
            let half = members[largest].len().div_ceil(2);
            members[empty] = members[largest].split_off(half);
        }
    }
    let mean =
        |members: &Vec<u32>| features.index_select(&Tensor::new(members.as_slice(), features.device())?, 0)?.mean(0);
    Tensor::stack(&members.iter().map(mean).collect::<Result<Vec<_>>>()?, 0)
    // END SOLUTION
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
    // BEGIN SOLUTION 4: equal shares, each cluster's images round after round
    let mut members = vec![Vec::new(); k];
    for (image, &cluster) in assignments.iter().enumerate() {
        match members.get_mut(cluster as usize) {
            Some(members) => members.push(image),
            None => bail!("balanced_indices: cluster {cluster} of {k}"),
        }
    }
    members.retain(|members| !members.is_empty());
    if members.is_empty() && n > 0 {
        bail!("balanced_indices: {n} places for no images");
    }
    let clusters = members.len();
    let mut order = Vec::with_capacity(n);
    for (number, members) in members.iter_mut().enumerate() {
        let places = n / clusters + usize::from(number < n % clusters);
        members.shuffle(rng);
        order.extend(members.iter().copied().cycle().take(places));
    }
    order.shuffle(rng);
    Ok(order)
    // END SOLUTION
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
    // BEGIN SOLUTION 5: from counts of pairs
    if a.len() != b.len() || a.is_empty() {
        bail!("normalized_mutual_information: {} and {} labels", a.len(), b.len());
    }
    let (of_a, of_b) = (shares(a.iter()), shares(b.iter()));
    let entropy = |shares: &Shares<&u32>| -shares.values().map(|p| p * p.ln()).sum::<f64>();
    let (entropy_a, entropy_b) = (entropy(&of_a), entropy(&of_b));
    match (of_a.len(), of_b.len()) {
        (1, 1) => return Ok(1.0),
        (1, _) | (_, 1) => return Ok(0.0),
        _ => {}
    }
    let pairs = shares(a.iter().zip(b));
    let information: f64 = pairs.iter().map(|((a, b), p)| p * (p / (of_a[a] * of_b[b])).ln()).sum();
    Ok(information / (entropy_a * entropy_b).sqrt())
    // END SOLUTION
}

// BEGIN SOLUTION helper
type Shares<T> = std::collections::BTreeMap<T, f64>;

/// How often each thing comes, as a share of all.
fn shares<T: Ord>(things: impl ExactSizeIterator<Item = T>) -> Shares<T> {
    let part = 1.0 / things.len() as f64;
    things.fold(Shares::new(), |mut shares, thing| {
        *shares.entry(thing).or_default() += part;
        shares
    })
}
// END SOLUTION

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
    // BEGIN SOLUTION 6: columns, then rows, again and again
    scores.dims2()?;
    if epsilon.is_nan() || epsilon <= 0.0 || iterations == 0 {
        bail!("sinkhorn: ε = {epsilon}, {iterations} iterations");
    }
    let scores = scores.detach();
    let mut codes = (scores.broadcast_sub(&scores.max_all()?)? / epsilon)?.exp()?;
    for _ in 0..iterations {
        codes = codes.broadcast_div(&codes.sum_keepdim(0)?)?;
        codes = codes.broadcast_div(&codes.sum_keepdim(1)?)?;
    }
    Ok(codes)
    // END SOLUTION
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
    // BEGIN SOLUTION 7: cross-entropy with the other view's code, both ways
    scores_a.dims2()?;
    if [scores_b, codes_a, codes_b].iter().any(|other| other.dims() != scores_a.dims()) {
        bail!("swapped_prediction_loss: shapes differ from scores {:?}", scores_a.dims());
    }
    let entropy = |scores: &Tensor, codes: &Tensor| {
        let log_probabilities = log_softmax(&(scores / temperature)?, D::Minus1)?;
        (codes.detach() * log_probabilities)?.sum(D::Minus1)?.mean_all()?.neg()
    };
    (entropy(scores_a, codes_b)? + entropy(scores_b, codes_a)?)? / 2.0
    // END SOLUTION
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
    // BEGIN SOLUTION 8: mean distances, tempered, clipped, scaled
    let ((count, _), (clusters, _)) = (features.dims2()?, centroids.dims2()?);
    if assignments.len() != count || assignments.iter().any(|&cluster| cluster as usize >= clusters) {
        bail!("concentration: {count} features, {} assignments to {clusters} clusters", assignments.len());
    }
    let own = centroids.index_select(&Tensor::new(assignments, centroids.device())?, 0)?;
    let distances: Vec<f32> = (features - own)?.sqr()?.sum(1)?.sqrt()?.to_vec1()?;
    let (mut sums, mut sizes) = (vec![0.0; clusters], vec![0.0; clusters]);
    for (&cluster, distance) in assignments.iter().zip(distances) {
        sums[cluster as usize] += f64::from(distance);
        sizes[cluster as usize] += 1.0;
    }
    let of = |(sum, size): (&f64, &f64)| (*size > 1.0).then(|| sum / (size * (size + alpha).ln()));
    let known: Vec<Option<f64>> = sums.iter().zip(&sizes).map(of).collect();
    let Some(greatest) = known.iter().flatten().copied().reduce(f64::max) else {
        bail!("concentration: no cluster has two members");
    };
    let values: Vec<f64> = known.into_iter().map(|value| value.unwrap_or(greatest)).collect();
    let (low, high) = (percentile(&values, 10.0), percentile(&values, 90.0));
    let clipped: Vec<f64> = values.iter().map(|value| value.clamp(low, high)).collect();
    let scale = temperature * clusters as f64 / clipped.iter().sum::<f64>();
    Tensor::from_iter(clipped.iter().map(|value| (value * scale) as f32), features.device())
    // END SOLUTION
}

// BEGIN SOLUTION helper
/// The percentile of some values, on the line between the two that are nearest.
fn percentile(values: &[f64], percent: f64) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let place = percent / 100.0 * (sorted.len() - 1) as f64;
    let (below, above) = (sorted[place.floor() as usize], sorted[place.ceil() as usize]);
    below + (above - below) * place.fract()
}
// END SOLUTION

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
    // BEGIN SOLUTION 9: cross-entropy with the own prototype, each with its temperature
    let ((batch, _), (clusters, _)) = (z.dims2()?, prototypes.dims2()?);
    if assignments.len() != batch || concentration.dims() != [clusters] {
        let (assignments, concentration) = (assignments.len(), concentration.dims());
        bail!("proto_nce: {batch} rows, {assignments} assignments; {clusters} prototypes, φ {concentration:?}");
    }
    if let Some(cluster) = assignments.iter().find(|&&cluster| cluster as usize >= clusters) {
        bail!("proto_nce: cluster {cluster} of {clusters}");
    }
    let logits = z.matmul(&prototypes.detach().t()?)?.broadcast_div(&concentration.detach())?; // [B, K]
    let own = Tensor::new(assignments, z.device())?.unsqueeze(1)?; // [B, 1]
    log_softmax(&logits, D::Minus1)?.gather(&own, 1)?.mean_all()?.neg()
    // END SOLUTION
}
