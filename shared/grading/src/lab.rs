//! What a lab declares: its exercises and how each is checked.

use candle_core::Result;

use crate::Values;

/// Hands a case to the student's functions `E` and collects what they give.
pub type Run<E> = fn(&E, &Values) -> Result<Values>;

/// A function that students write.
#[derive(Clone, Debug)]
pub struct Exercise {
    /// Its name in the lab's `lib.rs`.
    pub name: &'static str,
    /// Ready-made functions that it is not about.
    pub refuses: &'static [&'static str],
    /// Exercises that a student's answer is likely to build upon.
    pub needs: &'static [&'static str],
}

/// One question to an exercise.
#[derive(Clone, Debug)]
pub struct Check<E> {
    /// Its name, and its case's in the golden file.
    pub id: &'static str,
    /// The exercise that it belongs to.
    pub exercise: &'static str,
    /// What a right answer is worth.
    pub points: u32,
    /// How far a right answer may be off: |got − expected| ≤ tolerance · (1 + |expected|).
    pub tolerance: f64,
    /// From case to answer.
    pub run: Run<E>,
    /// Typical mistakes: an id, and what to say to who made it.
    pub mistakes: &'static [(&'static str, &'static str)],
}

/// A lab: 100 points. `E` holds the student's functions, as `fn` pointers.
#[derive(Clone, Debug)]
pub struct Lab<E> {
    /// Number and topic: the name of its folder and of its golden file.
    pub name: &'static str,
    /// In the order of the handout.
    pub exercises: Vec<Exercise>,
    /// All checks, exercise by exercise.
    pub checks: Vec<Check<E>>,
}

impl<E> Lab<E> {
    /// The number of an exercise, from 1, as the handout counts.
    pub fn number(&self, exercise: &str) -> usize {
        1 + self.exercises.iter().take_while(|e| e.name != exercise).count()
    }

    /// The checks of an exercise with their positions.
    pub fn checks_of(&self, exercise: &str) -> impl Iterator<Item = (usize, &Check<E>)> {
        self.checks.iter().enumerate().filter(move |(_, check)| check.exercise == exercise)
    }
}
