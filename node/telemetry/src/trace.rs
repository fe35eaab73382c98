//! The trace context that travels with envelopes.

use std::{fmt, str::FromStr};

use opentelemetry::{
    Context, SpanId, TraceFlags, TraceId,
    trace::{SpanContext, TraceContextExt, TraceState},
};
use tracing::Span;
use tracing_opentelemetry::OpenTelemetrySpanExt;
use tracing_subscriber::{Registry, registry::LookupSpan};

/// A position in a trace, in the form of W3C Trace Context's `traceparent`, version 00: `00-<32
/// hex>-<16 hex>-<2 hex>`, lower case, neither id all zeros.
///
/// It is neither signed nor trusted: a forged one can only distort the picture of a trace.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct TraceContext {
    trace_id: [u8; 16],
    span_id: [u8; 8],
    flags: u8,
}

/// The text is not a `traceparent` of version 00.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a W3C traceparent; it is written 00-<32 hex>-<16 hex>-<2 hex>")]
pub struct TraceContextError;

impl TraceContext {
    /// Length of the text form in bytes.
    pub const LEN: usize = 55;

    /// Starts a new, sampled trace. The caller provides random bytes for the ids. The standard
    /// forbids all zeros, so the last byte of such an id becomes one.
    pub fn random(mut trace_id: [u8; 16], mut span_id: [u8; 8]) -> Self {
        if trace_id == [0; 16] {
            trace_id[15] = 1;
        }
        if span_id == [0; 8] {
            span_id[7] = 1;
        }
        Self {
            trace_id,
            span_id,
            flags: 1,
        }
    }

    /// Returns the id that all spans of one trace share.
    pub fn trace_id(&self) -> [u8; 16] {
        self.trace_id
    }

    /// Returns the id of the span that is the parent of what follows.
    pub fn span_id(&self) -> [u8; 8] {
        self.span_id
    }

    /// Returns whether exporting nodes record the spans of this trace.
    pub fn sampled(&self) -> bool {
        self.flags & 1 == 1
    }

    fn of(context: &SpanContext) -> Option<Self> {
        context.is_valid().then(|| Self {
            trace_id: context.trace_id().to_bytes(),
            span_id: context.span_id().to_bytes(),
            flags: context.trace_flags().to_u8(),
        })
    }

    fn remote(self) -> SpanContext {
        SpanContext::new(
            TraceId::from_bytes(self.trace_id),
            SpanId::from_bytes(self.span_id),
            TraceFlags::new(self.flags),
            true,
            TraceState::NONE,
        )
    }
}

impl FromStr for TraceContext {
    type Err = TraceContextError;

    fn from_str(text: &str) -> Result<Self, TraceContextError> {
        let bytes = text.as_bytes();
        let dashes = bytes.len() == Self::LEN && [2, 35, 52].iter().all(|at| bytes[*at] == b'-');
        if !dashes || !text.starts_with("00") {
            return Err(TraceContextError);
        }
        let read = Self {
            trace_id: hex(&bytes[3..35])?,
            span_id: hex(&bytes[36..52])?,
            flags: hex::<1>(&bytes[53..])?[0],
        };
        if read.trace_id == [0; 16] || read.span_id == [0; 8] {
            return Err(TraceContextError);
        }
        Ok(read)
    }
}

fn hex<const N: usize>(digits: &[u8]) -> Result<[u8; N], TraceContextError> {
    let value = |digit: u8| match digit {
        b'0'..=b'9' => Ok(digit - b'0'),
        b'a'..=b'f' => Ok(digit - b'a' + 10),
        _ => Err(TraceContextError),
    };
    let mut bytes = [0; N];
    for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
        *byte = value(pair[0])? << 4 | value(pair[1])?;
    }
    Ok(bytes)
}

impl fmt::Display for TraceContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let trace_id = u128::from_be_bytes(self.trace_id);
        let span_id = u64::from_be_bytes(self.span_id);
        write!(f, "00-{trace_id:032x}-{span_id:016x}-{:02x}", self.flags)
    }
}

impl fmt::Debug for TraceContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

/// The context that a span continues, stored in the span for nodes that do not export.
struct Followed(TraceContext);

/// Makes a new span, not entered yet, a child of the span that `traceparent` names. An invalid
/// `traceparent` is ignored.
pub fn follow(span: &Span, traceparent: &str) {
    let Ok(context) = traceparent.parse::<TraceContext>() else {
        return;
    };
    span.with_subscriber(|(id, dispatch)| {
        let span = dispatch
            .downcast_ref::<Registry>()
            .and_then(|registry| registry.span(id));
        if let Some(span) = span {
            span.extensions_mut().replace(Followed(context));
        }
    });
    // Fails where no traces are exported; the stored context is passed on unchanged then.
    let _ = span.set_parent(Context::new().with_remote_span_context(context.remote()));
}

/// Returns the `traceparent` for an envelope sent inside `span`: the span itself if traces are
/// exported, else the context that it or a span around it continues. `None` if it belongs to no
/// trace.
pub fn inject(span: &Span) -> Option<String> {
    let exported = TraceContext::of(span.context().span().span_context());
    exported
        .or_else(|| followed(span))
        .map(|context| context.to_string())
}

/// Works like [`inject`], but falls back to a valid incoming `traceparent`. A span may belong to no
/// trace because a log filter disables spans.
pub fn carry(span: &Span, incoming: Option<&str>) -> Option<String> {
    inject(span).or_else(|| {
        let context: TraceContext = incoming?.parse().ok()?;
        Some(context.to_string())
    })
}

fn followed(span: &Span) -> Option<TraceContext> {
    span.with_subscriber(|(id, dispatch)| {
        let span = dispatch.downcast_ref::<Registry>()?.span(id)?;
        span.scope()
            .find_map(|span| span.extensions().get::<Followed>().map(|found| found.0))
    })
    .flatten()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const EXAMPLE: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

    #[test]
    fn the_example_of_the_standard_reads_back_as_written() {
        let context: TraceContext = EXAMPLE.parse().unwrap();
        assert_eq!(context.to_string(), EXAMPLE);
        assert!(context.sampled());
    }

    #[test]
    fn what_is_no_traceparent_is_refused() {
        let wrong = [
            String::new(),
            EXAMPLE.to_uppercase(),
            EXAMPLE.replacen("00-", "01-", 1),
            EXAMPLE.replace('-', "_"),
            EXAMPLE[..54].to_owned(),
            format!("{EXAMPLE}0"),
            EXAMPLE.replacen('4', "g", 1),
            EXAMPLE.replacen("4b", "é", 1),
            format!("00-{}-00f067aa0ba902b7-01", "0".repeat(32)),
            format!("00-4bf92f3577b34da6a3ce929d0e0e4736-{}-01", "0".repeat(16)),
        ];
        for text in wrong {
            assert_eq!(
                text.parse::<TraceContext>(),
                Err(TraceContextError),
                "{text}"
            );
        }
    }

    proptest! {
        #[test]
        fn every_context_reads_back(trace_id: [u8; 16], span_id: [u8; 8]) {
            let context = TraceContext::random(trace_id, span_id);
            prop_assert_eq!(context.to_string().parse(), Ok(context));
        }

        #[test]
        fn no_text_makes_the_reader_panic(text in "\\PC{50,60}") {
            let _ = text.parse::<TraceContext>();
        }
    }

    #[test]
    fn ids_of_zeros_are_never_made() {
        let context = TraceContext::random([0; 16], [0; 8]);
        assert_eq!(context.to_string().parse(), Ok(context));
    }
}
