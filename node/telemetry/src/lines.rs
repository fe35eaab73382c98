//! Log lines in which foreign text can neither imitate a line nor send control codes to a terminal.

use std::{fmt, io};

use domain::foreign::{escape, escape_json};
use tracing::field::Field;
use tracing_subscriber::{
    field::MakeExt,
    fmt::{
        FormatFields, MakeWriter,
        format::{self, Writer},
    },
};

/// Formats the fields of a text line, with every value escaped, whatever its source.
pub(super) fn fields() -> impl for<'writer> FormatFields<'writer> + Send + Sync + 'static {
    format::debug_fn(
        |writer: &mut Writer<'_>, field: &Field, value: &dyn fmt::Debug| {
            let value = escape(&format!("{value:?}"));
            match field.name() {
                "message" => write!(writer, "{value}"),
                name => write!(writer, "{}={value}", name.trim_start_matches("r#")),
            }
        },
    )
    .delimited(" ")
}

/// Writes lines of JSON, with dangerous characters escaped as JSON escapes them.
pub(super) struct Escaped<W>(pub(super) W);

/// Writer of one line.
pub(super) struct Line<W>(W);

impl<'writer, W: MakeWriter<'writer>> MakeWriter<'writer> for Escaped<W> {
    type Writer = Line<W::Writer>;

    fn make_writer(&'writer self) -> Self::Writer {
        Line(self.0.make_writer())
    }
}

impl<W: io::Write> io::Write for Line<W> {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let text = String::from_utf8_lossy(line);
        let end = if text.ends_with('\n') { "\n" } else { "" };
        let safe = escape_json(text.strip_suffix('\n').unwrap_or(&text)) + end;
        self.0.write_all(safe.as_bytes())?;
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use config::LogFormat;

    use super::*;

    /// A log in memory.
    #[derive(Clone, Default)]
    struct Log(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Log {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn written(format: LogFormat, work: impl FnOnce()) -> String {
        let log = Log::default();
        let settings = config::Telemetry {
            log: "info".to_owned(),
            log_format: format,
            ..config::Telemetry::default()
        };
        let writer = log.clone();
        let subscriber = super::super::subscriber(&settings, None, move || writer.clone());
        tracing::subscriber::with_default(subscriber.unwrap().0, work);
        String::from_utf8(log.0.lock().unwrap().clone()).unwrap()
    }

    const FORGED: &str =
        "gone\n2026-11-28T00:00:00Z ERROR wujitong: forged\x1b[2J\u{9b}31m\u{202e}";

    #[test]
    fn nothing_foreign_makes_a_line_of_its_own_or_speaks_to_a_terminal() {
        for format in [LogFormat::Text, LogFormat::Json] {
            let lines = written(format, || {
                let span = tracing::info_span!("hop", who = %FORGED);
                let _inside = span.enter();
                tracing::info!(ended = %FORGED, quoted = FORGED, shown = ?FORGED, "link ended");
                tracing::warn!("{FORGED}");
            });
            assert_eq!(lines.lines().count(), 2, "{lines}");
            let harmful = |c: char| c != '\n' && domain::foreign::is_harmful(c);
            assert!(!lines.chars().any(harmful), "{lines:?}");
            assert!(
                lines.contains("link ended") && lines.contains("forged"),
                "{lines}"
            );
        }
    }
}
