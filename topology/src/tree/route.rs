//! Ancestors of divisions, and the path between two nodes.

use super::Tree;
use crate::DivisionCode;

impl Tree {
    /// Returns the nearest ancestor that exists and has a node; `None` for the root and for an
    /// unknown division.
    pub fn parent(&self, code: DivisionCode) -> Option<DivisionCode> {
        let index = self.index(code)?;
        (index > 0).then(|| self.codes[self.parents[index] as usize])
    }

    /// Returns the parent, its parent, and so on up to the root. Empty for the root or an unknown
    /// division.
    pub fn ancestors(&self, code: DivisionCode) -> impl Iterator<Item = DivisionCode> {
        std::iter::successors(self.parent(code), |&above| self.parent(above))
    }

    /// Returns the lowest division with a node that contains both; `None` if either is unknown.
    ///
    /// If one of them contains the other and has a node, that one is returned.
    pub fn lowest_common_ancestor(&self, a: DivisionCode, b: DivisionCode) -> Option<DivisionCode> {
        self.index(a)?;
        self.index(b)?;
        std::iter::once(a)
            .chain(self.ancestors(a))
            .find(|&above| self.has_node(above) && self.contains(above, b))
    }

    /// Returns the neighbour of `from` that is next on the path to `to`: the child that contains
    /// it, or else the parent. `None` if both are the same, or if either is unknown or has no node.
    pub fn next_hop(&self, from: DivisionCode, to: DivisionCode) -> Option<DivisionCode> {
        if from == to || !self.has_node(from) || !self.has_node(to) {
            return None;
        }
        if !self.contains(from, to) {
            return self.parent(from);
        }
        std::iter::once(to)
            .chain(self.ancestors(to))
            .find(|&hop| self.parent(hop) == Some(from))
    }

    /// Returns every node on the path, both ends included: up to the lowest common ancestor and
    /// down again, at most nine. Empty if either end is unknown or has no node.
    pub fn path(&self, from: DivisionCode, to: DivisionCode) -> Vec<DivisionCode> {
        if !self.has_node(from) || !self.has_node(to) {
            return Vec::new();
        }
        let Some(turn) = self.lowest_common_ancestor(from, to) else {
            return Vec::new();
        };
        let below_turn = |end: DivisionCode| {
            std::iter::once(end)
                .chain(self.ancestors(end))
                .take_while(move |&code| code != turn)
        };
        let mut path: Vec<DivisionCode> = below_turn(from).collect();
        path.push(turn);
        let down = path.len();
        path.extend(below_turn(to));
        path[down..].reverse();
        path
    }
}
