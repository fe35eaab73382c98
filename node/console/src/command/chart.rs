//! Charts: what comes in and goes out, drawn as SVG that needs no script and no style of its own.

/// Width of a chart in units of the picture.
const WIDTH: f64 = 640.0;
/// Height of it.
const HEIGHT: f64 = 200.0;
/// Room at the left for the numbers of the scale, and around.
const LEFT: f64 = 64.0;
const EDGE: f64 = 12.0;
const BOTTOM: f64 = 24.0;

/// One line of a chart.
pub(super) struct Line {
    /// Class of the line in the style sheet, which says colour and dashes.
    pub(super) class: &'static str,
    pub(super) label: &'static str,
    /// The points of a `polyline`.
    pub(super) points: String,
}

/// A number beside a chart, with its place from the top.
pub(super) struct Tick {
    pub(super) at: String,
    pub(super) label: String,
    /// Where the text stands by its place: `start`, `middle` or `end`.
    pub(super) anchor: &'static str,
}

/// A chart of counts over time.
pub(super) struct Chart {
    pub(super) lines: Vec<Line>,
    pub(super) ticks: Vec<Tick>,
    /// Names of some periods, with their place from the left.
    pub(super) marks: Vec<Tick>,
}

/// Returns the least round number that is not below: 1, 2 or 5 with zeros.
fn round_up(most: u64) -> u64 {
    let mut step = 1_u64;
    loop {
        for factor in [1, 2, 5] {
            let top = step.saturating_mul(factor);
            if top >= most || top == u64::MAX {
                return top;
            }
        }
        step = step.saturating_mul(10);
    }
}

fn place(value: f64) -> String {
    format!("{value:.1}")
}

impl Chart {
    /// Draws series of counts: class, label, and one count for each period. All have as many as there are names; counts
    /// below zero stand at zero.
    pub(super) fn of(series: &[(&'static str, &'static str, Vec<i64>)], names: &[String]) -> Self {
        let counts = series.iter().flat_map(|(.., counts)| counts).copied();
        let most = counts.max().and_then(|most| u64::try_from(most).ok());
        let top = round_up(most.unwrap_or_default().max(1));
        let steps = names.len().saturating_sub(1).max(1) as f64;
        let across = |at: usize| LEFT + (WIDTH - LEFT - EDGE) * at as f64 / steps;
        let up = |count: i64| {
            let share = count.max(0) as f64 / top as f64;
            EDGE + (HEIGHT - EDGE - BOTTOM) * (1.0 - share)
        };
        let line = |(class, label, counts): &(&'static str, &'static str, Vec<i64>)| {
            let points = counts.iter().enumerate();
            let points = points.map(|(at, count)| format!("{:.1},{:.1}", across(at), up(*count)));
            Line {
                class,
                label,
                points: points.collect::<Vec<_>>().join(" "),
            }
        };
        let scale = [0, top / 2, top];
        let mut scale: Vec<u64> = scale.into_iter().collect();
        scale.dedup();
        let tick = |count: u64| Tick {
            at: place(up(i64::try_from(count).unwrap_or(i64::MAX))),
            label: crate::when::count(count),
            anchor: "end",
        };
        let last = names.len().saturating_sub(1);
        let mut shown = vec![0, last / 2, last];
        shown.dedup();
        let mark = |at: usize| {
            Some(Tick {
                at: place(across(at)),
                label: names.get(at)?.clone(),
                // The first and the last one stay within the picture.
                anchor: match at {
                    0 => "start",
                    at if at == last => "end",
                    _ => "middle",
                },
            })
        };
        Self {
            lines: series.iter().map(line).collect(),
            ticks: scale.into_iter().map(tick).collect(),
            marks: shown.into_iter().filter_map(mark).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scale_ends_at_a_round_number() {
        for (most, top) in [(1, 1), (3, 5), (5, 5), (6, 10), (11, 20), (201, 500)] {
            assert_eq!(round_up(most), top);
        }
        assert_eq!(round_up(u64::MAX), u64::MAX);
    }

    /// R-C4
    #[test]
    fn a_chart_stays_within_its_picture() {
        let names: Vec<_> = (1..=31).map(|day| format!("2026-03-{day:02}")).collect();
        let counts = (0..31).map(|n| n * 7 % 13 - 1).collect();
        let chart = Chart::of(&[("in", "in", counts)], &names);
        let points: Vec<&str> = chart.lines[0].points.split(' ').collect();
        assert_eq!(points.len(), 31);
        for point in points {
            let (x, y) = point.split_once(',').unwrap();
            let (x, y): (f64, f64) = (x.parse().unwrap(), y.parse().unwrap());
            assert!((LEFT..=WIDTH).contains(&x) && (0.0..=HEIGHT).contains(&y));
        }
        assert_eq!(chart.marks.len(), 3);
        let one = Chart::of(&[("in", "in", vec![0])], &names[..1]);
        assert_eq!((one.marks.len(), one.ticks.len()), (1, 2));
    }
}
