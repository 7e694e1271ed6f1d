//! Toybox: a procedural world of ten toys, built to teach.
//!
//! A toy is five parts: a body, two joints, two tips. Its class is which kinds of part it has, where they sit and how
//! each is turned; every kind occurs in several classes, and no class is another's mirror image or rotation. Everything
//! else varies and says nothing of the class: place, size, proportions, a small tilt, hues (they follow a part's *role*,
//! and all roles cover equal areas in every class), texture, light from any side, backdrop, tint, noise.
//!
//! Three traps are left in on purpose. Each image has a tint, so that color histograms tell images apart; a slight
//! vignette and color fringes towards the corners tell where in the image a patch was cut out.
//!
//! The same seed gives the same bytes on every machine: the renderer uses + − × ÷ √ and the `libm` crate only.

mod classes;
mod render;
mod scene;
mod shape;

use anyhow::Context;
use rand::SeedableRng;
use rayon::prelude::*;

use crate::{Dataset, Images, Rng, Split};
pub use classes::{CLASSES, Class, HELD_OUT, PartPlan, Role};
use scene::Scene;
pub use shape::Kind;

/// The world: which images it holds, and how they look.
#[derive(Clone, Debug, PartialEq)]
pub struct Toybox {
    /// What everything random is drawn from.
    pub seed: u64,
    /// Height and width of the images in pixels.
    pub size: usize,
    /// Number of training images: numbers 0 to `train` − 1.
    pub train: usize,
    /// Number of test images, numbered on from there.
    pub test: usize,
    /// Whether images show their toy; without it, only what surrounds it is left.
    pub toys: bool,
    /// Whether the lens has its faults: the vignette and the color fringes.
    pub lens: bool,
    /// Whether the toys are those of [`HELD_OUT`], which the usual world does not have.
    pub held_out: bool,
}

impl Default for Toybox {
    fn default() -> Self {
        Self { seed: 0, size: 32, train: 10_000, test: 5_000, toys: true, lens: true, held_out: false }
    }
}

/// What changes about an image while its toy stays the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// The toy moves, by up to a tenth of the image in each direction.
    Position,
    /// Light comes from another side, in another tint.
    Light,
    /// The parts have other stripes.
    Texture,
}

/// One rendered toy and the truth about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Toy {
    /// Red, green and blue planes of `size` × `size` bytes.
    pub pixels: Vec<u8>,
    /// Number of its class in [`CLASSES`].
    pub label: u32,
    /// Where it is: top, left, bottom, right in pixels, the latter two exclusive.
    pub bounds: [usize; 4],
    /// `size` × `size` bytes: 0 where no part is, else 1 + the index of the part's [`Kind`].
    pub mask: Vec<u8>,
}

impl Toybox {
    /// What `--data` calls this world: `toybox`, and what differs from the usual one.
    pub fn name(&self) -> String {
        let usual = Self::default();
        let size = (self.size != usual.size).then(|| format!("size={}", self.size));
        let lens = (!self.lens).then(|| "lens=off".to_string());
        let toys = (!self.toys).then(|| "toys=off".to_string());
        let classes = self.held_out.then(|| "classes=held-out".to_string());
        let options: Vec<String> = [size, lens, toys, classes].into_iter().flatten().collect();
        if options.is_empty() { "toybox".to_string() } else { format!("toybox:{}", options.join(",")) }
    }

    /// Image number `index` at `time` (0 for pictures; in a video the toy drifts and waves its tips, one unit being a
    /// second).
    pub fn render(&self, index: usize, time: f32) -> Toy {
        let (scene, mut rng) = self.scene(index, time);
        self.paint(index, &scene, &mut rng)
    }

    /// Image number `index`, in which one thing is as in another one of the same class: in its `other`th.
    pub fn render_changed(&self, index: usize, what: Change, other: usize) -> Toy {
        let (mut scene, mut rng) = self.scene(index, 0.0);
        let (donor, mut places) = self.scene(other * self.classes().len() + index % self.classes().len(), 0.0);
        scene.change(what, donor, self, &mut places);
        self.paint(index, &scene, &mut rng)
    }

    fn classes(&self) -> &'static [Class] {
        if self.held_out { &HELD_OUT } else { &CLASSES }
    }

    /// What is in image number `index`, and the generator of what else is random in it.
    fn scene(&self, index: usize, time: f32) -> (Scene, Rng) {
        let mut rng = Rng::seed_from_u64(self.seed);
        rng.set_stream(index as u64);
        (Scene::draw(&self.classes()[index % self.classes().len()], self, time, &mut rng), rng)
    }

    fn paint(&self, index: usize, scene: &Scene, rng: &mut Rng) -> Toy {
        let canvas = render::paint(scene, self, rng);
        let label = (index % self.classes().len()) as u32;
        Toy { pixels: canvas.pixels, label, bounds: bounds(&canvas.mask, self.size), mask: canvas.mask }
    }

    /// All images with their labels.
    ///
    /// # Errors
    /// A world of size 0.
    pub fn dataset(&self) -> anyhow::Result<Dataset> {
        Ok(Dataset {
            name: self.name(),
            classes: self.classes().iter().map(|class| class.name.to_string()).collect(),
            train: self.split(0, self.train)?.into(),
            test: self.split(self.train, self.test)?.into(),
        })
    }

    fn split(&self, first: usize, count: usize) -> anyhow::Result<Split> {
        let toys: Vec<Toy> = (first..first + count).into_par_iter().map(|i| self.render(i, 0.0)).collect();
        let labels = toys.iter().map(|toy| toy.label).collect();
        let pixels = toys.into_iter().flat_map(|toy| toy.pixels).collect();
        let images = Images::new(pixels, self.size, self.size).context("rendering Toybox")?;
        Split::new(images, Some(labels))
    }
}

/// The smallest box around everything that is not 0; empty where all is.
fn bounds(mask: &[u8], size: usize) -> [usize; 4] {
    let mut bounds = [size, size, 0, 0];
    for (i, _) in mask.iter().enumerate().filter(|(_, part)| **part != 0) {
        let (y, x) = (i / size, i % size);
        bounds = [bounds[0].min(y), bounds[1].min(x), bounds[2].max(y + 1), bounds[3].max(x + 1)];
    }
    if bounds[2] == 0 { [0; 4] } else { bounds }
}
