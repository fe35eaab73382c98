//! Texts for frequent replies (常用答复): named texts of a division that an official takes into an act and then
//! changes. They are words of the office, about nobody.

use serde::{Deserialize, Serialize};

use crate::{
    department::Department,
    personal::{Personal, personal_in},
};

/// A text for frequent replies. Its name is the key of its record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReplyText {
    /// The text, 1 to [`ReplyText::MOST_TEXT`] characters.
    pub text: String,
    /// The department for which it is; `None` if it is for all.
    pub department: Option<Department>,
}

crate::records!(ReplyText);

/// The reason why a text is not kept or not removed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadReplyText {
    /// The name is empty, too long, or has characters that cannot be seen.
    #[error(
        "this is no name for a reply text; use 1 to {most} characters on one line",
        most = ReplyText::MOST_NAME
    )]
    Name,
    /// The text is empty or too long.
    #[error(
        "a reply text has 1 to {most} characters; write or shorten it",
        most = ReplyText::MOST_TEXT
    )]
    Text,
    /// It has the number of somebody's identity card or bank card.
    #[error(
        "the text has something that looks like the {kind} of a person; a text for everybody names nobody, so take it out",
        kind = .0.code()
    )]
    Personal(Personal),
    /// There are as many as a division keeps.
    #[error("this division keeps {0} reply texts, as many as it may; remove one first")]
    TooMany(usize),
    /// There is no such text.
    #[error(
        "there is no reply text with the name {0}; `wujitong reply-text list` shows those there are"
    )]
    Unknown(String),
}

impl ReplyText {
    /// The most characters of a name.
    pub const MOST_NAME: usize = 40;
    /// The most characters of a text. An act may allow fewer; that is checked when the act is done.
    pub const MOST_TEXT: usize = 1_000;
    /// The most texts of a division.
    pub const MOST: usize = 200;

    /// Checks a text and its name, and returns both without blanks around them.
    ///
    /// # Errors
    /// [`BadReplyText::Name`], [`BadReplyText::Text`], [`BadReplyText::Personal`].
    pub fn new(
        name: &str,
        text: &str,
        department: Option<Department>,
    ) -> Result<(String, Self), BadReplyText> {
        let (name, text) = (name.trim(), text.trim());
        let length = name.chars().count();
        if !(1..=Self::MOST_NAME).contains(&length) || name.chars().any(char::is_control) {
            return Err(BadReplyText::Name);
        }
        if !(1..=Self::MOST_TEXT).contains(&text.chars().count()) {
            return Err(BadReplyText::Text);
        }
        // The mobile telephone of a village's clerk is how people reach the office.
        let mut found = personal_in(text).into_iter();
        if let Some(kind) = found.find(|kind| *kind != Personal::Mobile) {
            return Err(BadReplyText::Personal(kind));
        }
        let text = text.to_owned();
        Ok((name.to_owned(), Self { text, department }))
    }

    /// Returns whether it is offered to somebody of this department, or of none.
    pub fn is_for(&self, department: Option<Department>) -> bool {
        self.department.is_none() || self.department == department
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_texts_are_bounded_and_name_nobody() {
        let new = |name: &str, text: &str| ReplyText::new(name, text, None);
        let (name, text) = new(" 已派电工 ", "电工三天内到场。\n请保持电话畅通。").unwrap();
        assert_eq!(
            (&*name, &*text.text),
            ("已派电工", "电工三天内到场。\n请保持电话畅通。")
        );
        for (name, text, expected) in [
            ("", "x", BadReplyText::Name),
            ("a\nb", "x", BadReplyText::Name),
            ("a", " \n", BadReplyText::Text),
            (
                "a",
                "电话 13812349999，身份证 11010519491231002X",
                BadReplyText::Personal(Personal::Identity),
            ),
        ] {
            assert_eq!(new(name, text), Err(expected));
        }
        assert_eq!(new(&"路".repeat(41), "x"), Err(BadReplyText::Name));
        assert!(new(&"路".repeat(40), &"路".repeat(1_000)).is_ok());
        assert_eq!(new("a", &"路".repeat(1_001)), Err(BadReplyText::Text));
        assert!(new("村里电话", "请打 13812349999 找张三").is_ok());
    }

    #[test]
    fn a_text_of_a_department_is_for_its_people_alone() {
        let of = |code: &str| code.parse::<Department>().ok();
        let text = |department| ReplyText::new("a", "b", department).unwrap().1;
        assert!(text(None).is_for(None) && text(None).is_for(of("chengguan")));
        assert!(text(of("chengguan")).is_for(of("chengguan")));
        assert!(!text(of("chengguan")).is_for(of("minzheng")));
        assert!(!text(of("chengguan")).is_for(None));
    }
}
