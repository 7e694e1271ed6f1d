//! What the functions of lab 06 promise to refuse.

use candle_core::{DType, Device, Result, Tensor};
use rand::SeedableRng;
use ssl_data::Rng;
use ssl_grading::Bad;

use super::Exercises;

fn ones(shape: &[usize]) -> Result<Tensor> {
    Tensor::ones(shape, DType::F32, &Device::Cpu)
}

fn rng() -> Rng {
    Rng::seed_from_u64(0)
}

pub const KMEANS_PLUS_PLUS: &[Bad<Exercises>] = &[
    ("maps", |e| (e.kmeans_plus_plus)(&ones(&[4, 3, 2])?, 2, &mut rng()).map(drop)),
    ("no centroids", |e| (e.kmeans_plus_plus)(&ones(&[4, 3])?, 0, &mut rng()).map(drop)),
    ("5 centroids of 4 features", |e| (e.kmeans_plus_plus)(&ones(&[4, 3])?, 5, &mut rng()).map(drop)),
];

pub const ASSIGN: &[Bad<Exercises>] = &[
    ("centroids of another width", |e| (e.assign)(&ones(&[4, 3])?, &ones(&[2, 1])?).map(drop)),
    ("features of another width", |e| (e.assign)(&ones(&[4, 1])?, &ones(&[2, 3])?).map(drop)),
    ("one centroid without an axis", |e| (e.assign)(&ones(&[4, 3])?, &ones(&[3])?).map(drop)),
    ("maps", |e| (e.assign)(&ones(&[4, 3, 2])?, &ones(&[2, 3, 2])?).map(drop)),
];

fn update(e: &Exercises, assignments: &[u32], k: usize) -> Result<()> {
    (e.update_centroids)(&ones(&[4, 3])?, assignments, k).map(drop)
}

pub const UPDATE_CENTROIDS: &[Bad<Exercises>] = &[
    ("maps", |e| (e.update_centroids)(&ones(&[4, 3, 2])?, &[0, 1, 0, 1], 2).map(drop)),
    ("3 assignments of 4 features", |e| update(e, &[0, 1, 0], 2)),
    ("5 assignments of 4 features", |e| update(e, &[0, 1, 0, 1, 1], 2)),
    ("cluster 2 of 2", |e| update(e, &[0, 1, 0, 2], 2)),
    ("5 clusters of 4 features", |e| update(e, &[0, 1, 2, 3], 5)),
];

pub const BALANCED_INDICES: &[Bad<Exercises>] = &[
    ("cluster 3 of 3", |e| (e.balanced_indices)(&[0, 3, 1], 3, 6, &mut rng()).map(drop)),
    ("cluster 3 of 3, and no places", |e| (e.balanced_indices)(&[0, 3, 1], 3, 0, &mut rng()).map(drop)),
    ("cluster 3 of 3 beyond the places", |e| (e.balanced_indices)(&[0, 1, 3], 3, 2, &mut rng()).map(drop)),
    ("places for no images", |e| (e.balanced_indices)(&[], 3, 6, &mut rng()).map(drop)),
];

pub const NORMALIZED_MUTUAL_INFORMATION: &[Bad<Exercises>] = &[
    ("3 and 4 labels", |e| (e.normalized_mutual_information)(&[0, 1, 2], &[0, 1, 2, 0]).map(drop)),
    ("4 and 3 labels", |e| (e.normalized_mutual_information)(&[0, 1, 2, 0], &[0, 1, 2]).map(drop)),
    ("no labels", |e| (e.normalized_mutual_information)(&[], &[]).map(drop)),
];

pub const SINKHORN: &[Bad<Exercises>] = &[
    ("scores without a batch axis", |e| (e.sinkhorn)(&ones(&[4])?, 0.05, 3).map(drop)),
    ("maps", |e| (e.sinkhorn)(&ones(&[4, 3, 2])?, 0.05, 3).map(drop)),
    ("ε = 0", |e| (e.sinkhorn)(&ones(&[4, 3])?, 0.0, 3).map(drop)),
    ("an ε that is NaN", |e| (e.sinkhorn)(&ones(&[4, 3])?, f64::NAN, 3).map(drop)),
    ("ε = −0.05", |e| (e.sinkhorn)(&ones(&[4, 3])?, -0.05, 3).map(drop)),
    ("no iterations", |e| (e.sinkhorn)(&ones(&[4, 3])?, 0.05, 0).map(drop)),
];

fn swap(e: &Exercises, shapes: [&[usize]; 4]) -> Result<()> {
    let [a, b, x, y] = shapes.map(ones);
    (e.swapped_prediction_loss)(&a?, &b?, &x?, &y?, 0.1).map(drop)
}

pub const SWAPPED_PREDICTION_LOSS: &[Bad<Exercises>] = &[
    ("one code for four scores", |e| swap(e, [&[4, 3], &[4, 3], &[4, 3], &[1, 3]])),
    ("one code for four scores of the other view", |e| swap(e, [&[4, 3], &[4, 3], &[1, 3], &[4, 3]])),
    ("one score of the other view for four codes", |e| swap(e, [&[1, 3], &[4, 3], &[4, 3], &[4, 3]])),
    ("one score for four codes", |e| swap(e, [&[4, 3], &[1, 3], &[4, 3], &[4, 3]])),
    ("views of 4 and of 5 images", |e| swap(e, [&[4, 3], &[5, 3], &[5, 3], &[4, 3]])),
    ("codes over one prototype", |e| swap(e, [&[4, 3], &[4, 3], &[4, 1], &[4, 1]])),
    ("maps", |e| swap(e, [&[4, 3, 2]; 4])),
];

fn tightness(e: &Exercises, centroids: &[usize], assignments: &[u32]) -> Result<()> {
    (e.concentration)(&ones(&[4, 3])?, &ones(centroids)?, assignments, 10.0, 0.1).map(drop)
}

pub const CONCENTRATION: &[Bad<Exercises>] = &[
    ("centroids of another width", |e| tightness(e, &[2, 1], &[0, 1, 0, 1])),
    ("3 assignments of 4 features", |e| tightness(e, &[2, 3], &[0, 1, 0])),
    ("5 assignments of 4 features", |e| tightness(e, &[2, 3], &[0, 1, 0, 1, 0])),
    ("cluster 2 of 2", |e| tightness(e, &[2, 3], &[0, 1, 0, 2])),
    ("clusters of one member each", |e| tightness(e, &[4, 3], &[0, 1, 2, 3])),
    ("maps", |e| (e.concentration)(&ones(&[4, 3, 2])?, &ones(&[2, 3, 2])?, &[0, 1, 0, 1], 10.0, 0.1).map(drop)),
];

fn proto(e: &Exercises, prototypes: &[usize], assignments: &[u32], concentration: &[usize]) -> Result<()> {
    (e.proto_nce)(&ones(&[4, 3])?, &ones(prototypes)?, assignments, &ones(concentration)?).map(drop)
}

pub const PROTO_NCE: &[Bad<Exercises>] = &[
    ("prototypes of another width", |e| proto(e, &[2, 4], &[0, 1, 0, 1], &[2])),
    ("3 assignments of 4 rows", |e| proto(e, &[2, 3], &[0, 1, 0], &[2])),
    ("5 assignments of 4 rows", |e| proto(e, &[2, 3], &[0, 1, 0, 1, 0], &[2])),
    ("one assignment of 4 rows", |e| proto(e, &[2, 3], &[0], &[2])),
    ("cluster 2 of 2", |e| proto(e, &[2, 3], &[0, 1, 0, 2], &[2])),
    ("one φ for two prototypes", |e| proto(e, &[2, 3], &[0, 1, 0, 1], &[1])),
    ("a φ for each row", |e| proto(e, &[2, 3], &[0, 1, 0, 1], &[4])),
    ("maps", |e| (e.proto_nce)(&ones(&[4, 3, 2])?, &ones(&[2, 3])?, &[0, 1, 0, 1], &ones(&[2])?).map(drop)),
];
