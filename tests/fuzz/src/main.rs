//! Runs fuzz targets from a terminal, without any other tool.

use std::{env, fs, path::Path, process::ExitCode, time::Duration};

use wujitong_fuzz::{TARGETS, Target, run_for};

const USAGE: &str = "wujitong-fuzz list
wujitong-fuzz run TARGET|all SECONDS [SEED]   over mutants, for so many seconds each
wujitong-fuzz replay TARGET FILE|hex:DIGITS   one input
wujitong-fuzz seeds TARGET FOLDER             writes all inputs of the corpus there, for libFuzzer";

fn main() -> ExitCode {
    let words: Vec<String> = env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match command(&words) {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("{why}");
            ExitCode::FAILURE
        }
    }
}

fn command(words: &[&str]) -> Result<(), String> {
    match *words {
        ["list"] => {
            TARGETS
                .iter()
                .for_each(|target| println!("{}", target.name));
            Ok(())
        }
        ["run", "all", seconds, ref seed @ ..] => TARGETS
            .iter()
            .try_for_each(|target| run(target, seconds, seed)),
        ["run", name, seconds, ref seed @ ..] => run(named(name)?, seconds, seed),
        ["replay", name, input] => {
            (named(name)?.read)(&bytes(input)?);
            println!("nothing is wrong");
            Ok(())
        }
        ["seeds", name, folder] => {
            for (number, input) in named(name)?.inputs().iter().enumerate() {
                let path = Path::new(folder).join(format!("seed-{number:04}"));
                fs::write(&path, input).map_err(|error| format!("{}: {error}", path.display()))?;
            }
            Ok(())
        }
        _ => Err(USAGE.to_owned()),
    }
}

fn named(name: &str) -> Result<&'static Target, String> {
    Target::named(name)
        .ok_or_else(|| format!("no target `{name}`; `wujitong-fuzz list` names them"))
}

fn run(target: &Target, seconds: &str, seed: &[&str]) -> Result<(), String> {
    let seconds = seconds.parse().map_err(|_| USAGE)?;
    let seed = seed.first().map_or(Ok(1), |seed| seed.parse());
    let seed = seed.map_err(|_| USAGE)?;
    let count = run_for(target, seed, Duration::from_secs(seconds))
        .map_err(|failure| failure.to_string())?;
    println!("{}: {count} mutants, nothing is wrong", target.name);
    Ok(())
}

fn bytes(input: &str) -> Result<Vec<u8>, String> {
    let Some(digits) = input.strip_prefix("hex:") else {
        return fs::read(input).map_err(|error| format!("{input}: {error}"));
    };
    let pairs = digits.as_bytes().chunks(2);
    let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok();
    let bytes: Option<Vec<u8>> = pairs.map(byte).collect();
    bytes.ok_or_else(|| "these are no hexadecimal digits".to_owned())
}
