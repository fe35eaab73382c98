//! Grids (网格): the households a grid worker looks after.

use std::{collections::BTreeSet, fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use topology::DivisionCode;

use super::{AccountId, BadAccount, check_name};

/// The number of a grid at its node, from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct GridId(pub u32);

/// A text is not the number of a grid.
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
        match text.parse() {
            Ok(number) if number > 0 => Ok(Self(number)),
            _ => Err(BadGridId(text.to_owned())),
        }
    }
}

/// Some households of a division and those who look after them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Grid {
    /// Its number.
    pub id: GridId,
    /// What people call it.
    pub name: String,
    /// Where it lies.
    pub division: DivisionCode,
    /// Who looks after it.
    pub members: BTreeSet<AccountId>,
    /// How many households it has, at most [`Grid::MOST_HOUSEHOLDS`].
    pub households: u32,
}

/// Why a grid cannot be as it is said to be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadGrid {
    /// Its name does not fit.
    #[error(transparent)]
    Name(#[from] BadAccount),
    /// Too many households.
    #[error("{0} households are too many for a grid; at most {most} are taken, split it",
        most = Grid::MOST_HOUSEHOLDS)]
    Households(u32),
    /// Too many members.
    #[error("{0} members are too many for a grid; at most {most} are taken", most = Grid::MOST_MEMBERS)]
    Members(usize),
    /// A member without an account here.
    #[error("{0} is no account of this node; `wujitong account list` shows those it has")]
    Stranger(AccountId),
}

impl Grid {
    /// Households at most. A grid usually has some hundred; a whole division may be one.
    pub const MOST_HOUSEHOLDS: u32 = 100_000;
    /// Members at most.
    pub const MOST_MEMBERS: usize = 200;

    /// Says whether it fits, but for whether its members are known.
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
