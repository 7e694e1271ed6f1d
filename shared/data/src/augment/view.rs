//! One view of one image.

use candle_core::{Device, Result, Tensor, bail};
use pulp::{Arch, NullaryFnOnce};

use super::blur::blur;
use super::color::Planes;
use super::crop::CropBox;
use super::resample::resample;

/// A change of the pixels, with what was drawn for it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Step {
    /// Factor.
    Brightness(f32),
    /// Factor.
    Contrast(f32),
    /// Factor.
    Saturation(f32),
    /// Part of the color circle, from −½ to ½.
    Hue(f32),
    /// All three channels become the pixel's gray.
    Grayscale,
    /// Width of the kernel and standard deviation, in pixels.
    Blur {
        /// Odd, less than twice the image's width.
        kernel: usize,
        /// Above 0.
        sigma: f32,
    },
    /// Inverts values from this threshold on.
    Solarize(f32),
}

/// What happens to one image, decided to the last number.
#[derive(Clone, Debug, PartialEq)]
pub struct View {
    /// The box that is shown.
    pub crop: CropBox,
    /// Whether it is mirrored, left to right.
    pub flip: bool,
    /// What happens to its pixels, in this order.
    pub steps: Vec<Step>,
}

impl View {
    /// Writes the view of an image (planes of red, green and blue bytes, `shape` high and wide) to `out`: planes of `size` ×
    /// `size` numbers in [0, 1].
    ///
    /// # Panics
    /// If `out` or `image` is of another length, or the box leaves the image.
    pub fn apply(&self, image: &[u8], shape: (usize, usize), size: usize, out: &mut [f32]) {
        assert_eq!(image.len(), 3 * shape.0 * shape.1, "bytes of a {shape:?} image");
        assert_eq!(out.len(), 3 * size * size, "numbers of a {size}×{size} view");
        Arch::new().dispatch(Apply { view: self, image, shape, size, out });
    }
}

/// [`View::apply`], compiled for the vectors of the machine that it runs on: a closure is inlined only while it is small, and compiled for the
/// oldest x86 otherwise.
struct Apply<'a> {
    view: &'a View,
    image: &'a [u8],
    shape: (usize, usize),
    size: usize,
    out: &'a mut [f32],
}

impl NullaryFnOnce for Apply<'_> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        let Self { view, image, shape, size, out } = self;
        resample(image, shape, &view.crop, size, view.flip, out);
        for step in &view.steps {
            step.apply(size, out);
        }
    }
}

impl CropBox {
    /// Cuts the box out of an image and brings it to `size` × `size`.
    ///
    /// # Shapes
    /// `[3, H, W]` of type `u8` → `[3, size, size]`, `f32` in [0, 1].
    ///
    /// # Errors
    /// Another shape or type; a box that is empty or leaves the image.
    pub fn cut(&self, image: &Tensor, size: usize) -> Result<Tensor> {
        let (channels, height, width) = image.dims3()?;
        let inside = self.top + self.height <= height && self.left + self.width <= width;
        if channels != 3 || !inside || self.height * self.width == 0 {
            bail!("expected a box inside an image [3, H, W], got {self:?} of {:?}", image.dims());
        }
        let bytes: Vec<u8> = image.flatten_all()?.to_vec1()?;
        let mut view = vec![0.0; 3 * size * size];
        View { crop: *self, flip: false, steps: Vec::new() }.apply(&bytes, (height, width), size, &mut view);
        Tensor::from_vec(view, (3, size, size), &Device::Cpu)
    }
}

impl Step {
    /// Changes the pixels of a square image.
    ///
    /// # Shapes
    /// `[3, N, N]`, `f32` in [0, 1] → the same.
    ///
    /// # Errors
    /// Another shape or type.
    pub fn change(&self, image: &Tensor) -> Result<Tensor> {
        let (channels, height, width) = image.dims3()?;
        if channels != 3 || height != width {
            bail!("expected a square image [3, N, N], got {:?}", image.dims());
        }
        let mut view: Vec<f32> = image.flatten_all()?.to_vec1()?;
        Arch::new().dispatch(|| self.apply(width, &mut view));
        Tensor::from_vec(view, (3, width, width), &Device::Cpu)
    }

    #[inline(always)]
    fn apply(&self, size: usize, view: &mut [f32]) {
        match *self {
            Self::Brightness(factor) => Planes::of(view).brightness(factor),
            Self::Contrast(factor) => Planes::of(view).contrast(factor),
            Self::Saturation(factor) => Planes::of(view).saturation(factor),
            Self::Hue(turn) => Planes::of(view).hue(turn),
            Self::Grayscale => Planes::of(view).grayscale(),
            Self::Blur { kernel, sigma } => blur(view, size, kernel, sigma),
            Self::Solarize(threshold) => Planes::of(view).solarize(threshold),
        }
    }
}
