//! Probes and measures against scikit-learn and NumPy, and in cases whose answer is known.

use std::collections::HashMap;
use std::path::Path;

use candle_core::{DType, Device, Result, Tensor};
use ssl_data::{Dataset, Toybox};
use ssl_eval::evaluation::PROBE_WIDTH;
use ssl_eval::{
    Evaluation, Knn, LinearProbe, accuracy, collapse_level, confusion_matrix, effective_rank, embed, embed_blocks,
    singular_values, whiten,
};
use ssl_nn::ops::adaptive_avg_pool2d;
use ssl_nn::{Backbone, BackboneKind, ConvNet4, Params};

struct Golden(HashMap<String, Tensor>);

impl Golden {
    fn load() -> Result<Self> {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../datasets/golden/evaluation.safetensors");
        Ok(Self(candle_core::safetensors::load(path, &Device::Cpu)?))
    }

    fn tensor(&self, name: &str) -> &Tensor {
        &self.0[&format!("evaluation/{name}")]
    }

    fn labels(&self, name: &str) -> Result<Vec<u32>> {
        self.tensor(name).to_vec1()
    }

    fn number(&self, name: &str) -> Result<f64> {
        self.tensor(name).to_dtype(DType::F64)?.to_scalar()
    }
}

const CLASSES: usize = 4;

#[test]
fn the_linear_probe_predicts_what_scikit_learn_does() -> anyhow::Result<()> {
    let golden = Golden::load()?;
    let labels = golden.labels("case/train_labels")?;
    let probe = LinearProbe::fit(golden.tensor("case/train"), &labels, CLASSES, golden.number("case/l2")?)?;
    let predictions = probe.predict(golden.tensor("case/test"))?;
    assert_eq!(predictions, golden.labels("expected/probe")?);
    let matrix = confusion_matrix(&predictions, &golden.labels("case/test_labels")?, CLASSES);
    let matrix: Vec<u32> = matrix.concat().iter().map(|&n| n as u32).collect();
    assert_eq!(matrix, golden.tensor("expected/confusion").flatten_all()?.to_vec1::<u32>()?);
    Ok(())
}

/// 20 rows of two classes, apart along the first of 50 features, of which each comes twice, large, and once more far from 0.
fn hard_to_fit() -> Result<(Tensor, Vec<u32>)> {
    let labels: Vec<u32> = (0..20).map(|row| row % 2).collect();
    let value = |row: u32, column: u32| ((row * 31 + column * 17) % 23) as f32 + 40.0 * (row % 2) as f32;
    let rows: Vec<f32> = (0..20).flat_map(|row| (0..25).map(move |column| value(row, column))).collect();
    let once = Tensor::from_vec(rows, (20, 25), &Device::Cpu)?;
    Ok((Tensor::cat(&[(&once * 1e6)?, (once + 1e4)?], 1)?, labels))
}

#[test]
fn the_linear_probe_fits_fewer_rows_than_features_repeated_features_and_one_class() -> anyhow::Result<()> {
    let (features, labels) = hard_to_fit()?;
    for l2 in [0.0, 1e-8, 1e-3] {
        let probe = LinearProbe::fit(&features, &labels, CLASSES, l2)?;
        assert_eq!(probe.predict(&features)?, labels, "λ = {l2}");
        let one = LinearProbe::fit(&features, &[2; 20], CLASSES, l2)?;
        assert_eq!(one.predict(&features)?, [2; 20], "λ = {l2}");
    }
    Ok(())
}

#[test]
fn knn_votes_as_numpy_does() -> anyhow::Result<()> {
    let golden = Golden::load()?;
    let mut knn = Knn::new(golden.tensor("case/train"), &golden.labels("case/train_labels")?, CLASSES)?;
    knn.k = golden.number("case/k")? as usize;
    knn.temperature = golden.number("case/temperature")?;
    assert_eq!(knn.predict(golden.tensor("case/test"))?, golden.labels("expected/knn")?);
    Ok(())
}

#[test]
fn collapse_level_agrees_with_numpy_and_is_0_when_all_are_the_same() -> Result<()> {
    let golden = Golden::load()?;
    let found = collapse_level(golden.tensor("case/test"))?;
    assert!((found - golden.number("expected/collapse_level")?).abs() < 1e-5, "{found}");
    let same = Tensor::new(&[1f32, -2.0, 3.0], &Device::Cpu)?.unsqueeze(0)?.repeat((5, 1))?;
    assert!(collapse_level(&same)? < 1e-6);
    Ok(())
}

#[test]
fn labels_out_of_range_and_other_lengths_are_refused() -> Result<()> {
    let features = Tensor::zeros((3, 2), DType::F32, &Device::Cpu)?;
    for (labels, part) in [(vec![0, 1, 7], "below 4, got 7"), (vec![0, 1], "3 rows of features, 2 labels")] {
        let probe = LinearProbe::fit(&features, &labels, CLASSES, 1e-3).err().map(|e| e.to_string());
        let knn = Knn::new(&features, &labels, CLASSES).err().map(|e| e.to_string());
        for message in [probe, knn] {
            assert!(message.as_ref().is_some_and(|message| message.contains(part)), "{message:?}");
        }
    }
    Ok(())
}

#[test]
fn accuracy_is_the_share_of_right_predictions() {
    assert_eq!(accuracy(&[1, 2, 3, 0], &[1, 2, 0, 0]), 0.75);
}

fn toys() -> anyhow::Result<Dataset> {
    Toybox { train: 300, test: 100, ..Toybox::default() }.dataset()
}

#[test]
fn features_do_not_depend_on_the_images_beside_them() -> anyhow::Result<()> {
    let data = toys()?;
    let backbone = ConvNet4::new(3, &Params::new(0, &Device::Cpu))?;
    let encode = |images: &Tensor, train: bool| backbone.forward(images, train);
    let all = embed(&encode, data.train.images(), &Device::Cpu)?;
    let one = embed(&encode, &data.train.images().select(&[299]), &Device::Cpu)?;
    assert_eq!(all.dims(), [300, ConvNet4::FEATURES]);
    let off = (all.narrow(0, 299, 1)? - one)?.abs()?.max_all()?.to_scalar::<f32>()?;
    assert!(off < 1e-6, "{off}");
    Ok(())
}

#[test]
fn every_block_of_images_of_any_size_is_pooled_to_256_numbers_or_its_channels() -> anyhow::Result<()> {
    for size in [28, 32, 50, 100] {
        let data = Toybox { train: 10, test: 20, size, ..Toybox::default() }.dataset()?;
        for kind in [BackboneKind::ConvNet4, BackboneKind::ResNet18] {
            let backbone = Backbone::new(kind, 3, &Params::new(0, &Device::Cpu))?;
            let blocks = |images: &Tensor| backbone.block_features(images, PROBE_WIDTH);
            let last = backbone.features().max(PROBE_WIDTH);
            let features = embed_blocks(blocks, data.test.images(), &Device::Cpu)?;
            let widths: Vec<&[usize]> = features.iter().map(Tensor::dims).collect();
            let expected = [PROBE_WIDTH, PROBE_WIDTH, PROBE_WIDTH, last].map(|width| [20, width]);
            assert_eq!(widths, expected, "{kind} at {size}×{size}");
        }
    }
    Ok(())
}

#[test]
fn images_without_classes_can_t_be_evaluated_and_it_is_said_why() -> anyhow::Result<()> {
    let mut data = toys()?;
    data.test = ssl_data::Split::new(data.test.images().clone(), None)?.into();
    let backbone = ConvNet4::new(3, &Params::new(0, &Device::Cpu))?;
    let result = Evaluation::of(|images| backbone.block_features(images, PROBE_WIDTH), &data, &Device::Cpu);
    assert!(result.is_err_and(|error| error.to_string().contains("no classes")));
    Ok(())
}

#[test]
fn pooling_to_a_grid_agrees_with_pytorch() -> anyhow::Result<()> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../datasets/golden/evaluation.safetensors");
    let golden = candle_core::safetensors::load(path, &Device::Cpu)?;
    for (rows, columns) in [(1, 1), (2, 3), (7, 5), (4, 4)] {
        let of = |name: &str| &golden[&format!("pool_{rows}_{columns}/{name}")];
        let got = adaptive_avg_pool2d(of("case/maps"), (rows, columns))?;
        let off = (got - of("expected/pooled"))?.abs()?.max_all()?.to_scalar::<f32>()?;
        assert!(off < 1e-6, "{rows}×{columns}: {off}");
    }
    let maps = Tensor::zeros((1, 1, 3, 4), DType::F32, &Device::Cpu)?;
    for grid in [(0, 1), (4, 1), (1, 5)] {
        assert!(adaptive_avg_pool2d(&maps, grid).is_err(), "{grid:?}");
    }
    Ok(())
}

#[test]
fn features_that_are_not_finite_are_refused() -> anyhow::Result<()> {
    for value in [f32::NAN, f32::INFINITY] {
        let features = Tensor::new(&[[1.0, 2.0], [value, 0.0], [3.0, 1.0]], &Device::Cpu)?;
        let message = LinearProbe::fit(&features, &[0, 1, 0], 2, 1e-3).err().map(|error| error.to_string());
        assert!(message.is_some_and(|message| message.contains("not finite")));
    }
    Ok(())
}

#[test]
fn singular_values_are_those_of_numpy() -> Result<()> {
    let golden = Golden::load()?;
    let expected: Vec<f64> = golden.tensor("expected/singular_values").to_vec1()?;
    let got = singular_values(golden.tensor("case/test"))?;
    assert_eq!(got.len(), expected.len());
    for (got, expected) in got.iter().zip(&expected) {
        assert!((got - expected).abs() < 1e-4 * (1.0 + expected), "got {got}, expected {expected}");
    }
    Ok(())
}

#[test]
fn the_effective_rank_counts_directions_that_are_used_alike() -> Result<()> {
    let point = Tensor::ones((5, 3), DType::F32, &Device::Cpu)?;
    assert_eq!(effective_rank(&singular_values(&point)?), 0.0);
    assert!((effective_rank(&[2.0, 0.0, 0.0]) - 1.0).abs() < 1e-12);
    assert!((effective_rank(&[0.3; 7]) - 7.0).abs() < 1e-12);
    // Along the axes at equal distances from the middle: two of three directions.
    let cross = Tensor::new(&[[1f32, 0.0, 0.0], [-1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, -1.0, 0.0]], &Device::Cpu)?;
    assert!((effective_rank(&singular_values(&cross)?) - 2.0).abs() < 1e-6);
    Ok(())
}

#[test]
fn whitened_features_have_variance_1_and_are_not_correlated() -> Result<()> {
    let golden = Golden::load()?;
    // The last feature of this case says nothing: its direction gives 0.
    let features = golden.tensor("case/test");
    let white = whiten(features, 6)?.to_dtype(DType::F64)?;
    let covariance: Vec<Vec<f64>> = (white.t()?.matmul(&white)? / features.dims()[0] as f64)?.to_vec2()?;
    for (i, row) in covariance.iter().enumerate() {
        for (j, value) in row.iter().enumerate() {
            let expected = f64::from(u8::from(i == j && i < 5));
            assert!((value - expected).abs() < 1e-4, "covariance of {i} and {j} is {value}");
        }
    }
    assert!(whiten(features, 7).is_err() && whiten(features, 0).is_err());
    Ok(())
}
