//! What a lab declares: its exercises and how each is checked.

use candle_core::Result;

use crate::Values;
use crate::detect::MOST_EXACT;

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

/// A typical mistake.
#[derive(Clone, Copy, Debug)]
pub struct Mistake {
    /// Its name, in the golden file too.
    pub id: &'static str,
    /// What one believes who makes it, in a few words: for an instructor's statistics.
    pub misconception: &'static str,
    /// What to say to the student.
    pub advice: &'static str,
}

/// A mistake, from its id, the misconception behind it, and what to say to the student.
pub const fn mistake(id: &'static str, misconception: &'static str, advice: &'static str) -> Mistake {
    Mistake { id, misconception, advice }
}

/// An input that a function promises to refuse: what is wrong with it, and the call.
pub type Bad<E> = (&'static str, fn(&E) -> Result<()>);

/// What a check asks.
#[derive(Clone, Debug)]
pub enum Ask<E: 'static> {
    /// The golden cases of the check's name: are the values right?
    Values {
        /// How far a right answer may be off: |got − expected| ≤ tolerance · (1 + |expected|).
        tolerance: f64,
        /// From case to answer.
        run: Run<E>,
        /// Typical mistakes.
        mistakes: &'static [Mistake],
    },
    /// Inputs that the documentation promises to refuse: is each answered by an error?
    Refusals(&'static [Bad<E>]),
}

/// One question to an exercise.
#[derive(Clone, Debug)]
pub struct Check<E: 'static> {
    /// Its name, and its cases' in the golden file.
    pub id: &'static str,
    /// The exercise that it belongs to.
    pub exercise: &'static str,
    /// What a right answer is worth.
    pub points: u32,
    /// What it asks.
    pub ask: Ask<E>,
}

/// A check that inputs are refused as the documentation promises.
pub fn refused<E>(id: &'static str, exercise: &'static str, points: u32, inputs: &'static [Bad<E>]) -> Check<E> {
    Check { id, exercise, points, ask: Ask::Refusals(inputs) }
}

impl<E> Check<E> {
    /// The mistakes that it can name.
    pub fn mistakes(&self) -> &'static [Mistake] {
        match self.ask {
            Ask::Values { mistakes, .. } => mistakes,
            Ask::Refusals(_) => &[],
        }
    }
}

/// A lab: 100 points. `E` holds the student's functions, as `fn` pointers.
#[derive(Clone, Debug)]
pub struct Lab<E: 'static> {
    /// Number and topic: the name of its folder and of its golden file.
    pub name: &'static str,
    /// In the order of the handout.
    pub exercises: Vec<Exercise>,
    /// Names of checks whose cases are not valid with other numbers.
    pub golden_only: &'static [&'static str],
    /// All checks, exercise by exercise.
    pub checks: Vec<Check<E>>,
}

impl<E> Lab<E> {
    /// The exercise's place in the handout, counted from 1.
    pub fn number(&self, exercise: &str) -> usize {
        1 + self.exercises.iter().take_while(|e| e.name != exercise).count()
    }

    /// Whether cases of the check with other numbers are cases as well. Not where chance decides: what is expected is known of golden ones only.
    pub(crate) fn has_fresh_cases(&self, check: &Check<E>) -> bool {
        let exact = matches!(check.ask, Ask::Values { tolerance, .. } if tolerance <= MOST_EXACT);
        exact && !self.golden_only.contains(&check.id)
    }

    /// The checks of an exercise with their indices.
    pub fn checks_of(&self, exercise: &str) -> impl Iterator<Item = (usize, &Check<E>)> {
        self.checks.iter().enumerate().filter(move |(_, check)| check.exercise == exercise)
    }
}

/// The student's functions as one struct of `fn` pointers with pinned signatures, so that a wrong answer is tried by passing a wrong
/// function: writes `struct Exercises` and the constant `EXERCISES` from one list of `name: signature = function`.
#[macro_export]
macro_rules! exercises {
    ($($(#[$doc:meta])* $name:ident: $signature:ty = $function:expr),+ $(,)?) => {
        /// What a student writes.
        #[derive(Clone, Copy)]
        pub struct Exercises {
            $($(#[$doc])* pub $name: $signature),+
        }

        pub const EXERCISES: Exercises = Exercises { $($name: $function),+ };

        impl $crate::mistakes::Differing for Exercises {
            fn differing(&self, other: &Self) -> Vec<&'static str> {
                let same = [$((stringify!($name), std::ptr::fn_addr_eq(self.$name, other.$name))),+];
                same.into_iter().filter(|(_, same)| !same).map(|(name, _)| name).collect()
            }
        }
    };
}
