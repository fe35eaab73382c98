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

# Runs the fault tests: kills, power cuts, damaged and full disks. They print their seed, and SEED repeats one
faults SEED="":
    {{ if SEED == "" { "" } else { "WUJITONG_TEST_SEED=" + SEED } }} cargo test --locked -p wujitong-tests --test faults -- --nocapture

# Everything a change must pass
ci:
    .ci/run

# Opens the documentation of the code
doc:
    cargo doc --workspace --no-deps --locked --open

# Measures this machine with a build of the profile `dist`: `just bench chain`, `web` or `lists`
bench *ARGS="chain":
    cargo run --locked --profile dist -- bench {{ ARGS }}

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
