# Short names for what one does here often. What a change must pass is `.ci/run`, which needs no just.

# Shows this list
default:
    @just --list --unsorted

# Formats all Rust code
fmt:
    cargo fmt --all

# Checks form, lints and the documentation of the code, as `.ci/run` does
lint:
    cargo fmt --all --check
    cargo clippy --workspace --all-targets --locked -- -D warnings
    RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps --locked

# Looks for misspelt words
spell:
    typos

# Checks licences, sources, duplicates and advisories of all dependencies
deny:
    cargo deny --locked check -D warnings

# Runs all tests, or those that `cargo test` takes ARGS for: `just test -p wujitong-config`
test *ARGS:
    tests/run {{ ARGS }}

# Runs the fault tests with real processes and disks. They print their seed; WUJITONG_TEST_SEED repeats one
drill:
    cargo test --workspace --locked --test networks faults:: -- --nocapture

# Tries SEEDS runs of a network in virtual time in which everything goes wrong, from the seed FROM on
faults SEEDS="1000" FROM=`date +%s`:
    WUJITONG_TEST_SEED={{ FROM }} WUJITONG_TEST_SEEDS={{ SEEDS }} cargo test --workspace --locked --test networks faults::seeds::a_network_keeps -- --nocapture

# Runs a fuzz target (`just fuzz list` names them; `all` for all) over mutants of its corpus, for SECONDS each
fuzz TARGET SECONDS="60" SEED="1":
    cargo run --locked -p wujitong-fuzz -- {{ if TARGET == "list" { "list" } else { "run " + TARGET + " " + SECONDS + " " + SEED } }}

# Runs a fuzz target with libFuzzer, which follows what its inputs reach: takes a nightly toolchain and cargo-fuzz
libfuzzer TARGET SECONDS="300":
    cp Cargo.lock tests/fuzz/libfuzzer/
    mkdir -p tests/fuzz/libfuzzer/corpus/{{ TARGET }}
    cargo run --locked -p wujitong-fuzz -- seeds {{ TARGET }} tests/fuzz/libfuzzer/corpus/{{ TARGET }}
    WUJITONG_FUZZ_TARGET={{ TARGET }} cargo +nightly fuzz run --fuzz-dir tests/fuzz/libfuzzer decode \
        tests/fuzz/libfuzzer/corpus/{{ TARGET }} -- -max_total_time={{ SECONDS }} -timeout=20 -rss_limit_mb=2048

# Runs the tests of the store's committer under many interleavings of its threads
interleavings:
    cargo test --locked -p wujitong-interleavings

# Everything a change must pass
ci:
    .ci/run

# Opens the documentation of the code
doc:
    cargo doc --workspace --no-deps --locked --open

# Measures this machine with what packages are built from: `just bench chain`, `web`, `lists`, `pages`, `log` or `template`. Takes make
bench *ARGS="chain":
    cargo run --locked --profile dist --features jemalloc -- bench {{ ARGS }}

# Measures in a browser how soon pages are seen at slow 4G with a processor four times slower: takes chromium and chromedriver
paint:
    cargo build --locked --release
    cargo test --workspace --locked --release --test networks browser::paint -- --ignored --nocapture

# Takes the pictures of README anew, in a browser: takes chromium and chromedriver
pictures:
    cargo build --locked --release
    cargo test --workspace --locked --release --test networks browser::pictures -- --ignored

# Shows the network at work
demo *ARGS:
    cargo run --locked --release -- demo {{ ARGS }}

# Writes the code generated from the .proto files anew
proto:
    UPDATE_PROTO=1 cargo test --locked -p wujitong-proto

# Writes docs/openapi.json anew
openapi:
    UPDATE_OPENAPI=1 cargo test --locked -p wujitong --test node reference::openapi

# Writes the pages of docs/reference anew
reference:
    UPDATE_REFERENCE=1 cargo test --locked -p wujitong --test node reference

# Builds the documents as a site in target/book
book:
    mdbook build docs
