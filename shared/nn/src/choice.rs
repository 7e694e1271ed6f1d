//! Choices that have a name each on the command line.

/// Reads and writes the values of an enum by their names.
macro_rules! named {
    ($choice:ident { $($name:literal => $value:ident),+ }) => {
        impl std::str::FromStr for $choice {
            type Err = anyhow::Error;

            fn from_str(text: &str) -> anyhow::Result<Self> {
                match text {
                    $($name => Ok(Self::$value),)+
                    _ => anyhow::bail!("expected {}, got {text:?}", $crate::choice::one_of(&[$($name),+])),
                }
            }
        }

        impl std::fmt::Display for $choice {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(match self {
                    $(Self::$value => $name,)+
                })
            }
        }
    };
}

pub(crate) use named;

/// `a, b or c`
pub(crate) fn one_of(names: &[&str]) -> String {
    match names {
        [] => String::new(),
        [only] => (*only).to_string(),
        [others @ .., last] => format!("{} or {last}", others.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    #[derive(Debug, PartialEq)]
    enum Color {
        Red,
        Green,
        Blue,
    }

    named!(Color { "red" => Red, "green" => Green, "blue" => Blue });

    #[test]
    fn a_value_goes_by_its_name() {
        let read = |text: &str| text.parse::<Color>().map_err(|error| error.to_string());
        for color in [Color::Red, Color::Green, Color::Blue] {
            assert_eq!(read(&color.to_string()), Ok(color));
        }
        assert_eq!(read("black"), Err("expected red, green or blue, got \"black\"".to_string()));
    }
}
