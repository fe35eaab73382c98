//! Lists of matters that a person saved by name: filters that they come back to.

use serde::{Deserialize, Serialize};

/// A list that a person saved.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SavedList {
    /// Its name, 1 to [`SavedList::MOST_NAME`] characters.
    pub name: String,
    /// Its filter as the API writes it, at most [`SavedList::MOST_FILTER`] bytes.
    pub filter: String,
}

/// The lists that one person saved, in the order in which they were saved first.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SavedLists(Vec<SavedList>);

/// The reason why a list is not saved or removed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadSavedList {
    /// The name is empty, too long, or has characters that cannot be seen.
    #[error(
        "this is no name for a list; use 1 to {most} characters on one line",
        most = SavedList::MOST_NAME
    )]
    Name,
    /// The filter is too long.
    #[error("this filter is too long to be saved; shorten the words")]
    Filter,
    /// There are as many as one person may save.
    #[error("you have saved {0} lists, as many as are kept; remove one first")]
    TooMany(usize),
    /// There is no such list.
    #[error("you have saved no list with the name {0}; look at the names of those you have")]
    Unknown(String),
}

impl SavedList {
    /// The most characters of a name.
    pub const MOST_NAME: usize = 40;
    /// The most bytes of a filter.
    pub const MOST_FILTER: usize = 1_024;

    /// Checks a list.
    ///
    /// # Errors
    /// [`BadSavedList::Name`] or [`BadSavedList::Filter`].
    pub fn new(name: &str, filter: String) -> Result<Self, BadSavedList> {
        let name = name.trim();
        let length = name.chars().count();
        if !(1..=Self::MOST_NAME).contains(&length) || name.chars().any(char::is_control) {
            return Err(BadSavedList::Name);
        }
        if filter.len() > Self::MOST_FILTER {
            return Err(BadSavedList::Filter);
        }
        let name = name.to_owned();
        Ok(Self { name, filter })
    }
}

impl SavedLists {
    /// The most lists of one person.
    pub const MOST: usize = 20;

    /// Iterates over the lists.
    pub fn iter(&self) -> impl Iterator<Item = &SavedList> {
        self.0.iter()
    }

    /// Saves a list; one of the same name is replaced.
    ///
    /// # Errors
    /// [`BadSavedList::TooMany`].
    pub fn save(&mut self, list: SavedList) -> Result<(), BadSavedList> {
        if let Some(known) = self.0.iter_mut().find(|known| known.name == list.name) {
            *known = list;
            return Ok(());
        }
        if self.0.len() >= Self::MOST {
            return Err(BadSavedList::TooMany(self.0.len()));
        }
        self.0.push(list);
        Ok(())
    }

    /// Removes a list.
    ///
    /// # Errors
    /// [`BadSavedList::Unknown`].
    pub fn remove(&mut self, name: &str) -> Result<(), BadSavedList> {
        let at = self.0.iter().position(|known| known.name == name);
        let at = at.ok_or_else(|| BadSavedList::Unknown(name.chars().take(40).collect()))?;
        self.0.remove(at);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(name: &str, filter: &str) -> SavedList {
        SavedList::new(name, filter.to_owned()).unwrap()
    }

    #[test]
    fn a_list_is_saved_once_under_its_name_and_removed_by_it() {
        let mut lists = SavedLists::default();
        lists.save(list("路灯", "{}")).unwrap();
        lists.save(list(" 垃圾 ", "{}")).unwrap();
        lists.save(list("路灯", "{\"q\":\"x\"}")).unwrap();
        let names = |lists: &SavedLists| {
            let names = lists.iter().map(|list| list.name.clone());
            names.collect::<Vec<_>>()
        };
        assert_eq!(names(&lists), ["路灯", "垃圾"]);
        assert_eq!(lists.iter().next().unwrap().filter, "{\"q\":\"x\"}");
        let unknown = Err(BadSavedList::Unknown("水".to_owned()));
        assert_eq!(lists.remove("水"), unknown);
        lists.remove("路灯").unwrap();
        assert_eq!(names(&lists), ["垃圾"]);
    }

    #[test]
    fn names_filters_and_their_number_are_bounded() {
        for (name, fits) in [
            ("路".repeat(40), true),
            ("路".repeat(41), false),
            ("  ".to_owned(), false),
            ("a\nb".to_owned(), false),
        ] {
            assert_eq!(SavedList::new(&name, String::new()).is_ok(), fits, "{name}");
        }
        assert!(SavedList::new("a", "x".repeat(1_024)).is_ok());
        let long = SavedList::new("a", "x".repeat(1_025));
        assert_eq!(long, Err(BadSavedList::Filter));
        let mut lists = SavedLists::default();
        for n in 0..SavedLists::MOST {
            lists.save(list(&n.to_string(), "")).unwrap();
        }
        assert_eq!(
            lists.save(list("one more", "")),
            Err(BadSavedList::TooMany(20))
        );
        assert_eq!(lists.save(list("3", "new")), Ok(()));
    }
}
