//! How long certificates live, when they are followed by new ones, and how often that is tried.
//!
//! A node's certificate lives for days, so that a stolen key is soon of no use; nobody touches it, because the node asks
//! its parent for the next one in time. All times are seconds since 1970.

/// A day.
pub const DAY_S: i64 = 86_400;

/// An issuing certificate ends this much before the one it was signed with, and so do certificates of nodes.
const BEFORE_ISSUER_S: i64 = 3_600;

/// With less than this left an issuing certificate signs nothing: what it signed would end at once.
pub const LEAST_TO_SIGN_S: i64 = DAY_S;

/// So much before the end a person is told, and renewal is tried often.
pub const URGENT_S: i64 = 2 * DAY_S;

/// Waits between two attempts: the first, the longest, and the longest while it is urgent.
const FIRST_RETRY_S: i64 = 60;
const MOST_RETRY_S: i64 = 3_600;
const URGENT_RETRY_S: i64 = 300;

/// Part of the life by which the moment of renewal differs from certificate to certificate.
const SPREAD: f64 = 0.1;

/// What a certificate is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Use {
    /// A node shows it to its neighbours.
    Node,
    /// It signs the certificates of the divisions directly below.
    Issuing,
}

impl Use {
    /// Part of the life after which the next one is asked for. An issuing certificate lives on beside its successor, and
    /// what was signed with it stays valid: half its life must be longer than that of a node's certificate.
    const fn renewed_after(self) -> f64 {
        match self {
            Self::Node => 2.0 / 3.0,
            Self::Issuing => 0.5,
        }
    }
}

/// From when to when a certificate is valid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Validity {
    /// The first second.
    pub from: i64,
    /// The last second.
    pub through: i64,
}

impl Validity {
    /// Returns when the next certificate is asked for. `chance`, from 0 to 1, spreads the requests of many nodes that
    /// were enrolled together by a tenth of the life to either side.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_precision_loss,
        reason = "seconds of some centuries fit"
    )]
    pub fn renew_from(self, what: Use, chance: f64) -> i64 {
        let life = self.through.saturating_sub(self.from) as f64;
        let part = what.renewed_after() + SPREAD * (2.0 * chance.clamp(0.0, 1.0) - 1.0);
        self.from.saturating_add((life * part) as i64)
    }

    /// Returns whether a person has to be told that it ends: two days before, or when a seventh of a shorter life is left.
    pub const fn is_urgent(self, now: i64) -> bool {
        let life = self.through.saturating_sub(self.from);
        let before = if life / 7 < URGENT_S {
            life / 7
        } else {
            URGENT_S
        };
        self.through.saturating_sub(now) < before
    }

    /// Returns whether a neighbour's certificate with this end should have been renewed by now: of it only the end is known.
    pub const fn ends_soon(through: i64, now: i64) -> bool {
        through.saturating_sub(now) < URGENT_S
    }

    /// Returns whether it is over.
    pub const fn is_over(self, now: i64) -> bool {
        now > self.through
    }

    /// Returns how long to wait after so many attempts failed, in seconds.
    pub fn retry_after(self, failures: u32, now: i64) -> i64 {
        let doubled = FIRST_RETRY_S << failures.saturating_sub(1).min(6);
        let most = match self.is_urgent(now) {
            true => URGENT_RETRY_S,
            false => MOST_RETRY_S,
        };
        doubled.min(most)
    }

    /// Returns the last second of a certificate of this life that is signed now with this one; `None` if this one may sign
    /// nothing any more.
    pub fn end_of_signed(self, life: i64, now: i64) -> Option<i64> {
        let signs = self.through.saturating_sub(now) >= LEAST_TO_SIGN_S;
        let end = now.saturating_add(life);
        signs.then(|| end.min(self.through - BEFORE_ISSUER_S))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_780_000_000;

    fn of_days(days: i64) -> Validity {
        Validity {
            from: NOW,
            through: NOW + days * DAY_S,
        }
    }

    #[test]
    fn a_node_renews_at_two_thirds_and_an_issuer_at_half_each_a_little_apart() {
        let node = of_days(15);
        assert_eq!(node.renew_from(Use::Node, 0.5), NOW + 10 * DAY_S);
        assert_eq!(
            of_days(400).renew_from(Use::Issuing, 0.5),
            NOW + 200 * DAY_S
        );
        let early = node.renew_from(Use::Node, 0.0);
        let late = node.renew_from(Use::Node, 1.0);
        assert!(
            (late - early).abs_diff(3 * DAY_S) <= 1,
            "a fifth of its life"
        );
        assert!(late < node.through - URGENT_S, "before anybody is told");
        assert_eq!(
            node.renew_from(Use::Node, 7.0),
            late,
            "no chance is greater"
        );
    }

    #[test]
    fn attempts_are_a_minute_apart_then_an_hour_and_minutes_when_it_is_urgent() {
        let node = of_days(14);
        let calm = node.from + 10 * DAY_S;
        let waits = [1, 2, 3, 6, 7, 90].map(|failures| node.retry_after(failures, calm));
        assert_eq!(waits, [60, 120, 240, 1_920, 3_600, 3_600]);
        let urgent = node.through - URGENT_S + 1;
        assert!(node.is_urgent(urgent) && !node.is_urgent(urgent - 1));
        assert_eq!(node.retry_after(90, urgent), 300);
        assert_eq!(node.retry_after(1, node.through + 5), 60);
    }

    #[test]
    fn a_short_life_is_urgent_in_its_last_seventh_only() {
        let short = Validity {
            from: NOW,
            through: NOW + 700,
        };
        assert!(!short.is_urgent(NOW + 600));
        assert!(short.is_urgent(NOW + 601));
        assert!(!short.is_over(NOW + 700) && short.is_over(NOW + 701));
    }

    #[test]
    fn what_is_signed_ends_an_hour_before_its_issuer_which_signs_nothing_on_its_last_day() {
        let issuer = of_days(20);
        let end = |at: i64| issuer.end_of_signed(14 * DAY_S, at);
        assert_eq!(end(NOW), Some(NOW + 14 * DAY_S));
        assert_eq!(end(NOW + 10 * DAY_S), Some(issuer.through - 3_600));
        assert!(end(issuer.through - DAY_S).is_some());
        assert_eq!(end(issuer.through - DAY_S + 1), None);
        assert_eq!(end(issuer.through + 1), None);
    }
}
