//! How layers follow one another in a network.

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
}
