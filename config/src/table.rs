//! The table of settings: what each is for, what it is unless set, what it may be, and when a change of it counts.
//! Its rows are beside the types that are read ([`crate::raw`]); the checks, the reference, the example and the commands
//! read it.

use std::fmt;

/// The shape of a setting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A text.
    Text,
    /// A whole number.
    Number,
    /// Texts; in an environment variable with commas between them.
    List,
}

/// What a setting is unless it is set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fallback {
    /// Nothing: what it is for is not done, or done in another way that its sentence tells.
    Nothing,
    /// There is none: it must be set. The enrolment in the data directory may set it.
    Required,
    /// This text.
    Text(&'static str),
    /// This number, in the unit of the setting.
    Number(i64),
    /// These texts.
    List(&'static [&'static str]),
}

/// When a change of a setting counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// As soon as the configuration is read anew.
    Reload,
    /// When the process starts the next time.
    Restart,
}

/// What the table says of a setting besides its name, shape and English sentence.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Row {
    fallback: Fallback,
    range: Option<(i64, i64)>,
    unit: &'static str,
    effect: Effect,
    secret: bool,
    file: bool,
    secret_file: bool,
    chinese: &'static str,
    hint: (&'static str, &'static str),
}

impl Row {
    const fn of(fallback: Fallback) -> Self {
        Self {
            fallback,
            range: None,
            unit: "",
            effect: Effect::Restart,
            secret: false,
            file: false,
            secret_file: false,
            chinese: "",
            hint: ("", ""),
        }
    }

    /// The Chinese sentence.
    pub(crate) const fn chinese(mut self, chinese: &'static str) -> Self {
        self.chinese = chinese;
        self
    }

    /// What to do about a value that does not fit, in English and Chinese.
    pub(crate) const fn hint(mut self, english: &'static str, chinese: &'static str) -> Self {
        self.hint = (english, chinese);
        self
    }

    /// It counts as soon as the configuration is read anew.
    pub(crate) const fn live(mut self) -> Self {
        self.effect = Effect::Reload;
        self
    }

    /// Nobody is shown its value.
    pub(crate) const fn secret(mut self) -> Self {
        self.secret = true;
        self
    }

    /// It names a file, which must be there.
    pub(crate) const fn file(mut self) -> Self {
        self.file = true;
        self
    }

    /// It names a file that only its owner may read.
    pub(crate) const fn secret_file(mut self) -> Self {
        self.file = true;
        self.secret_file = true;
        self
    }
}

/// A number, with what it is unless set, the least and the most that it may be, and its unit.
pub(crate) const fn number(default: i64, least: i64, most: i64, unit: &'static str) -> Row {
    let mut row = Row::of(Fallback::Number(default));
    row.range = Some((least, most));
    row.unit = unit;
    row
}

/// A text, with what it is unless set.
pub(crate) const fn text(default: &'static str) -> Row {
    Row::of(Fallback::Text(default))
}

/// A list, with what it is unless set.
pub(crate) const fn list(default: &'static [&'static str]) -> Row {
    Row::of(Fallback::List(default))
}

/// A text or list that may be left out.
pub(crate) const fn optional() -> Row {
    Row::of(Fallback::Nothing)
}

/// A text or list that must be set.
pub(crate) const fn required() -> Row {
    Row::of(Fallback::Required)
}

/// A row of the table.
#[derive(Clone, Debug)]
pub struct Setting {
    /// Its key in the file: `http.listen`.
    pub key: String,
    /// The environment variable that sets it: `WUJITONG_HTTP_LISTEN`.
    pub variable: String,
    /// Its shape.
    pub kind: Kind,
    /// What it is for, in English.
    pub english: &'static str,
    row: Row,
}

impl Setting {
    pub(crate) fn of(key: String, variable: String, known: &crate::raw::Key) -> Self {
        Self {
            key,
            variable,
            kind: known.kind,
            english: known.about.trim(),
            row: known.row,
        }
    }

    /// What it is for, in Chinese.
    pub const fn chinese(&self) -> &'static str {
        self.row.chinese
    }

    /// What it is unless set.
    pub const fn fallback(&self) -> Fallback {
        self.row.fallback
    }

    /// The least and the most that a number may be, in its unit; `None` for texts and lists.
    pub const fn range(&self) -> Option<(i64, i64)> {
        self.row.range
    }

    /// The unit of a number, such as `s`, `KiB` or `1/min`; empty if it is a plain count.
    pub const fn unit(&self) -> &'static str {
        self.row.unit
    }

    /// When a change of it counts.
    pub const fn effect(&self) -> Effect {
        self.row.effect
    }

    /// Whether its value must not be shown.
    pub const fn is_secret(&self) -> bool {
        self.row.secret
    }

    /// Whether it names a file that must be there.
    pub const fn is_file(&self) -> bool {
        self.row.file
    }

    /// Whether it names a file that only its owner may read.
    pub const fn is_secret_file(&self) -> bool {
        self.row.secret_file
    }

    /// What to do about a number that does not fit, in English and Chinese.
    pub const fn hint(&self) -> (&'static str, &'static str) {
        self.row.hint
    }

    /// The group it is in, without the dot; empty for those before the groups.
    pub fn group(&self) -> &str {
        self.key.split_once('.').map_or("", |(group, _)| group)
    }

    /// Its name inside of its group.
    pub fn name(&self) -> &str {
        self.key.split_once('.').map_or(&self.key, |(_, name)| name)
    }
}

/// A value of a setting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// A text.
    Text(String),
    /// A number, in the unit of its setting.
    Number(i64),
    /// Texts.
    List(Vec<String>),
}

impl fmt::Display for Value {
    /// Writes it as a file has it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => write!(f, "{}", toml::Value::from(text.as_str())),
            Self::Number(number) => write!(f, "{number}"),
            Self::List(texts) => {
                let quoted = texts.iter().map(|text| toml::Value::from(text.as_str()));
                let quoted: Vec<String> = quoted.map(|text| text.to_string()).collect();
                write!(f, "[{}]", quoted.join(", "))
            }
        }
    }
}

impl Fallback {
    /// Returns the value; `None` if there is none.
    pub fn value(self) -> Option<Value> {
        match self {
            Self::Nothing | Self::Required => None,
            Self::Text(text) => Some(Value::Text(text.to_owned())),
            Self::Number(number) => Some(Value::Number(number)),
            Self::List(texts) => {
                let texts = texts.iter().map(|text| (*text).to_owned());
                Some(Value::List(texts.collect()))
            }
        }
    }
}

impl From<Value> for toml::Value {
    fn from(value: Value) -> Self {
        match value {
            Value::Text(text) => text.into(),
            Value::Number(number) => number.into(),
            Value::List(texts) => texts.into(),
        }
    }
}
