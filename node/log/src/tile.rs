//! Tiles: the tree in files of at most 256 hashes, and its entries in bundles of at most 256 (C2SP tlog-tiles).

use std::{fmt, str::FromStr};

use super::tree::MOST_LEAVES;

/// What is in a tile.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TileLevel {
    /// Entries.
    Entries,
    /// Hashes of complete subtrees of 256 to the power of this many leaves; of leaves at 0.
    Hashes(u8),
}

/// A tile: the hashes or entries from `256 * index` on, `width` of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Tile {
    /// What is in it.
    pub level: TileLevel,
    /// Position among those of its level.
    pub index: u64,
    /// How many, from 1 to 256. A tile of 256 never changes.
    pub width: u16,
}

/// The reason a text is no path of a tile.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "no tile has this path; it is LEVEL/INDEX or entries/INDEX, with `.p/WIDTH` for part of a tile, and INDEX in \
     groups of three digits, all but the last after an x: 0/x001/x234/067.p/8"
)]
pub struct BadTile;

impl Tile {
    /// Hashes or entries of a full tile.
    pub const FULL: u16 = 256;

    /// The highest level that a log of [`MOST_LEAVES`] has.
    const TOP: u8 = (MOST_LEAVES.ilog2() / 8) as u8;

    /// Returns the tile with what is at a position of a level, as wide as it is in a log of `size` leaves;
    /// `None` if the log has nothing there.
    pub fn at(level: TileLevel, position: u64, size: u64) -> Option<Self> {
        let there = Self::count(level, size);
        let index = position / u64::from(Self::FULL);
        let width = there.saturating_sub(index * u64::from(Self::FULL));
        (position < there).then_some(Self {
            level,
            index,
            width: width.min(u64::from(Self::FULL)) as u16,
        })
    }

    /// Returns how many hashes or entries a level of a log of `size` leaves has.
    pub const fn count(level: TileLevel, size: u64) -> u64 {
        match level {
            TileLevel::Entries => size,
            TileLevel::Hashes(level) if level > Self::TOP => 0,
            TileLevel::Hashes(level) => size >> (8 * level as u32),
        }
    }

    /// Returns the position of the first hash or entry in its level.
    pub const fn begin(&self) -> u64 {
        self.index * Self::FULL as u64
    }

    /// Returns the position after the last one.
    pub const fn end(&self) -> u64 {
        self.begin() + self.width as u64
    }

    /// Returns whether a log of `size` leaves has all of it.
    pub const fn is_in(&self, size: u64) -> bool {
        self.end() <= Self::count(self.level, size)
    }

    /// Returns every tile of a log of `size` leaves, entries first, then hashes from the bottom up.
    pub fn all(size: u64) -> impl Iterator<Item = Self> {
        let levels = (0..=Self::TOP).map(TileLevel::Hashes);
        let levels = std::iter::once(TileLevel::Entries).chain(levels);
        levels.flat_map(move |level| {
            let count = Self::count(level, size).div_ceil(u64::from(Self::FULL));
            (0..count).filter_map(move |n| Self::at(level, n * u64::from(Self::FULL), size))
        })
    }
}

/// The path below `tile/`.
impl fmt::Display for Tile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.level {
            TileLevel::Entries => f.write_str("entries")?,
            TileLevel::Hashes(level) => write!(f, "{level}")?,
        }
        let mut groups = vec![self.index % 1000];
        let mut rest = self.index / 1000;
        while rest > 0 {
            groups.push(rest % 1000);
            rest /= 1000;
        }
        for (left, group) in groups.iter().enumerate().rev() {
            write!(f, "/{}{group:03}", if left > 0 { "x" } else { "" })?;
        }
        match self.width {
            Self::FULL => Ok(()),
            width => write!(f, ".p/{width}"),
        }
    }
}

impl FromStr for Tile {
    type Err = BadTile;

    /// Reads only what `Display` writes.
    fn from_str(path: &str) -> Result<Self, BadTile> {
        let (whole, width) = match path.split_once(".p/") {
            Some((whole, width)) => (whole, Some(width)),
            None => (path, None),
        };
        let (level, groups) = whole.split_once('/').ok_or(BadTile)?;
        let level = match level {
            "entries" => TileLevel::Entries,
            digits => TileLevel::Hashes(number(digits, u64::from(Self::TOP))? as u8),
        };
        let mut index: u64 = 0;
        for group in groups.split('/') {
            let digits = group.strip_prefix('x').unwrap_or(group);
            if digits.len() != 3 || index >= MOST_LEAVES {
                return Err(BadTile);
            }
            let digits = digits.bytes().try_fold(0, |sum, digit| {
                digit
                    .is_ascii_digit()
                    .then(|| sum * 10 + u64::from(digit - b'0'))
            });
            index = index * 1000 + digits.ok_or(BadTile)?;
        }
        let width = match width {
            None => Self::FULL,
            Some(width) => number(width, u64::from(Self::FULL) - 1)? as u16,
        };
        let tile = Self {
            level,
            index,
            width,
        };
        // The same tile has no second path: no group too many, no x too few, no width of 0.
        let possible = width > 0 && index < MOST_LEAVES / u64::from(Self::FULL);
        (possible && tile.to_string() == path)
            .then_some(tile)
            .ok_or(BadTile)
    }
}

fn number(digits: &str, most: u64) -> Result<u64, BadTile> {
    let read: u64 = digits.parse().map_err(|_| BadTile)?;
    (read <= most).then_some(read).ok_or(BadTile)
}
