//! The committed code is what the `.proto` files say.

use std::{env, fs, path::Path};

const FILES: [&str; 8] = [
    "wujitong/v1/attachment.proto",
    "wujitong/v1/matter.proto",
    "wujitong/v1/template.proto",
    "wujitong/v1/envelope.proto",
    "wujitong/v1/revocation.proto",
    "wujitong/v1/link.proto",
    "wujitong/v1/courier.proto",
    "wujitong/v1/join.proto",
];

#[test]
fn generated_code_is_current() {
    let member = Path::new(env!("CARGO_MANIFEST_DIR"));
    let fresh = tempfile::tempdir().unwrap();
    let descriptors = protox::compile(FILES, [member.join("proto")]).unwrap();
    tonic_prost_build::configure()
        .out_dir(fresh.path())
        .bytes(".")
        .boxed(".wujitong.v1.Frame.body.hello")
        .codec_path("crate::FrameCodec")
        .compile_fds(descriptors)
        .unwrap();
    let committed = member.join("src/gen");
    let names: Vec<_> = fs::read_dir(fresh.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    assert_eq!(names, ["wujitong.v1.rs"], "one package, one file");
    let name = &names[0];
    if env::var_os("UPDATE_PROTO").is_some() {
        fs::copy(fresh.path().join(name), committed.join(name)).unwrap();
    }
    let read = |folder: &Path| fs::read_to_string(folder.join(name)).unwrap_or_default();
    assert!(
        read(fresh.path()) == read(&committed),
        "src/gen is not what the .proto files generate; run UPDATE_PROTO=1 cargo test -p \
         wujitong-proto and commit the result"
    );
}

#[test]
fn every_proto_file_is_compiled() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("proto/wujitong/v1");
    let mut found: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| format!("wujitong/v1/{}", entry.unwrap().file_name().display()))
        .collect();
    found.sort();
    let mut listed = FILES.map(str::to_owned);
    listed.sort();
    assert_eq!(found, listed);
}
