//! Functions that are compiled for the widest vectors that a machine has.

/// Defines a function whose body is compiled once for every kind of vectors; each call takes those that the machine has.
///
/// A closure handed to `pulp` would be inlined only while it is small, and be compiled for the oldest x86 otherwise. What the body calls must
/// be inlined, too: `#[inline(always)]`. Loops are `for` loops: `for_each` is a function that is compiled by itself.
macro_rules! vectorized {
    (
        $(#[$attribute:meta])*
        $visible:vis fn $name:ident<$life:lifetime>($($argument:ident: $type:ty),* $(,)?) -> $output:ty $body:block
    ) => {
        $(#[$attribute])*
        $visible fn $name<$life>($($argument: $type),*) -> $output {
            struct Call<$life> {
                $($argument: $type),*
            }
            impl<$life> pulp::NullaryFnOnce for Call<$life> {
                type Output = $output;

                #[inline(always)]
                fn call(self) -> $output {
                    let Self { $($argument),* } = self;
                    $body
                }
            }
            pulp::Arch::new().dispatch(Call { $($argument),* })
        }
    };
}

pub(super) use vectorized;
