//! File descriptors. The limit is raised as far as the machine allows and divided by purpose before
//! anything is opened, so that no connection can take a descriptor that the store needs.

use peer::permits::Bounds;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use topology::{DivisionCode, Tree};

/// For the store's log, its engine, and files being written.
const STORE: usize = 64;
/// For listeners, log, runtime, name server and collector.
const RUNTIME: usize = 32;
/// For callers of health and metrics.
pub(super) const WATCHERS: usize = 16;
/// For programs on the control socket.
pub(super) const CONTROL: usize = 128;
/// For connections to other systems.
const OUTBOUND: usize = 16;

/// The least number of handshakes at a time; with fewer, neighbours would wait for each other.
const LEAST_HALF_OPEN: usize = 32;
/// The least number of HTTP connections. A request may read or write a file in addition to its
/// connection.
const LEAST_HTTP: usize = 32;
/// Permits for neighbours that dial again while their last connection is still open.
const LEAST_SPARE: usize = 16;

const MOST_HALF_OPEN: usize = 1_024;
const MOST_HTTP: usize = 1_024;
/// The most handshakes of one address at a time.
const HALF_OPEN_PER_SOURCE: usize = 256;

/// The limit if the machine sets none.
const UNLIMITED: usize = 1 << 20;

/// There are too few descriptors for the nodes of this process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{needed} file descriptors are needed and this process may have {limit}: {links} for links, {fixed} \
     for the store, the listeners and those who watch, {edges} for people and neighbours that connect; \
     raise the limit with `ulimit -n {needed}` or `LimitNOFILE={needed}` in the unit, or host fewer \
     divisions"
)]
pub struct TooFewDescriptors {
    /// The limit of the process.
    pub limit: usize,
    /// The least number it needs.
    pub needed: usize,
    links: usize,
    fixed: usize,
    edges: usize,
}

/// The limits of each listener.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Allotment {
    /// Handshakes in progress.
    pub(super) half_open: Bounds,
    /// Connections of neighbours in other processes, in all and per address.
    pub(super) open: Bounds,
    /// HTTP connections, in all and per address.
    pub(super) http: Bounds,
}

/// Numbers of links of the nodes of one process.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct LinkCount {
    /// Links with both ends in this process.
    pub(super) inside: usize,
    /// Links to parents in other processes.
    pub(super) up: usize,
    /// Links from children in other processes.
    pub(super) down: usize,
}

impl LinkCount {
    /// Counts the links of these divisions, which must be sorted.
    pub(super) fn of(divisions: &[DivisionCode], tree: &Tree) -> Self {
        let here = |code: &DivisionCode| divisions.binary_search(code).is_ok();
        let mut count = Self::default();
        for division in divisions {
            match tree.parent(*division) {
                Some(parent) if here(&parent) => count.inside += 1,
                Some(_) => count.up += 1,
                None => {}
            }
            let children = tree.children(*division);
            count.down += children
                .filter(|child| tree.has_node(*child) && !here(child))
                .count();
        }
        count
    }

    const fn descriptors(self) -> usize {
        2 * self.inside + self.up + self.down
    }
}

/// Raises the limit to the maximum of the machine, and returns the new limit.
pub(super) fn raise() -> usize {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    if current != maximum {
        let raised = Rlimit {
            current: maximum,
            maximum,
        };
        if let Err(error) = setrlimit(Resource::Nofile, raised) {
            tracing::warn!(%error, "the limit of file descriptors could not be raised");
        }
    }
    let limit = getrlimit(Resource::Nofile).current;
    limit.map_or(UNLIMITED, |limit| {
        usize::try_from(limit).unwrap_or(UNLIMITED)
    })
}

/// Returns the least number of descriptors with which these links can be kept.
pub(super) const fn least(links: LinkCount) -> usize {
    let fixed = STORE + RUNTIME + WATCHERS + CONTROL + OUTBOUND;
    fixed + links.descriptors() + LEAST_HALF_OPEN + 2 * LEAST_HTTP + LEAST_SPARE
}

/// Divides the limit among the listeners, after store, links and watchers have their share.
pub(super) fn allot(
    limit: usize,
    links: LinkCount,
    peers_per_source: usize,
    http_per_source: usize,
) -> Result<Allotment, TooFewDescriptors> {
    let fixed = STORE + RUNTIME + WATCHERS + CONTROL + OUTBOUND;
    let edges = LEAST_HALF_OPEN + 2 * LEAST_HTTP + LEAST_SPARE;
    let needed = least(links);
    if limit < needed {
        return Err(TooFewDescriptors {
            limit,
            needed,
            links: links.descriptors(),
            fixed,
            edges,
        });
    }
    let rest = limit - fixed - links.descriptors();
    let half_open = (rest / 8).clamp(LEAST_HALF_OPEN, MOST_HALF_OPEN);
    let http = (rest / 4).clamp(LEAST_HTTP, MOST_HTTP);
    let spare = rest - half_open - 2 * http;
    let open = links.down + spare;
    Ok(Allotment {
        half_open: Bounds {
            all: half_open,
            per_source: (half_open / 2).clamp(LEAST_HALF_OPEN / 2, HALF_OPEN_PER_SOURCE),
        },
        open: Bounds {
            all: open,
            per_source: peers_per_source.min(open),
        },
        http: Bounds {
            all: http,
            // One address never gets all connections.
            per_source: http_per_source.min(http - http / 4),
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const VILLAGE: LinkCount = LinkCount {
        inside: 0,
        up: 1,
        down: 0,
    };

    #[test]
    fn what_the_edges_may_have_leaves_the_store_and_the_watchers_theirs() {
        let county = LinkCount {
            inside: 305,
            up: 1,
            down: 14,
        };
        for limit in [1_024, 4_096, 20_000, 1 << 20] {
            for links in [VILLAGE, county] {
                let given = allot(limit, links, 1_024, 256).expect("enough");
                let edges = given.half_open.all + 2 * given.http.all + given.open.all - links.down;
                let fixed = STORE + RUNTIME + WATCHERS + CONTROL + OUTBOUND;
                assert!(
                    edges + fixed + links.descriptors() <= limit,
                    "{limit}: {given:?}"
                );
                assert!(given.open.all >= links.down + LEAST_SPARE);
                assert!(given.http.per_source < given.http.all);
                assert!(given.half_open.per_source < given.half_open.all);
            }
        }
    }

    #[test]
    fn too_few_descriptors_are_named_with_what_is_missing_and_what_to_do() {
        let county = LinkCount {
            inside: 3_307,
            up: 1,
            down: 0,
        };
        let why = allot(1_024, county, 1_024, 256).expect_err("too few");
        assert_eq!(
            allot(why.needed - 1, county, 1_024, 256),
            Err(TooFewDescriptors {
                limit: why.needed - 1,
                ..why
            })
        );
        assert!(allot(why.needed, county, 1_024, 256).is_ok());
        let text = why.to_string();
        assert!(
            text.contains("6615 for links") && text.contains("LimitNOFILE"),
            "{text}"
        );
    }

    #[test]
    fn links_are_counted_once_for_each_end_that_is_here() {
        let tree = Tree::zhejiang();
        let code = |text: &str| text.parse::<DivisionCode>().expect("a code");
        let township = code("330825002");
        let mut whole: Vec<_> = tree.nodes(township).collect();
        whole.sort_unstable();
        let villages = whole.len() - 1;
        let hosted = LinkCount::of(&whole, &tree);
        assert_eq!(
            hosted,
            LinkCount {
                inside: villages,
                up: 1,
                down: 0
            }
        );
        let alone = LinkCount::of(&[township], &tree);
        assert_eq!(
            alone,
            LinkCount {
                inside: 0,
                up: 1,
                down: villages
            }
        );
    }
}
