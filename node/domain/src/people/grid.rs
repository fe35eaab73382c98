//! Grids (网格): groups of households, each with its grid workers.

use std::{collections::BTreeSet, fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use topology::DivisionCode;

use super::{AccountId, BadAccount, check_name};

/// Number of a grid at its node, from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct GridId(pub u32);

/// The error for a text that is not a grid number.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not the number of a grid; `wujitong grid list` shows them")]
pub struct BadGridId(pub String);

impl fmt::Display for GridId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

impl FromStr for GridId {
    type Err = BadGridId;

    fn from_str(text: &str) -> Result<Self, BadGridId> {
        let digits = text.bytes().all(|b| b.is_ascii_digit());
        let number = digits.then(|| text.parse().ok()).flatten();
        match number.filter(|number| *number > 0) {
            Some(number) => Ok(Self(number)),
            None => Err(BadGridId(text.chars().take(40).collect())),
        }
    }
}

/// Some households of a division and the people who look after them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Grid {
    /// Its number.
    pub id: GridId,
    /// Its name.
    pub name: String,
    /// The division it lies in.
    pub division: DivisionCode,
    /// The accounts that look after it, at most [`Grid::MOST_MEMBERS`].
    pub members: BTreeSet<AccountId>,
    /// Number of households, at most [`Grid::MOST_HOUSEHOLDS`].
    pub households: u32,
}

/// The reason why a grid is not valid.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadGrid {
    /// The name is not valid.
    #[error(transparent)]
    Name(#[from] BadAccount),
    /// It has too many households.
    #[error("{0} households are too many for a grid; at most {most} are taken, split it",
        most = Grid::MOST_HOUSEHOLDS)]
    Households(u32),
    /// It has too many members.
    #[error("{0} members are too many for a grid; at most {most} are taken", most = Grid::MOST_MEMBERS)]
    Members(usize),
    /// A member has no account at this node.
    #[error("{0} is not an account of this node; `wujitong account list` shows those it has")]
    Stranger(AccountId),
}

impl Grid {
    /// The most households of a grid. A grid usually has some hundred; a whole division may be one
    /// grid.
    pub const MOST_HOUSEHOLDS: u32 = 100_000;
    /// The most members of a grid.
    pub const MOST_MEMBERS: usize = 200;

    /// Checks its name and sizes. Does not check that its members have accounts.
    ///
    /// # Errors
    /// [`BadGrid`].
    pub fn check(&self) -> Result<(), BadGrid> {
        check_name(&self.name)?;
        if self.households > Self::MOST_HOUSEHOLDS {
            return Err(BadGrid::Households(self.households));
        }
        if self.members.len() > Self::MOST_MEMBERS {
            return Err(BadGrid::Members(self.members.len()));
        }
        Ok(())
    }
}
