//! The pictures of lab 06 and the page that holds them.

use candle_core::Tensor;
use clustering::normalized_mutual_information;
use rand::SeedableRng;
use ssl_data::{Rng, Split};
use ssl_eval::{embed, normalize};
use ssl_experiment::{Comparison, Run};
use ssl_nn::Backbone;
use ssl_report::{Bars, Grid, Plot};

use super::clusters::{Clusters, kmeans};
use super::{Method, Settings};

/// Draws everything and writes the page.
pub fn report(run: &Run, settings: &Settings, backbone: &Backbone, comparison: &Comparison) -> anyhow::Result<()> {
    let (method, name) = (settings.method, settings.method.name());
    let mut page = run.page(&format!("Lab 06: {name}"));
    run.guesses(comparison, &[], &mut page);
    page.heading("Training");
    page.figure(
        &run.training_curves(name, &["loss"], "loss (nats)")?,
        "The loss. A loss that stays at that of a random network has learned nothing; one at that of a collapsed network gives all images the same cluster.",
    );
    let (quantities, caption): (&[&str], &str) = match method {
        Method::Swav => (
            &["information", "kNN"],
            "information: what a code tells of its image, in nats; 0 where all images have the same. After each epoch kNN of the classes on 1,000 test images.",
        ),
        Method::Deepcluster => (
            &["NMI, classes", "NMI, last epoch", "kNN"],
            "How much clusters have in common with the classes and with those of the epoch before; kNN of the classes on 1,000 test images.",
        ),
        Method::Pcl => (&["kNN"], "After each epoch kNN of the classes on 1,000 test images."),
    };
    page.figure(&run.training_curves(name, quantities, "fraction, nats")?, caption);
    page.heading("What the clusters are");
    let random = run.backbone(&method.input(), &run.params().pp("backbone"))?;
    let before = Test::of(run, method, &random)?;
    let after = Test::of(run, method, backbone)?;
    page.figure(
        &after.pictures(run)?,
        "Rows: clusters of test images, those first that are nearest to their centroid.",
    );
    if let Some(classes) = after.split.labels() {
        let nmi = |test: &Test| {
            Ok::<_, candle_core::Error>(100.0 * normalized_mutual_information(&test.clusters.assignments, classes)?)
        };
        let bars = Bars {
            title: format!("NMI of classes and {CLUSTERS} clusters of h"),
            y_label: "NMI (%)".to_string(),
            groups: vec!["random".to_string(), name.to_string()],
            series: vec![("test images".to_string(), vec![nmi(&before)?, nmi(&after)?])],
        };
        page.figure(&bars.save(&run.out, "nmi")?, "k-means of features of test images, untrained and trained.");
    }
    comparison.report(&mut page, &run.out)?;
    run.finish(&page, comparison)
}

/// Clusters of test images, images of which are shown, and images of each.
const CLUSTERS: usize = 20;
const SHOWN: (usize, usize) = (6, 10);

/// Test images and their clusters.
struct Test {
    split: Split,
    features: Tensor,
    clusters: Clusters,
}

impl Test {
    fn of(run: &Run, method: Method, backbone: &Backbone) -> anyhow::Result<Self> {
        let split = run.data.test.sample(2000.min(run.data.test.len()), 0);
        let input = method.input();
        let encode = |images: &Tensor, train: bool| backbone.forward(&(input.prepare)(images)?, train);
        let features = normalize(&embed(&encode, split.images(), &run.device)?)?;
        let clusters = kmeans(&features, CLUSTERS.min(split.len()), &mut Rng::seed_from_u64(run.seed()))?;
        Ok(Self { split, features, clusters })
    }

    /// The largest clusters, each with the images nearest to its centroid.
    fn pictures(&self, run: &Run) -> anyhow::Result<String> {
        let Clusters { centroids, assignments } = &self.clusters;
        let own = centroids.index_select(&Tensor::new(assignments.as_slice(), centroids.device())?, 0)?;
        let distances: Vec<f32> = (&self.features - own)?.sqr()?.sum(1)?.to_vec1()?;
        let mut members = vec![Vec::new(); centroids.dims()[0]];
        assignments.iter().enumerate().for_each(|(image, &cluster)| members[cluster as usize].push(image));
        members.sort_by_key(|members| std::cmp::Reverse(members.len()));
        let mut shown = Vec::new();
        for members in members.iter_mut().filter(|members| members.len() >= SHOWN.1).take(SHOWN.0) {
            members.sort_by(|&a, &b| distances[a].total_cmp(&distances[b]));
            shown.extend_from_slice(&members[..SHOWN.1]);
        }
        let grid = Grid {
            title: "Clusters of test images".to_string(),
            columns: SHOWN.1,
            images: self.split.images().select(&shown).to_tensor(&run.device)?,
            captions: Vec::new(),
        };
        grid.save(&run.out, "clusters")
    }
}
