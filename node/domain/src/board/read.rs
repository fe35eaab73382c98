//! Reading a board from its template.

use serde::Deserialize;
use topology::Term;

use super::{Board, MOST_PHOTOS, may_write};
use crate::{
    clause::{Clause, Within},
    foreign::is_harmful,
    people::Role,
    saying::Saying,
};

/// The shortest time for which a post stays, in days.
const LEAST_DAYS: i64 = 7;
/// The longest, if it is not for ever.
const MOST_DAYS: i64 = 3_660;

/// A board as it is written in a template.
#[derive(Deserialize)]
pub(crate) struct RawBoard {
    code: String,
    name: String,
    english: Option<String>,
    about: Option<String>,
    #[serde(default)]
    writers: Vec<String>,
    signed_out: Option<bool>,
    keep_days: Option<i64>,
    answers: Option<bool>,
    photos: Option<i64>,
}

impl RawBoard {
    /// The keys that are read.
    pub(crate) const KEYS: [&'static str; 9] = [
        "code",
        "name",
        "english",
        "about",
        "writers",
        "signed_out",
        "keep_days",
        "answers",
        "photos",
    ];

    /// Reads it.
    ///
    /// # Errors
    /// What is wrong, for people.
    pub(crate) fn read(self) -> Result<Board, Clause> {
        let code = self
            .code
            .parse()
            .map_err(|bad: super::BadBoardCode| bad_code(bad.0));
        let code: super::BoardCode = code.at("code")?;
        let within = |fault: Saying| of_board(&code, fault);
        let line = |key: &str, text: Option<String>, most: usize| match text {
            Some(text) if !is_line(&text, most) => Err(within(bad_text(key, most))).at(key),
            text => Ok(text.map(String::into_boxed_str)),
        };
        let name = line("name", Some(self.name), 40)?.unwrap_or_default();
        let keep_days = match self.keep_days {
            None => None,
            Some(days) if (LEAST_DAYS..=MOST_DAYS).contains(&days) => u16::try_from(days).ok(),
            Some(days) => {
                let fault = bad_days(days, LEAST_DAYS, MOST_DAYS);
                return Err(within(fault)).at("keep_days");
            }
        };
        let photos = self.photos.unwrap_or(MOST_PHOTOS.into());
        let photos = u8::try_from(photos)
            .ok()
            .filter(|most| *most <= MOST_PHOTOS);
        let photos = photos.ok_or_else(|| within(bad_photos(MOST_PHOTOS)));
        let photos = photos.at("photos")?;
        let writers = writers(self.writers).of(within)?;
        Ok(Board {
            name,
            english: line("english", self.english, 80)?,
            about: line("about", self.about, 200)?,
            writers,
            signed_out: self.signed_out.unwrap_or(true),
            keep_days,
            answers: self.answers.unwrap_or(false),
            photos,
            code,
        })
    }
}

/// Reads who writes on it: officials and leaders unless it says otherwise.
fn writers(raw: Vec<String>) -> Result<Vec<Role>, Clause> {
    if raw.is_empty() {
        return Ok(vec![Role::Official, Role::Leader]);
    }
    let mut writers: Vec<Role> = vec![];
    for (n, code) in raw.into_iter().enumerate() {
        let role = Role::of_code(&code).filter(|role| may_write(*role));
        let Some(role) = role else {
            let known = Role::ALL.iter().filter(|role| may_write(**role));
            let known: Vec<_> = known.map(|role| role.code()).collect();
            let code: String = code.chars().take(40).collect();
            return Err(no_writer(code, known.join(", "))).nth("writers", n);
        };
        if writers.contains(&role) {
            return Err(twice(code)).nth("writers", n);
        }
        writers.push(role);
    }
    Ok(writers)
}

/// Whether a text has 1 to so many characters that everybody sees, and no blanks around them.
fn is_line(text: &str, most: usize) -> bool {
    let length = text.chars().count();
    (1..=most).contains(&length) && text.trim() == text && !text.chars().any(is_harmful)
}

crate::sayings! {
    fn bad_code(code): "“{code}”不是栏目代码；请用 1 到 48 个小写字母、数字和横线",
        "`{code}` is not a board; use 1 to 48 lower-case letters, digits and dashes";
    fn of_board(code, fault): "栏目 {code}：{fault}", "the board {code}: {fault}";
    fn bad_text(key, most): "{key} 要有 1 到 {most} 个字，写在一行里；请更正",
        "`{key}` has 1 to {most} characters, in one line; correct it";
    fn bad_days(days, least, most): "keep_days 是 {days}，不在 {least} 到 {most} 之内；要一直保留就不写",
        "keep_days is {days}, not {least} to {most}; leave it out to keep posts for ever";
    fn bad_photos(most): "photos 是 0 到 {most} 之间的数；请更正", "`photos` is a number from 0 to {most}; correct it";
    fn no_writer(code, known): "“{code}”不能在公告栏发帖；可以写：{known}", "`{code}` cannot write on boards; use {known}";
    fn twice(code): "{code} 写了两次；请去掉一个", "{code} is listed twice; remove one";
}
