//! Colours by Salt's names; all empty when colours are off.

/// Escape sequences, or nothing.
#[derive(Clone, Copy)]
pub(crate) struct Colors {
    on: bool,
}

macro_rules! colors {
    ($($name:ident = $code:literal),+ $(,)?) => {
        impl Colors {
            $(
                #[doc = concat!("Salt's `", stringify!($name), "`.")]
                pub(crate) fn $name(self) -> &'static str {
                    if self.on { $code } else { "" }
                }
            )+
        }
    };
}

colors! {
    red = "\x1b[0;31m",
    light_red = "\x1b[0;1;31m",
    green = "\x1b[0;32m",
    light_green = "\x1b[0;1;32m",
    light_yellow = "\x1b[0;1;33m",
    blue = "\x1b[0;34m",
    light_blue = "\x1b[0;1;34m",
    magenta = "\x1b[0;35m",
    light_magenta = "\x1b[0;1;35m",
    cyan = "\x1b[0;36m",
    light_gray = "\x1b[0;37m",
    white = "\x1b[0;1;37m",
    dark_gray = "\x1b[0;1;30m",
    end = "\x1b[0;0m",
}

impl Colors {
    /// Colours that are printed or not.
    pub(crate) fn new(on: bool) -> Colors {
        Colors { on }
    }
}

/// Takes the power off escape sequences in what a minion sent: a terminal must not obey them.
pub(crate) fn harmless(text: &str) -> std::borrow::Cow<'_, str> {
    if text.contains('\x1b') { text.replace('\x1b', "?").into() } else { text.into() }
}
