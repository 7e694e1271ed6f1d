//! What the functions of lab 04 promise to refuse.

use candle_core::{DType, Device, Result, Tensor};
use ssl_grading::Bad;

use super::Exercises;

fn ones(shape: &[usize], dtype: DType) -> Result<Tensor> {
    Tensor::ones(shape, dtype, &Device::Cpu)
}

fn floats(shape: &[usize]) -> Result<Tensor> {
    ones(shape, DType::F32)
}

pub const PAIRWISE_DISTANCE: &[Bad<Exercises>] = &[
    ("five rows and one row", |e| (e.pairwise_distance)(&floats(&[5, 4])?, &floats(&[1, 4])?).map(drop)),
    ("one row and five rows", |e| (e.pairwise_distance)(&floats(&[1, 4])?, &floats(&[5, 4])?).map(drop)),
    ("rows of length 4 and of length 1", |e| (e.pairwise_distance)(&floats(&[5, 4])?, &floats(&[5, 1])?).map(drop)),
    ("vectors, [4] and [4]", |e| (e.pairwise_distance)(&floats(&[4])?, &floats(&[4])?).map(drop)),
    ("rank 3", |e| (e.pairwise_distance)(&floats(&[2, 3, 4])?, &floats(&[2, 3, 4])?).map(drop)),
];

pub const CONTRASTIVE_LOSS: &[Bad<Exercises>] = &[
    ("five distances and one label", |e| (e.contrastive_loss)(&floats(&[5])?, &ones(&[1], DType::U8)?, 1.0).map(drop)),
    ("one distance and five labels", |e| (e.contrastive_loss)(&floats(&[1])?, &ones(&[5], DType::U8)?, 1.0).map(drop)),
    ("five distances and four labels", |e| {
        (e.contrastive_loss)(&floats(&[5])?, &ones(&[4], DType::U8)?, 1.0).map(drop)
    }),
    ("labels as a column", |e| (e.contrastive_loss)(&floats(&[5])?, &ones(&[5, 1], DType::U8)?, 1.0).map(drop)),
    ("distances of rank 2", |e| (e.contrastive_loss)(&floats(&[5, 2])?, &ones(&[5, 2], DType::U8)?, 1.0).map(drop)),
];

pub const TRIPLET_LOSS: &[Bad<Exercises>] = &[
    ("one anchor for five positives", |e| {
        (e.triplet_loss)(&floats(&[1, 4])?, &floats(&[5, 4])?, &floats(&[5, 4])?, 1.0).map(drop)
    }),
    ("one positive for five anchors", |e| {
        (e.triplet_loss)(&floats(&[5, 4])?, &floats(&[1, 4])?, &floats(&[5, 4])?, 1.0).map(drop)
    }),
    ("one negative for five anchors", |e| {
        (e.triplet_loss)(&floats(&[5, 4])?, &floats(&[5, 4])?, &floats(&[1, 4])?, 1.0).map(drop)
    }),
    ("a column of negatives", |e| {
        (e.triplet_loss)(&floats(&[5, 4])?, &floats(&[5, 4])?, &floats(&[5, 1])?, 1.0).map(drop)
    }),
    ("a column of positives", |e| {
        (e.triplet_loss)(&floats(&[5, 4])?, &floats(&[5, 1])?, &floats(&[5, 4])?, 1.0).map(drop)
    }),
    ("negatives of another length", |e| {
        (e.triplet_loss)(&floats(&[5, 4])?, &floats(&[5, 4])?, &floats(&[5, 3])?, 1.0).map(drop)
    }),
];

pub const SEMI_HARD_NEGATIVES: &[Bad<Exercises>] = &[
    ("distances that are not square", |e| {
        (e.semi_hard_negatives)(&floats(&[3, 4])?, &ones(&[3], DType::U32)?, &[1, 2, 0], 1.0).map(drop)
    }),
    ("more rows of distances than columns", |e| {
        (e.semi_hard_negatives)(&floats(&[4, 3])?, &ones(&[3], DType::U32)?, &[1, 2, 0], 1.0).map(drop)
    }),
    ("three anchors and four positives", |e| {
        (e.semi_hard_negatives)(&floats(&[3, 3])?, &ones(&[3], DType::U32)?, &[1, 2, 0, 0], 1.0).map(drop)
    }),
    ("three anchors and four labels", |e| {
        (e.semi_hard_negatives)(&floats(&[3, 3])?, &ones(&[4], DType::U32)?, &[1, 2, 0], 1.0).map(drop)
    }),
    ("labels as a column", |e| {
        (e.semi_hard_negatives)(&floats(&[3, 3])?, &ones(&[3, 1], DType::U32)?, &[1, 2, 0], 1.0).map(drop)
    }),
    ("three anchors and two positives", |e| {
        (e.semi_hard_negatives)(&floats(&[3, 3])?, &ones(&[3], DType::U32)?, &[1, 2], 1.0).map(drop)
    }),
];

pub const COSINE_SIMILARITY_MATRIX: &[Bad<Exercises>] = &[
    ("a vector, [4]", |e| (e.cosine_similarity_matrix)(&floats(&[4])?).map(drop)),
    ("rank 3", |e| (e.cosine_similarity_matrix)(&floats(&[2, 3, 4])?).map(drop)),
];

pub const INFO_NCE: &[Bad<Exercises>] = &[
    ("three and four rows", |e| (e.info_nce)(&floats(&[3, 4])?, &floats(&[4, 4])?, 0.5).map(drop)),
    ("three and five rows", |e| (e.info_nce)(&floats(&[3, 4])?, &floats(&[5, 4])?, 0.5).map(drop)),
    ("rows of other lengths", |e| (e.info_nce)(&floats(&[3, 4])?, &floats(&[3, 5])?, 0.5).map(drop)),
];

pub const ALIGNMENT: &[Bad<Exercises>] = &[
    ("five rows and one row", |e| (e.alignment)(&floats(&[5, 4])?, &floats(&[1, 4])?, 2.0).map(drop)),
    ("one row and five rows", |e| (e.alignment)(&floats(&[1, 4])?, &floats(&[5, 4])?, 2.0).map(drop)),
    ("rows of length 4 and of length 1", |e| (e.alignment)(&floats(&[5, 4])?, &floats(&[5, 1])?, 2.0).map(drop)),
];

pub const UNIFORMITY: &[Bad<Exercises>] = &[
    ("a single row", |e| (e.uniformity)(&floats(&[1, 4])?, 2.0).map(drop)),
    ("no row", |e| (e.uniformity)(&floats(&[0, 4])?, 2.0).map(drop)),
];
