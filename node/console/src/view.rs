//! How a person wants pages: language, size of the text, contrast, light or dark. The choice is in the
//! address of the link that makes it, and from then on in a cookie.

use http::{HeaderMap, header};
use web::credentials::cookie_value;

use crate::{form::Form, words::Language};

/// Name of the cookie.
const COOKIE: &str = "view";
/// Time for which the choice is kept, in seconds: a year.
const KEPT_S: u32 = 31_536_000;

topology::vocabulary! {
    /// Size of the text.
    #[derive(Default)]
    pub(crate) enum Size: "text size" {
        #[default]
        Standard = 1, "standard", "标准", "standard";
        Large = 2, "large", "大字", "large";
        Elder = 3, "elder", "长辈版", "extra large";
    }
}

topology::vocabulary! {
    /// Light or dark.
    #[derive(Default)]
    pub(crate) enum Theme: "theme" {
        #[default]
        Auto = 1, "auto", "随系统", "as the device";
        Light = 2, "light", "浅色", "light";
        Dark = 3, "dark", "深色", "dark";
    }
}

topology::vocabulary! {
    /// Contrast.
    #[derive(Default)]
    pub(crate) enum Contrast: "contrast" {
        #[default]
        Usual = 1, "usual", "一般", "usual";
        High = 2, "high", "高", "high";
    }
}

topology::vocabulary! {
    /// Whether keys of the desk do something.
    #[derive(Default)]
    pub(crate) enum Keys: "keyboard shortcuts" {
        #[default]
        On = 1, "on", "启用", "on";
        Off = 2, "off", "停用", "off";
    }
}

/// The choice of a person.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct View {
    /// Language of the pages.
    pub(crate) language: Language,
    /// Size of the text.
    pub(crate) size: Size,
    /// Light or dark.
    pub(crate) theme: Theme,
    /// Contrast.
    pub(crate) contrast: Contrast,
    /// Whether keys of the desk do something.
    pub(crate) keys: Keys,
    /// Whether the address of this request makes the choice, so that the answer sets the cookie.
    pub(crate) is_new: bool,
}

/// The parameters of an address that choose.
pub(crate) const CHOICES: [&str; 5] = ["lang", "size", "theme", "contrast", "keys"];

impl View {
    /// Reads the choice: from the address, else from the cookie; the language else from what the
    /// browser asks for.
    pub(crate) fn of(query: &Form, headers: &HeaderMap) -> Self {
        let mut view = Self {
            language: asked_for(headers).unwrap_or_default(),
            ..Self::default()
        };
        let kept = cookie_value(headers, COOKIE).unwrap_or_default();
        // A cookie of before may have fewer.
        let mut kept = kept.split('.');
        view.take(CHOICES.map(|_| kept.next()));
        let chosen = CHOICES.map(|name| query.get(name));
        view.is_new = chosen.iter().any(Option::is_some);
        view.take(chosen);
        view
    }

    /// Takes what is said and known.
    fn take(&mut self, [language, size, theme, contrast, keys]: [Option<&str>; 5]) {
        let known = |text: Option<&str>| text.unwrap_or_default().to_owned();
        self.language = Language::of_tag(&known(language)).unwrap_or(self.language);
        self.size = known(size).parse().unwrap_or(self.size);
        self.theme = known(theme).parse().unwrap_or(self.theme);
        self.contrast = known(contrast).parse().unwrap_or(self.contrast);
        self.keys = known(keys).parse().unwrap_or(self.keys);
    }

    /// Returns the `Set-Cookie` value that keeps the choice.
    pub(crate) fn cookie(&self) -> String {
        let Self {
            language,
            size,
            theme,
            contrast,
            keys,
            ..
        } = self;
        let tag = language.tag().split('-').next().unwrap_or_default();
        format!(
            "{COOKIE}={tag}.{size}.{theme}.{contrast}.{keys}; Path=/; Max-Age={KEPT_S}; HttpOnly; SameSite=Lax"
        )
    }
}

/// Returns the language that the browser likes best.
fn asked_for(headers: &HeaderMap) -> Option<Language> {
    let said = headers.get(header::ACCEPT_LANGUAGE)?.to_str().ok()?;
    Language::liked_best(said)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn view(query: &str, pairs: &[(&'static str, &str)]) -> View {
        let headers = pairs
            .iter()
            .map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()));
        View::of(&Form::read(query), &headers.collect())
    }

    #[test]
    fn the_address_counts_before_the_cookie_and_the_cookie_before_the_browser() {
        let browser = ("accept-language", "de, en;q=0.8, zh;q=0.5");
        let cookie = ("cookie", "a=b; view=zh.elder.dark.high");
        assert_eq!(view("", &[]).language, Language::Chinese);
        assert_eq!(view("", &[browser]).language, Language::English);
        let kept = view("", &[browser, cookie]);
        assert_eq!((kept.language, kept.size), (Language::Chinese, Size::Elder));
        assert!(!kept.is_new);
        let chosen = view("lang=en&size=large", &[cookie]);
        assert_eq!(
            (chosen.language, chosen.size),
            (Language::English, Size::Large)
        );
        assert!(chosen.is_new && chosen.cookie().starts_with("view=en.large.dark.high.on; "));
        let off = view("keys=off", &[cookie]);
        assert!(off.cookie().starts_with("view=zh.elder.dark.high.off; "));
        let stays = view("", &[("cookie", "view=zh.elder.dark.high.off")]);
        assert_eq!(stays.keys, Keys::Off);
    }

    #[test]
    fn what_no_one_can_choose_changes_nothing() {
        let cookie = ("cookie", "view=zh.elder\"><script>.dark.high");
        let view = view("size=huge&lang=xx", &[cookie]);
        assert_eq!((view.size, view.theme), (Size::Standard, Theme::Dark));
    }
}
