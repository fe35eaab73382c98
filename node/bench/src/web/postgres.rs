//! The same record as one row of one table, inserted by pgbench.

use std::{
    fs,
    path::Path,
    process::{Command, Output},
    time::Duration,
};

use super::Figures;
use crate::record;

/// Why PostgreSQL was not measured.
#[derive(Debug, thiserror::Error)]
pub(super) enum PostgresFault {
    #[error("{0} cannot be run: {1}; name it with --pgbench")]
    Program(String, std::io::Error),
    #[error("{0}: {1}")]
    File(String, std::io::Error),
    #[error("pgbench failed: {0}")]
    Failed(String),
    #[error("what pgbench printed cannot be read: {0}")]
    Answer(String),
}

/// The table of matters; the primary key is the only index.
const MAKE: &str = "DROP TABLE IF EXISTS wujitong_bench;
CREATE TABLE wujitong_bench (id bigserial PRIMARY KEY, origin bigint NOT NULL, category text NOT NULL, \
channel smallint NOT NULL, priority smallint NOT NULL, status smallint NOT NULL, holder bigint NOT NULL, \
reported timestamptz NOT NULL, body text NOT NULL);
";

/// Inserts this many rows, and drops the table.
pub(super) fn measure(
    pgbench: &Path,
    url: &str,
    dir: &Path,
    clients: u64,
    rows: u64,
) -> Result<Figures, PostgresFault> {
    let script = |name: &str, text: &str| {
        let path = dir.join(name);
        let written = fs::write(&path, text);
        written.map_err(|error| PostgresFault::File(path.display().to_string(), error))?;
        Ok::<_, PostgresFault>(path)
    };
    let body = String::from_utf8(record(0)).expect("a record is ASCII");
    let make = script("make.sql", MAKE)?;
    let unmake = script("unmake.sql", "DROP TABLE wujitong_bench;\n")?;
    let insert = script("insert.sql", &insert(&body))?;
    let run = |script: &Path, rest: &[&str]| {
        let mut command = Command::new(pgbench);
        command.env("PGOPTIONS", "-c synchronous_commit=on");
        command
            .current_dir(dir)
            .arg("-n")
            .arg("-f")
            .arg(script)
            .args(rest)
            .arg(url);
        let done = command.output();
        let done =
            done.map_err(|error| PostgresFault::Program(pgbench.display().to_string(), error))?;
        succeeded(done)
    };
    let once = ["-c", "1", "-t", "1"];
    run(&make, &once)?;
    let each = rows.div_ceil(clients).to_string();
    let clients = clients.to_string();
    let measured = run(
        &insert,
        &[
            "-M",
            "prepared",
            "-c",
            &clients,
            "-j",
            "2",
            "-t",
            &each,
            "-l",
            "--log-prefix=inserts",
        ],
    );
    run(&unmake, &once)?;
    let per_s = tps(&measured?)?;
    let mut took = vec![];
    let failed = |error| PostgresFault::File(dir.display().to_string(), error);
    for entry in fs::read_dir(dir).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        if entry.file_name().to_string_lossy().starts_with("inserts.") {
            latencies(
                &fs::read_to_string(entry.path()).map_err(failed)?,
                &mut took,
            )?;
        }
    }
    Ok(Figures {
        per_s,
        ..Figures::of(took, Duration::from_secs(1))
    })
}

fn insert(body: &str) -> String {
    format!(
        "INSERT INTO wujitong_bench (origin, category, channel, priority, status, holder, reported, body) \
         VALUES (330825002000, 'enforcement/lighting', 3, 0, 0, 330825002000, now(), '{body}');\n"
    )
}

fn succeeded(done: Output) -> Result<String, PostgresFault> {
    if !done.status.success() {
        let said = String::from_utf8_lossy(&done.stderr).trim().to_owned();
        return Err(PostgresFault::Failed(said));
    }
    Ok(String::from_utf8_lossy(&done.stdout).into_owned())
}

/// Returns the transactions per second without the time to connect.
fn tps(printed: &str) -> Result<f64, PostgresFault> {
    let line = printed.lines().rfind(|line| line.starts_with("tps = "));
    let number = line.and_then(|line| line["tps = ".len()..].split(' ').next()?.parse().ok());
    let number: f64 = number.ok_or_else(|| PostgresFault::Answer(printed.to_owned()))?;
    Ok(number.round())
}

/// Reads the latencies: the third field of each line of the log, in microseconds.
fn latencies(log: &str, all: &mut Vec<Duration>) -> Result<(), PostgresFault> {
    for line in log.lines() {
        let field = line.split(' ').nth(2).and_then(|field| field.parse().ok());
        let us = field.ok_or_else(|| PostgresFault::Answer(line.to_owned()))?;
        all.push(Duration::from_micros(us));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_pgbench_prints_is_read() {
        let printed = "number of transactions actually processed: 640/640\n\
             latency average = 3.1 ms\ninitial connection time = 80.1 ms\n\
             tps = 2042.618732 (without initial connection time)\n";
        assert_eq!(tps(printed).unwrap(), 2043.0);
        assert!(tps("latency average = 3.1 ms").is_err());
        let mut took = vec![];
        latencies(
            "0 1 2412 0 1175850568 995598\n3 9 90 0 1175850569 8331\n",
            &mut took,
        )
        .unwrap();
        assert_eq!(took, [2412, 90].map(Duration::from_micros));
        assert!(latencies("0 1 failed 0 1 2", &mut took).is_err());
    }

    #[test]
    fn a_pgbench_that_is_not_there_is_named() {
        let dir = tempfile::tempdir().unwrap();
        let fault = measure(Path::new("/nonexistent/pgbench"), "x", dir.path(), 1, 1).unwrap_err();
        assert!(fault.to_string().contains("--pgbench"), "{fault}");
    }
}
