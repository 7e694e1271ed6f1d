//! What plots with axes share.

use std::ops::Range;

use plotters::style::{IntoFont, TextStyle};

use super::FONT;

/// Sizes of text in pixels.
pub(super) const TITLE: u32 = 20;
pub(super) const LABEL: u32 = 15;

/// Text of a size, in the one typeface.
pub(super) fn text(size: u32) -> TextStyle<'static> {
    TextStyle::from((FONT, size).into_font())
}

/// The values' range with a margin of 5 % on both sides; a range of its own for values that are all the same.
pub(super) fn padded_range(values: impl Iterator<Item = f64>) -> Range<f64> {
    let (low, high) = values
        .filter(|value| value.is_finite())
        .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), v| (low.min(v), high.max(v)));
    if low > high {
        return 0.0..1.0;
    }
    let margin = if high > low { 0.05 * (high - low) } else { 0.5 * high.abs().max(1.0) };
    low - margin..high + margin
}
