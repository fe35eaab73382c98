//! The tree of divisions: their codes and names, and the divisions below each.

use std::{
    borrow::Cow,
    fmt,
    ops::Range,
    sync::{Arc, LazyLock},
};

use serde::Serialize;

mod build;
mod fault;
mod load;
mod route;

pub use fault::{LoadErrors, RowError, RowFault};

use crate::{DivisionCode, Outlines, Tier, UnitKind};

/// The divisions of one province, fixed once loaded. Share it as an `Arc`.
///
/// The tree holds two relations. *Containment* follows the directory: a division contains those
/// whose chain of existing ancestors passes through it. *Parenthood* follows the nodes: the parent
/// of a division is its nearest ancestor that exists and has a node. A tier that a place does not
/// have, and a unit that exists only in statistics, are therefore passed over.
///
/// Lookups take O(log n). The tree of Zhejiang takes about 1.2 MB.
pub struct Tree {
    /// Codes in ascending order, so that every subtree is one range and the province is the first.
    codes: Box<[DivisionCode]>,
    /// The end of each name in `names`.
    name_ends: Box<[u32]>,
    names: Box<str>,
    marks: Box<[Mark]>,
    /// Index of the parent; the root is its own.
    parents: Box<[u32]>,
    /// The end of each division's children in `children`.
    child_ends: Box<[u32]>,
    /// Indexes of children that have a node, grouped by parent, ascending.
    children: Box<[u32]>,
    /// Indexes of divisions without a node, ascending.
    nodeless: Box<[u32]>,
    digest: [u8; 32],
    outlines: Outlines,
}

#[derive(Clone, Copy)]
struct Mark {
    kind: Option<UnitKind>,
    has_node: bool,
}

/// One division, as the tree knows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Division<'a> {
    /// Its code.
    pub code: DivisionCode,
    /// Its name as listed, such as 张王村村民委员会.
    pub name: &'a str,
    /// Its tier.
    pub tier: Tier,
    /// Kind of the unit; only at the village tier.
    pub kind: Option<UnitKind>,
    /// Whether it is administered and therefore runs a node; a unit that exists only in statistics
    /// does not.
    pub has_node: bool,
}

/// Error for a code that names no division of the tree.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no division {code} in this tree; {}", hint(*nearest))]
pub struct UnknownDivision {
    /// The code.
    pub code: DivisionCode,
    /// The nearest division above it that exists; `None` outside the province.
    pub nearest: Option<DivisionCode>,
}

fn hint(nearest: Option<DivisionCode>) -> String {
    match nearest.map(DivisionCode::short) {
        Some(code) => {
            format!("`wujitong topology show {code}` lists what is below the nearest that exists")
        }
        None => "it is in another province".to_owned(),
    }
}

static ZHEJIANG: LazyLock<Arc<Tree>> =
    LazyLock::new(|| Arc::new(Tree::zhejiang_alone().with_outlines(Outlines::zhejiang())));

impl Division<'_> {
    /// Returns the place without its committee: 张王村 for 张王村村民委员会, 龙港村 for 龙港村委会. A name whose place
    /// cannot be separated from the committee is returned whole (砻铺居委会).
    pub fn short_name(&self) -> Cow<'_, str> {
        if self.tier != Tier::Village {
            return self.name.into();
        }
        for committee in ["村民委员会", "村委员会", "村委会"] {
            match self.name.strip_suffix(committee) {
                Some("") | None => {}
                Some(place) if place.ends_with('村') => return place.into(),
                Some(place) => return format!("{place}村").into(),
            }
        }
        for committee in ["居民委员会", "居委会"] {
            if let Some(place) = self.name.strip_suffix(committee)
                && ["社区", "居民区"]
                    .iter()
                    .any(|ending| place.ends_with(ending))
            {
                return place.into();
            }
        }
        self.name.into()
    }
}

impl Tree {
    /// Returns the tree of all 27,036 divisions of Zhejiang with the sketch map, parsed once per
    /// process.
    pub fn zhejiang() -> Arc<Self> {
        Arc::clone(&ZHEJIANG)
    }

    /// Parses the tree of Zhejiang anew, without any outline, for callers that have a better map.
    pub fn zhejiang_alone() -> Self {
        let tree = Self::load(include_str!("../data/zhejiang-divisions.csv"));
        tree.expect("the embedded data is loaded by this crate's tests")
    }

    /// Returns the same divisions with these outlines. The edition stays the same, because nodes
    /// need not agree on where a division lies.
    pub fn with_outlines(self, outlines: Outlines) -> Self {
        Self { outlines, ..self }
    }

    /// Returns the outlines of the divisions.
    pub const fn outlines(&self) -> &Outlines {
        &self.outlines
    }

    /// Returns the division with that code; `None` if there is none.
    pub fn get(&self, code: DivisionCode) -> Option<Division<'_>> {
        self.index(code).map(|index| self.at(index))
    }

    /// Returns the division with that code.
    ///
    /// # Errors
    ///
    /// [`UnknownDivision`] if there is none.
    pub fn require(&self, code: DivisionCode) -> Result<Division<'_>, UnknownDivision> {
        self.get(code).ok_or_else(|| UnknownDivision {
            code,
            nearest: code.enclosing().find(|&above| self.index(above).is_some()),
        })
    }

    /// Returns whether the division exists and has a node.
    pub fn has_node(&self, code: DivisionCode) -> bool {
        self.index(code)
            .is_some_and(|index| self.marks[index].has_node)
    }

    /// Returns the tier of a division; `None` if it does not exist.
    pub fn tier(&self, code: DivisionCode) -> Option<Tier> {
        self.index(code).map(|_| code.tier())
    }

    /// Returns the province, which always has a node.
    pub fn root(&self) -> DivisionCode {
        self.codes[0]
    }

    /// Returns the number of divisions, at least one.
    #[expect(
        clippy::len_without_is_empty,
        reason = "a tree has a root and is never empty"
    )]
    pub fn len(&self) -> usize {
        self.codes.len()
    }

    /// Returns all divisions in the order of their codes, each before those it contains.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = Division<'_>> {
        (0..self.len()).map(|index| self.at(index))
    }

    /// Returns the divisions with a node whose parent is `code`, in the order of their codes. Empty
    /// for an unknown division.
    pub fn children(&self, code: DivisionCode) -> impl ExactSizeIterator<Item = DivisionCode> {
        let range = self.index(code).map_or(0..0, |index| {
            let start = index
                .checked_sub(1)
                .map_or(0, |before| self.child_ends[before]);
            start as usize..self.child_ends[index] as usize
        });
        self.children[range]
            .iter()
            .map(|&child| self.codes[child as usize])
    }

    /// Returns `code` and all divisions that it contains, with a node or not, in the order of their
    /// codes. Empty for an unknown division.
    pub fn subtree(&self, code: DivisionCode) -> impl ExactSizeIterator<Item = DivisionCode> {
        self.codes[self.range(code)].iter().copied()
    }

    /// Returns those of the [`subtree`](Self::subtree) that have a node.
    pub fn nodes(&self, code: DivisionCode) -> impl Iterator<Item = DivisionCode> {
        self.range(code)
            .filter(|&index| self.marks[index].has_node)
            .map(|index| self.codes[index])
    }

    /// Returns the number of nodes in the subtree of `code`, its own included; 0 for an unknown
    /// division.
    pub fn expected_nodes(&self, code: DivisionCode) -> usize {
        let range = self.range(code);
        let before = |end| {
            self.nodeless
                .partition_point(|&index| (index as usize) < end)
        };
        range.len() - (before(range.end) - before(range.start))
    }

    /// Returns whether `ancestor` contains `code`; every division contains itself. An unknown
    /// division contains nothing and is in nothing.
    pub fn contains(&self, ancestor: DivisionCode, code: DivisionCode) -> bool {
        self.index(code)
            .is_some_and(|index| self.range(ancestor).contains(&index))
    }

    /// Returns the whole name of a division, such as 浙江省衢州市龙游县东华街道张王村: the names of its ancestors
    /// that have a node, and its own [short name](Division::short_name). `None` for an unknown
    /// division.
    pub fn full_name(&self, code: DivisionCode) -> Option<String> {
        let division = self.get(code)?;
        let above: Vec<DivisionCode> = self.ancestors(code).collect();
        let mut name: String = above
            .into_iter()
            .rev()
            .filter_map(|code| self.get(code))
            .map(|d| d.name)
            .collect();
        name.push_str(&division.short_name());
        Some(name)
    }

    /// Returns the topology edition: a BLAKE3 hash over every division's code, name, kind and node
    /// mark. It does not depend on the order of the rows, short codes, or defaults written out.
    pub fn digest(&self) -> [u8; 32] {
        self.digest
    }

    /// Returns the bytes the tree takes in memory, without its outlines.
    pub fn memory(&self) -> usize {
        size_of::<Self>()
            + size_of_val(&*self.codes)
            + size_of_val(&*self.name_ends)
            + self.names.len()
            + size_of_val(&*self.marks)
            + size_of_val(&*self.parents)
            + size_of_val(&*self.child_ends)
            + size_of_val(&*self.children)
            + size_of_val(&*self.nodeless)
    }

    fn index(&self, code: DivisionCode) -> Option<usize> {
        self.codes.binary_search(&code).ok()
    }

    fn at(&self, index: usize) -> Division<'_> {
        let start = index
            .checked_sub(1)
            .map_or(0, |before| self.name_ends[before]);
        let code = self.codes[index];
        let Mark { kind, has_node } = self.marks[index];
        let name = &self.names[start as usize..self.name_ends[index] as usize];
        Division {
            code,
            name,
            tier: code.tier(),
            kind,
            has_node,
        }
    }

    /// Returns the indexes of a subtree; empty for an unknown division.
    fn range(&self, code: DivisionCode) -> Range<usize> {
        let Some(start) = self.index(code) else {
            return 0..0;
        };
        let tier = code.tier();
        let length = self.codes[start..].partition_point(|below| below.cut(tier) == code);
        start..start + length
    }
}

impl fmt::Debug for Tree {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tree")
            .field("root", &self.root())
            .field("divisions", &self.len())
            .finish_non_exhaustive()
    }
}
