//! What people see of a text: its letters, and not what only steers them.

/// Characters that show nothing by themselves: those that a font may leave out (Unicode's Default_Ignorable_Code_Point),
/// those that turn a line around, and the fillers and blanks that count as letters.
pub fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}'
        | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{2800}' | '\u{3164}'
        | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{1bca0}'..='\u{1bca3}'
        | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
}

/// Whether there is nothing to see.
pub fn is_blank(text: &str) -> bool {
    text.chars().all(is_nothing)
}

/// Without the blanks around it, and what cannot be seen there: phones and office programs paste both.
pub fn bare(text: &str) -> &str {
    text.trim_matches(is_nothing)
}

fn is_nothing(c: char) -> bool {
    c.is_whitespace() || is_invisible(c)
}

/// In characters. A line break is one, however it is sent: browsers count it so, and send two.
pub fn length(text: &str) -> usize {
    text.chars().count() - text.matches("\r\n").count()
}

/// A text of a certain form: compared, shown and stored as the text it is.
macro_rules! text_type {
    ($name:ident) => {
        impl std::ops::Deref for $name {
            type Target = str;

            fn deref(&self) -> &str {
                &self.0
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl From<$name> for String {
            fn from(text: $name) -> Self {
                text.0
            }
        }

        impl PartialEq<str> for $name {
            fn eq(&self, other: &str) -> bool {
                self.0 == other
            }
        }

        impl PartialEq<&str> for $name {
            fn eq(&self, other: &&str) -> bool {
                self.0 == *other
            }
        }
    };
}
pub(crate) use text_type;
