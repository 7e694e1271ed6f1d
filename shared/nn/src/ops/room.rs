//! Buffers that are used again: to clear new ones in every step costs a tenth of it.

use std::mem;
use std::ops::{Deref, DerefMut};
use std::sync::{Mutex, PoisonError};

/// Numbers that are to be written before they are read: they are what the room's last user left there.
#[derive(Default)]
pub(super) struct Room {
    numbers: Vec<f32>,
    len: usize,
}

/// What nobody uses, the longest unused first.
static SPARE: Mutex<Vec<Vec<f32>>> = Mutex::new(Vec::new());

/// Numbers that are kept at most: what a step with a few hundred images needs. One with thousands takes longer than clearing its buffers.
const KEPT: usize = 1 << 28;

impl Room {
    /// Room for `len` numbers.
    pub(super) fn new(len: usize) -> Self {
        let mut spare = SPARE.lock().unwrap_or_else(PoisonError::into_inner);
        // The smallest that is large enough, unless most of it would lie idle.
        let fits = |numbers: &Vec<f32>| (len..=2 * len).contains(&numbers.len());
        let best = (0..spare.len()).filter(|&i| fits(&spare[i])).min_by_key(|&i| spare[i].len());
        let found = best.map(|i| spare.remove(i));
        drop(spare);
        Self { numbers: found.unwrap_or_else(|| vec![0.0; len]), len }
    }

    /// Room for `len` zeros.
    pub(super) fn zeros(len: usize) -> Self {
        let mut room = Self::new(len);
        room.fill(0.0);
        room
    }

    /// Makes room for `len` numbers.
    pub(super) fn fit(&mut self, len: usize) {
        if self.numbers.len() < len {
            *self = Self::new(len);
        }
        self.len = len;
    }
}

impl Deref for Room {
    type Target = [f32];

    fn deref(&self) -> &[f32] {
        &self.numbers[..self.len]
    }
}

impl DerefMut for Room {
    fn deref_mut(&mut self) -> &mut [f32] {
        &mut self.numbers[..self.len]
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        if self.numbers.is_empty() {
            return;
        }
        let mut spare = SPARE.lock().unwrap_or_else(PoisonError::into_inner);
        spare.push(mem::take(&mut self.numbers));
        let surplus = surplus(spare.iter().map(Vec::len), KEPT);
        let given_back: Vec<_> = spare.drain(..surplus).collect();
        drop(spare);
        drop(given_back);
    }
}

/// How many of the first buffers of these lengths have to go, so that the others hold at most `most` numbers.
fn surplus(lengths: impl Iterator<Item = usize> + Clone, most: usize) -> usize {
    let mut kept: usize = lengths.clone().sum();
    let goes = |length: &usize| {
        let too_many = kept > most;
        kept -= length;
        too_many
    };
    lengths.take_while(goes).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buffers_that_were_unused_for_longest_go_first() {
        for (lengths, expected) in
            [(vec![], 0), (vec![4, 3, 3], 0), (vec![4, 3, 4], 1), (vec![2, 3, 8], 2), (vec![2, 11], 2)]
        {
            assert_eq!(surplus(lengths.iter().copied(), 10), expected, "{lengths:?}");
        }
    }

    #[test]
    fn a_room_has_the_length_that_was_asked_for_whatever_was_left_behind() {
        for (before, after) in [(7, 7), (13, 7), (7, 5), (40, 7), (5, 13)] {
            Room::new(before).fill(1.0);
            let mut room = Room::new(after);
            assert_eq!(room.len(), after);
            room.fit(before);
            assert_eq!(room.len(), before);
            assert!(Room::zeros(after).iter().all(|&number| number == 0.0));
        }
    }
}
