//! A backbone and the projector behind it.

use candle_core::{Result, Tensor};
use ssl_eval::embed;
use ssl_nn::{Backbone, Mlp, Output, Params};

use crate::baselines::Input;
use crate::run::Run;

/// Images → features h → embeddings z.
pub struct Network {
    /// From images to h.
    pub backbone: Backbone,
    projector: Mlp,
}

impl Network {
    /// A network that sees `input`. Its projector has these widths behind the backbone, that of its hidden layer and that of z, with batch norm in
    /// between. Its weights live in `params` under `backbone` and `projector`.
    ///
    /// # Errors
    /// A name that is taken in `params`.
    pub fn new(run: &Run, input: &Input, widths: [usize; 2], output: Output, params: &Params) -> Result<Self> {
        let backbone = run.backbone(input, &params.pp("backbone"))?;
        let widths = [backbone.features(), widths[0], widths[1]];
        Ok(Self { backbone, projector: Mlp::with_batch_norm(&widths, output, &params.pp("projector"))? })
    }

    /// Embeddings of images.
    ///
    /// # Shapes
    /// `[B, C, H, W]` → `[B, D]`.
    ///
    /// # Errors
    /// Images of another shape.
    pub fn embed(&self, images: &Tensor, train: bool) -> Result<Tensor> {
        self.projector.forward(&self.backbone.forward(images, train)?, train)
    }

    /// Embeddings of `count` test images, or of all where there are fewer, by the frozen network.
    ///
    /// # Errors
    /// As [`Network::embed`].
    pub fn of_test_images(&self, run: &Run, count: usize) -> Result<Tensor> {
        let test = run.data.test.sample(count.min(run.data.test.len()), 0);
        embed(&|images, train| self.embed(images, train), test.images(), &run.device)
    }
}
