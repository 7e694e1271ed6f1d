//! How layers follow one another in a network.

use candle_core::{Result, Tensor};

use super::add_relu;

/// A layer, or a residual block of layers (He et al. 2016).
#[derive(Clone)]
pub enum Section<L> {
    /// y = layer(x)
    Layer(L),
    /// y = max(second(first(x)) + shortcut(x), 0)
    Block {
        /// The residual's first layer.
        first: L,
        /// The residual's second layer.
        second: L,
        /// None where x stays as it is.
        shortcut: Option<L>,
    },
}

impl<L> Section<L> {
    /// The layers, in the order in which they are computed.
    pub fn layers(&self) -> impl Iterator<Item = &L> {
        let (first, second, shortcut) = match self {
            Self::Layer(layer) => (layer, None, None),
            Self::Block { first, second, shortcut } => (first, Some(second), shortcut.as_ref()),
        };
        [first].into_iter().chain(second).chain(shortcut)
    }

    /// Another form of the same layers.
    pub fn map<'a, M>(&'a self, form: impl Fn(&'a L) -> M) -> Section<M> {
        match self {
            Self::Layer(layer) => Section::Layer(form(layer)),
            Self::Block { first, second, shortcut } => {
                Section::Block { first: form(first), second: form(second), shortcut: shortcut.as_ref().map(form) }
            }
        }
    }

    /// What `layer` makes of `x`, layer after layer.
    ///
    /// # Errors
    /// As `layer`; shapes of a block's two sides that differ.
    pub fn forward(&self, x: &Tensor, mut layer: impl FnMut(&Tensor, &L) -> Result<Tensor>) -> Result<Tensor> {
        match self {
            Self::Layer(only) => layer(x, only),
            Self::Block { first, second, shortcut } => {
                let inner = layer(x, first)?;
                let residual = layer(&inner, second)?;
                match shortcut {
                    Some(shortcut) => add_relu(&residual, &layer(x, shortcut)?),
                    None => add_relu(&residual, x),
                }
            }
        }
    }
}
