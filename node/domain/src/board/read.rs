//! Reading a board from its template.

use serde::Deserialize;
use topology::Term;

use super::{Board, MOST_PHOTOS, may_write};
use crate::{foreign::is_harmful, people::Role};

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
    pub(crate) fn read(self) -> Result<Board, String> {
        let code: super::BoardCode = self
            .code
            .parse()
            .map_err(|bad: super::BadBoardCode| bad.to_string())?;
        let within = |error: String| format!("the board {code}: {error}");
        let line = |key: &str, text: Option<String>, most| match text {
            Some(text) if !is_line(&text, most) => Err(within(format!(
                "`{key}` has 1 to {most} characters, in one line"
            ))),
            text => Ok(text.map(String::into_boxed_str)),
        };
        let name = line("name", Some(self.name), 40)?.unwrap_or_default();
        let keep_days = match self.keep_days {
            None => None,
            Some(days) if (LEAST_DAYS..=MOST_DAYS).contains(&days) => u16::try_from(days).ok(),
            Some(days) => {
                return Err(within(format!(
                    "keep_days is {days}, not {LEAST_DAYS} to {MOST_DAYS}; leave it out to keep posts for ever"
                )));
            }
        };
        let photos = self.photos.unwrap_or(MOST_PHOTOS.into());
        let photos = u8::try_from(photos)
            .ok()
            .filter(|most| *most <= MOST_PHOTOS);
        let photos = photos
            .ok_or_else(|| within(format!("`photos` is a number from 0 to {MOST_PHOTOS}")))?;
        let writers = writers(self.writers).map_err(within)?;
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
fn writers(raw: Vec<String>) -> Result<Vec<Role>, String> {
    if raw.is_empty() {
        return Ok(vec![Role::Official, Role::Leader]);
    }
    let mut writers: Vec<Role> = vec![];
    for code in raw {
        let role = Role::of_code(&code).filter(|role| may_write(*role));
        let Some(role) = role else {
            let known = Role::ALL.iter().filter(|role| may_write(**role));
            let known: Vec<_> = known.map(|role| role.code()).collect();
            let code: String = code.chars().take(40).collect();
            return Err(format!(
                "`{code}` cannot write on boards; use {}",
                known.join(", ")
            ));
        };
        if writers.contains(&role) {
            return Err(format!("{code} is listed twice"));
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
