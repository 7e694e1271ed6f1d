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

/// What nobody uses.
static SPARE: Mutex<Vec<Vec<f32>>> = Mutex::new(Vec::new());

/// More are not kept.
const KEPT: usize = 64;

impl Room {
    /// Room for `len` numbers.
    pub(super) fn new(len: usize) -> Self {
        let mut spare = SPARE.lock().unwrap_or_else(PoisonError::into_inner);
        // The smallest that is large enough, unless most of it would lie idle.
        let fits = |numbers: &Vec<f32>| (len..=2 * len).contains(&numbers.len());
        let best = (0..spare.len()).filter(|&i| fits(&spare[i])).min_by_key(|&i| spare[i].len());
        let found = best.map(|i| spare.swap_remove(i));
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
        let mut spare = SPARE.lock().unwrap_or_else(PoisonError::into_inner);
        if !self.numbers.is_empty() && spare.len() < KEPT {
            spare.push(mem::take(&mut self.numbers));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
