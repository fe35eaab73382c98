//! What a text allows more of than one above.

use super::{CodeList, Element, Limits, ListCode, shown_number};
use crate::{saying::Saying, time::Day};

/// Something that a text loosens: the key that does it, and what is wrong, which continues the name of the entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Looser {
    /// The key.
    pub key: &'static str,
    /// What is wrong. It says what to do after the last semicolon.
    pub said: Saying,
}

/// Collects what is looser.
#[derive(Default)]
struct Found(Vec<Looser>);

impl Found {
    fn note(&mut self, looser: bool, key: &'static str, said: impl FnOnce() -> Saying) {
        if looser {
            let said = said();
            self.0.push(Looser { key, said });
        }
    }

    /// Notes a limit that must not be higher than above.
    fn up<T: Ord + Copy>(
        &mut self,
        key: &'static str,
        mine: Option<T>,
        theirs: Option<T>,
        shown: fn(T) -> String,
    ) {
        if let (Some(mine), Some(theirs)) = (mine, theirs) {
            self.note(mine > theirs, key, || {
                higher(key, shown(theirs), shown(mine))
            });
        }
    }

    /// Notes a limit that must not be lower than above.
    fn down<T: Ord + Copy>(
        &mut self,
        key: &'static str,
        mine: Option<T>,
        theirs: Option<T>,
        shown: fn(T) -> String,
    ) {
        if let (Some(mine), Some(theirs)) = (mine, theirs) {
            self.note(mine < theirs, key, || {
                lower(key, shown(theirs), shown(mine))
            });
        }
    }

    /// Notes what is fixed above.
    fn same<T: PartialEq>(&mut self, key: &'static str, mine: &Option<T>, theirs: &Option<T>) {
        let differs = mine.is_some() && theirs.is_some() && mine != theirs;
        self.note(differs, key, || fixed(key));
    }
}

impl Element {
    /// Returns everything that this text loosens of one above about the same element.
    pub fn loosens(&self, above: &Self) -> Vec<Looser> {
        let mut found = Found::default();
        if self.kind != above.kind {
            found.note(true, "type", || fixed("type"));
            return found.0;
        }
        found.same("name", &self.name, &above.name);
        let drops = self.required == Some(false) && above.required == Some(true);
        found.note(drops, "required", must_be_given);
        let reveals = self.personal == Some(false) && above.is_personal();
        found.note(reveals, "personal", is_personal);
        self.limits.note_looser(&above.limits, &mut found);
        found.0
    }
}

impl Limits {
    fn note_looser(&self, above: &Self, found: &mut Found) {
        found.up("longest", self.longest, above.longest, |n| n.to_string());
        found.down("shortest", self.shortest, above.shortest, |n| n.to_string());
        if let (Some(mine), Some(theirs)) = (&self.forms, &above.forms) {
            let mut mine = mine.iter();
            if let Some(more) = mine.find(|form| !theirs.contains(form)) {
                found.note(true, "forms", || another_form(more));
            }
        }
        found.same("list", &self.list, &above.list);
        found.down("earliest", self.earliest, above.earliest, |day: Day| {
            day.to_string()
        });
        found.up("latest", self.latest, above.latest, |day: Day| {
            day.to_string()
        });
        found.up("decimals", self.decimals, above.decimals, |n| n.to_string());
        found.down("least", self.least, above.least, shown_number);
        found.up("most", self.most, above.most, shown_number);
        found.same("unit", &self.unit, &above.unit);
    }
}

impl CodeList {
    /// Returns everything that this text loosens of one above about the same list, each with the position of its code;
    /// `None` for the list itself.
    pub fn loosens(&self, above: &Self) -> Vec<(Option<usize>, Looser)> {
        let mut found = Found::default();
        found.same("name", &self.name, &above.name);
        let of_list = found.0.into_iter().map(|looser| (None, looser));
        let codes = self.codes.iter().enumerate();
        let of_codes = codes.flat_map(|(n, mine)| {
            let theirs = above.codes.iter().find(|theirs| theirs.code == mine.code);
            let looser = mine.loosens(theirs);
            looser.into_iter().map(move |looser| (Some(n), looser))
        });
        of_list.chain(of_codes).collect()
    }
}

impl ListCode {
    fn loosens(&self, above: Option<&Self>) -> Vec<Looser> {
        let mut found = Found::default();
        match above {
            None => found.note(true, "code", || another_code(&self.code)),
            Some(above) => {
                found.same("name", &self.name, &above.name);
                found.down("from", self.from, above.from, |day: Day| day.to_string());
                found.up("until", self.until, above.until, |day: Day| day.to_string());
                found.same("replaced_by", &self.replaced_by, &above.replaced_by);
            }
        }
        found.0
    }
}

crate::sayings! {
    fn higher(key, there, here): "上级的 {key} 是 {there}，这里是 {here}；下级只能收紧",
        "has {key} = {there} there and {here} here; a lower tier may only narrow it";
    fn lower(key, there, here): "上级的 {key} 是 {there}，这里是 {here}；下级只能收紧",
        "has {key} = {there} there and {here} here; a lower tier may only narrow it";
    fn fixed(key): "上级已定 {key}；请去掉，或照上级写", "has another {key} there; leave it out, or write the same";
    fn must_be_given(): "上级规定必填；请去掉 required", "is required there; leave `required` out";
    fn is_personal(): "上级规定是个人信息；请去掉 personal", "is personal there; leave `personal` out";
    fn another_form(form): "上级没有写法“{form}”；下级只能减少写法", "does not have the form `{form}` there; a lower tier may only take forms away";
    fn another_code(code): "上级的表里没有代码 {code}；下级只能减少代码", "does not have the code {code} there; a lower tier may only take codes away";
}
